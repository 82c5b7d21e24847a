# SPDX-License-Identifier: Apache-2.0
"""Skills that only the catalogue knows: asked for by phrase or name, arguments in any order."""

from __future__ import annotations

import pytest

from vla_testing.planner.plan_notation import said

ROWS = [
    ("wave", "[wave]"),
    ("please wave twice", "[wave] [wave]"),
    ("wave with your left hand", "[wave left]"),
    ("wave your right hand", "[wave right]"),
    ("polish the table", "[polish table]"),
    ("wipe down the red cup for ten seconds", "[polish 10 {cup, red, at table}]"),
    ("polish the table with the rough cloth for 5 seconds", "[polish rough 5 table]"),
    ("for whom do you polish", "NOT_UNDERSTOOD"),
    ("give a shine to the white bowl", "[polish {bowl, white, at side table}]"),
    ("polish the table and the shelf", "[polish table] [polish shelf]"),
    ("polish the table, no, the shelf", "[polish shelf]"),
    ("go to the table and polish it", "[go_to table] [polish table]"),
    ("find a ball and polish it", "[find {ball}] [polish {ball}]"),
    ("tilt your head by 20 degrees", "[tilt 0.349066]"),
    ("tilt your head by -0.3 radians", "[tilt -0.3]"),
    ('announce "Dinner is ready"', "[announce Dinner is ready]"),
    ("charge yourself, then turn left", "[recharge] [turn 1.5708]"),
    ("wave and at the same time say hello", "[wave] [say hello, together]"),
    ("if there is a cup on the table, polish it", "[find {cup, at table}] [polish {cup, at table}, found]"),
    ("recharge the table", "NOT_UNDERSTOOD"),
    ("wave 10 seconds", "NOT_UNDERSTOOD"),
    ("wave zorp", "NOT_UNDERSTOOD"),
    ("polish the table for 2 meters", "NOT_UNDERSTOOD"),
    ("polish the cups", "NOT_POSSIBLE"),
    ("polish the cup", "AMBIGUOUS"),
    ("tilt your head by 2 radians", "INVALID_ARGUMENT"),
    ("sing", "SKILL_UNAVAILABLE"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), ROWS, ids=[row[0] for row in ROWS])
def test_skill_of_a_plug_in(command, plan):
    outcome = said(command, skills="plugins")
    assert outcome == plan if plan.startswith("[") else outcome.split(":")[0] == plan


QUESTIONS = [
    ("polish", "the shelf", "[polish shelf]"),
    ("tilt your head", "20 degrees", "[tilt 0.349066]"),
    ("tilt your head", "0.2 rad", "[tilt 0.2]"),
    ("make an announcement", "Dinner is ready!", "[announce Dinner is ready!]"),
]


@pytest.mark.parametrize(("command", "answer", "plan"), QUESTIONS)
def test_what_is_missing_is_asked(command, answer, plan):
    assert said(command, skills="plugins").startswith("AMBIGUOUS")
    assert said(command, answer, skills="plugins") == plan


def test_without_the_plug_in_the_words_are_unknown():
    assert said("polish the table").startswith("NOT_UNDERSTOOD")
    assert "'polish'" in said("polish the table")
