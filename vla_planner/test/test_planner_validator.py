# SPDX-License-Identifier: Apache-2.0
"""The validator: one row for each way to be refused, and what has to pass."""

from __future__ import annotations

import dataclasses
import math

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Condition, ObjectRef, RiskTier, Step
from vla_planner.core.validator import validate
from vla_testing.planner.fixtures import EMPTY, PLACES, SCENE, SKILLS

CUP = ObjectRef("cup", ("red",))
BLOCK = ObjectRef("block", ("green",))
BALL = ObjectRef("ball", ("pink",))
FIND_BALL = Step("find", {"object": BALL})
PICK_CUP = Step("pick", {"object": CUP})
PUT_ON_TABLE = Step("place", {"relation": "on", "target_place": "table"})


def move(distance, direction="forward"):
    return Step("move", {"distance": distance, "direction": direction})


REFUSED = {
    "no steps": ([], Code.INVALID_PLAN, "no steps"),
    "too many steps": ([move(1.0)] * 31, Code.TOO_MANY_STEPS, "31"),
    "unknown skill": ([Step("fly", {})], Code.UNKNOWN_SKILL, "'fly'"),
    "skill of the person's making": ([Step("os.system", {})], Code.UNKNOWN_SKILL, "os.system"),
    "unavailable skill": (
        [Step("follow", {"person": "me"})], Code.SKILL_UNAVAILABLE, "does not see people",
    ),
    "missing argument": ([Step("turn", {})], Code.INVALID_ARGUMENT, "'angle'"),
    "unknown argument": ([Step("turn", {"angle": 1.0, "speed": 9.0})], Code.INVALID_ARGUMENT, "'speed'"),
    "text for a number": ([Step("turn", {"angle": "left"})], Code.INVALID_ARGUMENT, "a number"),
    "not a number": ([Step("turn", {"angle": math.nan})], Code.INVALID_ARGUMENT, "finite"),
    "infinite": ([move(math.inf)], Code.INVALID_ARGUMENT, "finite"),
    "huge": ([move(1e308)], Code.INVALID_ARGUMENT, "more than 5"),
    "huge integer": ([move(10**400)], Code.INVALID_ARGUMENT, "finite"),
    "too far back": ([move(-5.1)], Code.INVALID_ARGUMENT, "less than -5"),
    "truth value for a number": ([move(True)], Code.INVALID_ARGUMENT, "a number"),
    "choice that is none": ([move(1.0, "up")], Code.INVALID_ARGUMENT, "forward, backward"),
    "none of a group": ([Step("go_to", {})], Code.INVALID_ARGUMENT, "exactly one"),
    "two of a group": (
        [Step("go_to", {"place": "table", "pose": (0.0, 0.0, 0.0)})], Code.INVALID_ARGUMENT, "exactly one",
    ),
    "pose of two numbers": ([Step("go_to", {"pose": (0.0, 0.0)})], Code.INVALID_ARGUMENT, "yaw"),
    "object as a text": ([Step("find", {"object": "cup"})], Code.INVALID_ARGUMENT, "keys and values"),
    "object with an unknown key": (
        [Step("find", {"object": {"name": "cup"}})], Code.INVALID_ARGUMENT, "'name'",
    ),
    "unknown place": ([Step("go_to", {"place": "kitchen"})], Code.UNKNOWN_PLACE, "table, shelf"),
    "object at an unknown place": (
        [Step("find", {"object": {"label": "cup", "place": "kitchen"}})], Code.UNKNOWN_PLACE, "kitchen",
    ),
    "target at an unknown place": (
        [PICK_CUP, Step("place", {"relation": "on", "target_place": "moon"})], Code.UNKNOWN_PLACE, "moon",
    ),
    "object nobody knows": ([Step("pick", {"object": BALL})], Code.INVALID_PLAN, "find it first"),
    "object found too late": ([Step("pick", {"object": BALL}), FIND_BALL], Code.INVALID_PLAN, "find it first"),
    "another object found": ([FIND_BALL, Step("pick", {"object": ObjectRef("box")})], Code.INVALID_PLAN, "find"),
    "another colour found": (
        [FIND_BALL, Step("pick", {"object": ObjectRef("ball", ("black",))})], Code.INVALID_PLAN, "find",
    ),
    "found at another place": (
        [Step("find", {"object": ObjectRef("ball", ("pink",), "table")}),
         Step("pick", {"object": ObjectRef("ball", ("pink",), "shelf")})], Code.INVALID_PLAN, "find",
    ),
    "id nobody knows": ([Step("pick", {"object": ObjectRef(id="cup_99")})], Code.INVALID_PLAN, "cup_99"),
    "two picks": ([PICK_CUP, Step("pick", {"object": BLOCK})], Code.INVALID_PLAN, "already holds the red cup"),
    "place from an empty gripper": ([PUT_ON_TABLE], Code.INVALID_PLAN, "empty"),
    "place twice": ([PICK_CUP, PUT_ON_TABLE, PUT_ON_TABLE], Code.INVALID_PLAN, "Step 3"),
    "on a container": (
        [PICK_CUP, Step("place", {"relation": "on", "target_place": "bin"})], Code.NOT_POSSIBLE, "on the bin",
    ),
    "in a surface": (
        [PICK_CUP, Step("place", {"relation": "in", "target_place": "table"})], Code.NOT_POSSIBLE, "in the table",
    ),
    "on the floor": (
        [PICK_CUP, Step("place", {"relation": "on", "target_place": "corner"})], Code.NOT_POSSIBLE, "corner",
    ),
    "beside itself": (
        [PICK_CUP, Step("place", {"relation": "next_to", "target_object": CUP})], Code.INVALID_PLAN, "itself",
    ),
    "drive into the table": ([Step("go_to", {"pose": (0.0, 2.0, 0.0)})], Code.NOT_POSSIBLE, "inside the table"),
    "picked up again where it was": (
        [FIND_BALL, Step("pick", {"object": BALL}), PUT_ON_TABLE, Step("pick", {"object": BALL})],
        Code.INVALID_PLAN, "find it first",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "code", "part"), REFUSED.values(), ids=REFUSED)
