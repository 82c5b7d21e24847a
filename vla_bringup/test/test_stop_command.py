# SPDX-License-Identifier: Apache-2.0
"""What `./vla stop` says of the ways over ROS, and where it finds a robot with names of its own."""

from __future__ import annotations

import time

import pytest

from vla_bringup.cli.stop_command import Reached, known_names, verdict
from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.machine.stop_channel import StopChannel

PROBLEM = "odometry does not say that it stands still"
REFUSED = Result(Code.STOP_UNCONFIRMED, "It rolls.")
NOT_READY = Result(Code.NOT_READY, "Not configured.")
ROBOT = ("cmd_vel", "manipulate")


@pytest.mark.parametrize(
    ("reached", "code", "words"),
    [
        (Reached(OK, False, ROBOT, PROBLEM), Code.OK, "stands still. ./vla reset"),
        (Reached(REFUSED, True, ROBOT, ""), Code.STOP_UNCONFIRMED, "It rolls."),
        (Reached(NOT_READY, False, ROBOT, ""), Code.OK, "./vla reset"),
        (Reached(NOT_READY, True, ROBOT, PROBLEM), Code.STOP_UNCONFIRMED, PROBLEM),
        (Reached(None, True, ROBOT, ""), Code.OK, "./vla reset"),
        (Reached(None, False, ROBOT, ""), Code.OK, "Nobody was there to hold the stop"),
        (Reached(None, False, ROBOT, PROBLEM), Code.STOP_UNCONFIRMED, "may still be moving"),
        (Reached(None, False, (), ""), Code.NOT_READY, "Nobody answers"),
    ],
)
def test_only_a_robot_that_is_known_to_stand_counts_as_stopped(reached, code, words):
    result, who = verdict(reached)
    assert result.code is code
    assert words in result.message
    assert (who == ()) == (code is Code.NOT_READY)


def test_who_was_reached_is_told():
    assert verdict(Reached(OK, True, ROBOT))[1] == ("executor", "state_manager", *ROBOT)


def test_the_names_of_the_robot_outlive_the_process(tmp_path):
    def listen(domain, namespace, name):
        return StopChannel(
            domain, namespace, "x", lambda r: None, lambda: OK, print, [name], tmp_path
        )

    channels = [
        listen(7, "/vla", "a:=/a"),
        listen(7, "/other", "a:=/b"),
        listen(8, "/vla", "a:=/c"),
    ]
    assert known_names(7, "vla", tmp_path) == ["a:=/a"]
    assert known_names(7, "/other", tmp_path) == ["a:=/b"]
    assert known_names(9, "vla", tmp_path) == []
    for channel in channels:
        channel.close()
    assert known_names(7, "vla", tmp_path / "none") == []


@pytest.mark.ros
def test_the_robot_itself_is_there_when_its_base_listens():
    from geometry_msgs.msg import Twist

    from vla_bringup.client.ros.system_client import SystemClient
    from vla_bringup.supervision.ros.robot_client import RobotClient

    with SystemClient("nobody_else") as client:
        client.node.reentrant = client.group
        robot = RobotClient(client.node, client.node, 1.0)
        assert robot.there() == ()
        client.node.create_subscription(Twist, "cmd_vel", lambda _: None, 1)
        deadline_s = time.monotonic() + 20.0
        while robot.there() != ("cmd_vel",) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert robot.there() == ("cmd_vel",)
