# SPDX-License-Identifier: Apache-2.0
"""The files of the language: grammar and lexicon fit each other, and numbers are read right."""

from __future__ import annotations

import logging
from importlib import resources

import lark
import pytest
import yaml

from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import Place, PlaceKind, Scene, SceneObject
from vla_planner.grammar import lexicon, overlay, reading
from vla_planner.grammar.splitting import clean, split
from vla_testing.planner.fixtures import EMPTY

GRAMMAR = (
    resources.files("vla_planner").joinpath("grammar").joinpath("command.lark").read_text("utf-8")
)
DATA = yaml.safe_load(
    resources.files("vla_planner").joinpath("grammar").joinpath("lexicon.yaml").read_text("utf-8")
)
MADE_ELSEWHERE = {"SEP", "ALSO", "NUMBER", "UNKNOWN", "TEXT", "LABEL", "PLACE", "LENGTH", "ANGLE", "TIME"} | {
    "SKILL", "CHOICE", "PARAMETER",
}  # fmt: skip


def test_classes_are_exactly_the_terminals():
    declared = {
        name
        for line in GRAMMAR.splitlines()
        if line.startswith("%declare")
        for name in line.split()[1:]
    }
    assert set(DATA["classes"]) == declared - MADE_ELSEWHERE
    assert declared >= MADE_ELSEWHERE


def test_the_grammar_has_no_conflicts(caplog):
    level = lark.logger.level
    lark.logger.setLevel(logging.DEBUG)
    lark.logger.addHandler(caplog.handler)
    try:
        lark.Lark(
            GRAMMAR,
            parser="lalr",
            lexer=reading._NoLexer,
            start="start",
            maybe_placeholders=False,
            debug=True,
        )
    finally:
        lark.logger.removeHandler(caplog.handler)
        lark.logger.setLevel(level)
    assert "onflict" not in caplog.text


