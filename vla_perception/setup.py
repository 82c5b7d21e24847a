# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_perception"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed", "models/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Camera images to labelled objects in the map, with a memory of the scene.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["perception_node = vla_perception.ros.perception_node:main"]},
)
