# SPDX-License-Identifier: Apache-2.0
"""Zones over ROS: navigation is given them, and a drive that leads into one all the same is ended."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("vla_interfaces")

from geometry_msgs.msg import Twist  # noqa: E402
from nav_msgs.msg import OccupancyGrid  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.ros.qos import LATCHED  # noqa: E402
from vla_testing.executor.ros_world import bed, wait, wait_until  # noqa: E402

ZONE = "1 -0.5, 2 -0.5, 2 0.5, 1 0.5"
FAR = ("go_to", {"pose": (3.0, 0.0, 0.0)})


def test_a_drive_of_navigation_into_a_zone_is_ended_before_it() -> None:
    with bed(0, parameters={"guard.keep_out": [ZONE]}) as b:
        masks: list[Any] = []
        b.client.create_subscription(OccupancyGrid, "keep_out_mask", masks.append, LATCHED)
        wait_until(lambda: bool(masks))
        info = masks[0].info
        column = int((1.5 - info.origin.position.x) / info.resolution)
        row = int((0.0 - info.origin.position.y) / info.resolution)
        assert masks[0].data[row * info.width + column] == 100
        assert masks[0].data[0] == 0

        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(FAR)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        b.robot._twist = Twist()
        b.robot._twist.linear.x = 0.4  # as Nav2 would drive
        result = wait(handle.get_result_async())
        outcome = result.result.outcome
        assert outcome.code == Code.GUARD_REFUSED, outcome
        assert "keep-out zone 1" in outcome.message
        assert ("navigate_to_pose", "canceled") in b.robot.ended
        assert b.robot.x + 0.25 < 1.0


def test_a_pose_that_gets_old_ends_the_drive() -> None:
    settings = {"guard.keep_out": [ZONE], "guard.max_transform_age_s": 2.0}
    with bed(1, parameters=settings) as b:
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(("go_to", {"pose": (-1.0, 0.0, 0.0)}))
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        b.robot.lost = True
        outcome = wait(handle.get_result_async()).result.outcome
        assert outcome.code == Code.GUARD_REFUSED and "keep-out zones" in outcome.message, outcome
