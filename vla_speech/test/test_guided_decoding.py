# SPDX-License-Identifier: Apache-2.0
"""Which wording is taken, and what is no command."""

from __future__ import annotations

import pytest

from vla_speech.recognition.command_model import WordModel
from vla_speech.recognition.guided_decoding import (
    Command,
    Hypothesis,
    believable,
    clauses,
    left_out,
    likeliest,
    made_up,
    may_echo,
    once,
    plain_words,
    too_fast,
)
from vla_speech.recognition.recognizer import Vocabulary
from vla_speech.recognition.whisper.whisper_guide import PROMPT, make_guide

MODEL = WordModel(
    [
        text.split()
        for text in ("go to the shelf", "go to the table", "pick up the cup", "turn left")
    ]
    * 20
)


def hypotheses(*pairs):
    return [Hypothesis(text, sureness, len(text.split()) + 1) for text, sureness in pairs]


def test_the_usual_wording_wins_where_both_explain_the_sound():
    found = likeliest(hypotheses(("go turn the shelf", -0.2), ("go to the shelf", -0.3)), MODEL)
    assert found is not None and found.words == ("go", "to", "the", "shelf")


def test_a_command_begins_as_commands_do():
    assert likeliest(hypotheses(("to the table go left", -0.1)), MODEL) is None
    found = likeliest(hypotheses(("and turn left", -0.1), ("turn left", -0.6)), MODEL)
    assert found is not None and found.text == "turn left"


def test_the_sound_wins_where_both_are_usual():
    found = likeliest(hypotheses(("go to the table", -0.9), ("go to the shelf", -0.1)), MODEL)
    assert found is not None and found.words[-1] == "shelf"


def test_a_longer_wording_does_not_lose_for_being_longer():
    found = likeliest(hypotheses(("turn left", -0.9), ("go to the table, turn left", -0.15)), MODEL)
    assert found is not None and len(found.words) == 6


@pytest.mark.parametrize("texts", [(), ("",), (" , ",)])
def test_nothing_is_no_wording(texts):
    found = likeliest(hypotheses(*((text, -0.1) for text in texts)), MODEL)
    assert found is None and not believable(found, Hypothesis("hello", -0.1, 2))


@pytest.mark.parametrize(
    ("words", "sureness", "free", "free_sureness", "is_one"),
    [
        ("go to the shelf", -0.1, "Go to the shelf.", -0.2, True),
        ("go to the shelf", -0.4, "Go turn the shell", -0.5, True),
        # sounds like nothing of the kind
        ("go to the shelf", -1.6, "let us meet at the station", -0.1, False),
        # free words explain it better
        ("go to the shelf", -0.7, "goats at the shelter", -0.1, False),
        # more was said than the command has
        ("turn left", -0.2, "the page that I turned fell left", -0.6, False),
        # it got stuck in the middle
        ("turn left go to the table go to the table", -0.3, "so to the table then", -0.6, False),
        # nobody says such a thing
        ("shelf to left cup", -0.1, "shelves to the left cut", -0.6, False),
    ],
)
def test_what_is_a_command(words, sureness, free, free_sureness, is_one):
    found = likeliest(hypotheses((words, sureness)), MODEL)
    assert believable(found, Hypothesis(free, free_sureness, 5)) is is_one


def test_an_unusual_command_has_to_be_heard_word_for_word():
    command = Command("pick up the gizmo", -0.2, -3.8)
    assert believable(command, Hypothesis("Pick up the gizmo.", -0.3, 6))
    assert not believable(command, Hypothesis("Pick up the gizmos.", -0.3, 6))
    never = Command("don't stop", -0.1, -6.0)
    assert not believable(never, Hypothesis("Don't stop.", -0.1, 4))


@pytest.mark.parametrize(
    ("command", "free", "words"),
    [
        (
            "put the red cup on the table",
            "I put the red cup on the table yesterday.",
            "i yesterday",
        ),
        ("turn left at the corner", "He turned left at the corner.", "he"),
        ("go to the table", "She said go to the table and wait for him.", "she said wait for him"),
        ("turn left", "Do not turn left.", "do not"),
        ("put it on the table", "Put it not on the table.", "not"),
        ("go to the table", "Nobody go to the table", "nobody"),
        # polite words, and words that sound similar, are no loss
        ("go to the table", "Please go to the table now.", ""),
        ("go to the shelf", "Go turn the shell", ""),
        ("pick up the red cup", "Um, pick up a red cup, please", ""),
        ("go to the table, turn left", "Go to the table and turn left", ""),
        ("turn right ninety degrees", "Turn right 90 degrees.", ""),
        ("turn left", "", ""),
        ("turn left", "Nothing of the kind", "nothing"),
    ],
)
def test_what_a_command_leaves_out_of_what_was_said(command, free, words):
    heard = once(plain_words(free))
    places = left_out(Command(command, -0.1, -1.0), Hypothesis(free, -0.1, 9))
    assert [heard[place] for place in places] == words.split()


