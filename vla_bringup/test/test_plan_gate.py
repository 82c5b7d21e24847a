# SPDX-License-Identifier: Apache-2.0
"""What an agreement that comes with a command is good for."""

from __future__ import annotations

import math

import pytest

from vla_bringup.commands.command_pipeline import PlanRequest
from vla_bringup.commands.plan_gate import PlanGate
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.contracts.skills import ObjectRef, Plan, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.catalog import offline_catalog
from vla_planner.gate.gate import question_for

SCENE = Scene(
    (SceneObject("cup_1", "cup", (0.0, 2.0, 0.8), "red", place="table"),),
    (Place("table", PlaceKind.SURFACE, (0.0, 2.0, 0.7), size=(1.0, 0.6)),),
)
GATE = PlanGate(PlannerConfig())
ONE_METER = Step("move", {"distance": 1.0, "direction": "forward"})
FIVE_METERS = Step("move", {"distance": 5.0, "direction": "forward"})
CUP = Step("pick", {"object": ObjectRef("cup", ("red",), "table")})


def request(command, **more):
    return PlanRequest(command, SCENE, offline_catalog(), "trace", **more)


@pytest.mark.parametrize(
    ("command", "steps", "covered"),
    [
        ("move forward 1 meter", [ONE_METER], True),
        ("move forward 1 meter", [FIVE_METERS], False),
        ("move forward 1 meter", [ONE_METER, CUP], False),
        ("say hello", [ONE_METER], False),
        ("do not move forward", [ONE_METER], False),
        ("pick up the red cup", [CUP], True),
        ("would you kindly proceed 1 metre in a forward direction", [ONE_METER], False),
        ("turn left", [Step("turn", {"angle": math.pi / 2})], True),
    ],
)
def test_an_agreement_covers_what_the_command_plainly_asks_for(command, steps, covered):
    assert GATE.covers(request(command), Plan(command, tuple(steps))) is covered


def test_it_covers_what_was_agreed_to_in_the_same_words_and_nothing_else():
    answers = ((question_for([FIVE_METERS], ["it says 1 m"]), "yes"),)
    asked = request("move forward 1 meter", answers=answers)
    assert GATE.covers(asked, Plan("", (FIVE_METERS,)))
    assert not GATE.covers(asked, Plan("", (FIVE_METERS, FIVE_METERS)))


def test_the_defaults_are_the_planners():
    far = PlanGate(PlannerConfig(default_distance_m=1.0))
    plan = Plan("", (ONE_METER,))
    assert far.covers(request("move forward"), plan)
    assert not GATE.covers(request("move forward"), plan)


def test_a_plan_that_does_not_fit_is_refused_and_one_for_the_rest_may_do_what_was_left():
    GATE.judge(request("pick up the red cup"), Plan("", (CUP,)))
    with pytest.raises(VlaError, match="not what was said") as caught:
        GATE.judge(request("say hello"), Plan("", (ONE_METER,)))
    assert caught.value.code is Code.INVALID_PLAN
    before = Plan("pick up the red cup", (Step("go_to", {"place": "table"}), CUP))
    again = request(
        "pick up the red cup",
        failed_plan=before,
        failed_step=1,
        failure=Result(Code.GRASP_FAILED, "It slipped."),
    )
    GATE.judge(again, Plan("", (Step("find", {"object": CUP.arguments["object"]}), CUP)))
    with pytest.raises(VlaError):
        GATE.judge(again, Plan("", (ONE_METER, CUP)))
    assert OK.ok
