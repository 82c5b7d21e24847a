# SPDX-License-Identifier: Apache-2.0
"""Where the stages look for the robot: namespaces, single topics, transforms apart, and whose clock counts."""

from __future__ import annotations

import pytest

from vla_bringup.launching.robot_names import ACTION_PARTS, ACTIONS, TOPICS, remappings, sim_time
from vla_common.contracts.outcomes import Code, VlaError

REALSENSE = {
    "color_topic": "/camera/camera/color/image_raw",
    "depth_topic": "/camera/camera/aligned_depth_to_color/image_raw",
    "odom_topic": "wheels/odom",
    "point_head_action": "/head/point_head",
}


def test_a_simulated_robot_is_where_the_system_is() -> None:
    assert dict(remappings("sim")) == {"/tf": "tf", "/tf_static": "tf_static", "/clock": "clock"}


def test_a_real_robot_is_at_the_root_or_in_its_namespace() -> None:
    root, named = dict(remappings("real")), dict(remappings("real", "r1"))
    assert root["cmd_vel"] == "/cmd_vel" and named["cmd_vel"] == "/r1/cmd_vel"
    assert "/tf" not in root and named["/tf"] == "/r1/tf" and named["/tf_static"] == "/r1/tf_static"
    for part in ACTION_PARTS:
        assert named[f"manipulate/_action/{part}"] == f"/r1/manipulate/_action/{part}"
    assert dict(remappings("isaac"))["camera/color/image_raw"] == "/rgb"


@pytest.mark.parametrize("robot", ["real", "isaac"])
def test_a_topic_may_be_named_apart(robot: str) -> None:
    rules = dict(remappings(robot, "r1", named=REALSENSE))
    assert rules["camera/color/image_raw"] == "/camera/camera/color/image_raw"
    assert rules["camera/depth/image_raw"] == "/camera/camera/aligned_depth_to_color/image_raw"
    assert rules["odom"] == "/r1/wheels/odom"
    assert rules["point_head/_action/status"] == "/head/point_head/_action/status"
    assert rules["scan"] == "/r1/scan"


def test_a_topic_of_the_simulator_may_be_named_apart_too() -> None:
    rules = dict(remappings("sim", named={"color_topic": "eye/image", "scan_topic": "/laser"}))
    assert rules["camera/color/image_raw"] == "eye/image" and rules["scan"] == "/laser"
    assert "cmd_vel" not in rules


@pytest.mark.parametrize(
    ("robot", "robot_namespace", "tf_namespace", "tf"),
    [
        ("real", "r1", "/", "/tf"),  # namespaced topics with a global tf
        ("real", "auto", "r1", "/r1/tf"),  # and the reverse
        ("real", "r1", "fleet/r1", "/fleet/r1/tf"),
        ("real", "r1", "auto", "/r1/tf"),
        ("sim", "auto", "/", "/tf"),
        ("sim", "auto", "auto", "tf"),
        ("isaac", "auto", "auto", "/tf"),
    ],
)
def test_where_the_transforms_are(
    robot: str, robot_namespace: str, tf_namespace: str, tf: str
) -> None:
    rules = dict(remappings(robot, robot_namespace, tf_namespace))
    assert rules.get("/tf", "/tf") == tf
    assert rules.get("/tf_static", "/tf_static") == f"{tf}_static"


@pytest.mark.parametrize("text", ["a b", "1st", "/a//b", "a-b", "~/x", "${x}", "a/", "ü"])
@pytest.mark.parametrize("argument", ["color_topic", "manipulate_action"])
def test_a_name_that_is_none_is_refused(argument: str, text: str) -> None:
    with pytest.raises(VlaError) as caught:
        remappings("real", named={argument: text})
    assert caught.value.code is Code.INVALID_CONFIG and f"'{argument}'" in caught.value.message


def test_every_name_of_the_robot_has_an_argument() -> None:
    real = {name.split("/_action/")[0] for name, _ in remappings("real")}
    assert real == {name for name, _ in (*TOPICS.values(), *ACTIONS.values())}


@pytest.mark.parametrize(
    ("robot", "asked", "speed", "in_file", "wanted", "told"),
    [
        ("real", "auto", 1.0, True, None, False),  # Gazebo: the file is kept
        ("real", "auto", 1.0, None, None, False),
        ("real", "true", 1.0, None, True, False),
        ("real", "false", 1.0, True, False, False),
        ("isaac", "auto", 1.0, None, True, False),
        ("isaac", "false", 1.0, None, False, False),
        ("sim", "auto", 1.0, None, False, False),
        ("sim", "auto", 2.0, None, True, False),
        ("sim", "auto", 1.0, True, False, True),
        ("sim", "true", 1.0, None, False, True),
        ("sim", "false", 5.0, None, True, True),
    ],
)
def test_whose_clock_counts(robot, asked, speed, in_file, wanted, told) -> None:
    parameters = {} if in_file is None else {"use_sim_time": in_file}
    value, note = sim_time(robot, asked, speed, parameters)
    assert value is wanted and bool(note) is told
