# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_planner"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed", "grammar/*.lark", "grammar/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="From a command in words to a validated plan of typed steps.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["planner_node = vla_planner.ros.planner_node:main"]},
)
