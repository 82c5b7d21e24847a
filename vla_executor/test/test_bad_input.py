# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in: a code or a refusal, never an exception of another kind, and never a movement nobody may make."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_testing.executor.bench import Bench, room

pytest.importorskip("rclpy")
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry as OdometryMsg
from rcl_interfaces.msg import Parameter, ParameterValue
from sensor_msgs.msg import LaserScan
from vla_interfaces import msg as vla_msg
from vla_interfaces.srv import QueryScene

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import ObjectRef, Plan, Step
from vla_common.ros.conversions import plan_from_msg
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.plan.runner import MAX_STEPS, MAX_TEXT, PlanResult
from vla_executor.robot.robot import Odometry, Velocity
from vla_executor.ros import conversions
from vla_executor.safety.guard import LONGEST_COMMAND_GAP_S, Guard
from vla_executor.skills.skill import load_skills
from vla_executor.spatial.geometry import Pose2

BIG = "x" * 1_000_000
number = st.floats(allow_nan=True, allow_infinity=True)
single = st.floats(allow_nan=True, allow_infinity=True, width=32)
# What the wire can carry: no lone surrogates, no null characters.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
word = st.one_of(text, st.sampled_from(["", " ", BIG, "table", "cup", "\n", "../..", "{0}", "%s"]))


def attempt(call: Any, *arguments: Any) -> Any:
    """What it returns, or the error that it may raise; any other goes through."""
    try:
        return call(*arguments)
    except VlaError as error:
        return error


# --- plans ------------------------------------------------------------------------------------------

NAMES = sorted({p.name for spec in load_skills().specs.values() for p in spec.parameters})
SKILL_NAMES = sorted(load_skills().specs)
refs = st.builds(
    ObjectRef, word, st.lists(word, max_size=3).map(tuple), word, word,
    st.lists(word, max_size=3).map(tuple), word, word,
)  # fmt: skip
values = st.one_of(
    number, st.integers(), st.booleans(), word, refs, st.none(),
    st.lists(number, max_size=4).map(tuple), st.lists(word, max_size=3).map(tuple),
    st.dictionaries(word, word, max_size=2),
)  # fmt: skip
steps = st.builds(
    Step,
    st.one_of(st.sampled_from(SKILL_NAMES), word),
    st.dictionaries(st.one_of(st.sampled_from(NAMES), word), values, max_size=3),
    st.booleans(),
)


@settings(max_examples=600)
@given(st.lists(steps, max_size=4), st.booleans())
def test_any_plan_ends_with_a_code(plan: list[Step], confirmed: bool) -> None:
    bench = Bench(room())
    result = bench.runner.run(Plan("", tuple(plan)), confirmed)
    assert result.result.code is not Code.INTERNAL_ERROR, bench.logged
    assert bench.logged == []
    assert bench.robot.velocity.is_zero()
    if not result.records:
        assert bench.robot.motions() == []


# Steps that are well formed, so that the skills themselves get to see strange but permitted values.
@st.composite
def well_formed(draw: Any) -> Step:
    spec = load_skills().specs[draw(st.sampled_from(SKILL_NAMES))]
    arguments: dict[str, Any] = {}
    groups: dict[str, list[Any]] = {}
    chosen = []
    for parameter in spec.parameters:
        if parameter.one_of:
            groups.setdefault(parameter.one_of, []).append(parameter)
        elif parameter.required or draw(st.booleans()):
            chosen.append(parameter)
    chosen += [draw(st.sampled_from(group)) for group in groups.values()]
    for parameter in chosen:
        arguments[parameter.name] = draw(
            {
                0: st.floats(parameter.minimum, parameter.maximum),
                3: st.sampled_from(parameter.choices) if parameter.choices else word,
                4: refs,
                5: st.sampled_from(["table", "bin", "corner", "moon", "TABLE "]),
                6: st.tuples(number, number, number),
            }[int(parameter.type)]
        )
    return Step(spec.name, arguments)


@settings(max_examples=150)
@given(st.lists(well_formed(), min_size=1, max_size=3))
def test_any_well_formed_plan_ends_with_a_code(plan: list[Step]) -> None:
    bench = Bench(room())
    result = bench.runner.run(Plan("", tuple(plan)))
    assert result.result.code is not Code.INTERNAL_ERROR, bench.logged
    assert bench.robot.velocity.is_zero()


