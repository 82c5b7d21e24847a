# SPDX-License-Identifier: Apache-2.0
"""Commands that go on from the one before: "no, the blue one", "again".

Decides only that they do, by how they begin; what they mean is the planner's.
"""

from __future__ import annotations

import re

_CORRECTIONS = (
    "no",
    "nope",
    "not that",
    "wrong",
    "sorry",
    "i mean",
    "i meant",
    "actually",
    "or rather",
    "rather",
    "make that",
    "correction",
)
_REPETITIONS = frozenset(
    {
        "again",
        "once more",
        "one more time",
        "do it again",
        "do that again",
        "do the same again",
        "repeat",
        "repeat it",
        "repeat that",
        "and again",
    }
)
_POLITE = frozenset({"please", "robot", "hey", "ok", "okay", "and"})


def corrects(command: str) -> bool:
    """Whether a command takes back the one before: "no, the blue one", "I meant the shelf".

    "Nothing", "note" and "wait" do not.
    """
    words = _words(command)
    return any(words[: len(start)] == start for start in (c.split() for c in _CORRECTIONS))


def repeats(command: str) -> bool:
    """Whether the whole command asks for the one before once more."""
    words = _words(command)
    core = [word for word in words if word not in _POLITE]
    return " ".join(core) in _REPETITIONS


def _words(command: str) -> list[str]:
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)*", command.lower().replace("’", "'"))
    while words and words[0] in _POLITE:
        words.pop(0)
    return words
