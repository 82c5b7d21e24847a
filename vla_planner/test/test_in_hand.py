# SPDX-License-Identifier: Apache-2.0
"""What is in the hand: the question, the answer, and the name in refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vla_common.contracts.outcomes import VlaError
from vla_common.contracts.scene import Scene, SceneObject
from vla_executor.skills.skill import base_catalog
from vla_planner.config import PlannerConfig
from vla_planner.core import in_hand
from vla_planner.core.backend import PlanRequest
from vla_planner.core.grammar_backend import RulesBackend

SKILLS = tuple(base_catalog())
CUP = SceneObject("cup1", "cup", (1.0, 0.0, 0.7), "red")
HELD = Scene((replace(CUP, held=True),), ())


@pytest.mark.parametrize(
    "command",
    [
        "what are you holding?",
        "What are you holding right now?",
        "please tell me what you are holding",
        "what do you have in your hand",
        "What's in your gripper?",
        "what\u2019s in your hand now",
        "what have you got in your hand?",
        "are you holding anything?",
        "do you have something in your hand",
        "is there anything in your gripper?",
        "is your hand empty?",
        "what are you carrying",
    ],
)
def test_the_question_is_answered_from_what_the_hand_holds(command: str) -> None:
    backend = RulesBackend(PlannerConfig())

    def answer(scene: Scene, holding: bool) -> str:
        (step,) = backend.propose(PlanRequest(command, scene, SKILLS, holding)).steps
        assert step.skill == "say"
        return str(step.arguments["text"])

    assert answer(HELD, True) == "I am holding the red cup."
    assert answer(Scene((CUP,), ()), True).startswith("I am holding something")
    assert answer(Scene((CUP,), ()), False) == "My gripper is empty."
    assert answer(HELD, False) == "My gripper is empty."  # the hand knows better than the memory


@pytest.mark.parametrize(
    "command",
    [
        "what is on the table",
        "what are you holding the cup for",
        "put what you are holding on the table",
        "what do you see",
        "hold the cup",
        "what are you doing",
    ],
)
def test_other_sentences_are_no_such_question(command: str) -> None:
    assert not in_hand.is_question(command)


def test_a_refusal_names_what_the_gripper_holds() -> None:
    from vla_common.contracts.skills import ObjectRef, Step
    from vla_planner.core.validator import validate

    steps = (
        Step("find", {"object": ObjectRef("ball")}),
        Step("pick", {"object": ObjectRef("ball")}),
    )
    with pytest.raises(VlaError) as raised:
        validate(steps, SKILLS, HELD, holding=True)
    assert "already holds the red cup" in raised.value.message
