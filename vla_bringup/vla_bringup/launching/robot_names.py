# SPDX-License-Identifier: Apache-2.0
"""Under which names the stages find the robot's interfaces: remapping rules from what the launch arguments say.

Decides where a robot's topics, actions and transforms are, by the kind of robot, its namespace, and what is named
apart. A name that begins with a slash is taken as it is, another one is in the robot's namespace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError

TOPICS = {
    "cmd_vel_topic": ("cmd_vel", "Velocities for the base"),
    "odom_topic": ("odom", "Odometry of the base"),
    "scan_topic": ("scan", "Scan of a distance sensor"),
    "joint_states_topic": ("joint_states", "States of the joints"),
    "gripper_holding_topic": ("gripper_holding", "Whether the gripper holds something"),
    "places_topic": ("places", "Named places of the map"),
    "color_topic": ("camera/color/image_raw", "Colour images of the camera"),
    "color_info_topic": ("camera/color/camera_info", "camera_info of the colour camera"),
    "depth_topic": (
        "camera/depth/image_raw",
        "Depth images, registered to colour: of a RealSense those of aligned_depth_to_color",
    ),
    "depth_info_topic": (
        "camera/depth/camera_info",
        "camera_info of the depth camera, for depth that is not registered",
    ),
}
"""Launch argument -> what the stages call the topic, and what it is."""
ACTIONS = {
    "navigate_to_pose_action": ("navigate_to_pose", "Action that drives to a pose of the map"),
    "manipulate_action": ("manipulate", "Action of the arm"),
    "point_head_action": ("point_head", "Action that turns the camera"),
}
ACTION_PARTS = ("send_goal", "cancel_goal", "get_result", "feedback", "status")
"""Remapping an action means remapping the three services and two topics it consists of."""
ISAAC = {
    "camera/color/image_raw": "rgb",
    "camera/color/camera_info": "camera_info",
    "camera/depth/image_raw": "depth",
}
"""Names that Isaac Sim's ROS 2 bridge gives its camera topics."""
AUTO = "auto"
_NAME = re.compile(r"/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")

Rules = list[tuple[str, str]]


def remappings(
    robot: str,
    robot_namespace: str = AUTO,
    tf_namespace: str = AUTO,
    named: Mapping[str, str] | None = None,
) -> Rules:
    """From the stages' names, relative to their namespace, to the robot's. named: by launch argument, "" for none.

    Errors: INVALID_CONFIG for a name that ROS does not know as one.
    """
    apart = {name: text for name, text in (named or {}).items() if text}
    for argument, text in (
        *apart.items(),
        ("robot_namespace", robot_namespace),
        ("tf_namespace", tf_namespace),
    ):
        text = text.rstrip("/") if argument.endswith("namespace") else text
        if text and not _NAME.fullmatch(text):
            raise VlaError(
                Code.INVALID_CONFIG,
                f"The launch argument '{argument}' can't be '{text[:80]}': a name has letters, digits and underscores "
                "between slashes, and begins with no digit.",
            )
    own = robot == "sim" and robot_namespace == AUTO
    root = "" if robot_namespace in (AUTO, "/", "") else "/" + robot_namespace.strip("/")

    def target(name: str) -> str:
        return name if name.startswith("/") else f"{root}/{name}"

    rules: Rules = []
    for argument, (name, _) in TOPICS.items():
        if argument in apart:
            rules.append((name, apart[argument] if own else target(apart[argument])))
        elif not own:
            rules.append((name, target(ISAAC.get(name, name) if robot == "isaac" else name)))
    for argument, (name, _) in ACTIONS.items():
        if own and argument not in apart:
            continue
        to = apart.get(argument, name)
        to = to if own else target(to)
        rules += [(f"{name}/_action/{part}", f"{to}/_action/{part}") for part in ACTION_PARTS]
    return rules + _transforms(own, root, tf_namespace)


def _transforms(own: bool, root: str, tf_namespace: str) -> Rules:
    """tf and clock of a simulated robot are its own: several may run in one domain."""
    clock = [("/clock", "clock")] if own else []
    if tf_namespace == AUTO:
        if own:
            return [("/tf", "tf"), ("/tf_static", "tf_static"), *clock]
        return [("/tf", f"{root}/tf"), ("/tf_static", f"{root}/tf_static")] if root else []
    place = tf_namespace.strip("/")
    if not place:
        return clock
    return [("/tf", f"/{place}/tf"), ("/tf_static", f"/{place}/tf_static"), *clock]


def sim_time(
    robot: str, asked: str, speed: float, parameters: Mapping[str, Any]
) -> tuple[bool | None, str]:
    """`use_sim_time` of the stages, and what is to be said of it. None: as the parameter file has it for each node.

    asked: the launch argument, auto, true or false. speed: of the simulator of this workspace.
    """
    in_file = parameters.get("use_sim_time")
    if robot == "sim":
        needed = speed != 1.0
        wanted = in_file if asked == AUTO else asked == "true"
        note = ""
        if wanted is not None and bool(wanted) != needed:
            clock = "has a clock of its own" if needed else "follows the wall clock"
            note = f"use_sim_time is {str(needed).lower()}: at this speed the simulator {clock}."
        return needed, note
    if asked != AUTO:
        return asked == "true", ""
    if robot == "isaac":
        return True, ""
    return None, ""
