# SPDX-License-Identifier: Apache-2.0
"""Corrections, what is left out, repetitions, and choices between commands."""

from __future__ import annotations

import pytest

from vla_testing.planner.fixtures import ALL_AVAILABLE, SCENE
from vla_testing.planner.plan_notation import PLANNER, said, written

RED = "[go_to table] [pick {cup, red, at table}]"
BLUE = "[go_to shelf] [pick {cup, blue, at shelf}]"

WITHIN = [
    ("pick up the red cup, no, the blue one", BLUE),
    ("pick up the red cup no wait the blue one", BLUE),
    ("pick up the red cup, sorry, blue", BLUE),
    ("pick up the red cup. No, the blue one.", BLUE),
    ("pick up the red cup, wait, the blue one", BLUE),
    ("pick up the cup from the table, no, from the shelf", "[go_to shelf] [pick {cup, at shelf}]"),
    ("turn left, I mean right", "[turn -1.5708]"),
    ("turn left 90 degrees, no, 45", "[turn 0.785398]"),
    ("turn left 90 degrees, no, right", "[turn -1.5708]"),
    ("move 2 meters forward, no, 3 meters", "[move 3 forward]"),
    ("move 2 meters forward, no, 3", "[move 3 forward]"),
    ("move 2 meters forward, make that back", "[move 2 backward]"),
    ("move forward 2 meters, no, a little", "[move 0.15 forward]"),
    ("move forward, no, left 90 degrees", "[turn 1.5708]"),
    ("wait 5 seconds, no, 10", "[wait 10]"),
    ("look left, no, right", "[look_at right]"),
    ("go to the table, sorry, to the shelf", "[go_to shelf]"),
    ("go to the table, no, the shelf", "[go_to shelf]"),
    ("go to the table, actually, turn left", "[turn 1.5708]"),
    ("find the cup on the table, no, on the shelf", "[find {cup, at shelf}]"),
    ("find the cup on the table, no, the shelf", "[find {cup, at shelf}]"),
    ("put the red cup on the shelf, no, in the box", f"{RED} [go_to box] [place in box]"),
    ("put the red cup on the shelf, no, the box", f"{RED} [go_to box] [place in box]"),
    ("put the red cup in the box, I mean the blue one", f"{BLUE} [go_to box] [place in box]"),
    ("bring me the red cup, no, the blue one", f"{BLUE} [hand_over {{cup, blue, at shelf}} me]"),
    ("bring me the red cup, no, to the visitor", f"{RED} [hand_over {{cup, red, at table}} visitor]"),
    ("guide the visitor to the table, no, to the shelf", "[guide visitor shelf]"),
    ("say hello, no, say goodbye", "[say goodbye]"),
    ("turn left and go to the table, no, the shelf", "[turn 1.5708] [go_to shelf]"),
    ("no, turn left",
     "NOT_UNDERSTOOD: There is nothing before it that 'no' or 'I mean' could correct; say the whole command."),
    ("turn left, no, the red cup", "NOT_UNDERSTOOD: I don't know what 'the red cup' should change in 'turn left'."),
    ("find the cup, no, 3 meters", "NOT_UNDERSTOOD: I don't know what '3 meters' should change in 'find the cup'."),
    ("turn left, wait, then turn right", "[turn 1.5708] [wait 5] [turn -1.5708]"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), WITHIN, ids=[row[0] for row in WITHIN])
def test_a_correction_replaces_a_part_of_the_last_clause(command, plan):
    assert said(command) == plan


AFTER = [
    ("no, the blue one", "pick up the red cup", BLUE),
    ("I meant the shelf", "go to the table", "[go_to shelf]"),
    ("sorry, right", "go to the table and turn left", "[turn -1.5708]"),
    ("make that 3 meters", "move forward 2 meters", "[move 3 forward]"),
    ("no, turn right", "turn left", "[turn -1.5708]"),
    ("again", "turn left", "[turn 1.5708]"),
    ("do that again", "go to the table and turn left", "[go_to table] [turn 1.5708]"),
    ("pick up the blue one", "find the red cup", BLUE),
    ("go there", "find a cup on the shelf", "[go_to shelf]"),
    ("look at it", "find the yellow ball", "[look_at {ball, yellow}]"),
    ("again, please", "say hello", "[say hello]"),
    ("do it twice", "turn left", "[turn 1.5708] [turn 1.5708]"),
    ("go back there", "go to the table", "[go_to table]"),
    ("again", "again", "NOT_UNDERSTOOD: There is nothing before it that I could do 'again'."),
]  # fmt: skip


@pytest.mark.parametrize(("command", "previous", "plan"), AFTER, ids=[row[0] for row in AFTER])
def test_a_command_goes_on_with_the_one_before(command, previous, plan):
    assert said(command, previous=previous) == plan


CHAINS = [
    (("turn left", "again", "again"), "[turn 1.5708]"),
    (("pick up the red cup", "no, the blue one", "no, the yellow ball"),
     "[go_to {ball, yellow}] [pick {ball, yellow}]"),
    (("go to the table", "no, the shelf", "no, the bin"), "[go_to bin]"),
    (("put the red cup on the shelf", "no, in the box", "no, the white bowl"),
     "[go_to side table] [pick {bowl, white, at side table}] [go_to box] [place in box]"),
    (("move forward 2 meters", "no, back", "make that 1 meter"), "[move 1 backward]"),
    (("turn left", "no, right", "no, 45 degrees"), "[turn -0.785398]"),
]  # fmt: skip


@pytest.mark.parametrize(("commands", "plan"), CHAINS, ids=[row[0][-1] for row in CHAINS])
def test_what_only_means_something_after_another_can_be_corrected_too(commands, plan):
    previous = None
    for command in commands:
        previous = PLANNER.plan(command, SCENE, ALL_AVAILABLE, previous=previous).plan
    assert written(previous) == plan


