# SPDX-License-Identifier: Apache-2.0
"""A lidar and a map over ROS that were there once: what their end does to a robot that is to drive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from vla_testing.executor.ros_world import Bed, bed, wait_until

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")

from sensor_msgs.msg import LaserScan  # noqa: E402
from vla_interfaces.msg import PlaceArray  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.ros.conversions import place_to_msg  # noqa: E402
from vla_common.ros.qos import LATCHED, SENSOR  # noqa: E402

MOVE = ("move", {"distance": 0.3, "direction": "backward"})
QUICK = {"executor.sensor_timeout_s": 1.0}


def outcome(b: Bed, *step: Any) -> Any:
    return b.client.run(*(step or (MOVE,))).result.outcome


def pulse(b: Bed, publish: Callable[[], None]) -> threading.Event:
    """Publish ten times a second until the event is set."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.1):
            publish()

    threading.Thread(target=run, daemon=True).start()
    return over


def test_a_lidar_that_dies_keeps_the_robot_where_it_is() -> None:
    with bed(3, parameters={**QUICK, "guard.max_scan_age_s": 2.0}) as b:
        robot = b.executor._robot
        assert robot is not None and robot.scan() is None
        publisher = b.client.create_publisher(LaserScan, "scan", SENSOR)

        def publish() -> None:
            message = LaserScan(
                angle_min=-1.0, angle_increment=0.5, range_min=0.1, range_max=9.0, ranges=[5.0] * 5
            )
            message.header.frame_id = "base_link"
            message.header.stamp = b.client.get_clock().now().to_msg()
            publisher.publish(message)

        over = pulse(b, publish)
        wait_until(lambda: len(getattr(robot.scan(), "points", ())) > 0)
        assert outcome(b).code == Code.OK
        over.set()
        b.client.destroy_publisher(publisher)
        wait_until(lambda: robot.now_s() - robot.scan().stamp_s > 4.5)  # type: ignore[union-attr]
        had = len(b.robot.moving_twists())
        for step in (MOVE, ("turn", {"angle": 0.5})):
            said = outcome(b, step)
            assert said.code == Code.GUARD_REFUSED and "scan" in said.message
        assert len(b.robot.moving_twists()) == had


def test_a_map_that_becomes_empty_keeps_the_robot_where_it_is() -> None:
    with bed(3, parameters=QUICK) as b:
        robot = b.executor._robot
        assert robot is not None and robot.map_trouble() == ""
        places = [place_to_msg(place) for place in b.robot.world.map_places]
        publisher = b.client.create_publisher(PlaceArray, "places", LATCHED)
        wait_until(lambda: bool(robot.map_trouble()))
        said = outcome(b)
        assert said.code == Code.GUARD_REFUSED and "none have come" in said.message
        publisher.publish(PlaceArray(places=places, map_id="home"))
        wait_until(lambda: len(robot.places()) == len(places) and not robot.map_trouble())
        assert outcome(b).code == Code.OK
        publisher.publish(PlaceArray(map_id="home"))
        wait_until(lambda: bool(robot.map_trouble()))
        said = outcome(b)
        assert said.code == Code.GUARD_REFUSED and "empty" in said.message
        assert len(robot.places()) == len(places)
        publisher.publish(PlaceArray(places=places, map_id="home"))
        wait_until(lambda: not robot.map_trouble())
        assert outcome(b).code == Code.OK