def leaves(value):
    """Every phrase below a part of the lexicon."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_every_phrase_is_a_text_that_the_splitter_gives_back():
    parts = [
        DATA[key]
        for key in ("classes", "fillers", "separators", "labels", "places", "units", "step_units")
    ]
    words = [*leaves(parts), *(word for hint in DATA["hints"] for word in hint["words"])]
    assert len(words) > 500
    for word in words:
        assert isinstance(word, str), f"{word!r}: YAML reads this as something else; quote it"
        assert " ".join(item.text for item in split(clean(word))) == word


def test_no_phrase_twice_in_a_class():
    for name, entries in DATA["classes"].items():
        words = list(leaves(entries))
        assert len(words) == len(set(words)), name


def test_hints_have_codes():
    for hint in DATA["hints"]:
        assert Code[hint["code"]] is not Code.OK


NUMBERS = [
    ("3", 1, 3.0), ("0.5", 1, 0.5), (".5", 1, 0.5), ("1/2", 1, 0.5), ("three", 1, 3.0), ("zero", 1, 0.0),
    ("twenty", 1, 20.0), ("twenty five", 2, 25.0), ("twenty zero", 1, 20.0), ("ninety nine", 2, 99.0),
    ("one hundred", 2, 100.0), ("one hundred and eighty", 4, 180.0), ("one hundred eighty five", 4, 185.0),
    ("two hundred and", 2, 200.0), ("half", 1, 0.5), ("one half", 2, 0.5), ("three quarters", 2, 0.75),
    ("two and a half", 4, 2.5), ("one and a", 1, 1.0), ("one point five", 3, 1.5), ("zero point two five", 4, 0.25),
    ("two point", 1, 2.0), ("couple of", 2, 2.0), ("half a dozen", 3, 6.0), ("1 and a half", 4, 1.5),
    ("hundred", 0, 0.0), ("cup", 0, 0.0), ("1/0", 0, 0.0), ("", 0, 0.0), ("twenty hundred", 1, 20.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "length", "value"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_number(text, length, value):
    words = [word.text for word in split(text)]
    assert lexicon.load().numbers.read(words) == (length, pytest.approx(value))


SPLIT = [
    ("Go, now!", ["go", ",", "now", "!"]),
    ("50cm 1.5m 90°", ["50", "cm", "1.5", "m", "90", "°"]),
    ("twenty-five", ["twenty", "five"]),
    ("-1 1-2", ["-", "1", "1", "-", "2"]),
    ("what’s don't", ["what's", "don't"]),
    ("to the table.", ["to", "the", "table", "."]),
    ("3.", ["3", "."]),
    ("a\x00b\u202ec", ["a", "b", "c"]),
    ("1234567890123", None),
]


@pytest.mark.parametrize(("text", "words"), SPLIT, ids=[repr(row[0]) for row in SPLIT])
def test_split(text, words):
    found = [word.text for word in split(clean(text))]
    if words is None:
        assert not any(lexicon.load().numbers.read([word])[0] for word in found)
    else:
        assert found == words


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("cup", "cups"),
        ("box", "boxes"),
        ("glass", "glasses"),
        ("toy", "toys"),
        ("berry", "berries"),
        ("brush", "brushes"),
    ],
)
def test_plural(word, plural):
    assert lexicon.plural_of(word) == plural


def test_the_scene_adds_its_own_words():
    scene = Scene(
        objects=(
            SceneObject("1", "gear_wheel", (0, 0, 0), "mauve", ("striped",), place="north bench"),
        ),
        places=(Place("north bench", PlaceKind.SURFACE, (0, 0, 0), aliases=("workbench",)),),
    )
    known = overlay.of(lexicon.load(), scene)

    def first(text):
        found = known.candidates(split(text), 0)[0]
        return found.type, found.value

    assert first("north bench") == ("PLACE", ("north bench", "north bench"))
    assert first("workbench") == ("PLACE", ("workbench", "north bench"))
    assert first("gear wheel") == ("LABEL", "gear_wheel")
    assert first("gear wheels") == ("LABEL", "gear_wheel")
    assert first("mauve") == ("ADJ", "mauve")
    assert first("striped") == ("ADJ", "striped")
    assert overlay.of(lexicon.load(), EMPTY).candidates(split("mauve"), 0)[0].type == "UNKNOWN"


def test_a_label_that_is_a_sentence_is_no_name_and_hides_no_command():
    evil = ("cup and then turn left", "red, blue", "a b c d e", "cup. go", "- cup")
    scene = Scene(objects=tuple(SceneObject(label, label, (0, 0, 0), label) for label in evil))
    known = overlay.of(lexicon.load(), scene)
    assert not any(entries for entries in known.phrases.values() if entries[0][1].type == "LABEL")
    assert not any(entries for entries in known.phrases.values() if entries[0][1].type == "ADJ")


def test_numbers_in_names_of_places_may_be_said_in_words():
    scene = Scene(places=(Place("station 2", PlaceKind.SURFACE, (0, 0, 0)),))
    known = overlay.of(lexicon.load(), scene)
    for said in ("station 2", "station two"):
        found = known.candidates(split(said), 0)[0]
        assert (found.type, found.value[1]) == ("PLACE", "station 2")


def test_a_place_of_the_lexicon_that_the_map_lacks_is_known_as_a_place():
    known = overlay.of(lexicon.load(), Scene())
    assert known.places["table"] == ""
    assert overlay.of(lexicon.load(), EMPTY).places["desk"] == "table"


def test_reading_is_bounded():
    known = overlay.of(lexicon.load(), EMPTY)
    text = "take the orange " * 60
    assert isinstance(reading.Reader(text, split(text), known).read(), reading.Stumble)


def test_a_command_of_two_hundred_words_is_read_within_the_bound():
    known = overlay.of(lexicon.load(), EMPTY)
    text = "go to the table and pick up the red cup and put it on the shelf and " * 12 + "wait"
    assert len(split(text)) > 200
    assert not isinstance(reading.Reader(text, split(text), known).read(), reading.Stumble)
    stumble = reading.Reader(text + " zorp", split(text + " zorp"), known).read()
    assert stumble == reading.Stumble(len(split(text)))
