from setuptools import setup

NAME = "tf2_ros"

setup(
    name=NAME,
    version="0.0.0",
    packages=["tf2_ros", "tf2_py"],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Underlay: the Python side of tf2, the subset that this workspace uses.",
    license="Apache-2.0",
)
