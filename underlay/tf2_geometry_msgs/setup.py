from setuptools import setup

NAME = "tf2_geometry_msgs"

setup(
    name=NAME,
    version="0.36.4",
    packages=["tf2_geometry_msgs"],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Underlay: transforms of geometry messages, the subset that this workspace uses.",
    license="Apache-2.0",
)
