# SPDX-License-Identifier: Apache-2.0
"""What is left out: a clause without a verb after another one, and motion that needs none.

"Find the cup, then the bowl", "put the red cup on the shelf and the green block in the box", "forward one meter".
Decides what such a clause takes over from the one before it.
"""

from __future__ import annotations

from dataclasses import replace

from vla_planner.grammar.meaning import NAMING, PUTTING, Clause, Tail, Thing, target_of
from vla_planner.meaning.answers import Asker

MOTIONS = frozenset({"move", "turn"})
_IT = Thing("pronoun", "it")


def verbless(clause: Clause, asker: Asker) -> Clause | None:
    """ "forward one meter", "left 90 degrees": the unit decides. None where it is no motion. Errors: AMBIGUOUS."""
    if clause.things or clause.tails:
        return None
    if "BACK" in clause.classes and not clause.measures and not clause.little:
        return replace(clause, verb="move", how="go")  # backward, or back to a place: a question
    verb = motion_of(clause)
    if not verb and clause.direction in ("left", "right"):
        side = clause.direction
        index = asker.choose(f"Shall I turn or move {side}?", [f"turn {side}", f"move {side}"])
        verb = "move" if index else "turn"
    return replace(clause, verb=verb) if verb else None


def motion_of(clause: Clause) -> str:
    kinds = {measure.kind for measure in clause.measures}
    if "angle" in kinds:
        return "turn"
    if kinds & {"length", "step"} or clause.direction in ("forward", "backward"):
        return "move"
    return ""


def continued(last: Clause, part: Clause) -> Clause | None:
    """A clause without a verb after another one: "then the shelf", "and the green block in the box"."""
    fresh = replace(part, verb=last.verb, how=last.how, classes=last.classes | part.classes)
    if not part.things and not part.tails:
        return _moved_on(last, part, replace(fresh, how=""))
    if part.things and part.things[0].kind == "":
        return None  # "then red"
    if part.direction or part.measures:
        return None
    if last.verb == "go_to":
        by = part.tails[0].relation if part.tails and not part.things else "to"
        return _going(fresh) if by in ("to", "next_to") else None
    if last.verb == "guide":
        return replace(fresh, things=last.things, tails=_going(fresh).tails)
    if last.verb in NAMING:
        if last.verb == "pick" and part.tail("to"):
            return replace(fresh, verb="carry")
        if part.tail("to"):
            return None
        if last.verb == "look_at" and not part.things and part.tails[0].relation == "at":
            return replace(fresh, things=(part.tails[0].thing,), tails=part.tails[1:])
        return replace(fresh, things=part.things or last.things)
    if last.verb in PUTTING:
        target = target_of(last)
        people = tuple(thing for thing in last.things if thing.kind in ("me", "person"))
        if not part.things:
            return replace(fresh, things=(_IT,))
        if target is not None and not part.tails:
            return replace(fresh, things=part.things, tails=(target,))
        return replace(fresh, things=people + part.things)
    return None


def _moved_on(last: Clause, part: Clause, fresh: Clause) -> Clause | None:
    if last.verb == "wait" and part.measures:
        return fresh
    if last.verb == "look_at" and part.direction and not part.measures:
        return replace(fresh, things=(), tails=())
    if part.direction in ("up", "down"):
        return None
    if last.verb not in MOTIONS or (ends_bare(last) and not part.direction):
        return None
    return replace(fresh, verb=motion_of(part) or last.verb)


def _going(clause: Clause) -> Clause:
    if not clause.things:
        return clause
    return replace(clause, things=(), tails=(Tail("to", clause.things[0]), *clause.tails))


def one_by_one(clause: Clause) -> list[Clause]:
    """ "... the shelf and the bin" after a verb that takes one goal."""
    if len(clause.things) < 2:
        return [clause]
    *before, last = clause.things
    parts = [replace(clause, things=(thing,), tails=()) for thing in before]
    return [*parts, replace(clause, things=(last,))]


def ends_bare(clause: Clause) -> bool:
    """Whether it ends in a number without a unit."""
    return bool(clause.measures) and clause.measures[-1].kind == ""
