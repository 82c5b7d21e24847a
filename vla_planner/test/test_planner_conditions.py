# SPDX-License-Identifier: Apache-2.0
"""Conditions: what depends on what was seen, in whichever order it is said."""

from __future__ import annotations

import pytest

from vla_testing.planner.plan_notation import said

BRING = (
    "[find {bottle, at table}] [pick {bottle, at table}, found] [go_to shelf, found] "
    "[place on shelf, found]"
)
LOOK = "[find {cup}] [turn 1.5708, found]"

CONDITIONS = [
    ("if there is a bottle on the table, bring it to the shelf", BRING),
    ("if there is a bottle on the table bring it to the shelf", BRING),
    ("if there is a bottle on the table, then bring the bottle to the shelf", BRING),
    ("bring the bottle to the shelf if there is one on the table", BRING),
    ("bring it to the shelf if there is a bottle on the table", BRING),
    ("in case you see a cup, turn left", LOOK),
    ("if you find a cup turn left", LOOK),
    ("turn left if you can see a cup", LOOK),
    ("if there is no cup, turn left", "[find {cup}] [turn 1.5708, not_found]"),
    ("unless there is a cup, turn left", "[find {cup}] [turn 1.5708, not_found]"),
    ("if you don't see a cup, turn left", "[find {cup}] [turn 1.5708, not_found]"),
    ("if there is a cup, turn left, otherwise turn right", LOOK + " [turn -1.5708, not_found]"),
    ("if there is a cup turn left. Otherwise turn right.", LOOK + " [turn -1.5708, not_found]"),
    ("if there is no cup, turn left, else turn right",
     "[find {cup}] [turn 1.5708, not_found] [turn -1.5708, found]"),
    ("if there is a cup, turn left. Turn right.", LOOK + " [turn -1.5708]"),
    ("if there is a cup, turn left; turn right", LOOK + " [turn -1.5708]"),
    ("if there is a cup, turn left and turn right", LOOK + " [turn -1.5708, found]"),
    ("if the cup is red, turn left", "[find {cup, red}] [turn 1.5708, found]"),
    ("if the cup is not red, turn left", "[find {cup, red}] [turn 1.5708, not_found]"),
    ("if the cup is on the table, turn left", "[find {cup, at table}] [turn 1.5708, found]"),
    ("if the cup on the table is red, turn left", "[find {cup, red, at table}] [turn 1.5708, found]"),
    ("if the table is empty, turn left", "[find {object, at table}] [turn 1.5708, not_found]"),
    ("if the table isn't empty, turn left", "[find {object, at table}] [turn 1.5708, found]"),
    ("if nothing is on the table, turn left", "[find {object, at table}] [turn 1.5708, not_found]"),
    ("if there are two cups, turn left", "[find {cup, 2}] [turn 1.5708, found]"),
    ("look for a cup, and if you don't find it turn left", "[find {cup}] [turn 1.5708, not_found]"),
    ("find a cup, otherwise turn left", "[find {cup}] [turn 1.5708, not_found]"),
    ("check if there is a cup, and if so turn left", LOOK),
    ("is the cup red? If so, turn left", "[find {cup, red}] [turn 1.5708, found]"),
    ("is there a cup? If there is, turn left. If not, turn right.", LOOK + " [turn -1.5708, not_found]"),
    ("if the block is green, put it in the box, if not put it in the bin",
     "[find {block, green}] [pick {block, green}, found] [go_to box, found] [place in box, found] "
     "[go_to table, not_found] [pick {block, at table}, not_found] [go_to bin, not_found] [place in bin, not_found]"),
    ("if the bowl is empty, go to it",
     "[find {object, in, (bowl)}] [go_to {bowl, at side table}, not_found]"),
    ("if the table is empty, go to it", "[find {object, at table}] [go_to table, not_found]"),
    ("pick up the cup if you see it", "[find {cup}] [pick {cup}, found]"),
    ("look for a ball, and if you find it, pick it up", "[find {ball}] [pick {ball}, found]"),
    ("go to the table. If there is a cup there, pick it up.",
     "[go_to table] [find {cup, at table}] [pick {cup, at table}, found]"),
    ("if there is no cup on the table, go to the shelf and look for one",
     "[find {cup, at table}] [go_to shelf, not_found] [find {cup, at shelf}, not_found]"),
    ("if there are bottles on the shelf, put them in the bin",
     "[find {bottle, at shelf}] [pick {bottle, all, at shelf}, found] [go_to bin, found] [place in bin, found]"),
    ("find a cup, pick it up and bring it to the shelf if you see it",
     "[find {cup}] [pick {cup}, found] [go_to shelf, found] [place on shelf, found]"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), CONDITIONS, ids=[row[0] for row in CONDITIONS])
def test_condition(command, plan):
    assert said(command) == plan


def test_what_is_known_before_a_branch_is_not_known_from_it_after():
    plan = said("if there is a ball on the table, turn left. Pick up the ball on the table.")
    assert plan.count("[find {ball, at table}]") == 2


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("if it rains, turn left", "NOT_UNDERSTOOD"),
        ("when I come home, turn left", "NOT_UNDERSTOOD"),
        ("move forward until you see a cup", "NOT_UNDERSTOOD"),
        ("if there is a cup", "NOT_UNDERSTOOD"),
        ("if there is a cup, turn left, otherwise", "NOT_UNDERSTOOD"),
        ("turn left, otherwise turn right", "NOT_UNDERSTOOD"),
        ("turn left, and if so turn right", "NOT_UNDERSTOOD"),
        ("if there is a cup, turn left, otherwise turn right, otherwise wait", "NOT_UNDERSTOOD"),
        ("if there is a cup, turn left, and if there is a bowl, turn right", "NOT_POSSIBLE"),
        ("if there is a cup, pick up two blocks, otherwise turn left", "AMBIGUOUS"),
        ("if you see it, turn left", "NOT_UNDERSTOOD"),
    ],
)
def test_refused(command, refusal):
    assert said(command).split(":")[0] == refusal