@pytest.mark.parametrize("command", ["no, the blue one", "again", "go there", "pick it up"])
def test_with_nothing_before_it_is_not_understood(command):
    assert said(command).startswith("NOT_UNDERSTOOD")


LEFT_OUT = [
    ("go to the table, then the shelf", "[go_to table] [go_to shelf]"),
    ("find the cup and the bowl", "[find {cup}] [find {bowl}]"),
    ("find the cup, then the bowl on the shelf", "[find {cup}] [find {bowl, at shelf}]"),
    ("turn left, then right", "[turn 1.5708] [turn -1.5708]"),
    ("turn left, then 90 degrees right", "[turn 1.5708] [turn -1.5708]"),
    ("move forward 1 meter, then back 50 centimeters", "[move 1 forward] [move 0.5 backward]"),
    ("move forward 1 meter, then left 90 degrees", "[move 1 forward] [turn 1.5708]"),
    ("look left, then right", "[look_at left] [look_at right]"),
    ("wait 2 seconds, then 5 seconds", "[wait 2] [wait 5]"),
    ("describe the table and the shelf", "[describe table] [describe shelf]"),
    ("put the red cup in the box and the blue one on the table",
     f"{RED} [go_to box] [place in box] {BLUE} [go_to table] [place on table]"),
    ("bring me the red cup, then the blue one",
     f"{RED} [hand_over {{cup, red, at table}} me] {BLUE} [hand_over {{cup, blue, at shelf}} me]"),
    ("go forward and back", "[move 0.5 forward] [move 0.5 backward]"),
    ("look up, then down", "[look_at up] [look_at down]"),
    ("fetch the red cup and put it in the box", f"{RED} [go_to box] [place in box]"),
    ("forward one meter", "[move 1 forward]"),
    ("left 90 degrees", "[turn 1.5708]"),
    ("back 20 cm", "[move 0.2 backward]"),
    ("backward", "[move 0.5 backward]"),
    ("two steps to the left", "[move 0.8 left]"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), LEFT_OUT, ids=[row[0] for row in LEFT_OUT])
def test_a_verb_may_be_left_out(command, plan):
    assert said(command) == plan


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("the red cup", "'the red cup'"),
        ("table", "'table'"),
        ("find the cup, then to the shelf", "'to the shelf'"),
        ("turn left, then red", "'red'"),
        ("go to the table wait at the shelf", "'at the shelf'"),
        ("12", "'12'"),
    ],
)
def test_without_a_verb_to_repeat_it_is_not_understood(command, word):
    assert said(command).startswith("NOT_UNDERSTOOD")
    assert word in said(command)


def test_back_after_going_somewhere_is_a_question():
    assert said("go to the shelf and back").startswith("AMBIGUOUS: Shall I drive backward")
    assert said("go to the shelf and back", "the table") == "[go_to shelf] [go_to table]"
    assert said("go forward and back") == "[move 0.5 forward] [move 0.5 backward]"


def test_a_side_alone_is_a_question():
    assert said("left").startswith("AMBIGUOUS: Shall I turn or move left?")
    assert said("left", "turn") == "[turn 1.5708]"
    assert said("left", "move") == "[move 0.5 left]"


REPEATED = [
    ("turn left twice", "[turn 1.5708] [turn 1.5708]"),
    ("go to the table twice", "[go_to table] [go_to table]"),
    ("turn right and say hi 3 times", "[turn -1.5708] [say hi] [say hi] [say hi]"),
    ("turn left, twice", "[turn 1.5708] [turn 1.5708]"),
    ("turn left and do that again", "[turn 1.5708] [turn 1.5708]"),
    ("turn left, do that twice", "[turn 1.5708] [turn 1.5708]"),
    ("turn left once", "[turn 1.5708]"),
    ("turn left 11 times", "NOT_POSSIBLE: I can repeat something up to 10 times, not 11 times."),
    ("turn left 0 times", "NOT_POSSIBLE: I can repeat something up to 10 times, not 0 times."),
    ("turn left half times", "NOT_POSSIBLE: I can repeat something up to 10 times, not 0.5 times."),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), REPEATED, ids=[row[0] for row in REPEATED])
def test_how_often(command, plan):
    assert said(command) == plan


def test_what_to_do_again_is_asked_when_it_could_be_two_things():
    command = "turn left, go to the table, and do that again"
    assert said(command).startswith("AMBIGUOUS: What shall I do again?")
    assert said(command, "go to the table") == "[turn 1.5708] [go_to table]"
    assert said(command, "everything").count("[turn 1.5708]") == 2


def test_a_choice_between_commands_is_a_question():
    assert said("turn left or right").startswith("AMBIGUOUS")
    assert said("turn left or right", "right") == "[turn -1.5708]"
    assert said("go to the table or wait", "the first") == "[go_to table]"
    assert said("turn left or right", "both").startswith("AMBIGUOUS: I did not understand 'both'.")
    assert said("turn left or right", "neither").startswith("NOT_CONFIRMED")


TOGETHER = [
    ("turn left and at the same time say hello", "[turn 1.5708] [say hello, together]"),
    ("turn left and say hello at the same time", "[turn 1.5708] [say hello, together]"),
    ("say hello and at the same time look left", "[say hello] [look_at left, together]"),
    ("say hello at the same time", "NOT_UNDERSTOOD: I don't know what that should happen at the same time as."),
]  # fmt: skip


@pytest.mark.parametrize(("command", "plan"), TOGETHER, ids=[row[0] for row in TOGETHER])
def test_at_the_same_time(command, plan):
    assert said(command) == plan