@pytest.mark.parametrize(
    ("ref", "good"),
    [
        (ObjectRef("cup"), True),
        (ObjectRef("x" * (MAX_TEXT + 1)), False),
        (ObjectRef(BIG), False),
        (ObjectRef("cup", ("red",) * 33), False),
        (ObjectRef("cup", id=BIG), False),
        (ObjectRef("cup", reference=(BIG,)), False),
    ],
)
def test_descriptions_have_an_end(ref: ObjectRef, good: bool) -> None:
    bench = Bench(room())
    result = bench.do(("find", {"object": ref})).result
    assert result.ok is good
    if not good:
        assert result.code is Code.INVALID_ARGUMENT
        assert len(result.message) < 200
        assert bench.robot.calls == []


parameters = st.builds(
    lambda name, kind, b, i, d, s, ss, dd: Parameter(
        name=name,
        value=ParameterValue(
            type=kind, bool_value=b, integer_value=i, double_value=d, string_value=s,
            string_array_value=ss, double_array_value=dd,
        ),
    ),
    st.one_of(word, st.sampled_from(["object.label", "object.x", "object..", ".", "distance"])),
    st.integers(0, 255), st.booleans(), st.integers(-(2**63), 2**63 - 1), number, word,
    st.lists(word, max_size=3), st.lists(number, max_size=4),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.tuples(word, st.lists(parameters, max_size=4), st.booleans()), max_size=3))
def test_any_message_of_a_plan_is_read_or_refused(given_steps: list[Any]) -> None:
    message = vla_msg.Plan(
        steps=[
            vla_msg.Step(skill=skill, arguments=arguments, with_previous=flag)
            for skill, arguments, flag in given_steps
        ]
    )
    plan = attempt(plan_from_msg, message)
    assert plan.message if isinstance(plan, VlaError) else len(plan.steps) == len(given_steps)


def test_a_sentence_that_quotes_a_book_is_cut() -> None:
    result = PlanResult(Result(Code.INVALID_ARGUMENT, BIG))
    assert len(conversions.plan_result_to_msg(result).outcome.message) <= 500


def test_too_many_steps_are_counted_and_no_more() -> None:
    bench = Bench(room())
    result = bench.runner.run(Plan("", (Step("say", {"text": "x"}),) * (MAX_STEPS + 1)))
    assert result.result.code is Code.TOO_MANY_STEPS


# --- topics -----------------------------------------------------------------------------------------


@given(st.lists(number, min_size=7, max_size=7), st.lists(number, min_size=3, max_size=3))
def test_any_odometry_is_finite_or_refused(pose: list[float], twist: list[float]) -> None:
    message = OdometryMsg()
    p, q = message.pose.pose.position, message.pose.pose.orientation
    p.x, p.y, p.z, q.x, q.y, q.z, q.w = pose
    t = message.twist.twist
    t.linear.x, t.linear.y, t.angular.z = twist
    try:
        odometry = conversions.odometry_from_msg(message)
    except VlaError:
        return
    assert odometry.is_finite()
    assert math.hypot(*pose[3:]) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pose.pose.position.x", math.nan),
        ("pose.pose.position.y", math.inf),
        ("pose.pose.orientation.w", 0.0),
        ("pose.pose.orientation.z", math.nan),
        ("twist.twist.linear.x", math.nan),
        ("twist.twist.angular.z", -math.inf),
    ],
)
def test_odometry_with_one_bad_number_is_refused(field: str, value: float) -> None:
    message = OdometryMsg()
    conversions.odometry_from_msg(message)
    *path, name = field.split(".")
    part: Any = message
    for step in path:
        part = getattr(part, step)
    setattr(part, name, value)
    with pytest.raises(VlaError) as raised:
        conversions.odometry_from_msg(message)
    assert raised.value.code is Code.INVALID_REQUEST


@given(st.lists(number, min_size=6, max_size=6))
def test_any_transform_is_finite_or_refused(numbers: list[float]) -> None:
    message = TransformStamped()
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, q.x, q.y, q.z, q.w = numbers
    try:
        assert conversions.stamped_pose_from_msg(message).pose.is_finite()
    except VlaError:
        pass


