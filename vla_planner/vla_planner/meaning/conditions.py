# SPDX-License-Identifier: Apache-2.0
"""Conditions: which clauses depend on which, and what "it" in a condition after its command means.

"Bring the bottle to the shelf if there is one on the table" becomes the condition and then the clause, as if it had
been said in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vla_planner.grammar.meaning import Clause, Condition, Mark, Resolved, Tail, Thing, target_of

_IT = Thing("pronoun", "it")
_SENTENCE_ENDS = (Mark.END, Mark.OTHERWISE, Mark.IF_SO)


def in_order(elements: Sequence[Resolved]) -> list[Resolved]:
    """With every condition before what depends on it."""
    out: list[Resolved] = []
    for index, element in enumerate(elements):
        if isinstance(element, Condition) and _is_after(elements, index):
            start = _first_dependent(out)
            clauses = out[start:]
            first = next(item for item in clauses if isinstance(item, Clause))
            condition, changed = _about(element, first)
            out[start:] = [condition, *(changed if item is first else item for item in clauses)]
        else:
            out.append(element)
    return out


def _is_after(elements: Sequence[Resolved], index: int) -> bool:
    """Whether a condition follows what depends on it."""
    if not _clause_before(elements, index):
        return False
    rest = elements[index + 1 :]
    if not rest or rest[0] in _SENTENCE_ENDS:
        return True
    # "go there if you see it, and turn left": said in one breath with the clause before it
    return not isinstance(elements[index - 1], Mark) and rest[0] in (Mark.NEXT, Mark.THEN)


def _clause_before(elements: Sequence[Resolved], index: int) -> bool:
    for element in reversed(elements[:index]):
        if element in _SENTENCE_ENDS or isinstance(element, Condition):
            return False
        if isinstance(element, Clause):
            return True
    return False


def _first_dependent(out: Sequence[Resolved]) -> int:
    """The last clause, and those before it that it goes on with: "pick up the cup and bring it here if ..."."""
    start = len(out)
    for index in range(len(out) - 1, -1, -1):
        element = out[index]
        if element in _SENTENCE_ENDS or isinstance(element, Condition):
            break
        if not isinstance(element, Clause):
            continue
        if element.verb == "find" and start < len(out):
            break  # what was looked for is what the condition asks about
        start = index
        if not any(thing.kind == "pronoun" for thing in element.things):
            break
    return start


def _about(condition: Condition, clause: Clause) -> tuple[Condition, Clause]:
    """Both with "it" and "one" in their places."""
    asked = condition.thing
    meant = next(
        (item for item in clause.things if item.kind in ("label", "generic", "place", "one")), None
    )
    if asked.kind not in ("pronoun", "one") or meant is None:
        return condition, clause
    target = target_of(clause) if clause.verb in ("put", "carry", "hand_over", "discard") else None
    where = tuple(tail for tail in clause.tails if tail is not target)
    several = meant.quantity == "all" or (meant.plural and not meant.quantity)
    named = replace(
        meant,
        attributes=tuple(dict.fromkeys((*asked.attributes, *meant.attributes))),
        definite=False,
        plural=meant.plural,
        quantity="" if several else meant.quantity,
    )
    tails: tuple[Tail, ...] = condition.tails or where
    changed = clause
    if not several and not meant.quantity:
        things = tuple(_IT if item is meant else item for item in clause.things)
        changed = replace(
            clause, things=things, tails=tuple(tail for tail in clause.tails if tail not in where)
        )
    return replace(condition, thing=named, tails=tails), changed
