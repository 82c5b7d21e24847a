# SPDX-License-Identifier: Apache-2.0
"""The model of word sequences: what the grammar says, as often as it says it."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from vla_speech.recognition.command_grammar import make_grammar, punctuated
from vla_speech.recognition.command_model import UNKNOWN, WordModel, model_of, sample
from vla_speech.recognition.recognizer import Vocabulary

GRAMMAR = """#JSGF V1.0;
grammar g;
public <g> = /3/ go <where> | /1/ stop;
<where> = (left | right) [now] | home (again)*;
"""


def grams(text: str) -> dict[tuple[str, ...], float]:
    """n-gram -> probability, as the decoder reads them."""
    out = {}
    for line in text.splitlines():
        parts = line.split("\t")
        if len(parts) >= 2:
            out[tuple(parts[1].split())] = 10 ** float(parts[0])
    return out


def test_samples_are_sentences_of_the_grammar_as_often_as_their_weights_say():
    found = Counter(" ".join(words) for words in sample(GRAMMAR, random.Random(1), 4000))
    assert set(found) >= {"stop", "go left", "go right now", "go home", "go home again"}
    allowed = {"stop", "go left", "go right", "go left now", "go right now"}
    assert all(text in allowed or text.startswith("go home") for text in found)
    assert found["stop"] / 4000 == pytest.approx(0.25, abs=0.05)


def test_probabilities_after_each_word_add_up():
    known = grams(model_of(GRAMMAR, sentences=500).arpa())
    vocabulary = {gram[0] for gram in known if len(gram) == 1 and gram != ("<s>",)}
    assert sum(known[(word,)] for word in vocabulary) == pytest.approx(1.0, abs=0.01)
    assert known[("<s>", "go")] > 2 * known[("<s>", "stop")]
    assert ("go", "stop") not in known
    # What follows "go" and was seen, and the share that is kept for what was not.
    seen = sum(value for gram, value in known.items() if gram[:1] == ("go",) and len(gram) == 2)
    assert 0.9 < seen < 1.0


def test_the_header_counts_what_is_there():
    text = WordModel([["go", "left"], ["stop"]]).arpa()
    known = grams(text)
    for size in (1, 2, 3):
        assert f"ngram {size}={sum(len(gram) == size for gram in known)}" in text
    assert all(math.isfinite(value) for value in known.values())


def test_what_was_never_said_is_as_likely_as_its_parts():
    model = WordModel([["go", "left", "now"], ["go", "right"], ["stop"]])
    assert model.probability(("go", "left")) > model.probability(("stop", "left")) > 0.0
    assert model.probability(("left", "go", "stop")) > 0.0
    assert model.probability(("go", "nowhere")) == 0.0
    assert model.begins("go") and not model.begins("left") and not model.begins("nowhere")
    usual, strange = (
        model.log_probability(text.split()) for text in ("go left now", "now go left")
    )
    assert usual > strange
    assert model.log_probability(["nowhere"]) < UNKNOWN
    assert math.exp(model.log_probability(["stop"])) == pytest.approx(
        model.probability(("<s>", "stop")) * model.probability(("<s>", "stop", "</s>"))
    )


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        (
            "go to the table find a red object and pick it up",
            "go to the table, find a red object and pick it up",
        ),
        ("turn around and go to the table", "turn around and go to the table"),
        ("please turn left", "please turn left"),
        ("pick up the red cup", "pick up the red cup"),
        ("turn left forty degrees move forward", "turn left forty degrees, move forward"),
    ],
)
def test_clauses_are_set_apart_as_the_planner_wants_it(heard, wanted):
    assert punctuated(heard) == wanted


def test_an_unknown_rule_is_an_error():
    with pytest.raises(KeyError):
        model_of("public <g> = <nowhere>;", sentences=1)


def test_the_commands_of_a_world_name_its_places_more_often_than_others():
    grammar = make_grammar(Vocabulary(places=("shelf",), objects=("cup",)))
    words = Counter(word for text in sample(grammar.jsgf, random.Random(0), 3000) for word in text)
    assert words["shelf"] > 10 * words["kitchen"]
    assert words["cup"] > 10 * words["shoe"]
    assert grammar.others and not grammar.others & {"cup", "shelf", "go", "table"}
