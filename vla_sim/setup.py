# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_sim"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
        ("share/" + package_name + "/worlds", ["worlds/two_cups.yaml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="MuJoCo world and robot with the ROS interfaces of a real one.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["sim_node = vla_sim.ros.sim_node:main"]},
)