def test_refused(steps, code, part):
    with pytest.raises(VlaError) as caught:
        validate(steps, SKILLS, SCENE)
    assert caught.value.code is code
    assert part in caught.value.message
    if len(steps) > 1 and code is not Code.TOO_MANY_STEPS:
        assert caught.value.message.startswith("Step ")


def test_hand_over_needs_something_in_the_hand():
    skills = [dataclasses.replace(spec, available=True) for spec in SKILLS]
    step = Step("hand_over", {"object": CUP, "person": "me"})
    with pytest.raises(VlaError, match="empty"):
        validate([step], skills, SCENE)
    assert validate([step], skills, SCENE, holding=True)


def test_full_gripper_from_the_start():
    with pytest.raises(VlaError, match="already holds something"):
        validate([PICK_CUP], SKILLS, SCENE, holding=True)
    assert validate([PUT_ON_TABLE, PICK_CUP], SKILLS, SCENE, holding=True)


def test_forbidden_skill():
    skills = [
        dataclasses.replace(spec, risk_tier=RiskTier.FORBID) if spec.name == "move" else spec
        for spec in SKILLS
    ]
    with pytest.raises(VlaError) as caught:
        validate([move(1.0)], skills, SCENE)
    assert caught.value.code is Code.FORBIDDEN


def test_a_skill_without_a_reason_is_still_explained():
    skills = [
        dataclasses.replace(spec, available=False) if spec.name == "move" else spec
        for spec in SKILLS
    ]
    with pytest.raises(VlaError) as caught:
        validate([move(1.0)], skills, SCENE)
    assert "can't" in caught.value.message


PASSES = {
    "exactly the limits": ([move(5.0), move(-5.0)], SCENE),
    "as many steps as allowed": ([move(1.0)] * 30, SCENE),
    "seen object": ([PICK_CUP], SCENE),
    "found object": ([FIND_BALL, Step("pick", {"object": BALL})], EMPTY),
    "found by fewer words": (
        [Step("find", {"object": ObjectRef("ball")}), Step("pick", {"object": BALL})],
        EMPTY,
    ),
    "found by more words": ([FIND_BALL, Step("pick", {"object": ObjectRef("ball")})], EMPTY),
    "anything red": ([Step("pick", {"object": ObjectRef(attributes=("red",))})], SCENE),
    "by id": ([Step("pick", {"object": ObjectRef(id="cup_1")})], SCENE),
    "by another name of the place": ([Step("go_to", {"place": "stand"})], SCENE),
    "next to a container": (
        [PICK_CUP, Step("place", {"relation": "next_to", "target_place": "bin"})],
        SCENE,
    ),
    "free pose": ([Step("go_to", {"pose": (0.0, 0.0, 0.0)})], SCENE),
    "pose in an area": ([Step("go_to", {"pose": (3.0, 3.0, 0.0)})], SCENE),
    "count what was not seen": ([Step("count", {"object": BALL})], EMPTY),
    "describe nothing in particular": ([Step("describe", {})], EMPTY),
    "two objects, one after the other": (
        [PICK_CUP, PUT_ON_TABLE, Step("pick", {"object": BLOCK}), PUT_ON_TABLE],
        SCENE,
    ),
}


