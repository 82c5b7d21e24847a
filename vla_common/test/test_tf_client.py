# SPDX-License-Identifier: Apache-2.0
"""A transform buffer after the clock was set back."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")

from geometry_msgs.msg import TransformStamped  # noqa: E402
from rclpy.time import Time  # noqa: E402

from vla_common.ros.tf_client import LeapingBuffer  # noqa: E402

DAY_S = 86400.0


class World:
    """A buffer, the clock that it reads, and what it told."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s
        self.told: list[str] = []
        self.buffer = LeapingBuffer(lambda: self.now_s, self.told.append)
        self._send("base_link", "camera", 0.0, 7.0, static=True)

    def _send(
        self, parent: str, child: str, stamp_s: float, x: float, static: bool = False
    ) -> None:
        message = TransformStamped(child_frame_id=child)
        message.header.frame_id = parent
        message.header.stamp = Time(seconds=stamp_s).to_msg()
        message.transform.translation.x = x
        message.transform.rotation.w = 1.0
        add = self.buffer.set_transform_static if static else self.buffer.set_transform
        add(message, "test")

    def moves_to(self, x: float, stamp_s: float | None = None) -> None:
        self._send("map", "base_link", self.now_s if stamp_s is None else stamp_s, x)

    def x(self) -> float:
        found = self.buffer.lookup_transform("map", "base_link", Time())
        return float(found.transform.translation.x)


def test_after_a_leap_back_the_newest_pose_is_the_new_one() -> None:
    world = World(2 * DAY_S)
    for step in range(5):
        world.now_s += 0.02
        world.moves_to(float(step))
    world.now_s -= DAY_S
    world.moves_to(10.0)
    assert world.x() == 10.0
    assert len(world.told) == 1 and "set back by 86400.0 s" in world.told[0]
    world.now_s += 0.02
    world.moves_to(11.0)
    assert world.x() == 11.0 and len(world.told) == 1
    camera = world.buffer.lookup_transform("base_link", "camera", Time())
    assert camera.transform.translation.x == 7.0


def test_late_and_early_transforms_are_no_leap() -> None:
    world = World(DAY_S)
    world.moves_to(1.0)
    world.moves_to(2.0, DAY_S - 5.0)  # late
    world.moves_to(3.0, DAY_S + 0.5)  # from a machine whose clock is a little ahead
    world.moves_to(4.0, DAY_S - 1.0)
    assert world.x() == 3.0 and world.told == []


def test_frames_that_are_stamped_ahead_beside_others_are_no_leap() -> None:
    """As AMCL does: its transform holds for a while. tf2 interpolates, so the first stamp is now's."""
    world = World(DAY_S)
    world._send("map", "odom", world.now_s, 0.0)
    for step in range(20):
        world.now_s += 0.05
        world._send("map", "odom", world.now_s + 1.5, float(step))
        world._send("odom", "base_footprint", world.now_s, 1.0)
        found = world.buffer.lookup_transform("map", "base_footprint", Time())
        assert found.transform.translation.x >= 1.0
    assert world.told == []


def test_a_robot_whose_clock_is_far_ahead_is_no_leap_either() -> None:
    world = World(DAY_S)
    for step in range(3):
        world.moves_to(float(step), DAY_S + 100.0 + step)
    assert world.x() == 2.0 and world.told == []
