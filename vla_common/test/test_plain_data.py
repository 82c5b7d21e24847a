# SPDX-License-Identifier: Apache-2.0
"""The plain data that all stages share; no ROS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from vla_common.configuration import config
from vla_common.contracts import scene, trace
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import (
    Condition,
    ObjectRef,
    ParameterType,
    SkillParameter,
    SkillSpec,
    Step,
)

FLOAT = SkillParameter("distance", ParameterType.FLOAT, "", "m", minimum=-5.0, maximum=5.0)
WHOLE = SkillParameter("times", ParameterType.INTEGER, "")
TRUTH = SkillParameter("slow", ParameterType.BOOL, "")
CHOICE = SkillParameter("direction", ParameterType.STRING, "", choices=("left", "right"))
PLACE = SkillParameter("place", ParameterType.PLACE, "")
POSE = SkillParameter("pose", ParameterType.POSE, "")
OBJECT = SkillParameter("object", ParameterType.OBJECT, "")


@pytest.mark.parametrize(
    ("parameter", "value", "parsed"),
    [
        (FLOAT, 2, 2.0),
        (FLOAT, -5.0, -5.0),
        (WHOLE, 3.0, 3),
        (TRUTH, False, False),
        (CHOICE, "left", "left"),
        (PLACE, "table", "table"),
        (POSE, [1, 2, 0.5], (1.0, 2.0, 0.5)),
        (OBJECT, {"label": "cup", "attributes": ["red"]}, ObjectRef("cup", ("red",))),
        (OBJECT, ObjectRef("cup"), ObjectRef("cup")),
    ],
)
def test_parse(parameter, value, parsed):
    got = parameter.parse(value)
    assert got == parsed
    assert type(got) is type(parsed)


@pytest.mark.parametrize(
    ("parameter", "value", "word"),
    [
        (FLOAT, 5.1, "more than 5"),
        (FLOAT, -6, "less than -5"),
        (FLOAT, math.nan, "finite"),
        (FLOAT, math.inf, "finite"),
        (FLOAT, 10**400, "finite"),
        (FLOAT, "1", "a number"),
        (FLOAT, True, "a number"),
        (FLOAT, None, "a number"),
        (WHOLE, 1.5, "whole"),
        (TRUTH, 1, "true or false"),
        (CHOICE, "up", "left, right"),
        (CHOICE, "", "a text"),
        (PLACE, 3, "a text"),
        (PLACE, "x" * 1001, "1000"),
        (POSE, [1, 2], "x, y and yaw"),
        (POSE, [1, 2, math.nan], "finite"),
        (OBJECT, "cup", "keys"),
        (OBJECT, {"colour": "red"}, "colour"),
        (OBJECT, {"attributes": "red"}, "list of words"),
        (OBJECT, {"label": 3}, "text"),
    ],
)
def test_parse_refuses(parameter, value, word):
    with pytest.raises(VlaError, match=word) as caught:
        parameter.parse(value)
    assert caught.value.code is Code.INVALID_ARGUMENT


GO_TO = SkillSpec(
    "go_to",
    "",
    (
        SkillParameter("place", ParameterType.PLACE, "", one_of="target"),
        SkillParameter("pose", ParameterType.POSE, "", one_of="target"),
        SkillParameter("speed", ParameterType.FLOAT, "", required=False),
    ),
)
MOVE = SkillSpec(
    "move", "", (FLOAT, SkillParameter("direction", ParameterType.STRING, "", required=False))
)


@pytest.mark.parametrize(
    ("spec", "arguments", "word"),
    [
        (MOVE, {}, "needs 'distance'"),
        (MOVE, {"distance": 1, "velocity": 2}, "no argument 'velocity'"),
        (GO_TO, {}, "exactly one of: place, pose; it got 0"),
        (GO_TO, {"place": "table", "pose": [0, 0, 0]}, "it got 2"),
    ],
)
def test_arguments_refused(spec, arguments, word):
    with pytest.raises(VlaError, match=word):
        spec.parse_arguments(arguments)


def test_arguments_accepted():
    assert GO_TO.parse_arguments({"place": "table", "speed": 1}) == {"place": "table", "speed": 1.0}
    assert MOVE.parse_arguments({"distance": 1}) == {"distance": 1.0}


def test_object_ref_json_leaves_out_what_is_empty():
    ref = ObjectRef("cup", ("red",), "table")
    assert ref.to_json() == {"label": "cup", "attributes": ["red"], "place": "table"}
    assert ObjectRef.from_json(ref.to_json()) == ref


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        (ObjectRef("cup", ("red",), "table"), "red cup at the table"),
        (ObjectRef(), "object"),
        (
            ObjectRef("cup", relation="next_to", reference=("blue box",)),
            "cup next to the blue box",
        ),
        (
            ObjectRef("cup", relation="between", reference=("bowl", "red box")),
            "cup between the bowl and the red box",
        ),
        (ObjectRef("cup", quantity="2"), "2 of: cup"),
    ],
)
def test_object_ref_in_words(ref, words):
    assert ref.describe() == words


CUP = scene.SceneObject(
    "c", "cup", (0.0, 0.0, 0.0), color="red", attributes=("small",), place="table"
)


@pytest.mark.parametrize(
    ("ref", "fits"),
    [
        (ObjectRef(), True),
        (ObjectRef("thing", ("red",)), True),
        (ObjectRef("cup", ("red", "small"), "table"), True),
        (ObjectRef("bottle"), False),
        (ObjectRef("cup", ("blue",)), False),
        (ObjectRef("cup", place="shelf"), False),
        (ObjectRef("bottle", id="c"), True),
        (ObjectRef("cup", id="d"), False),
    ],
)
def test_matches(ref, fits):
    assert scene.matches(CUP, ref) is fits


def test_the_condition_of_a_step_is_in_its_json():
    step = Step("wait", {"duration": 1.0}, only_if=Condition.NOT_FOUND)
    assert step.to_json() == {
        "skill": "wait",
        "arguments": {"duration": 1.0},
        "only_if": "not_found",
    }
    assert "only_if" not in Step("wait", {"duration": 1.0}).to_json()


def test_place_coordinates():
    table = scene.Place(
        "table", scene.PlaceKind.SURFACE, (1.0, 2.0, 0.7), math.pi / 2, (1.0, 0.5), ("desk",)
    )
    assert table.to_map(*table.local(1.3, 2.7)) == pytest.approx((1.3, 2.7))
    assert table.local(1.0, 2.4) == pytest.approx((0.4, 0.0))
    # 0.4 m along its long axis is on it; 0.4 m across is not.
    assert table.covers(1.0, 2.4)
    assert not table.covers(1.4, 2.0)
    assert table.covers(1.4, 2.0, margin_m=0.2)
    assert scene.Scene(places=(table,)).place("Desk") is table
    assert scene.Scene(places=(table,)).place("shelf") is None


def test_a_failure_needs_a_sentence():
    with pytest.raises(ValueError, match="GRASP_FAILED"):
        Result(Code.GRASP_FAILED)


def test_trace_ids():
    given = "12345678-1234-5678-1234-567812345678"
    assert trace.trace_id_or_new(given.upper().lower()) == given
    assert trace.trace_id_or_new("") != trace.trace_id_or_new("")
    with pytest.raises(VlaError) as caught:
        trace.trace_id_or_new("x; rm -rf /")
    assert caught.value.code is Code.INVALID_REQUEST


@dataclass(frozen=True)
class Config:
    rate: int = config.setting(10, "Rate", unit="Hz", minimum=1, maximum=60)
    matrix: tuple[float, ...] = config.setting((), "K", length=9)
    mode: str = config.setting("a", "Mode", choices=("a", "b"))
    on: bool = config.setting(True, "On")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"rate": 0}, "'g.rate' has to be at least 1 Hz"),
        ({"rate": 1.5}, "whole number"),
        ({"rate": True}, "whole number"),
        ({"matrix": [1.0]}, "list of 9"),
        ({"matrix": "abc"}, "a list"),
        ({"mode": "c"}, "one of a, b"),
        ({"on": 1}, "true or false"),
        ({"raet": 5}, "Did you mean 'g.rate'"),
        ({"qqqqqq": 5}, "There is no parameter 'g.qqqqqq'.$"),
    ],
)
def test_bad_settings(values, word):
    with pytest.raises(VlaError, match=word) as caught:
        config.from_values(Config, "g", values)
    assert caught.value.code is Code.INVALID_CONFIG


def test_settings():
    got = config.from_values(Config, "g", {"matrix": [1.0] * 9})
    assert got == Config(matrix=(1.0,) * 9)


def test_reference_table_has_every_setting():
    table = config.reference_table({"g": Config})
    assert "| `g.rate` | `10` | Hz | 1 .. 60 | Rate |" in table
    assert "| `g.mode` | `a` |  | a, b | Mode |" in table
