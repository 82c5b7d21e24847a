# SPDX-License-Identifier: Apache-2.0
"""Whatever a planner answers, the state manager itself holds it against catalogue and scene, and words it."""

from __future__ import annotations

import math

import pytest

from vla_bringup.commands.command_pipeline import PlanAnswer, PlanRequest
from vla_bringup.commands.plan_judging import MAX_STEPS, judged
from vla_common.contracts.outcomes import OK, Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_common.contracts.skills import Condition, ObjectRef, Plan, RiskTier, Step
from vla_executor.skills.skill import base_catalog

TABLE = Place("table", PlaceKind.SURFACE, (1.0, 0.0, 0.7), 0.0, (1.0, 1.0))
CUP = SceneObject("cup_1", "cup", (1.0, 0.0, 0.75), "red", place="table")
SKILLS = base_catalog()
TURN = Step("turn", {"angle": math.pi / 2})


def request(command="turn left"):
    return PlanRequest(command, Scene((CUP,), (TABLE,)), SKILLS, "trace")


def answer(*steps, holding=False, **words):
    plan = Plan(
        **{"command": "x", "summary": "I say hello.", "trace_id": "y", **words}, steps=steps
    )
    return PlanAnswer(OK, plan, holding=holding)


def test_the_sentence_is_made_from_the_steps_and_the_command_is_that_of_the_person():
    plan = judged(request(), answer(TURN))
    assert plan.summary == "I will turn left 90 degrees."
    assert (plan.command, plan.trace_id) == ("turn left", "trace")
    assert plan.steps == (TURN,)


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([], Code.INVALID_PLAN),
        ([Step("fly", {})], Code.UNKNOWN_SKILL),
        ([Step("turn", {})], Code.INVALID_ARGUMENT),
        ([Step("turn", {"angle": 99.0})], Code.INVALID_ARGUMENT),
        ([Step("move", {"distance": math.nan})], Code.INVALID_ARGUMENT),
        ([Step("move", {"distance": 1.0, "speed": 9.0})], Code.INVALID_ARGUMENT),
        ([Step("go_to", {"place": "moon"})], Code.UNKNOWN_PLACE),
        ([Step("pick", {"object": ObjectRef("hat")})], Code.INVALID_PLAN),
        ([Step("pick", {"object": ObjectRef(id="cup_9")})], Code.INVALID_PLAN),
        ([Step("place", {"relation": "on", "target_place": "table"})], Code.INVALID_PLAN),
        ([TURN, Step("turn", {"angle": 1.0}, with_previous=True)], Code.INVALID_PLAN),
        ([Step("turn", {"angle": 1.0}, only_if=Condition.FOUND)], Code.INVALID_PLAN),
        ([TURN] * (MAX_STEPS + 1), Code.TOO_MANY_STEPS),
    ],
)
def test_what_breaks_the_rules_is_refused_and_says_that_nothing_was_done(steps, code):
    with pytest.raises(VlaError) as caught:
        judged(request(), answer(*steps))
    assert caught.value.code is code
    assert "nothing was done" in caught.value.message


def test_the_gripper_counts_as_it_was_when_the_plan_was_asked_for():
    put = Step("place", {"relation": "on", "target_place": "table"})
    assert judged(request(), answer(put, holding=True)).steps
    with pytest.raises(VlaError, match="already holds"):
        judged(request(), answer(Step("pick", {"object": ObjectRef("cup")}), holding=True))


def test_an_answer_without_a_plan_and_without_a_reason_is_no_success():
    with pytest.raises(VlaError) as caught:
        judged(request(), PlanAnswer(OK))
    assert caught.value.code is Code.INVALID_PLAN


def test_a_skill_that_is_forbidden_here_is_refused():
    from dataclasses import replace

    skills = [replace(s, risk_tier=RiskTier.FORBID) if s.name == "turn" else s for s in SKILLS]
    with pytest.raises(VlaError) as caught:
        judged(replace(request(), skills=skills), answer(TURN))
    assert caught.value.code is Code.FORBIDDEN


def test_further_judges_have_a_say():
    def never(request, plan):
        raise VlaError(Code.NOT_CONFIRMED, f"'{request.command}' says nothing of {plan.summary}")

    with pytest.raises(VlaError) as caught:
        judged(request("say hello"), answer(TURN), [never])
    assert caught.value.code is Code.NOT_CONFIRMED
