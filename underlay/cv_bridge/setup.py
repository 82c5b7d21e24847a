from setuptools import setup

NAME = "cv_bridge"

setup(
    name=NAME,
    version="0.0.0",
    packages=["cv_bridge"],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Underlay: images between ROS messages and NumPy.",
    license="Apache-2.0",
)
