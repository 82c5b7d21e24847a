# SPDX-License-Identifier: Apache-2.0
"""A goal ends CANCELED only after the robot's servers and its odometry have confirmed it; otherwise it says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from vla_testing.executor.ros_world import TIMEOUT_S, Bed, bed, wait, wait_until

pytestmark = pytest.mark.ros

action_msgs = pytest.importorskip("action_msgs.msg")
from geometry_msgs.msg import TransformStamped  # noqa: E402
from nav2_msgs.action import NavigateToPose  # noqa: E402
from rclpy.duration import Duration  # noqa: E402
from vla_interfaces.srv import Stop  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.contracts.skills import ObjectRef  # noqa: E402
from vla_common.ros.clients.action_client import ActionClient  # noqa: E402

STATUS = action_msgs.GoalStatus
MOVE = ("move", {"distance": 1.4})
GO = ("go_to", {"place": "table"})
PICK = ("pick", {"object": ObjectRef("cup", ("red",))})
LOOK = ("look_at", {"direction": "left"})
QUICK = {"executor.stop_timeout_s": 0.5}
CONFIRMED = (STATUS.STATUS_CANCELED, Code.CANCELED)
UNCONFIRMED = (STATUS.STATUS_ABORTED, Code.STOP_UNCONFIRMED)


def driving(b: Bed) -> bool:
    return len(b.robot.moving_twists()) > 5


def at(name: str) -> Callable[[Bed], bool]:
    return lambda b: name in b.robot.goals


def silent(b: Bed) -> None:
    b.robot.silent = True


def runaway(b: Bed) -> None:
    b.robot.runaway = True


def deaf(b: Bed) -> None:
    b.robot.deaf = True


def stubborn(b: Bed) -> None:
    b.robot.stubborn = True


def mute(b: Bed) -> None:
    b.robot.mute = True


def kill(b: Any, name: str) -> None:
    """The server goes away, and the executor's view of the graph says so.

    A server that is destroyed inside of a process that lives on may linger in the graph for minutes; how soon the
    middleware notices is not what is tested here.
    """
    b.robot.kill(name)
    assert b.executor._robot is not None
    b.executor._robot._actions[name].server_is_ready = lambda: False


def dead(name: str) -> Callable[[Bed], None]:
    return lambda b: kill(b, name)


ROWS: list[tuple[str, Any, Callable[[Bed], bool], Callable[[Bed], None], str]] = [
    ("odometry goes silent while driving", MOVE, driving, silent, "Odometry"),
    ("odometry keeps moving while driving", MOVE, driving, runaway, "Odometry"),
    ("odometry goes silent on the way", GO, at("navigate_to_pose"), silent, "navigate_to_pose"),
    ("navigation refuses the cancel", GO, at("navigate_to_pose"), deaf, "navigate_to_pose"),
    ("navigation never ends", GO, at("navigate_to_pose"), stubborn, "navigate_to_pose"),
    ("navigation does not answer", GO, at("navigate_to_pose"), mute, "navigate_to_pose"),
    ("navigation dies", GO, at("navigate_to_pose"), dead("navigate_to_pose"), "navigate_to_pose"),
    ("the head never ends", LOOK, at("point_head"), stubborn, "point_head"),
    ("the head dies", LOOK, at("point_head"), dead("point_head"), "point_head"),
    ("the arm refuses the cancel", PICK, at("manipulate"), deaf, "manipulate"),
    ("the arm never ends", PICK, at("manipulate"), stubborn, "manipulate"),
    ("the arm dies", PICK, at("manipulate"), dead("manipulate"), "manipulate"),
]


@pytest.mark.parametrize(("what", "step", "when", "then", "names"), ROWS, ids=[r[0] for r in ROWS])
def test_what_can_not_be_confirmed_is_not_called_canceled(
    what: str, step: Any, when: Any, then: Any, names: str
) -> None:
    with bed(1 + ROWS.index((what, step, when, then, names)) % 2, parameters=QUICK) as b:
        b.robot.hold.add(names)
        if step is PICK:
            assert b.client.run(GO).result.outcome.code == Code.OK
        handle = b.client.send(step)
        b.robot.wait_for(lambda: when(b))
        then(b)
        wait(handle.cancel_goal_async())
        b.robot.wake()
        result = wait(handle.get_result_async())
        assert (result.status, result.result.outcome.code) == UNCONFIRMED, result.result
        message = result.result.outcome.message
        assert ("Odometry" if then in (silent, runaway) else names) in message
        assert "may still be moving" in message
        assert b.robot._twist.linear.x == 0.0


@pytest.mark.parametrize("name", ["navigate_to_pose", "point_head"])
def test_a_cancel_before_the_goal_is_accepted_gets_through(name: str) -> None:
    with bed(4) as b:
        b.robot.hold.add(name)
        b.robot.undecided.add(name)
        handle = b.client.send(GO if name == "navigate_to_pose" else LOOK)
        b.robot.wait_for(lambda: name in b.robot.asked)
        wait(handle.cancel_goal_async())
        assert b.robot.goals == []
        b.robot.undecided.clear()
        b.robot.wake()
        # The goal was accepted after the cancel: it has to be canceled all the same.
        wait_until(lambda: b.robot.wake() is None and (name, "canceled") in b.robot.ended)
        result = wait(handle.get_result_async())
        assert (result.status, result.result.outcome.code) == CONFIRMED


def test_a_goal_that_is_never_accepted_is_not_called_canceled() -> None:
    with bed(4, parameters=QUICK) as b:
        b.robot.undecided.add("navigate_to_pose")
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.asked)
        wait(handle.cancel_goal_async())
        result = wait(handle.get_result_async())
        assert (result.status, result.result.outcome.code) == UNCONFIRMED


def test_a_server_that_dies_on_the_way_is_not_only_a_failed_step() -> None:
    with bed(0, parameters=QUICK) as b:
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        kill(b, "navigate_to_pose")
        result = wait(handle.get_result_async())
        assert (result.status, result.result.outcome.code) == UNCONFIRMED
        assert "is gone" in result.result.outcome.message


def test_a_cancel_is_noticed_while_tf_is_silent() -> None:
    # Longer than this test waits for anything.
    with bed(1, parameters={"executor.sensor_timeout_s": 30.0}) as b:
        assert b.executor._robot is not None
        buffer, looking = b.executor._robot._tf, threading.Event()
        really = buffer.can_transform

        def can_transform(*arguments: Any) -> Any:
            looking.set()
            return really(*arguments)

        buffer.can_transform = can_transform
        b.robot.lost = True
        handle = b.client.send(LOOK)
        assert looking.wait(TIMEOUT_S)
        wait(handle.cancel_goal_async())
        result = wait(handle.get_result_async())
        assert (result.status, result.result.outcome.code) == CONFIRMED
        assert b.robot.goals == []


def test_a_clock_that_was_set_back_does_not_freeze_the_pose() -> None:
    with bed(1) as b:
        ahead = TransformStamped(child_frame_id="base_link")
        ahead.header.frame_id = "map"
        ahead.header.stamp = (b.robot.get_clock().now() + Duration(seconds=86400.0)).to_msg()
        ahead.transform.rotation.w = 1.0
        b.robot._tf.sendTransform(ahead)
        result = b.client.run(("go_to", {"place": "table"}))
        assert result.result.outcome.code == Code.OK, result.result.outcome


def test_a_stop_waits_for_the_answers_of_servers_that_others_use() -> None:
    # Long enough for the last stop, which is confirmed.
    with bed(2, parameters={"executor.stop_timeout_s": 2.0}) as b:
        b.robot.hold.add("navigate_to_pose")
        other = ActionClient(b.client, NavigateToPose, "navigate_to_pose")
        assert other.wait_for_server(timeout_sec=TIMEOUT_S)
        goal = wait(other.send_goal_async(NavigateToPose.Goal()))
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        b.robot.mute = True
        outcome = b.client.call(Stop, reason="test").outcome
        assert outcome.code == Code.STOP_UNCONFIRMED
        assert "navigate_to_pose" in outcome.message
        b.robot.mute = False
        b.robot.wake()
        wait_until(lambda: b.robot.wake() is None and bool(b.robot.ended))
        assert wait(goal.get_result_async()).status == STATUS.STATUS_CANCELED
        assert b.client.call(Stop, reason="again").outcome.code == Code.OK


def test_the_result_is_not_given_before_the_arm_has_ended() -> None:
    with bed(4) as b:
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        b.robot.stubborn = True
        wait(handle.cancel_goal_async())
        early = threading.Event()
        future = handle.get_result_async()
        future.add_done_callback(lambda _: early.set())
        # The base has long been standing: three times what that takes.
        assert not early.wait(0.5)
        b.robot.stubborn = False
        wait_until(lambda: b.robot.wake() is None and bool(b.robot.ended))
        result = wait(future)
        assert (result.status, result.result.outcome.code) == CONFIRMED