@pytest.mark.parametrize(
    ("command", "free", "is_made_up"),
    [
        ("turn left", "Left.", True),
        ("take a yellow box and put it next to the bowl", "Left.", True),
        ("go to the table and turn around", "Go to the table", True),
        ("turn left up", "Turn left.", True),
        ("go to the table", "Go table", False),
        ("turn left", "Turned left", False),
        ("pick up the cup", "Pick the cup", False),
    ],
)
def test_a_command_has_no_words_that_nobody_heard(command, free, is_made_up):
    heard = Hypothesis(free, -0.1, 9)
    assert made_up(Command(command, -0.1, -1.0), heard) is is_made_up
    assert not (is_made_up and believable(Command(command, -0.1, -1.0), heard))


def test_what_was_shown_first_may_be_an_echo():
    assert may_echo("take a yellow box and put it next to the bowl", PROMPT)
    assert may_echo("Drive to the door.", PROMPT) and may_echo("floor", PROMPT)
    assert not may_echo("turn left", PROMPT) and not may_echo("", PROMPT)
    assert not may_echo("drive to the shelf", "look at the door") and not may_echo("left", "")


def test_nobody_says_a_sentence_in_the_time_of_a_word():
    assert too_fast("take a yellow box and put it next to the bowl", 0.9)
    assert not too_fast("take a yellow box and put it next to the bowl", 2.0)
    assert not too_fast("turn right 90 degrees", 1.0) and not too_fast("stop", 0.3)


def test_confidence_falls_with_doubt_and_is_even_where_commands_begin_to_be_wrong():
    sure, even, doubtful = (
        likeliest(hypotheses(("turn left", s)), MODEL).confidence for s in (-0.1, -0.9, -1.3)
    )
    assert 1.0 > sure > 0.9 and even == pytest.approx(0.5) and 0.0 < doubtful < 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" Don’t stop, please!", "don't stop please"),
        ("turn right 90 degrees", "turn right ninety degrees"),
        ("45, 0, 11, 100, 117", "forty five zero eleven one hundred one hundred seventeen"),
        ("1000 200 2nd", "1000 200 2nd"),
    ],
)
def test_plain_words(text, words):
    assert plain_words(text) == tuple(words.split())


def test_a_comma_sets_commands_apart_and_nothing_else():
    assert clauses("go to the table, turn left, slowly, 90 degrees") == [
        ("go", "to", "the", "table"),
        ("turn", "left", "slowly", "ninety", "degrees"),
    ]
    found = likeliest(
        hypotheses(("go to the table, turn left", -0.1), ("go to the table", -0.6)), MODEL
    )
    assert found is not None and found.text == "go to the table, turn left"
    assert found.usual > -2.0


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        ("turn left turn left turn", "turn left"),
        ("stop stop stop", "stop"),
        ("go to the table and go to the shelf", "go to the table and go to the shelf"),
        ("", ""),
    ],
)
def test_a_recognizer_that_got_stuck_is_heard_once(heard, wanted):
    assert once(heard.split()) == tuple(wanted.split())
    stuck = Hypothesis("Turn left. Turn left. Turn left.", -0.01, 12)
    assert believable(likeliest(hypotheses(("turn left", -0.8)), MODEL), stuck)


def test_what_is_shouted_several_times_is_said_once():
    for text in ("turn left turn left turn left", "turn left, turn left"):
        found = likeliest(hypotheses((text, -0.2)), MODEL)
        assert found is not None and found.text == "turn left" and found.usual > -2.0


def encode(text):
    """One token for each letter."""
    return [ord(letter) for letter in text]


def test_the_guide_allows_this_worlds_words_and_knows_stop_words():
    world = Vocabulary(places=("pantry",), objects=("gizmo",))
    guide = make_guide(world, "computer", ("stop", "don't move"), encode, range(128), 0)
    assert not {0, ord(","), ord("'"), *map(ord, "gizmo pantry computer")} & set(guide.suppressed)
    assert {ord("#"), ord("X")} <= set(guide.suppressed)

    def usual(text):
        words = text.split()
        return guide.model.log_probability(words) / (len(words) + 1)

    # A word that no dictionary knows is among them, as are the stop words that were configured.
    assert usual("pick up the gizmo") > usual("pick up the shoe")
    assert usual("don't move") > -3.0 > usual("don't stop")
    assert usual("computer go to the pantry") > -3.0
