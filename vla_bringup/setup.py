# SPDX-License-Identifier: Apache-2.0
from glob import glob

from setuptools import find_packages, setup

package_name = "vla_bringup"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
        ("share/" + package_name + "/launch", glob("launch/*.launch.py")),
        ("share/" + package_name + "/config", glob("config/*")),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Launch files, configuration, state manager and command-line tool.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "state_manager_node = vla_bringup.ros.state_manager_node:main",
            "composed_node = vla_bringup.ros.composed_node:main",
            "watcher_node = vla_bringup.supervision.ros.watcher_node:main",
            "vla = vla_bringup.cli.main:main",
        ]
    },
)
