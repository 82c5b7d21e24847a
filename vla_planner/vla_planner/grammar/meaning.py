# SPDX-License-Identifier: Apache-2.0
"""Meaning: what was said, as plain data without any scene.

Clauses with their things, places and amounts, conditions, and the words that stand between them. Which parse becomes
which clause is decided in `building`; what belongs to what in a command of several clauses in `corrections` and
`conditions`; what the words refer to in `referring`; which steps follow in `composing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Union

FRAGMENT = "fragment"
"""The verb of a clause that has none."""

PUTTING = frozenset({"put", "carry", "hand_over", "discard"})
"""Verbs that end with a thing somewhere else."""
NAMING = frozenset({"find", "pick", "count", "describe", "look_at", "generic"})
"""Verbs that need nothing but their things."""


@dataclass(frozen=True)
class Thing:
    """A thing, a place or a person as it was named.

    kind: "label", "generic", "place", "one", "pronoun", "there", "here", "me", "person", "home" or "unknown"; "" for
    qualities alone ("no, red"). word: as said, without the qualities; label: what LABEL means; place: the map's name
    of PLACE ("" if not there). quantity: "", "all", "some" or digits. definite: said with "the". rank: "nearest", ...;
    nothing: "no cup". index: of its word in the command.
    """

    kind: str
    word: str = ""
    label: str = ""
    place: str = ""
    attributes: tuple[str, ...] = ()
    quantity: str = ""
    plural: bool = False
    definite: bool = False
    rank: str = ""
    nothing: bool = False
    index: int = 0

    @property
    def said(self) -> str:
        return " ".join([*self.attributes, self.word])


@dataclass(frozen=True)
class Tail:
    """relation: "on", "next_to", ..., "between", or "at", "from", "to".

    second: the other one of "between"; off: "in" for "out of the bowl", "on" for "off the box"; said: the relation
    in the person's words.
    """

    relation: str
    thing: Thing
    second: Thing | None = None
    off: str = ""
    said: str = ""


@dataclass(frozen=True)
class Measure:
    """value in SI units. kind: "length", "angle", "time", "step", or "" for a bare number. unit: factor to SI."""

    value: float
    kind: str
    unit: float = 1.0


@dataclass(frozen=True)
class Clause:
    """One command. verb: an alias of the grammar. direction: forward, backward, left, right, up, down, around.

    classes: the word classes that occurred; how: the lexicon's meaning of the verb's first word; pose: x, y (m) and
    heading (rad, None if not said); choices: words that a skill's parameter offers; quoted: text in quotes; said: the
    clause as said; times: how often; together: at the same time as what came before; index: of its first word.
    """

    verb: str
    things: tuple[Thing, ...] = ()
    tails: tuple[Tail, ...] = ()
    direction: str = ""
    measures: tuple[Measure, ...] = ()
    little: bool = False
    text: str = ""
    classes: frozenset[str] = frozenset()
    how: str = ""
    pose: tuple[float, float, float | None] | None = None
    choices: tuple[str, ...] = ()
    said: str = ""
    times: int = 1
    together: bool = False
    index: int = 0

    def tail(self, *relations: str) -> Tail | None:
        return next((tail for tail in self.tails if tail.relation in relations), None)


@dataclass(frozen=True)
class Condition:
    """ "if there is a cup on the table": what is looked for; wanted: whether it has to be there.

    subject: of "if the cup is red", the cup, which is there in any case; of "if the bowl is empty" (empty), the bowl,
    which is what "it" means; None where something may not be there at all.
    """

    thing: Thing
    tails: tuple[Tail, ...]
    wanted: bool
    subject: tuple[Thing, tuple[Tail, ...]] | None = None
    empty: bool = False


class Mark(Enum):
    """What stands between clauses."""

    NEXT = ""
    THEN = "then"
    END = "end"
    FIX = "fix"
    HOLD = "hold"
    OR = "or"
    OTHERWISE = "otherwise"
    IF_SO = "if so"
    TOGETHER = "together"


@dataclass(frozen=True)
class Repeat:
    """ "twice", after a clause."""

    times: float


Element = Union[Clause, Condition, Mark, Repeat]
Resolved = Union[Clause, Condition, Mark]
"""What is left of the elements when every clause stands for itself."""


def target_of(clause: Clause) -> Tail | None:
    """Where something is to be put."""
    if clause.verb in ("put", "discard"):
        last = clause.tails[-1] if clause.tails else None
        return None if last is not None and last.relation == "from" else last
    return clause.tail("to")
