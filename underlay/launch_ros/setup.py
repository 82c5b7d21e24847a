from setuptools import find_packages, setup

setup(
    name="launch_ros",
    version="0.0.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/launch_ros"]),
        ("share/launch_ros", ["package.xml"]),
    ],
    install_requires=["setuptools", "PyYAML"],
    zip_safe=True,
    maintainer="The VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="A stand-in for the ROS extensions to launch of ROS 2 Jazzy.",
    license="Apache-2.0",
)
