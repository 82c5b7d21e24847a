# SPDX-License-Identifier: Apache-2.0
"""Odometry that lies, goals of others, somebody else who drives, and others at our names: seen and told, over ROS."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("vla_interfaces")

import rclpy  # noqa: E402
from geometry_msgs.msg import Twist  # noqa: E402
from nav2_msgs.action import NavigateToPose  # noqa: E402
from rclpy.action import ActionServer  # noqa: E402
from vla_interfaces.srv import Stop  # noqa: E402

from vla_common.contracts.outcomes import Code, Result  # noqa: E402
from vla_common.ros.clients.action_client import ActionClient  # noqa: E402
from vla_testing.executor.ros_world import TIMEOUT_S, Bed, bed, wait, wait_until  # noqa: E402

QUICK = {"executor.stop_timeout_s": 0.7}


def turning() -> Twist:
    twist = Twist()
    twist.angular.z = 0.4
    return twist


def health(b: Bed) -> Result:
    return b.executor._health


@contextmanager
def evil(name: str = "evil") -> Iterator[Any]:
    node = rclpy.create_node(name, namespace="far")
    try:
        yield node
    finally:
        node.destroy_node()


def test_odometry_that_turns_and_says_zero_confirms_no_stop() -> None:
    with bed(0, parameters=QUICK) as b:
        b.robot.lying, b.robot.pushed = True, turning()
        outcome = b.client.call(Stop, reason="test").outcome
        assert outcome.code == Code.STOP_UNCONFIRMED
        assert "contradicts itself" in outcome.message
        b.robot.pushed = None
        assert b.client.call(Stop, reason="again").outcome.code == Code.OK


def test_a_goal_of_somebody_else_that_does_not_end_confirms_no_stop() -> None:
    with bed(1, parameters=QUICK) as b:
        b.robot.hold.add("navigate_to_pose")
        b.robot.stubborn = True
        other = ActionClient(b.client, NavigateToPose, "navigate_to_pose")
        assert other.wait_for_server(timeout_sec=TIMEOUT_S)
        wait(other.send_goal_async(NavigateToPose.Goal()))
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        outcome = b.client.call(Stop, reason="test").outcome
        assert outcome.code == Code.STOP_UNCONFIRMED, outcome
        assert "still works on a goal" in outcome.message
        b.robot.stubborn = False
        wait_until(lambda: b.robot.wake() is None and bool(b.robot.ended))
        assert b.client.call(Stop, reason="again").outcome.code == Code.OK


def test_somebody_who_drives_a_stopped_robot_is_told_of_and_gets_zeros() -> None:
    with bed(2) as b:
        assert b.client.call(Stop, reason="test").outcome.code == Code.OK
        wait_until(lambda: health(b).ok)
        with evil() as node:
            publisher = node.create_publisher(Twist, "/cmd_vel", 10)
            over = threading.Event()

            def drive() -> None:
                while not over.wait(0.05):
                    publisher.publish(turning())

            driver = threading.Thread(target=drive)
            driver.start()
            try:
                wait_until(lambda: "/far/evil" in health(b).message)
                wait_until(lambda: any("/far/evil" in text for text in b.client.sentences))
                before, begun = len(b.robot.twists), time.monotonic()
                wait_until(lambda: len(b.robot.twists) > before + 60)
                zeros = [t for t in b.robot.twists[before:] if not t.angular.z]
                # Far more than without a stranger (5 Hz), and more than the stranger sends.
                assert len(zeros) > max(2 * 5 * (time.monotonic() - begun), 30)
                b.robot.pushed = turning()  # the base takes the stranger's word
                wait_until(lambda: "although it is stopped" in health(b).message)
                assert health(b).code is Code.STOP_UNCONFIRMED
            finally:
                over.set()
                driver.join()
        b.robot.pushed = None
        wait_until(lambda: health(b).ok)


def test_what_we_drive_and_what_navigation_drives_is_no_alarm() -> None:
    with bed(3) as b:
        with evil("controller_server") as node:
            node.create_publisher(Twist, "/cmd_vel", 10)
            alarms: list[Result] = []
            report = b.executor.report_health
            b.executor.report_health = lambda found, **f: (alarms.append(found), report(found))  # type: ignore
            assert b.client.run(("move", {"distance": 0.5})).result.outcome.code == Code.OK
            assert b.client.run(("turn", {"angle": 1.0})).result.outcome.code == Code.OK
            assert b.client.run(("go_to", {"place": "table"})).result.outcome.code == Code.OK
            handle = b.client.send(("move", {"distance": -1.0}))
            b.robot.wait_for(lambda: any(t.linear.x < -0.2 for t in b.robot.twists))
            assert b.client.call(Stop, reason="test").outcome.code == Code.OK
            wait(handle.get_result_async())
            # Navigation that drives for somebody else is ordered, as long as nothing is stopped.
            threading.Event().wait(0.5)
        assert alarms == []


def test_a_second_server_is_told_of() -> None:
    with bed(4) as b, evil() as node:
        server = ActionServer(node, NavigateToPose, "/navigate_to_pose", lambda handle: None)
        wait_until(lambda: "several servers" in health(b).message)
        assert "'navigate_to_pose'" in health(b).message and "/far/evil" in health(b).message
        server.destroy()
