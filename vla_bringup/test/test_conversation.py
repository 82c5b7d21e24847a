# SPDX-License-Identifier: Apache-2.0
"""What is remembered of a person's last command, and for how long."""

from __future__ import annotations

import pytest

from vla_bringup.commands.dialogue import MAX_SOURCES, DialogueContext
from vla_common.contracts.skills import Plan, Step

PLAN = Plan("pick up the red cup", (Step("pick", {}),), "rules")
REST = Plan("pick up the red cup", (Step("find", {}), Step("pick", {})), "rules")


class Talk(DialogueContext):
    """With a clock that the test sets."""

    def __init__(self, keep_s: float = 60.0) -> None:
        self.now_s = 0.0
        super().__init__(keep_s, lambda: self.now_s)

    def before(self, source: str = "text") -> Plan | None:
        return self.said(source, "what is wanted now").before


def test_one_command_for_each_source():
    talk = Talk()
    assert talk.said("text", PLAN.command).before is None
    assert talk.said("voice", "turn left").before is None
    assert talk.before("text") == Plan(PLAN.command)
    assert talk.before("voice") == Plan("turn left")
    assert talk.before("voice") == Plan("what is wanted now")


def test_it_counts_from_when_it_was_said_also_before_it_is_planned():
    talk = Talk()
    first = talk.said("text", "put the block in the box")
    first.planned(Plan("put the block in the box", (Step("place", {}),)))
    asked = talk.said("text", "pick up the cup")
    assert talk.said("text", "no, the blue one").before == asked.plan == Plan("pick up the cup")


def test_the_first_plan_is_what_was_wanted():
    talk = Talk()
    remark = talk.said("text", PLAN.command)
    remark.planned(PLAN)
    remark.planned(REST)
    assert talk.before() == PLAN


def test_it_is_forgotten_a_while_after_its_end():
    talk = Talk()
    remark = talk.said("text", PLAN.command)
    talk.now_s = 1000.0
    talk.ended(remark)
    talk.now_s = 1060.0
    assert talk.before() == Plan(PLAN.command)
    talk.now_s += 60.1
    assert talk.before() is None
    nothing = Talk(0.0)
    nothing.said("text", "turn left")
    nothing.now_s = 0.1
    assert nothing.before() is None


def test_a_correction_is_kept_with_what_it_corrects():
    talk = Talk()
    talk.said("text", "pick up the red cup.")
    remark = talk.said("text", "no, the blue one")
    remark.planned(PLAN)
    assert remark.before == Plan("pick up the red cup.")
    assert remark.plan.command == "pick up the red cup, no, the blue one"
    assert remark.plan.steps == PLAN.steps
    again = talk.said("text", "I meant the green one")
    assert again.plan.command.endswith("the blue one, I meant the green one")


def test_of_a_repetition_the_command_that_it_repeats_is_kept():
    talk = Talk()
    talk.said("text", "turn left")
    for _ in range(3):
        assert talk.said("text", "do that again please").plan.command == "turn left"


def test_a_correction_of_nothing_is_a_command_like_any_other():
    assert Talk().said("text", "no, the blue one").plan.command == "no, the blue one"


@pytest.mark.parametrize("count", [MAX_SOURCES, MAX_SOURCES * 3])
def test_what_is_kept_is_bounded(count):
    talk = Talk()
    for number in range(count):
        talk.said(f"s{number}", "x" * 900)
        talk.said(f"s{number}", "no, " + "y" * 900)
    assert len(talk._last) == MAX_SOURCES
    assert talk.before(f"s{count - 1}") is not None
    assert all(len(remark.plan.command) <= 1000 for remark in talk._last.values())
