# SPDX-License-Identifier: Apache-2.0
"""The tables of commands: exact plans, or refusals with their code and what the sentence names.

Every visible row has to come out exactly. Of the held-out rows, which whoever writes the grammar does not see, none
that is to be refused may become a plan, and the share that comes out exactly may not sink.
"""

from __future__ import annotations

import pytest

from vla_planner.config import PlannerConfig
from vla_planner.core.planning import Planner
from vla_testing.planner import command_table

ROWS = command_table.load()
SEEN = [row for row in ROWS if not row.held_out]
UNSEEN = [row for row in ROWS if row.held_out]
LEAST_EXACT = 0.95
"""Share of the held-out rows that came out exactly when this was last measured, rounded down to a whole percent."""
PLANNER = Planner(PlannerConfig(backends=("rules",)))


@pytest.mark.parametrize("row", SEEN, ids=lambda row: f"{row.table}-{row.number}-{row.say[:60]}")
def test_command(row):
    outcome = command_table.plan(PLANNER, row)
    assert command_table.mistake(row, outcome) == ""
    if outcome.plan is not None:
        assert outcome.plan.command == row.say
        assert outcome.plan.planner == "rules"


# These say how many, never which: pytest shows what stands in an assertion, to people who work on the grammar too.
def test_no_heldout_refusal_becomes_a_plan():
    wrong = sum(
        not row.steps and command_table.plan(PLANNER, row).plan is not None for row in UNSEEN
    )
    assert wrong == 0


def test_heldout_rows_come_out_as_often_as_before():
    exact = sum(not command_table.mistake(row, command_table.plan(PLANNER, row)) for row in UNSEEN)
    share = exact / len(UNSEEN)
    assert share >= LEAST_EXACT
