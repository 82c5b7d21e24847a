# SPDX-License-Identifier: Apache-2.0
"""Several things: quantities, groups, and how many is meant."""

from __future__ import annotations

import pytest

from vla_testing.planner.plan_notation import said

BOX = "[go_to box] [place in box]"

GROUPS = [
    ("put all the cups in the box", "room", f"[pick {{cup, all}}] {BOX}"),
    ("put the cups in the box", "room", f"[pick {{cup, all}}] {BOX}"),
    ("put every red cup in the box", "many", f"[pick {{cup, red, all}}] {BOX}"),
    ("put both cups in the box", "room", f"[pick {{cup, 2}}] {BOX}"),
    ("put all the cups in the box", "empty", f"[find {{cup, all}}] [pick {{cup, all}}] {BOX}"),
    ("take two blocks from the table to the shelf", "many",
     "[go_to table] [pick {block, 2, at table}] [go_to shelf] [place on shelf]"),
    ("take two blocks from the table to the shelf", "empty",
     "[go_to table] [find {block, 2, at table}] [pick {block, 2, at table}] [go_to shelf] [place on shelf]"),
    ("put everything on the table into the box", "room", f"[go_to table] [pick {{object, all, at table}}] {BOX}"),
    ("put everything on the table into the box", "empty",
     f"[go_to table] [find {{object, all, at table}}] [pick {{object, all, at table}}] {BOX}"),
    ("pick up all the blocks and put them in the box", "many", f"[pick {{block, all}}] {BOX}"),
    ("go to the table, pick up both blocks, go to the shelf and put them down", "many",
     "[go_to table] [pick {block, 2, at table}] [go_to shelf] [place on shelf]"),
    ("find all the cups and bring them to the box", "room", f"[find {{cup, all}}] [pick {{cup, all}}] {BOX}"),
    ("bring me two blocks", "many", "[pick {block, 2}] [hand_over {block} me]"),
    ("throw away all the bottles", "room", "[pick {bottle, all}] [go_to bin] [place in bin]"),
    ("put all the cups and the yellow ball in the box", "room",
     f"[pick {{cup, all}}] {BOX} [go_to {{ball, yellow}}] [pick {{ball, yellow}}] {BOX}"),
    ("put all the cups next to the white bowl", "room",
     "[pick {cup, all}] [go_to side table] [place next_to {bowl, white, at side table}]"),
    ("find two cups", "room", "[find {cup, 2}]"),
    ("find everything on the table", "room", "[find {object, all, at table}]"),
    ("put one cup in the box", "room", f"[go_to table] [pick {{cup, at table}}] {BOX}"),
    ("put one of the cups in the box", "room", f"[go_to table] [pick {{cup, at table}}] {BOX}"),
    ("count all the cups on the table", "room", "[count {cup} table]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "scene", "plan"), GROUPS, ids=[f"{row[0]} - {row[1]}" for row in GROUPS]
)
def test_group(command, scene, plan):
    assert said(command, scene=scene) == plan


def test_several_things_without_a_goal_are_a_question():
    assert said("pick up two blocks").startswith("AMBIGUOUS: Where shall I put the blocks?")
    assert said("pick up two blocks", "in the box") == f"[pick {{block, 2}}] {BOX}"
    asked = said("pick up two blocks and turn left", "the box")
    assert asked == f"[pick {{block, 2}}] {BOX} [turn 1.5708]"


@pytest.mark.parametrize("some", ["some", "a few", "several"])
def test_an_unclear_number_is_a_question(some):
    command = f"put {some} blocks in the box"
    assert said(command).startswith("AMBIGUOUS: How many blocks?")
    assert said(command, "two") == f"[pick {{block, 2}}] {BOX}"
    assert said(command, "all of them") == f"[pick {{block, all}}] {BOX}"
    assert said(command, "lots").startswith("AMBIGUOUS: I did not understand 'lots'. How many")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("go to the cups", "NOT_POSSIBLE"),
        ("look at both cups", "NOT_POSSIBLE"),
        ("put the red cup on the bottles", "NOT_POSSIBLE"),
        ("find zero cups", "NOT_POSSIBLE"),
        ("find one and a half cups", "NOT_UNDERSTOOD"),
        ("find 21 cups", "INVALID_ARGUMENT"),
        ("pick up the red cup and the green block", "INVALID_PLAN"),
    ],
)
def test_refused(command, refusal):
    assert said(command).split(":")[0] == refusal