@given(
    st.lists(single, max_size=40), single, single, single, single,
    st.lists(number, min_size=6, max_size=6),
)  # fmt: skip
def test_any_scan_has_finite_points_or_is_refused(
    ranges: list[float], start: float, step: float, low: float, high: float, mount: list[float]
) -> None:
    message = LaserScan(
        ranges=ranges, angle_min=start, angle_increment=step, range_min=low, range_max=high
    )
    transform = TransformStamped()
    t, q = transform.transform.translation, transform.transform.rotation
    t.x, t.y, q.x, q.y, q.z, q.w = mount
    try:
        scan = conversions.scan_from_msg(message, transform)
    except VlaError:
        return
    assert np.isfinite(scan.points).all()


places = st.builds(
    lambda name, kind, numbers, keep: _place(name, kind, numbers, keep),
    word, st.integers(0, 255), st.lists(number, min_size=7, max_size=7), st.booleans(),
)  # fmt: skip


def _place(name: str, kind: int, numbers: list[float], keep: bool) -> Any:
    message = vla_msg.Place(name=name, kind=kind, keep_out=keep)
    p, q = message.pose.position, message.pose.orientation
    p.x, p.y, q.z, q.w, message.size.x, message.size.y, message.size.z = numbers
    return message


@given(st.lists(places, max_size=3))
def test_any_places_are_somewhere_or_all_refused(messages: list[Any]) -> None:
    found = attempt(conversions.places_from_msg, messages)
    if isinstance(found, VlaError):
        assert found.code is Code.INVALID_REQUEST and len(found.message) < 400
        return
    assert len(found) == len(messages)
    assert all(math.isfinite(v) for place in found for v in (*place.position, *place.size))


@pytest.mark.parametrize(
    "place",
    [
        _place("table", 7, [0, 0, 0, 1, 1, 1, 1], True),
        _place("table", 0, [math.nan, 0, 0, 1, 1, 1, 1], True),
        _place("table", 0, [0, 0, 0, 0, 1, 1, 1], True),
        _place("table", 0, [0, 0, 0, 1, -1, 1, 1], True),
        _place("", 0, [0, 0, 0, 1, 1, 1, 1], True),
        _place(BIG, 0, [0, 0, 0, 1, 1, 1, 1], True),
    ],
)
def test_an_answer_of_perception_with_a_bad_place_can_not_be_used(place: Any) -> None:
    answer = QueryScene.Response()
    answer.scene.places = [_place("bin", 1, [0, 0, 0, 1, 1, 1, 1], True), place]
    with pytest.raises(VlaError) as raised:
        conversions.view_from_msg(answer)
    assert raised.value.code is Code.PERCEPTION_UNAVAILABLE


def test_an_object_that_is_nowhere_has_not_been_seen() -> None:
    answer = QueryScene.Response()
    good, bad = vla_msg.SceneObject(id="good"), vla_msg.SceneObject(id="bad")
    bad.pose.pose.position.x = math.nan
    answer.objects = [bad, good]
    answer.scene.objects = [good, bad]
    view = conversions.view_from_msg(answer)
    assert [item.id for item in view.objects] == ["good"]
    assert [item.id for item in view.scene.objects] == ["good"]


# --- the guard --------------------------------------------------------------------------------------


@settings(max_examples=400)
@given(
    st.builds(Velocity, number, number, number), st.builds(Velocity, number, number, number),
    number, st.builds(Pose2, number, number, number), number, number,
)  # fmt: skip
def test_what_the_guard_lets_through_keeps_every_limit(
    velocity: Velocity, previous: Velocity, gap_s: float, pose: Pose2, stamp_s: float, now_s: float
) -> None:
    config = GuardConfig()
    guard = Guard(config, ExecutorConfig())
    odometry = Odometry(pose, previous, stamp_s)
    refusal = attempt(guard.check_velocity, velocity, previous, gap_s, odometry, now_s)
    if refusal is not None:
        assert refusal.code is Code.GUARD_REFUSED
        return
    assert velocity.is_finite()
    if velocity.is_zero():
        return
    assert velocity.speed_mps <= config.max_linear_speed_mps + 1e-5
    assert abs(velocity.wz_radps) <= config.max_angular_speed_radps + 1e-5
    change = math.hypot(velocity.vx_mps - previous.vx_mps, velocity.vy_mps - previous.vy_mps)
    assert change <= config.max_linear_acceleration_mps2 * LONGEST_COMMAND_GAP_S + 1e-5
    assert pose.is_finite()
    assert now_s - stamp_s <= config.max_odometry_age_s
