"""Words that did not come from the person: labels, attributes, names of places, ids.

Decides which of them may go into a prompt. A label can be painted on a box or come from a model that was shown one, so
it is never longer than a few plain words: what is anything else becomes "object", and is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_CHARACTERS = 32
MAX_LABEL_WORDS = 3
MAX_PLACE_WORDS = 4
_SEPARATORS = re.compile(r"[\s_\-]+")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,39}")


def is_plain(text: str, max_words: int = MAX_LABEL_WORDS) -> bool:
    """Whether a text is a few printable words: letters and digits of any script, no punctuation."""
    if not 0 < len(text) <= MAX_CHARACTERS or text != text.strip():
        return False
    words = [word for word in _SEPARATORS.split(text) if word]
    if not 0 < len(words) <= max_words or any(c in text for c in "\n\r\t"):
        return False
    return all(
        unicodedata.category(character)[0] in "LMN" or character == "'"
        for word in words
        for character in word
    )


def is_plain_id(text: str) -> bool:
    """Whether a text is an id of one plain word that reads as a name, not as a sentence."""
    return bool(_ID.fullmatch(text)) and len(_SEPARATORS.split(text)) <= MAX_PLACE_WORDS


@dataclass
class Sanitiser:
    """Passes plain words on and counts what it replaced or left out. Used for one prompt."""

    replaced: int = 0

    def label(self, text: str) -> str:
        """The label, or "object"."""
        if is_plain(text):
            return text
        if text:
            self.replaced += 1
        return "object"

    def words(self, texts: Iterable[str]) -> list[str]:
        """The attributes that are plain words; the others become "object"."""
        return list(dict.fromkeys(self.label(text) for text in texts if text))

    def place(self, text: str) -> str:
        """The name, or "" where it can't be told."""
        if is_plain(text, MAX_PLACE_WORDS):
            return text
        if text:
            self.replaced += 1
        return ""

    def id(self, text: str) -> str:
        if is_plain_id(text):
            return text
        if text:
            self.replaced += 1
        return ""
