# SPDX-License-Identifier: Apache-2.0
"""The lexicon: which words and phrases belong to which class of the grammar, from lexicon.yaml.

Decides nothing about the order of words; that is the grammar's (`reading`). What is special for one scene and one
catalogue of skills is added by `overlay`, so the file is read once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from vla_common.contracts.outcomes import Code
from vla_planner.grammar.number_words import NumberWords
from vla_planner.grammar.splitting import Word

_UNIT_CLASSES = ("LENGTH", "ANGLE", "TIME")
_SENTENCE_ENDS = ".;!?"


@dataclass(frozen=True)
class Candidate:
    """One way to read the words from some position on. type: a terminal of the grammar, None: leave them out.

    gerund: "bringing", which is only a verb after "would you mind".
    """

    type: str | None
    value: Any
    length: int
    plural: bool = False
    gerund: bool = False


@dataclass(frozen=True)
class Hint:
    """What to say about a word that is known but not carried out."""

    code: Code
    sentence: str


@dataclass(frozen=True)
class AnswerWords:
    """What answers are made of. ordinals count from 1, from the end when negative; sides: left, right, middle."""

    none: frozenset[str]
    any: frozenset[str]
    all: frozenset[str]
    ignored: frozenset[str]
    ordinals: Mapping[str, int]
    sides: Mapping[str, str]


Phrases = dict[str, list[tuple[tuple[str, ...], Candidate]]]


def plural_of(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def gerund_of(verb: str) -> str:
    """ "bring" -> "bringing", "take" -> "taking"; doubled letters are in the file."""
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return verb + "ing"


@dataclass(frozen=True)
class Lexicon:
    """The data of lexicon.yaml, made ready for look-up. Immutable; share it."""

    phrases: Phrases
    numbers: NumberWords
    weak: frozenset[tuple[str, ...]]
    strong: frozenset[tuple[str, ...]]
    hints: Mapping[str, Hint]
    labels: frozenset[str]
    label_words: Mapping[str, tuple[str, bool]]
    label_readings: Mapping[str, tuple[tuple[str, bool], ...]]
    """As `label_words`, with every reading of a word: "glasses" are several of one kind, or another kind."""
    words_of_label: Mapping[str, tuple[str, ...]]
    plurals: Mapping[str, str]
    own_parts: frozenset[str]
    place_words: Mapping[str, tuple[str, ...]]
    disposal: tuple[str, ...]
    bare_floor: frozenset[str]
    inward: frozenset[str]
    times: frozenset[str]
    imperatives: frozenset[str]
    after_verbs: frozenset[str]
    greetings: frozenset[str]
    answers: AnswerWords

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Lexicon:
        phrases: Phrases = {}
        for name, entries in data["classes"].items():
            items = entries.items() if isinstance(entries, dict) else [(name.lower(), entries)]
            for value, words in items:
                add_all(phrases, words, name, value)
                if name in data["verbs"]:
                    _add_gerunds(phrases, words, name, value, data["gerunds"])
        label_words: dict[str, tuple[str, bool]] = {}
        label_readings: dict[str, list[tuple[str, bool]]] = {}
        for label, words in data["labels"].items():
            for word in words:
                plural = data["plurals"].get(word) or plural_of(word)
                label_words[word] = (label, False)
                label_words.setdefault(plural, (label, True))
                label_readings.setdefault(word, []).append((label, False))
                if plural != word:
                    label_readings.setdefault(plural, []).append((label, True))
        for word, (label, plural) in label_words.items():
            add(phrases, word, Candidate("LABEL", label, 0, plural))
        for name in _UNIT_CLASSES:
            for factor, words in data["units"][name].items():
                add_all(phrases, words, name, float(factor))
        add_all(phrases, data["step_units"], "LENGTH", "step")
        for word in data["fillers"]:
            add(phrases, word, Candidate(None, "", 0))
        longest_first(phrases)
        hints = {
            word: Hint(Code[entry["code"]], entry["say"])
            for entry in data["hints"]
            for word in entry["words"]
        }
        return cls(
            phrases=phrases,
            numbers=NumberWords.from_data(data["numbers"]),
            weak=frozenset(tuple(word.split()) for word in data["separators"]["weak"]),
            strong=frozenset(tuple(word.split()) for word in data["separators"]["strong"]),
            hints=hints,
            labels=frozenset(data["labels"]),
            label_words=label_words,
            label_readings={word: tuple(found) for word, found in label_readings.items()},
            words_of_label={label: tuple(words) for label, words in data["labels"].items()},
            plurals=data["plurals"],
            own_parts=frozenset(data["own_parts"]),
            place_words={name: tuple(words) for name, words in data["places"].items()},
            disposal=tuple(data["disposal"]),
            bare_floor=frozenset(data["bare_floor"]),
            inward=frozenset(data["inward"]),
            times=frozenset(data["times"]),
            imperatives=frozenset(data["imperatives"]),
            after_verbs=frozenset(data["after_verbs"]),
            greetings=frozenset(data["greetings"]),
            answers=_answer_words(data["answers"]),
        )

    def plural(self, word: str) -> str:
        return self.plurals.get(word) or plural_of(word)

    def separator(self, words: Sequence[Word], start: int) -> tuple[int, bool, bool]:
        """The run of separators from start on: length (0: none), whether all of it is weak, whether a sentence ends."""
        index, weak, ends = start, True, False
        while index < len(words):
            length, is_weak = self._one_separator(words, index)
            if not length:
                break
            if words[index].is_separator:
                ends = ends or any(char in _SENTENCE_ENDS for char in words[index].text)
            index, weak = index + length, weak and is_weak
        return index - start, weak, ends

    def _one_separator(self, words: Sequence[Word], index: int) -> tuple[int, bool]:
        word = words[index]
        if word.is_separator:
            return 1, word.text == ","
        for length in (4, 3, 2, 1):
            key = tuple(item.text for item in words[index : index + length])
            if len(key) != length:
                continue
            if key == ("next",) and index + 1 < len(words) and words[index + 1].text == "to":
                return 0, False
            if key in self.strong or key in self.weak:
                return length, key in self.weak
        return 0, False


@functools.lru_cache(maxsize=1)
def load() -> Lexicon:
    """The lexicon of the package, read once."""
    text = (
        resources.files("vla_planner")
        .joinpath("grammar")
        .joinpath("lexicon.yaml")
        .read_text("utf-8")
    )
    return Lexicon.from_data(yaml.safe_load(text))


def _answer_words(data: Mapping[str, Any]) -> AnswerWords:
    return AnswerWords(
        none=frozenset(data["none"]),
        any=frozenset(data["any"]),
        all=frozenset(data["all"]),
        ignored=frozenset(data["ignored"]),
        ordinals={word: value for value, words in data["ordinals"].items() for word in words},
        sides={word: side for side, words in data["sides"].items() for word in words},
    )


def _add_gerunds(
    phrases: Phrases, words: Iterable[str], kind: str, value: Any, special: Mapping[str, str]
) -> None:
    for text in words:
        first, *rest = text.split()
        ing = special.get(first) or gerund_of(first)
        add(phrases, " ".join([ing, *rest]), Candidate(kind, value, 0, gerund=True))


def add_all(phrases: Phrases, words: Iterable[str], kind: str, value: Any) -> None:
    for word in words:
        add(phrases, word, Candidate(kind, value, 0))


def add(phrases: Phrases, text: str, candidate: Candidate) -> None:
    """Enter one phrase; the candidate gets its length."""
    parts = tuple(text.split())
    if not parts:
        return
    sized = Candidate(
        candidate.type, candidate.value, len(parts), candidate.plural, candidate.gerund
    )
    entries = phrases.setdefault(parts[0], [])
    if (parts, sized) not in entries:
        entries.append((parts, sized))


def longest_first(phrases: Phrases) -> None:
    for entries in phrases.values():
        entries.sort(key=lambda entry: -len(entry[0]))


def iter_words(lexicon: Lexicon) -> Iterator[str]:
    """Every phrase of the file, for tests and for a recogniser's vocabulary."""
    for entries in lexicon.phrases.values():
        for parts, candidate in entries:
            if not candidate.gerund:
                yield " ".join(parts)
