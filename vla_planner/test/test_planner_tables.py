# SPDX-License-Identifier: Apache-2.0
"""The tables of commands against themselves, and that a wrong outcome is noticed; without any planner."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from types import SimpleNamespace

import pytest

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.contracts.scene import matches
from vla_common.contracts.skills import ObjectRef, Plan, Step
from vla_testing.planner import command_table
from vla_testing.planner.fixtures import CATALOGS, SCENES

ROWS = command_table.load()


def test_the_tables_are_large_and_mixed():
    codes = {code.name for row in ROWS for code in row.codes}
    assert len(ROWS) >= 1000
    assert sum(row.wants == command_table.REFUSED for row in ROWS) >= 400
    asked = (command_table.ASKED, command_table.COMPLETED)
    assert sum(row.wants in asked for row in ROWS) >= 100
    assert codes >= {
        "NOT_UNDERSTOOD", "NOT_POSSIBLE", "AMBIGUOUS", "INVALID_PLAN", "INVALID_ARGUMENT",
        "UNKNOWN_PLACE", "SKILL_UNAVAILABLE", "EMPTY_COMMAND",
    }  # fmt: skip


def test_no_situation_stands_in_two_rows():
    """Capitals do not make another command."""
    times = Counter(
        (row.say.lower().strip(), *row.situation[1:]) for row in ROWS if row.say.strip()
    )
    assert [situation for situation, count in times.items() if count > 1] == []


def test_held_out_rows_were_drawn_by_the_seed():
    """About a third of all rows; nobody chose which."""
    for row in ROWS:
        if row.table in ("commands_more", "commands_heldout"):
            drawn = int(hashlib.sha256(f"20261122{row.say}".encode()).hexdigest(), 16) / 2**256
            assert (drawn < 0.5) == row.held_out, row.say
    assert 0.28 < sum(row.held_out for row in ROWS) / len(ROWS) < 0.4


def test_questions_with_answers_are_questions_without():
    """A row that asks whatever is answered does not stand beside one that plans the same at once."""
    planned = {row.situation[:5] for row in ROWS if row.steps and not row.answers}
    asked = [row for row in ROWS if row.answers and row.situation[:5] in planned]
    assert asked == []


def known(row, ref):
    given = ObjectRef.from_json({k: v for k, v in ref.items() if k != "quantity"})
    return any(matches(item, given) for item in SCENES[row.scene].objects)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table}-{row.number}")
def test_expected_things_are_known_or_looked_for(row):
    """By PLANS.md nothing is taken that was neither seen nor found in the plan."""
    found = []
    for step in row.steps:
        ref = step["arguments"].get("object")
        if step["skill"] == "find":
            found.append(ref)
        elif step["skill"] in ("pick", "go_to", "look_at") and ref is not None:
            if ref.get("relation") or not known(row, ref):
                assert ref in found, f"{step} without a find"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table}-{row.number}")
def test_expected_steps_are_ones_that_the_skills_take(row):
    """A slip of the pen in a table, found without the planner."""
    skills = {spec.name: spec for spec in CATALOGS[row.skills]}
    places = {place.name for place in SCENES[row.scene].places}
    for step in row.steps:
        spec = skills[step["skill"]]
        assert spec.available
        spec.parse_arguments(step["arguments"])
        arguments = step["arguments"]
        named = [arguments.get("place"), arguments.get("target_place")]
        named += [
            ref.get("place")
            for ref in (arguments.get("object"), arguments.get("target_object"))
            if ref
        ]
        assert {name for name in named if name} <= places
        assert step.get("only_if", "found") in ("found", "not_found")
        assert step.get("with_previous", True) is True


def slips(row, branch):
    """What is wrong with a row's steps by PLANS.md, along one way through its conditions."""
    holding, here, found = bool(row.holding), "", []
    for step in row.steps:
        if step.get("only_if", branch) != branch:
            continue
        skill, arguments = step["skill"], step["arguments"]
        ref = arguments.get("object")
        if skill == "go_to":
            here = arguments.get("place") or ref
        elif skill == "find":
            found.append(ref)
            here = ref.get("place") or ref
        elif skill == "pick":
            if holding:
                yield "takes with a full gripper"
            if not ("quantity" in ref or ref in found or here in (ref.get("place"), ref)):
                yield f"takes {ref}, but was at {here}"
            holding, here = True, ref.get("place")
        elif skill in ("place", "hand_over"):
            if not holding:
                yield "puts with an empty gripper"
            holding = False
            target = arguments.get("target_object", {})
            there = arguments.get("target_place") or target.get("place")
            if there and here != there and target not in found:
                yield f"puts at {there}, but was at {here}"


@pytest.mark.parametrize("branch", ["found", "not_found"])
def test_expected_plans_can_be_carried_out(branch):
    assert {row.say: list(slips(row, branch)) for row in ROWS if any(slips(row, branch))} == {}


def outcome_of(*steps, code=None, message="No."):
    if code is not None:
        question = "Which?" if code is Code.AMBIGUOUS else ""
        return SimpleNamespace(result=Result(code, message), plan=None, question=question)
    return SimpleNamespace(result=OK, plan=Plan("x", steps), question="")


def test_mistakes_are_noticed():
    left = Step("turn", {"angle": 1.570796})
    row = command_table.Row(
        "t", "s", 0, "turn left", ({"skill": "turn", "arguments": {"angle": 1.570796}},)
    )
    assert command_table.mistake(row, outcome_of(left)) == ""
    assert command_table.mistake(row, outcome_of(left, left))
    assert command_table.mistake(row, outcome_of(Step("turn", {"angle": 1.5})))
    assert command_table.mistake(row, outcome_of(dataclasses.replace(left, with_previous=True)))
    assert command_table.mistake(row, outcome_of(code=Code.NOT_UNDERSTOOD))
    row = command_table.Row("t", "s", 0, "zorp", codes=(Code.NOT_UNDERSTOOD,), pieces=("'zorp'",))
    assert (
        command_table.mistake(row, outcome_of(code=Code.NOT_UNDERSTOOD, message="Not 'zorp'."))
        == ""
    )
    assert command_table.mistake(row, outcome_of(code=Code.NOT_UNDERSTOOD))
    assert command_table.mistake(row, outcome_of(code=Code.NOT_POSSIBLE, message="Not 'zorp'."))
    assert command_table.mistake(row, outcome_of(left))