@pytest.mark.parametrize(("steps", "scene"), PASSES.values(), ids=PASSES)
def test_passes(steps, scene):
    checked = validate(steps, SKILLS, scene)
    assert [step.skill for step in checked] == [step.skill for step in steps]


def test_arguments_come_back_typed():
    (turn, find) = validate(
        [Step("turn", {"angle": 1}), Step("find", {"object": {"attributes": ["red"]}})],
        SKILLS,
        Scene(places=PLACES),
    )
    assert turn.arguments == {"angle": 1.0} and isinstance(turn.arguments["angle"], float)
    assert find.arguments == {"object": ObjectRef(attributes=("red",))}


def test_steps_may_run_together_when_they_share_nothing():
    together = Step("say", {"text": "on my way"}, with_previous=True)
    turn = Step("turn", {"angle": 1.0})
    skills = [
        dataclasses.replace(
            spec, resources=frozenset({"base"} if spec.name == "turn" else {"speaker"})
        )
        for spec in SKILLS
    ]
    checked = validate([turn, together], skills, SCENE)
    assert [step.with_previous for step in checked] == [False, True]
    with pytest.raises(VlaError, match="no step before it"):
        validate([together, turn], skills, SCENE)
    with pytest.raises(VlaError, match="both need the speaker"):
        validate([turn, together, together], skills, SCENE)
    assert validate([turn, together, turn, together], skills, SCENE)


FOUND, NOT_FOUND = Condition.FOUND, Condition.NOT_FOUND
CUPS = ObjectRef("cup", quantity="all")
PICK_CUPS = Step("pick", {"object": CUPS})
FIND_PEN = Step("find", {"object": ObjectRef("pen")})
PICK_PEN = Step("pick", {"object": ObjectRef("pen")})
TURN = Step("turn", {"angle": 1.0})


def when(only_if, step, **more):
    return dataclasses.replace(step, only_if=only_if, **more)


CONDITIONS_AND_GROUPS = {
    "both branches": [FIND_PEN, when(FOUND, PICK_PEN), when(FOUND, PUT_ON_TABLE), when(NOT_FOUND, TURN)],
    "either branch leaves something to put down": [
        FIND_PEN, when(FOUND, PICK_PEN), when(NOT_FOUND, PICK_CUP), PUT_ON_TABLE,
    ],
    "perhaps there is something to put down": [FIND_PEN, when(FOUND, PICK_PEN), PUT_ON_TABLE],
    "an unconditional step between": [FIND_PEN, when(FOUND, TURN), TURN, when(NOT_FOUND, TURN)],
    "two questions": [FIND_PEN, when(FOUND, PICK_PEN), FIND_BALL, when(NOT_FOUND, TURN)],
    "looking further where it was not found": [
        FIND_PEN, when(NOT_FOUND, FIND_BALL), when(NOT_FOUND, Step("pick", {"object": BALL})),
    ],
    "after another question: perhaps something is held, so it may be put down": [
        FIND_PEN, when(FOUND, PICK_PEN), FIND_BALL, PUT_ON_TABLE,
    ],
    "after another question: perhaps nothing is held, so something may be taken": [
        PICK_CUP, FIND_PEN, when(NOT_FOUND, PUT_ON_TABLE), FIND_BALL, PICK_CUP,
    ],
    "all of them": [PICK_CUPS, Step("go_to", {"place": "table"}), PUT_ON_TABLE],
    "three of them, then one more": [
        Step("pick", {"object": ObjectRef("cup", quantity="3")}), PUT_ON_TABLE, PICK_CUP,
    ],
    "all of them, if there are any": [
        FIND_PEN, when(FOUND, PICK_CUPS), when(FOUND, PUT_ON_TABLE), TURN,
    ],
    "look while several are carried": [
        PICK_CUPS, FIND_PEN, Step("place", {"relation": "next_to", "target_object": ObjectRef("pen")}),
    ],
    "find several": [Step("find", {"object": CUPS})],
    "one is one": [Step("go_to", {"object": ObjectRef("cup", quantity="one")})],
}  # fmt: skip


