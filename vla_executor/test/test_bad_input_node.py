# SPDX-License-Identifier: Apache-2.0
"""Garbage at every interface of the running node: no crash, no motion, and afterwards it works as before."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from vla_testing.executor.ros_world import Bed, bed, wait, wait_until

pytestmark = pytest.mark.ros

action_msgs = pytest.importorskip("action_msgs.msg")
from geometry_msgs.msg import TransformStamped  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterValue  # noqa: E402
from sensor_msgs.msg import LaserScan  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402
from vla_interfaces.action import ExecutePlan  # noqa: E402
from vla_interfaces.msg import ExecutionState, Place, PlaceArray, Plan, Step  # noqa: E402
from vla_interfaces.srv import ListSkills, Reset, Stop  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR  # noqa: E402

NAN, INF = math.nan, math.inf
BIG = "x" * 1_000_000
TURN = ("turn", {"angle": 0.2})


def odometries() -> list[Any]:
    found = []
    for bad in (NAN, INF, -INF, 1e308):
        for part in ("position", "orientation", "twist"):
            message = Odometry()
            message.header.frame_id = BIG if bad is NAN else ""
            message.header.stamp.sec = -(2**31) if bad == 1e308 else 2**31 - 1
            pose, twist = message.pose.pose, message.twist.twist
            if part == "position":
                pose.position.x = pose.position.y = bad
                pose.orientation.w = 0.0 if math.isfinite(bad) else 1.0
            elif part == "orientation":
                pose.orientation.z = bad
            else:
                twist.linear.x = twist.angular.z = bad
                pose.orientation.w = 0.0 if math.isfinite(bad) else 1.0
            found.append(message)
    return found


def scans() -> list[Any]:
    good = {"angle_increment": 0.1, "range_max": 5.0, "ranges": [0.3] * 60}
    found = [
        LaserScan(**{**good, **change})
        for change in (
            {"ranges": []},
            {"ranges": [NAN, INF, -INF, -1.0] * 20},
            {"ranges": [0.3] * 200_000},
            {"angle_increment": NAN},
            {"angle_min": INF},
            {"range_max": -1.0},
            {},
        )
    ]
    for message, frame in zip(
        found, ("", "nowhere", BIG, "base_link", "/", "map", "\n"), strict=True
    ):
        message.header.frame_id = frame
    return found


def transforms() -> list[Any]:
    found = []
    for parent, child in (("map", "base_link"), ("", ""), ("map", "map"), (BIG, "base_link")):
        for bad in (NAN, INF, 0.0):
            message = TransformStamped(child_frame_id=child)
            message.header.frame_id = parent
            message.transform.rotation.w = bad
            message.transform.translation.x = bad
            found.append(TFMessage(transforms=[message]))
    return [*found, TFMessage()]


def places() -> list[Any]:
    found = []
    for change in ({"kind": 200}, {"name": ""}, {"name": BIG}, {}):
        place = Place(**{"name": "table", **change})
        place.pose.position.x = NAN if not change else 0.0
        found.append(PlaceArray(places=[Place(name="good"), place]))
    return [*found, PlaceArray(places=[Place(name="many")] * 10_001)]


def plans() -> list[tuple[Any, Code]]:
    """Steps of goals, and with which code each is refused."""

    def value(kind: int, **fields: Any) -> Any:
        return ParameterValue(type=kind, **fields)

    def step(skill: str, *arguments: tuple[str, Any]) -> Any:
        return Step(
            skill=skill, arguments=[Parameter(name=name, value=value) for name, value in arguments]
        )

    return [
        ([], Code.INVALID_PLAN),
        ([step("say")] * 5000, Code.TOO_MANY_STEPS),
        ([step("")], Code.UNKNOWN_SKILL),
        ([step(BIG)], Code.UNKNOWN_SKILL),
        ([step("move", ("distance", value(3, double_value=NAN)))], Code.INVALID_ARGUMENT),
        ([step("move", ("distance", value(3, double_value=INF)))], Code.INVALID_ARGUMENT),
        ([step("move", ("distance", value(2, integer_value=2**63 - 1)))], Code.INVALID_ARGUMENT),
        ([step("move", ("distance", value(99)))], Code.INVALID_ARGUMENT),
        ([step("move", ("distance", value(0)))], Code.INVALID_ARGUMENT),
        ([step("move", (BIG, value(1)))], Code.INVALID_ARGUMENT),
        ([step("turn", ("angle", value(4, string_value=BIG)))], Code.INVALID_ARGUMENT),
        ([step("find", ("object.label", value(4, string_value=BIG)))], Code.INVALID_ARGUMENT),
        ([step("find", ("object.a.b", value(1)))], Code.INVALID_ARGUMENT),
        ([step("go_to", ("pose", value(8, double_array_value=[NAN] * 3)))], Code.INVALID_ARGUMENT),
        ([step("go_to", ("pose", value(8, double_array_value=[1.0] * 9999)))], Code.INVALID_ARGUMENT),
        ([step("go_to", ("place", value(4, string_value="\x1b[31m\n")))], Code.UNKNOWN_PLACE),
    ]  # fmt: skip


def works(b: Bed) -> None:
    """It still listens and drives."""
    before = b.robot.yaw
    result = b.client.run(TURN)
    assert result.result.outcome.code == Code.OK, result.result
    assert abs(b.robot.yaw - before) > 0.1


@pytest.mark.parametrize(
    ("topic", "kind", "qos", "messages"),
    [
        ("odom", Odometry, SENSOR, odometries),
        ("scan", LaserScan, SENSOR, scans),
        ("/tf", TFMessage, COMMAND, transforms),
        ("places", PlaceArray, LATCHED, places),
    ],
)
def test_garbage_on_topics(topic: str, kind: Any, qos: Any, messages: Callable[[], Any]) -> None:
    with bed(2) as b:
        robot = b.executor._robot
        assert robot is not None
        publisher = b.client.create_publisher(kind, topic, qos)
        wait_until(lambda: publisher.get_subscription_count() > 0)
        ignored: list[str] = []
        really = robot._ignore
        robot._ignore = lambda what, error: (ignored.append(what), really(what, error))  # type: ignore[method-assign, func-returns-value]
        for message in messages():
            had = len(ignored)
            publisher.publish(message)
            if topic == "/tf":
                continue  # tf2 itself drops what is no transform
            # Again and again, since only the newest is kept, and good ones come in between.
            wait_until(lambda m=message, had=had: len(ignored) > had or publisher.publish(m))
        assert b.robot.moving_twists() == []
        # A second odometry is a reason of its own to refuse (test_interference_node); here it has to be gone.
        before = b.executor.count_publishers(topic)
        b.client.destroy_publisher(publisher)
        wait_until(lambda: b.executor.count_publishers(topic) < before)
        works(b)
        assert robot.places() == ()


def test_garbage_in_goals() -> None:
    with bed(4) as b:
        for steps, code in plans():
            goal = ExecutePlan.Goal(plan=Plan(command=BIG, steps=steps))
            handle = wait(b.client.plans.send_goal_async(goal))
            result = wait(handle.get_result_async())
            assert result.status == action_msgs.GoalStatus.STATUS_ABORTED
            assert result.result.outcome.code == code, result.result.outcome
            assert 0 < len(result.result.outcome.message) <= 500
        goal = ExecutePlan.Goal(plan=Plan(trace_id=BIG, steps=[Step(skill="say")]))
        handle = wait(b.client.plans.send_goal_async(goal))
        assert wait(handle.get_result_async()).result.outcome.code == Code.INVALID_REQUEST
        assert b.robot.moving_twists() == []
        assert b.robot.goals == []
        works(b)


def test_a_defect_in_a_goal_is_answered_with_a_code() -> None:
    with bed(0) as b:
        runner = b.executor._runner
        assert runner is not None

        def broken(*arguments: Any) -> Any:
            raise ZeroDivisionError("a defect")

        really, runner.run = runner.run, broken  # type: ignore[method-assign]
        result = b.client.run(TURN)
        assert (result.status, result.result.outcome.code) == (
            action_msgs.GoalStatus.STATUS_ABORTED,
            Code.INTERNAL_ERROR,
        )
        runner.run = really  # type: ignore[method-assign]
        works(b)


def test_garbage_in_requests() -> None:
    with bed(1) as b:
        for reason in ("", BIG, "\n\x1b[2J", "%s {0}"):
            assert b.client.call(Stop, reason=reason).outcome.code == Code.OK
        wait_until(lambda: b.client.states[-1].state == ExecutionState.STOPPED)
        assert b.client.call(Reset).outcome.code == Code.OK
        assert b.client.call(ListSkills).outcome.code == Code.OK
        robot = b.executor._robot
        assert robot is not None

        def broken(timeout_s: float) -> None:
            raise ZeroDivisionError("a defect")

        really, robot.stop = robot.stop, broken  # type: ignore[method-assign]
        outcome = b.client.call(Stop, reason="broken").outcome
        assert outcome.code == Code.STOP_UNCONFIRMED
        assert "may still be moving" in outcome.message
        assert b.client.run(TURN).result.outcome.code == Code.STOPPED  # latched all the same
        robot.stop = really  # type: ignore[method-assign]
        assert b.client.call(Reset).outcome.code == Code.OK
        works(b)
