from setuptools import find_packages, setup

package_name = "vla_executor"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
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
        "console_scripts": ["executor_node = vla_executor.executor_node:main"],
        "vla_executor.skills": [
            "move = vla_executor.motion:Move",
            "turn = vla_executor.motion:Turn",
            "go_to = vla_executor.motion:GoTo",
            "find = vla_executor.objects:Find",
            "pick = vla_executor.picking:Pick",
            "place = vla_executor.placing:Place",
            "look_at = vla_executor.looking:LookAt",
            "count = vla_executor.looking:Count",
            "describe = vla_executor.looking:Describe",
            "say = vla_executor.talking:Say",
            "wait = vla_executor.talking:Wait",
            "hand_over = vla_executor.people:HandOver",
            "follow = vla_executor.people:Follow",
            "guide = vla_executor.people:Guide",
            "greet = vla_executor.people:Greet",
            "ask = vla_executor.people:Ask",
        ],
    },
)
