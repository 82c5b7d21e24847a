from setuptools import find_packages, setup

setup(
    name="launch_testing",
    version="3.4.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/launch_testing"]),
        ("share/launch_testing", ["package.xml"]),
    ],
    entry_points={
        "console_scripts": ["launch_test = launch_testing.launch_test:main"],
        "pytest11": ["launch_testing = launch_testing.pytest.hooks"],
    },
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="The VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="A stand-in for the launch testing tools of ROS 2 Jazzy.",
    license="Apache-2.0",
)
