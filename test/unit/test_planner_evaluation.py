# SPDX-License-Identifier: Apache-2.0
"""What `./vla eval planner` counts and shows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from vla_common.contracts.outcomes import Code

FILE = Path(__file__).parents[1] / "evaluation" / "planner.py"
TURN = ({"skill": "turn", "arguments": {"angle": 1.0}},)


@pytest.fixture(scope="module")
def evaluation():
    # The benchmark has the same name, so it can't be imported by it.
    spec = importlib.util.spec_from_file_location("planner_evaluation", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def judged(evaluation):
    row = evaluation.Row
    return [
        evaluation.Judged(row("t", "motion", 1, "turn left", TURN), "", True, (1.0,)),
        evaluation.Judged(row("t", "motion", 2, "go left", TURN), "refused: x", False, (1.0,)),
        evaluation.Judged(
            row("t", "motion", 3, "go", TURN, answers=("left",)), "", True, (1.0, 2.0)
        ),
        evaluation.Judged(
            row("t", "talk", 4, "zorp", codes=(Code.NOT_UNDERSTOOD,)), "planned: []", True, (1.0,)
        ),
        evaluation.Judged(row("t", "talk", 5, "go", codes=(Code.AMBIGUOUS,)), "", False, (1.0,)),
    ]


def test_counts_by_what_was_wanted(evaluation, judged):
    assert evaluation.counted(judged) == {
        "rows": 5,
        "exact": 3,
        "planned_in_place_of_refusing": 1,
        "plans": {"right": 1, "rows": 2},
        "answered": {"right": 1, "rows": 1},
        "questions": {"right": 1, "rows": 1},
        "refusals": {"right": 0, "rows": 1},
    }


def test_a_line_for_each_section_and_one_for_all(evaluation, judged):
    lines = evaluation.table("visible", judged).splitlines()
    assert [line.split()[0] for line in lines] == ["visible", "motion", "talk", "all"]
    assert lines[-1].split()[1:] == ["5", "3", "60.0", "%", "1/2", "1/1", "1/1", "0/1"]


def test_failures_say_what_was_wanted_and_what_came(evaluation, judged):
    shown = evaluation.failures(judged)
    assert "'go left'" in shown and "refused: x" in shown
    assert "NOT_UNDERSTOOD" in shown and "planned: []" in shown
    assert "'turn left'" not in shown


def test_failures_of_a_split_are_recorded_only_where_they_may_be_seen(evaluation, judged):
    assert len(evaluation.record(judged, True)["failures"]) == 2
    assert "zorp" not in str(evaluation.record(judged, False))
