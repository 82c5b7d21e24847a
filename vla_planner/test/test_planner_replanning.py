# SPDX-License-Identifier: Apache-2.0
"""What follows after a step failed: a plan for the rest, or the failure as it is."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code, Result
from vla_common.contracts.skills import Condition, ObjectRef, Plan, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import FailedPlan
from vla_planner.core.planning import Planner
from vla_testing.planner.fixtures import SCENE, SKILLS

PLANNER = Planner(PlannerConfig())
CUP = ObjectRef("cup", ("red",), "table")
ANY_CUP = ObjectRef("cup", ("red",))
BOWL = ObjectRef("bowl", ("white",), "side table")
PEN = ObjectRef("pen")
GO = Step("go_to", {"place": "table"})
FIND = Step("find", {"object": CUP})
PICK = Step("pick", {"object": CUP})
GO_BOX = Step("go_to", {"place": "box"})
PLACE = Step("place", {"relation": "in", "target_place": "box"})
PLACE_BESIDE = Step("place", {"relation": "next_to", "target_object": BOWL})
TURN = Step("turn", {"angle": 1.0})
ALL = (GO, FIND, PICK, GO_BOX, PLACE, TURN)
FIND_PEN = Step("find", {"object": PEN})
CUPS = Step("pick", {"object": ObjectRef("cup", quantity="2")})


def when(step, only_if=Condition.FOUND):
    return Step(step.skill, step.arguments, only_if=only_if)


OTHERWISE = when(TURN, Condition.NOT_FOUND)
AGAIN = (Step("find", {"object": ANY_CUP}), Step("pick", {"object": ANY_CUP}))


def replan(steps, index, code, holding=False):
    plan = Plan("do it", steps, "rules")
    failure = FailedPlan(plan, index, Result(code, "It went wrong."))
    return PLANNER.plan("do it", SCENE, SKILLS, holding=holding, failure=failure, trace_id="trace")


RETRIED = {
    "way blocked": (ALL, 0, Code.NAVIGATION_BLOCKED, False, ALL),
    "nothing found": (ALL, 1, Code.OBJECT_NOT_FOUND, False, (GO, FIND, PICK, GO_BOX, PLACE, TURN)),
    "nothing found, place unknown": (
        (Step("find", {"object": ANY_CUP}), Step("pick", {"object": ANY_CUP})),
        0, Code.OBJECT_NOT_FOUND, False, AGAIN,
    ),
    "grasp slipped": (ALL, 2, Code.GRASP_FAILED, False, (GO, FIND, PICK, GO_BOX, PLACE, TURN)),
    "grasp held after all": (ALL, 2, Code.POSTCONDITION_FAILED, True, (GO_BOX, PLACE, TURN)),
    "dropped on the way": (ALL, 3, Code.NAVIGATION_FAILED, False, (*AGAIN, GO_BOX, PLACE, TURN)),
    "blocked on the way, still held": (ALL, 3, Code.NAVIGATION_BLOCKED, True, (GO_BOX, PLACE, TURN)),
    "not put down": (ALL, 4, Code.PLACE_FAILED, True, (GO_BOX, PLACE, TURN)),
    "fell beside the box": (ALL, 4, Code.PLACE_FAILED, False, (*AGAIN, GO_BOX, PLACE, TURN)),
    "way to what was found is blocked": (
        (Step("find", {"object": PEN}), Step("go_to", {"object": PEN})), 1, Code.NAVIGATION_BLOCKED, False,
        (Step("find", {"object": PEN}), Step("go_to", {"object": PEN})),
    ),
    "what was found first is needed last": (
        (Step("find", {"object": PEN}), PICK, Step("place", {"relation": "next_to", "target_object": PEN})),
        1, Code.POSTCONDITION_FAILED, True,
        (Step("find", {"object": PEN}), Step("place", {"relation": "next_to", "target_object": PEN})),
    ),
    "not put beside the bowl": (
        (PICK, PLACE_BESIDE), 1, Code.PLACE_FAILED, True,
        (Step("find", {"object": BOWL}), PLACE_BESIDE),
    ),
    "on a branch": (
        (FIND_PEN, when(GO), when(PICK), OTHERWISE, GO_BOX), 2, Code.GRASP_FAILED, False, (GO, FIND, PICK, GO_BOX),
    ),
    "on the other branch": (
        (FIND_PEN, when(PICK), when(GO_BOX, Condition.NOT_FOUND), TURN), 2, Code.NAVIGATION_BLOCKED, False,
        (GO_BOX, TURN),
    ),
    "the question itself": (
        (FIND_PEN, when(PICK), OTHERWISE), 0, Code.NO_IMAGE, False, (FIND_PEN, when(PICK), OTHERWISE),
    ),
    "a question that comes later": (
        (GO, FIND_PEN, when(PICK), OTHERWISE), 0, Code.NAVIGATION_BLOCKED, False,
        (GO, FIND_PEN, when(PICK), OTHERWISE),
    ),
    "the one that was chosen": (
        (Step("pick", {"object": ObjectRef("cup", ("red",), "table", id="cup_1")}), GO_BOX, PLACE), 2,
        Code.PLACE_FAILED, False,
        (Step("find", {"object": ObjectRef("cup", ("red",), id="cup_1")}),
         Step("pick", {"object": ObjectRef("cup", ("red",), id="cup_1")}), GO_BOX, PLACE),
    ),
    "after several were put down": (
        (CUPS, GO_BOX, PLACE, GO), 3, Code.NAVIGATION_BLOCKED, False, (GO,),
    ),
    "what a branch needs is looked for on that branch": (
        (FIND_PEN, GO, Step("find", {"object": ObjectRef("key")}), when(Step("pick", {"object": PEN}))), 1,
        Code.NAVIGATION_BLOCKED, False,
        (GO, Step("find", {"object": ObjectRef("key")}), when(FIND_PEN), when(Step("pick", {"object": PEN}))),
    ),
    "on a branch, with another question later": (
        (FIND_PEN, when(GO_BOX), FIND, when(PICK)), 1, Code.NAVIGATION_BLOCKED, False, (GO_BOX, FIND, when(PICK)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "index", "code", "holding", "expected"), RETRIED.values(), ids=RETRIED
)
def test_retried(steps, index, code, holding, expected):
    outcome = replan(steps, index, code, holding)
    assert outcome.result.ok, str(outcome.result)
    assert outcome.plan.steps == expected
    assert outcome.plan.trace_id == "trace"
    assert outcome.plan.command == "do it"
    assert outcome.plan.summary


REPORTED = {
    "stopped": (ALL, 0, Code.STOPPED),
    "canceled": (ALL, 2, Code.CANCELED),
    "guard": (ALL, 0, Code.GUARD_REFUSED),
    "not confirmed": (ALL, 2, Code.NOT_CONFIRMED),
    "robot gone": (ALL, 2, Code.ROBOT_UNAVAILABLE),
    "which one": (ALL, 2, Code.OBJECT_AMBIGUOUS),
    "a turn is not repeated": (ALL, 5, Code.STEP_TIMEOUT),
    "which of the branches took it": (
        (
            FIND_PEN,
            when(PICK),
            when(Step("pick", {"object": ObjectRef("cup", ("blue",))}), Condition.NOT_FOUND),
            GO_BOX,
            PLACE,
        ),
        4,
        Code.PLACE_FAILED,
    ),
    "words alone don't say which it was": (
        (
            Step("find", {"object": ObjectRef("cup", relation="nearest")}),
            Step("pick", {"object": ObjectRef("cup", relation="nearest")}),
            GO_BOX,
            PLACE,
        ),
        3,
        Code.PLACE_FAILED,
    ),
    "which branch was taken is not known": ((FIND_PEN, GO, when(TURN)), 1, Code.NAVIGATION_BLOCKED),
    "some of several may be done": ((CUPS, GO_BOX, PLACE), 1, Code.NAVIGATION_BLOCKED),
    "the last of several": ((CUPS, GO_BOX, PLACE), 2, Code.PLACE_FAILED),
    "the first of several": ((CUPS, GO_BOX, PLACE), 0, Code.GRASP_FAILED),
}


@pytest.mark.parametrize(("steps", "index", "code"), REPORTED.values(), ids=REPORTED)
def test_reported_as_it_is(steps, index, code):
    outcome = replan(steps, index, code)
    assert outcome.result == Result(code, "It went wrong.")
    assert outcome.plan is None


def test_pick_as_last_step_that_held_after_all_leaves_nothing_to_do():
    outcome = replan((GO, FIND, PICK), 2, Code.POSTCONDITION_FAILED, holding=True)
    assert outcome.result.code is Code.POSTCONDITION_FAILED


@pytest.mark.parametrize("index", [-1, 6, 1000])
def test_step_that_the_plan_does_not_have(index):
    assert replan(ALL, index, Code.GRASP_FAILED).result.code is Code.INVALID_REQUEST


def test_a_failure_that_is_none():
    outcome = PLANNER.plan("do it", SCENE, SKILLS, failure=FailedPlan(Plan("", ALL), 0, Result()))
    assert outcome.result.code is Code.INVALID_REQUEST


def test_the_rest_is_validated_again():
    steps = (Step("pick", {"object": ObjectRef("cup", ("red",), "kitchen")}),)
    outcome = replan(steps, 0, Code.GRASP_FAILED)
    assert outcome.result == Result(Code.GRASP_FAILED, "It went wrong.")
    assert outcome.plan is None
