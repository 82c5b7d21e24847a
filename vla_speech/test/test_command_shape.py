# SPDX-License-Identifier: Apache-2.0
"""Which sentences are worded as commands are, whatever the planner makes of them."""

from __future__ import annotations

import pytest

from vla_speech.recognition.command_grammar import load_lexicon
from vla_speech.recognition.command_shape import CommandShape
from vla_speech.recognition.guided_decoding import plain_words
from vla_speech.recognition.recognizer import Vocabulary


@pytest.fixture(scope="module")
def shape():
    world = Vocabulary(("table", "pantry"), ("cup", "gizmo"), ("wave", "tidy_up"))
    return CommandShape(load_lexicon(), world, "hey computer")


@pytest.mark.parametrize(
    "text",
    [
        "Go forward ten meters.",
        "go forward three kilometers",
        "Pick up the purple elephant.",
        "please bring me the remote control",
        "could you go to the garage, please",
        "hey computer fetch the spanner",
        "okay robot, now find my phone",
        "open the door",
        "clean the table",
        "wave",  # a skill, but one word
        "tidy up the pantry",
        "How many gizmos are on the table?",
        "what do you see",
        "where is the cup",
        "is there a bottle on the table",
        "if there is a cup on the table, bring it to the pantry",
        "turn left and then drive to the pantry",
        "say I am hungry",
        "come here",
        "follow that person",
    ],
)
def test_commands(shape, text):
    assert shape.fits(plain_words(text)) is (text != "wave")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "left",
        "go",
        "stop",
        "I put the red cup on the table yesterday",
        "put the cup on the table, he said",
        "you should have seen his face",
        "what time does the train leave",
        "have you heard what happened at work today",
        "do not turn left",
        "go on until I say stop",
        "the cat is sleeping on the sofa",
        "on the table",
        "my brother plays the guitar in a band",
        "let us order pizza tonight",
        "there was a long line in front of the museum",
        "would you like some more soup",
        "thank you very much",
    ],
)
def test_other_sentences(shape, text):
    assert not shape.fits(plain_words(text))
