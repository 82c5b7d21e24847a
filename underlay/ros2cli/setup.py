from setuptools import find_packages, setup

NAME = "ros2cli"

setup(
    name=NAME,
    version="0.0.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Underlay: the ros2 command, the subset that this workspace uses.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["ros2 = ros2cli.cli:main"]},
)