@pytest.mark.parametrize("steps", CONDITIONS_AND_GROUPS.values(), ids=CONDITIONS_AND_GROUPS)
def test_conditions_and_groups_pass(steps):
    assert validate(steps, SKILLS, SCENE) == tuple(steps)


REFUSED_ORDER = {
    "no question": ([when(FOUND, TURN)], "no 'find' without a condition"),
    "the only question is itself conditional": (
        [PICK_CUP, when(FOUND, FIND_PEN), when(FOUND, TURN)], "no 'find' without a condition",
    ),
    "known only on the other branch": (
        [Step("find", {"object": ObjectRef("pen")}), when(NOT_FOUND, PICK_PEN)], "a step has to find it",
    ),
    "twice on one branch": (
        [FIND_PEN, when(FOUND, PICK_PEN), when(FOUND, PICK_CUP)], "already holds the pen",
    ),
    "taken before, put down on one branch, taken in any case": (
        [PICK_CUP, FIND_PEN, when(FOUND, PUT_ON_TABLE), when(NOT_FOUND, PICK_PEN)], "already holds",
    ),
    "empty on every branch": (
        [FIND_PEN, when(FOUND, TURN), when(NOT_FOUND, TURN), PUT_ON_TABLE], "gripper is empty",
    ),
    "put down what only the other branch took": (
        [FIND_PEN, when(FOUND, PICK_PEN), when(NOT_FOUND, PUT_ON_TABLE)], "gripper is empty",
    ),
    "together across conditions": (
        [FIND_PEN, when(FOUND, TURN), when(NOT_FOUND, TURN, with_previous=True)], "another condition",
    ),
    "known on neither branch of the question before": (
        [FIND_PEN, when(FOUND, TURN), FIND_BALL, when(NOT_FOUND, Step("pick", {"object": ObjectRef("key")}))],
        "a step has to find it",
    ),
    "an id of something else": (
        [Step("pick", {"object": ObjectRef("bowl", id="cup_1")})], "is a red cup, no bowl",
    ),
    "an id of another colour": (
        [Step("pick", {"object": ObjectRef("cup", ("blue",), id="cup_1")})], "is a red cup, no blue cup",
    ),
    "beside itself, several": (
        [PICK_CUPS, Step("place", {"relation": "next_to", "target_object": ObjectRef("cup")})], "to itself",
    ),
    "a question inside a group": (
        [FIND_BALL, PICK_CUPS, FIND_PEN, PUT_ON_TABLE, when(FOUND, TURN)], "no 'find' without a condition",
    ),
    "several beside another step": (
        [Step("wait", {"duration": 1.0}), Step("pick", {"object": CUPS}, with_previous=True), PUT_ON_TABLE],
        "can't run together",
    ),
    "never put down": ([PICK_CUPS, TURN], "no step puts each of them down"),
    "another taken meanwhile": ([PICK_CUPS, PICK_CUP, PUT_ON_TABLE], "each has to be put down"),
    "a condition inside": (
        [FIND_PEN, PICK_CUPS, when(FOUND, TURN), PUT_ON_TABLE], "while several things are moved",
    ),
    "go to several": ([Step("go_to", {"object": CUPS})], "It is for one thing, not for all of: cup"),
    "hand over several": (
        [PICK_CUP, Step("place", {"relation": "on", "target_object": CUPS})], "for one thing",
    ),
    "how many": ([Step("pick", {"object": ObjectRef("cup", quantity="many")}), PUT_ON_TABLE], "How many is 'many'"),
    "none": ([Step("pick", {"object": ObjectRef("cup", quantity="0")}), PUT_ON_TABLE], "How many is '0'"),
    "far too many": ([Step("pick", {"object": ObjectRef("cup", quantity="21")}), PUT_ON_TABLE], "number up to 20"),
    "no number at all": ([Step("find", {"object": ObjectRef("cup", quantity="²")})], "How many is"),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "sentence"), REFUSED_ORDER.values(), ids=REFUSED_ORDER)
def test_conditions_and_groups_that_make_no_sense(steps, sentence):
    with pytest.raises(VlaError, match=sentence) as caught:
        validate(steps, SKILLS, SCENE)
    assert caught.value.code in (Code.INVALID_PLAN, Code.INVALID_ARGUMENT)
