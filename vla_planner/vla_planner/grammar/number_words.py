# SPDX-License-Identifier: Apache-2.0
"""Numbers in digits and words: "1.5", "3/4", "twenty five", "one hundred and eighty", "two and a half"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 12
"""Longer figures are no amounts that a robot can mean."""


@dataclass(frozen=True)
class NumberWords:
    """small: 0 to 19; tens; fractions: "half" -> 0.5; fixed: phrases with a value, as tuples of words."""

    small: Mapping[str, int]
    tens: Mapping[str, int]
    fractions: Mapping[str, float]
    fixed: Mapping[tuple[str, ...], float]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> NumberWords:
        fixed = {tuple(phrase.split()): float(value) for phrase, value in data["fixed"].items()}
        return cls(data["small"], data["tens"], data["fractions"], fixed)

    def read(self, words: Sequence[str]) -> tuple[int, float]:
        """How many of the first words make a number, and the number; (0, 0.0) if none do."""
        if not words:
            return 0, 0.0
        for length in (3, 2, 1):
            key = tuple(words[:length])
            if key in self.fixed:
                return len(key), self.fixed[key]
        length, value = self._whole(words)
        if not length:
            if words[0] in self.fractions:
                return 1, float(self.fractions[words[0]])
            return 0, 0.0
        rest = words[length:]
        if rest[:1] == ["point"]:
            digits = ""
            for word in rest[1:]:
                if self.small.get(word, 10) > 9:
                    break
                digits += str(self.small[word])
            if digits:
                return length + 1 + len(digits), value + int(digits) / 10 ** len(digits)
        if rest[:2] == ["and", "a"] and rest[2:3] and rest[2] in self.fractions:
            return length + 3, value + self.fractions[rest[2]]
        if rest[:1] and rest[0] in self.fractions:  # "three quarters", "one half"
            return length + 1, value * self.fractions[rest[0]]
        return length, value

    def _whole(self, words: Sequence[str]) -> tuple[int, float]:
        first = words[0]
        if first[0].isdigit() or first[0] == ".":
            return _digits(first)
        length, value = self._below_hundred(words)
        if length == 1 and 1 <= value <= 9 and words[1:2] and words[1] in self.tens:
            more, rest = self._below_hundred(words[1:])  # "one eighty"
            return 1 + more, value * 100 + rest
        if words[length : length + 1] == ["hundred"] and (length == 0 or 0 < value < 20):
            if length == 0:
                return 0, 0.0
            length, value = length + 1, value * 100
            skip = 1 if words[length : length + 1] == ["and"] else 0
            more, rest = self._below_hundred(words[length + skip :])
            if more:
                length, value = length + skip + more, value + rest
        return length, float(value)

    def _below_hundred(self, words: Sequence[str]) -> tuple[int, float]:
        if not words:
            return 0, 0.0
        if words[0] in self.tens:
            value = self.tens[words[0]]
            if len(words) > 1 and 1 <= self.small.get(words[1], 0) <= 9:
                return 2, value + self.small[words[1]]
            return 1, value
        if words[0] in self.small:
            return 1, self.small[words[0]]
        return 0, 0.0


def _digits(text: str) -> tuple[int, float]:
    if len(text) > MAX_LENGTH:
        return 0, 0.0
    top, slash, bottom = text.partition("/")
    try:
        value = float(top)
        if slash:
            value /= float(bottom)
    except (ValueError, ZeroDivisionError):
        return 0, 0.0
    return 1, value
