# SPDX-License-Identifier: Apache-2.0
"""Whether what a recognizer heard means stop, by `vla_common.language.halt_phrases`.

One that got stuck writes a word again and again, and an exclamation or a cough comes out as one of the rarer words.
"""

from __future__ import annotations

from vla_common.language.halt_phrases import Wish, wanted
from vla_speech.recognition.guided_decoding import once, plain_words

_MISHEARD = frozenset({("wow",), ("ho",), ("oh",)})
"""Alone they are no stop when they are heard; typed, they were meant."""


def heard_wish(text: str) -> Wish:
    """What the words want at once; what is repeated counts once."""
    words = plain_words(text)
    if once(words) in _MISHEARD:
        return Wish.NONE
    return wanted(text if once(words) == words else " ".join(once(words))).wish


def heard_text(text: str) -> str:
    """The words without repetitions, for a transcript."""
    return " ".join(once(plain_words(text)))
