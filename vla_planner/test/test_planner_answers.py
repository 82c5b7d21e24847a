# SPDX-License-Identifier: Apache-2.0
"""Questions and what answers to them mean."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.core.backend import AmbiguousError
from vla_planner.grammar import lexicon, overlay
from vla_planner.meaning.answers import Asker, Choice, SeveralMeantError
from vla_testing.planner.fixtures import ALL_AVAILABLE, SCENE
from vla_testing.planner.plan_notation import PLANNER, said

KNOWN = overlay.of(lexicon.load(), SCENE)
CUPS = ["red cup", "blue cup", "small green cup"]
PLACES = ["table", "side table", "bin"]
LENGTHS = ["2 meters", "2 centimeters"]

UNDERSTOOD = [
    (CUPS, "red", 0), (CUPS, "the red one", 0), (CUPS, "blue cup please", 1), (CUPS, "I mean the blue one", 1),
    (CUPS, "the small one", 2), (CUPS, "green", 2), (CUPS, "the little green mug", 2), (CUPS, "red cup", 0),
    (CUPS, "the second", 1), (CUPS, "second one", 1), (CUPS, "2", 1), (CUPS, "two", 1), (CUPS, "number three", 2),
    (CUPS, "the last one", 2), (CUPS, "first", 0), (CUPS, "one", 0), (CUPS, "any", 0), (CUPS, "I don't care", 0),
    (CUPS, "Either one!", 0), (PLACES, "table", 0), (PLACES, "on the side table", 1), (PLACES, "the trash", 2),
    (LENGTHS, "meters", 0), (LENGTHS, "cm", 1), (LENGTHS, "two metres", 0), (["forward", "backward"], "backwards", 1),
    (["forward", "backward"], "back", 1), (["left", "right"], "to the right please", 1),
    (["turn left", "move left"], "move", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("choices", "answer", "index"), UNDERSTOOD, ids=[f"{row[1]} of {row[0][0]}" for row in UNDERSTOOD]
)  # fmt: skip
def test_an_answer_names_a_choice(choices, answer, index):
    assert Asker((("Which?", answer),), KNOWN).choose("Which?", choices) == index


@pytest.mark.parametrize(
    ("choices", "answer"),
    [
        (CUPS, "the fourth"), (CUPS, "cup"), (CUPS, "zorp"), (CUPS, "not the red one"), (CUPS, "red or blue"),
        (CUPS, "the red bowl"), (CUPS, ""), (CUPS, "left"), (CUPS, "0"), (CUPS, "1.5"), (LENGTHS, "2"),
        (CUPS, "the one"),
        (CUPS, "both"), (CUPS, "yes"),
    ],
)  # fmt: skip
def test_what_names_none_is_asked_again(choices, answer):
    with pytest.raises(AmbiguousError) as error:
        Asker((("Which?", answer),), KNOWN).choose("Which?", choices)
    assert error.value.question.startswith("I did not understand '")
    assert error.value.question.endswith("'. Which?")
    assert error.value.choices == tuple(choices)


def test_the_answer_to_a_question_that_was_asked_again():
    answers = (("Which?", "zorp"), ("I did not understand 'zorp'. Which?", "blue"))
    assert Asker(answers, KNOWN).choose("Which?", CUPS) == 1


def test_the_answer_to_another_question_is_not_taken():
    with pytest.raises(AmbiguousError) as error:
        Asker((("Where?", "red"),), KNOWN).choose("Which?", CUPS)
    assert error.value.question == "Which?"


@pytest.mark.parametrize("answer", ["never mind", "None of them.", "no", "cancel", "no thanks"])
def test_none_of_it_ends_the_command(answer):
    with pytest.raises(VlaError) as error:
        Asker((("Which?", answer),), KNOWN).choose("Which?", CUPS)
    assert error.value.code is Code.NOT_CONFIRMED


@pytest.mark.parametrize(
    ("answer", "quantity"), [("both", "2"), ("all of them", "all"), ("all", "all")]
)
def test_all_of_them(answer, quantity):
    with pytest.raises(SeveralMeantError) as error:
        Asker((("Which?", answer),), KNOWN).choose("Which?", CUPS, several=True)
    assert error.value.quantity == quantity


@pytest.mark.parametrize(
    ("answer", "index"),
    [("left", 2), ("the one on the right", 0), ("the middle one", 1), ("leftmost", 2)],
)
def test_sides(answer, index):
    choices = [Choice("a", (), -0.5), Choice("b", (), 0.0), Choice("c", (), 0.5)]
    assert Asker((("Which?", answer),), KNOWN).choose("Which?", choices) == index


def test_sides_that_are_not_known_or_the_same_are_no_answer():
    for choices in (
        [Choice("a"), Choice("b", (), 0.1)],
        [Choice("a", (), 0.1), Choice("b", (), 0.1)],
    ):
        with pytest.raises(AmbiguousError):
            Asker((("Which?", "left"),), KNOWN).choose("Which?", choices)


def test_what_else_is_true_of_a_choice_counts_too():
    choices = [Choice("red cup", ("table",)), Choice("blue cup", ("shelf",))]
    assert Asker((("Which?", "the cup on the shelf"),), KNOWN).choose("Which?", choices) == 1


WHOLE = [
    ("pick up the cup", ("the blue one",), {}, "[go_to shelf] [pick {cup, blue, at shelf}]"),
    ("pick up the cup", ("the one on the table",), {}, "[go_to table] [pick {cup, red, at table}]"),
    ("pick up the red cup", ("the left one",), {"scene": "twins"},
     "[go_to table] [pick {cup, red, at table, id cup_1}]"),
    ("pick up the block", ("middle",), {"scene": "many"}, "[go_to table] [pick {block, at table, id block_2}]"),
    ("pick up the red cup", ("shelf",), {"scene": "many"}, "[go_to shelf] [pick {cup, red, at shelf}]"),
    ("put the cup in the box", ("both",), {}, "[pick {cup, 2}] [go_to box] [place in box]"),
    ("put the cup next to the bottle", ("red", "the small one"), {},
     "[go_to table] [pick {cup, red, at table}] [go_to shelf] [place next_to {bottle, small, green, at shelf}]"),
    ("put it down", ("on the shelf",), {"holding": "red cup"}, "[go_to shelf] [place on shelf]"),
    ("turn 90 degrees", ("right",), {}, "[turn -1.5708]"),
    ("turn left 2", ("radians",), {}, "[turn 2]"),
    ("wait 10", ("seconds",), {}, "[wait 10]"),
    ("go back", ("the table",), {}, "[go_to table]"),
    ("go to x 1 y 2", ("90 degrees",), {}, "[go_to (1, 2, 1.5708)]"),
    ("pick up the cup", ("hm", "blue"), {}, "[go_to shelf] [pick {cup, blue, at shelf}]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "answers", "more", "plan"), WHOLE, ids=[f"{row[0]} - {row[1]}" for row in WHOLE]
)
def test_an_answer_completes_the_plan(command, answers, more, plan):
    assert said(command, *answers, **more) == plan


def test_both_where_one_is_wanted():
    assert said("go to the cup", "both").startswith("NOT_POSSIBLE")
    assert said("put the red cup next to the bottle", "both").startswith("NOT_POSSIBLE")


def test_all_of_the_things_that_were_asked_about_and_no_others():
    plan = said("put the green block and the cup in the box", "both")
    assert plan.startswith("[go_to table] [pick {block, green, at table}]")
    assert plan.endswith("[pick {cup, 2}] [go_to box] [place in box]")


def test_every_question_has_choices():
    for command in (
        "turn",
        "move",
        "left",
        "pick up the cup",
        "pick up two blocks",
        "turn left 2",
        "go back",
    ):
        outcome = PLANNER.plan(command, SCENE, ALL_AVAILABLE)
        assert outcome.question.endswith("?"), command
        assert len(outcome.choices) >= 2, command
