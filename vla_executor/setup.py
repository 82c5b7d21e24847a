# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_executor"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Carries out validated plans: skills, guard, plan runner, stop.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["executor_node = vla_executor.ros.executor_node:main"],
        "vla_executor.skills": [
            "move = vla_executor.skills.motion:Move",
            "turn = vla_executor.skills.motion:Turn",
            "go_to = vla_executor.skills.motion:GoTo",
            "find = vla_executor.skills.objects:Find",
            "pick = vla_executor.skills.picking:Pick",
            "place = vla_executor.skills.placing:Place",
            "look_at = vla_executor.skills.looking:LookAt",
            "count = vla_executor.skills.looking:Count",
            "describe = vla_executor.skills.looking:Describe",
            "say = vla_executor.skills.talking:Say",
            "wait = vla_executor.skills.talking:Wait",
            "hand_over = vla_executor.skills.people:HandOver",
            "follow = vla_executor.skills.people:Follow",
            "guide = vla_executor.skills.people:Guide",
            "greet = vla_executor.skills.people:Greet",
            "ask = vla_executor.skills.people:Ask",
        ],
    },
)
