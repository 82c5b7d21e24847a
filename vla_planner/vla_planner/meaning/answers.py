# SPDX-License-Identifier: Apache-2.0
"""Answers: questions to the person, and what the answers mean.

Every question that planning may ask goes through `Asker`: without an answer it is an AmbiguousError, with one the
answer's choice. An answer names a choice by what tells it apart, by number or order, or by side; what it can't mean
is asked again. Nothing is decided here that was not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn, TypeVar

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.core.backend import AmbiguousError
from vla_planner.core.words import quoted
from vla_planner.grammar import lexicon
from vla_planner.grammar.meaning import Thing
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import clean, split

T = TypeVar("T")
_TELLING = frozenset(
    {"ADJ", "LABEL", "PLACE", "SIDE", "LINE", "BACK", "RANK", "NUMBER", "LENGTH", "ANGLE", "TIME", "GO", "TURN"}
)  # fmt: skip
"""Word classes whose meaning may tell choices apart, so that "backwards" is "backward"."""
_SAME_SIDE = 1e-3
_MANNERS = frozenset({"please", "robot", "well", "oh", "um", "uh"})


def declines(answer: str) -> bool:
    """Whether an answer calls the command off: "never mind", "no thanks"."""
    words = [word.text for word in split(clean(answer)) if not word.is_separator]
    kept = [word for word in words if word not in _MANNERS] or words
    return " ".join(kept) in lexicon.load().answers.none


@dataclass(frozen=True)
class Choice:
    """text: as offered; also: other words that are true of it; bearing_rad: from the robot, left positive."""

    text: str
    also: tuple[str, ...] = ()
    bearing_rad: float | None = None


class SeveralMeantError(Exception):
    """The answer was "both" or "all of them". quantity: "2" or "all"; thing: what the question was about."""

    def __init__(self, quantity: str, thing: Thing | None = None) -> None:
        super().__init__(quantity)
        self.quantity = quantity
        self.thing = thing


@dataclass(frozen=True)
class _Span:
    """A piece of an answer: its text and everything that it may mean."""

    text: str
    meanings: frozenset[str]
    number: float | None


class Asker:
    """Asks, or knows the answer. answers: questions and what was answered, oldest first."""

    def __init__(self, answers: Sequence[tuple[str, str]], overlay: Overlay) -> None:
        self._answers = answers
        self._overlay = overlay
        self._words = overlay.lexicon.answers
        self._used: set[int] = set()

    def choose(self, question: str, choices: Sequence[Choice | str], several: bool = False) -> int:
        """Index of the choice.

        Errors: AMBIGUOUS without an answer or with one that is not understood, NOT_CONFIRMED when the person wants
        none of it; SeveralMeantError where `several` permits it.
        """
        offered = [Choice(item) if isinstance(item, str) else item for item in choices]
        texts = [choice.text for choice in offered]
        answer = self._answer(question)
        if answer is None:
            raise AmbiguousError(question, texts)
        said = self._said(answer)
        self._refuse_none(said)
        if said in self._words.any:
            return 0
        if said in self._words.all and several:
            raise SeveralMeantError("2" if "both" in said.split() else "all")
        index = self._pick(said, offered)
        if index is None:
            self._again(question, texts, answer)
        return index

    def value(
        self, question: str, choices: Sequence[str], understand: Callable[[str], T | None]
    ) -> T:
        """What `understand` makes of the answer; None from it asks again. Errors: as `choose`."""
        answer = self._answer(question)
        if answer is None:
            raise AmbiguousError(question, choices)
        said = self._said(answer)
        self._refuse_none(said)
        if said in self._words.any and choices:
            said = choices[0]
        found = understand(said)
        if found is None:
            self._again(question, choices, answer)
        return found

    def text(self, question: str) -> str:
        """The answer as it was written. Errors: as `choose`."""
        answer = self._answer(question)
        if answer is None:
            raise AmbiguousError(question, ())
        self._refuse_none(self._said(answer))
        return answer.strip()

    def amount(self, question: str, examples: Sequence[str], unit: str) -> float:
        """A number in an SI unit ("m", "rad", "s", "" for a bare number). Errors: as `choose`."""
        kind = {"m": "LENGTH", "rad": "ANGLE", "s": "TIME"}.get(unit)

        def understand(answer: str) -> float | None:
            words = split(answer)
            length, value = self._overlay.lexicon.numbers.read([word.text for word in words])
            if not length or length < len(words) - 1 or (kind is None) != (length == len(words)):
                return None
            if kind is None:
                return value
            factors = [
                item.value
                for item in self._overlay.candidates(words, length)
                if item.type == kind and isinstance(item.value, float)
            ]
            return round(value * factors[0], 6) if factors else None

        return self.value(question, examples, understand)

    def _answer(self, question: str) -> str | None:
        """The latest answer to the question, also where it was asked again."""
        found = None
        for index, (asked, answer) in enumerate(self._answers):
            if asked == question or asked.endswith(f". {question}"):
                found = answer
                self._used.add(index)
        return found

    def check_used(self) -> None:
        """After planning: nothing that the person answered may be passed over. Errors: NOT_UNDERSTOOD."""
        for index, (asked, answer) in enumerate(self._answers):
            if index not in self._used:
                raise VlaError(
                    Code.NOT_UNDERSTOOD,
                    f"I don't know what {quoted(answer)} means for {quoted(asked)}; say the whole command.",
                )

    def _again(self, question: str, choices: Sequence[str], answer: str) -> NoReturn:
        raise AmbiguousError(f"I did not understand {quoted(answer)}. {question}", choices)

    def _refuse_none(self, said: str) -> None:
        if said in self._words.none:
            raise VlaError(Code.NOT_CONFIRMED, "Then I leave it.")

    # --- what an answer says --------------------------------------------------------------------------

    def _said(self, answer: str) -> str:
        """In lower case, without punctuation and fillers."""
        words = [word for word in split(clean(answer)) if not word.is_separator]
        kept, index = [], 0
        while index < len(words):
            candidates = self._overlay.candidates(words, index)
            filler = next((item.length for item in candidates if item.type is None), 0)
            longest = max(item.length for item in candidates)
            if filler and filler == longest:
                index += filler
                continue
            kept.append(words[index].text)
            index += 1
        return " ".join(kept) or " ".join(word.text for word in words)

    def _spans(self, text: str) -> list[_Span]:
        words, spans, index = split(text), [], 0
        while index < len(words):
            telling = [
                item for item in self._overlay.candidates(words, index) if item.type in _TELLING
            ]
            length = max((item.length for item in telling), default=1)
            piece = " ".join(word.text for word in words[index : index + length])
            meanings, number = {piece}, None
            for item in telling:
                if item.length != length:
                    continue
                if item.type == "NUMBER":
                    number = float(item.value)
                meanings.add(str(item.value[1] if item.type == "PLACE" else item.value))
            spans.append(_Span(piece, frozenset(meanings), number))
            index += length
        return spans

    def _pick(self, said: str, choices: Sequence[Choice]) -> int | None:
        ignored = self._words.ignored
        spans = self._spans(said)
        content = [span for span in spans if span.text not in ignored]
        if not content:
            return 0 if said in ("one", "number one", "option one", "choice one") else None
        fitting = []
        for index, choice in enumerate(choices):
            true = set(choice.also)
            for span in self._spans(choice.text):
                true |= span.meanings
            if all(span.meanings & true for span in content):
                fitting.append(index)
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            same = [index for index in fitting if choices[index].text == said]
            return same[0] if len(same) == 1 else None
        found = self._by_order(content, len(choices)) if len(content) == 1 else None
        return self._by_side(content, choices) if found is None else found

    def _by_order(self, content: Sequence[_Span], count: int) -> int | None:
        span = content[0]
        order = self._words.ordinals.get(span.text)
        if order is None and span.number is not None and span.number == int(span.number):
            order = int(span.number)
        if order is None:
            return None
        index = order - 1 if order > 0 else count + order
        return index if 0 <= index < count else None

    def _by_side(self, content: Sequence[_Span], choices: Sequence[Choice]) -> int | None:
        sides = {self._words.sides.get(span.text) for span in content}
        if len(sides) != 1 or None in sides:
            return None
        side = sides.pop()
        seen = [
            (choice.bearing_rad, index)
            for index, choice in enumerate(choices)
            if choice.bearing_rad is not None
        ]
        if len(seen) < len(choices):
            return None
        seen.sort(reverse=True)  # from left to right
        if any(one[0] - two[0] < _SAME_SIDE for one, two in pairwise(seen)):
            return None
        if side == "middle":
            return seen[len(seen) // 2][1] if len(seen) % 2 else None
        return seen[0 if side == "left" else -1][1]
