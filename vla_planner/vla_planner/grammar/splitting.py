# SPDX-License-Identifier: Apache-2.0
"""Splitting: a command as words with their places in the text, nothing decided yet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(
    r"(?P<number>(?:(?<![\w.])\d{1,9}(?:\.\d{1,9})?|(?<![\w.])\.\d{1,9})(?:/\d{1,9})?(?!\d))"
    r"|(?P<letters>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<degree>°)"
    r"|(?P<stop>[,.;:!?]+)"
    r"|(?P<hyphen>(?<=[^\W\d_])-(?=[^\W\d_]))"
    r"|(?P<digits>\d+)"  # too long or stuck to something: no number
    r"|(?P<other>\S)"
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"'})

_SLASH = "\N{FRACTION SLASH}"


@dataclass(frozen=True)
class Word:
    """One word as written; start and end are offsets into the cleaned command."""

    text: str
    start: int
    end: int
    is_separator: bool = False  # punctuation that ends or joins


def clean(command: str) -> str:
    """Straight quotes, fractions in digits, no control characters; offsets in the result are those of `Word`."""
    text = "".join(_fraction(char) for char in command.translate(_QUOTES))
    return "".join(char if char.isprintable() else " " for char in text)


def _fraction(char: str) -> str:
    """ "½" as "1/2"."""
    written = unicodedata.normalize("NFKC", char) if unicodedata.category(char) == "No" else ""
    return f" {written.replace(_SLASH, '/')} " if _SLASH in written else char


def split(text: str) -> list[Word]:
    """The words of a cleaned command, lower case; hyphens inside words part them."""
    words = []
    for match in _WORD.finditer(text):
        if match.lastgroup != "hyphen":
            words.append(
                Word(match[0].lower(), match.start(), match.end(), match.lastgroup == "stop")
            )
    return words


def plain(text: str) -> str:
    """As `split` would write it, for names that come from a map, a camera or a catalogue."""
    return " ".join(word.text for word in split(clean(text.replace("_", " "))))
