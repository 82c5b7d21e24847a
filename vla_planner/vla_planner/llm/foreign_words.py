# SPDX-License-Identifier: Apache-2.0
"""Words that did not come from the person: labels, attributes, names of places, ids.

Decides which of them may go into a prompt. A label can be painted on a box or come from a model that was shown one, so
it is never longer than a few plain words, and none that read like an order or like talk about orders: what is anything
else becomes "object", and is counted. Safety does not rest on that: the model only proposes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

MAX_CHARACTERS = 32
MAX_LABEL_WORDS = 3
MAX_PLACE_WORDS = 4
MAX_WORDS_OF_THING = 8
MAX_ALIASES = 4
_SEPARATORS = re.compile(r"[\s_\-]+")
_PARTS = re.compile(r"[\s_\-.:']+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ORDERS = _set(
    "ignore ignores ignoring ignored disregard forget override overrule bypass obey comply pretend jailbreak "
    "instruction instructions instruct prompt prompts previous preceding sudo you your yours yourself must should "
    "shall always never please "
    "execute eval finish_plan refuse ask_person "
    "ignoriere ignorieren vergiss befolge anweisung anweisungen ignorez oublie oubliez instructions consignes ignora "
    "olvida obedece instrucciones dimentica istruzioni"
)
"""Words that no thing is called by, and that tell somebody what to do or what to heed."""
_VERBS = _set(
    "go come drive move turn rotate pick put place take grab get bring give throw drop hand say tell find look "
    "stop wait do run call open close push pull lift release let make"
)
_AFTER_VERBS = _set(
    "to up down the a an all any it them everything anything this that these those forward forwards ahead back "
    "backward backwards left right around into in onto on away off out over me him her us everybody someone now again "
    "until nothing not"
)
"""A verb and one of these is an order ("drive forward"); a verb and something else may be a thing ("stop sign")."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,39}")


def is_plain(text: str, max_words: int = MAX_LABEL_WORDS) -> bool:
    """Whether a text is a few printable words: letters and digits of any script, no punctuation."""
    if not 0 < len(text) <= MAX_CHARACTERS or text != text.strip():
        return False
    words = [word for word in _SEPARATORS.split(text) if word]
    if not 0 < len(words) <= max_words or any(c in text for c in "\n\r\t"):
        return False
    if not all(
        unicodedata.category(character)[0] in "LMN" or character == "'"
        for word in words
        for character in word
    ):
        return False
    return not reads_as_order(text) and not any(map(_is_mixed, words))


def reads_as_order(text: str) -> bool:
    """Whether words tell somebody what to do, or what to heed, instead of naming something."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in folded if unicodedata.category(c)[0] != "M")
    words = [word for word in _PARTS.split(plain) if word]
    if any(word in _ORDERS for word in words) or "".join(words) in _ORDERS:
        return True
    return any(first in _VERBS and second in _AFTER_VERBS for first, second in pairwise(words))


def _is_mixed(word: str) -> bool:
    """Whether it has letters of several alphabets that look alike, as no word has and a disguise does."""
    found = {
        script
        for character in word
        for script in ("LATIN", "CYRILLIC", "GREEK")
        if unicodedata.name(character, "").startswith(script)
    }
    return len(found) > 1


def is_plain_id(text: str) -> bool:
    """Whether a text is an id of one plain word that reads as a name, not as a sentence."""
    few = len(_SEPARATORS.split(text)) <= MAX_PLACE_WORDS
    return bool(_ID.fullmatch(text)) and few and not reads_as_order(text)


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
        """The attributes that are plain words; the others become "object". So many at most."""
        told = list(dict.fromkeys(self.label(text) for text in texts if text))
        self.replaced += max(0, len(told) - MAX_WORDS_OF_THING)
        return told[:MAX_WORDS_OF_THING]

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
