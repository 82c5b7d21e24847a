# SPDX-License-Identifier: Apache-2.0
"""Messages out of field types: every type is known, and what is made harmless is harmless."""

from __future__ import annotations

import math

import fuzz_targets
import pytest
import vla_interfaces.action
import vla_interfaces.msg
import vla_interfaces.srv
from control_msgs.action import PointHead
from fuzz import judge_answer, share_out
from geometry_msgs.msg import Twist
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifecycle_msgs.srv import ChangeState
from nav2_msgs.action import NavigateToPose
from sensor_msgs.msg import CameraInfo, Image, JointState
from tf2_msgs.msg import TFMessage
from vla_interfaces.msg import Outcome
from vla_interfaces.srv import GetStatus, ListSkills, Manage, SimReset

from vla_testing.message_fuzz import HUGE_STRINGS, messages, spoil, strings, values

FEW = settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
SOME = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)


def our_classes() -> list[type]:
    found: list[type] = [Image, CameraInfo, JointState, TFMessage]
    for module in (vla_interfaces.msg, vla_interfaces.srv, vla_interfaces.action):
        for name in sorted(vars(module)):
            kind = getattr(module, name)
            if "_" in name or not isinstance(kind, type):
                continue
            found += [
                getattr(kind, part) for part in ("Request", "Goal") if hasattr(kind, part)
            ] or [kind]
    return found


@pytest.mark.parametrize("kind", our_classes(), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_interface_can_be_made(kind: type, data: st.DataObject) -> None:
    assert isinstance(data.draw(messages(kind)), kind)


def test_an_unknown_type_is_told() -> None:
    with pytest.raises(ValueError, match="wchar"):
        values("wchar")


@given(st.data())
@SOME
def test_bounds_of_a_string_are_kept(data: st.DataObject) -> None:
    assert len(data.draw(strings(3))) <= 3
    assert len(data.draw(values("sequence<int8, 2>"))) <= 2
    assert len(data.draw(values("double[9]"))) == 9


def test_there_is_a_megabyte() -> None:
    assert max(len(text.encode()) for text in HUGE_STRINGS) >= 1 << 20


def tamed(kind: type, name: str, data: st.DataObject) -> object:
    return data.draw(messages(kind, fuzz_targets.TAME[name]))


@given(st.data())
@SOME
def test_no_velocity_moves_anything(data: st.DataObject) -> None:
    message = tamed(Twist, "geometry_msgs/msg/Twist", data)
    planar = (message.linear.x, message.linear.y, message.angular.z)
    assert not all(math.isfinite(value) for value in planar)


@given(st.data())
@SOME
def test_no_goal_is_a_place(data: st.DataObject) -> None:
    goal = tamed(NavigateToPose.Goal, "nav2_msgs/action/NavigateToPose", data).pose
    arm = tamed(vla_interfaces.action.Manipulate.Goal, "vla_interfaces/action/Manipulate", data)
    head = tamed(PointHead.Goal, "control_msgs/action/PointHead", data).target
    for frame, part in (
        (goal.header.frame_id, goal.pose),
        (arm.target.header.frame_id, arm.target.pose),
    ):
        if frame in fuzz_targets.FRAMES:
            p, q = part.position, part.orientation
            assert not all(math.isfinite(v) for v in (p.x, p.y, p.z, q.x, q.y, q.z, q.w))
    assert arm.operation not in (2, 3)
    if head.header.frame_id in fuzz_targets.FRAMES:
        assert not all(math.isfinite(v) for v in (head.point.x, head.point.y, head.point.z))


@given(st.data())
@SOME
def test_no_plan_and_no_transition_is_valid(data: st.DataObject) -> None:
    plan = tamed(
        vla_interfaces.action.ExecutePlan.Goal, "vla_interfaces/action/ExecutePlan", data
    ).plan
    assert all(step.arguments[-1].name in ("fuzz", "") for step in plan.steps)
    assert tamed(ChangeState.Request, "lifecycle_msgs/srv/ChangeState", data).transition.id >= 100
    assert tamed(SimReset.Request, "vla_interfaces/srv/SimReset", data).world_file


def test_nothing_pauses_or_goes_down() -> None:
    kept = {fuzz_targets.manage(Manage.Request(command=n), pick=n).command for n in range(256)}
    assert not kept & {Manage.Request.PAUSE, Manage.Request.SHUTDOWN}
    assert len(kept) > 250


@pytest.mark.parametrize("pick", range(9))
def test_one_field_is_spoilt(pick: int) -> None:
    message = Twist()
    spoil(message, pick)
    fields = [getattr(part, axis) for part in (message.linear, message.angular) for axis in "xyz"]
    assert sum(not math.isfinite(value) for value in fields) == 1


@pytest.mark.parametrize(
    ("outcome", "wrong"),
    [
        (Outcome(code=0), ""),
        (Outcome(code=411, message="Stopped."), ""),
        (Outcome(code=411), "without a sentence"),
        (Outcome(code=499, message="?"), "does not exist"),
        (Outcome(code=500, message="bug"), "defect"),
    ],
)
def test_answers_are_judged(outcome: Outcome, wrong: str) -> None:
    problem, _ = judge_answer(ListSkills.Response(outcome=outcome))
    assert wrong in problem and bool(wrong) == bool(problem)


def test_an_answer_without_a_code_is_an_answer() -> None:
    assert judge_answer(GetStatus.Response()) == ("", "answered")


def test_ours_get_more() -> None:
    def target(type_name: str) -> fuzz_targets.Target:
        return fuzz_targets.Target("service", "name", type_name, None)

    shares = share_out(
        [target("rcl_interfaces/srv/GetParameters"), target("vla_interfaces/srv/Stop")], 60
    )
    assert shares == [10, 50]
    assert share_out([target("vla_interfaces/srv/Stop")] * 3, 1) == [1, 1, 1]
