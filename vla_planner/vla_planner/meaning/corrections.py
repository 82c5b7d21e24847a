# SPDX-License-Identifier: Apache-2.0
"""Corrections: what the new part of "pick up the red cup, no, the blue one" replaces in the clause before it."""

from __future__ import annotations

from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import (
    FRAGMENT,
    NAMING,
    PUTTING,
    Clause,
    Measure,
    Tail,
    Thing,
    target_of,
)
from vla_planner.meaning.answers import Asker
from vla_planner.meaning.ellipsis import MOTIONS, motion_of


def corrected(last: Clause, part: Clause, asker: Asker) -> Clause:
    """The clause with its new part; a whole clause replaces it. Errors: NOT_UNDERSTOOD where it has no such part."""
    if part.verb != FRAGMENT:
        meant = [thing for thing in last.things if thing.kind not in ("me", "person")]
        if len(meant) == 1 and meant[0].kind != "pronoun":  # "... put it on the shelf"
            things = (meant[0] if _is_it(thing) else thing for thing in part.things)
            part = replace(part, things=tuple(things))
        return replace(part, together=last.together)
    new = None
    if not part.things and not part.tails:
        new = _other_amount(last, part)
    elif part.direction or part.measures or part.little:
        new = None
    elif part.things:
        new = _other_thing(last, part, asker)
    else:
        new = _other_place(last, part)
    if new is None:
        raise VlaError(
            Code.NOT_UNDERSTOOD,
            f"I don't know what {quoted(part.said)} should change in {quoted(last.said)}.",
        )
    return new


def _is_it(thing: Thing) -> bool:
    return thing.kind == "pronoun" and not thing.plural and not thing.attributes


def _other_amount(last: Clause, part: Clause) -> Clause | None:
    if last.verb == "look_at" and part.direction and not part.measures:
        return replace(last, direction=part.direction, things=(), tails=())
    if part.direction in ("up", "down"):
        return None
    if last.verb == "wait":
        return replace(last, measures=_in_units(part, last)) if part.measures else None
    if last.verb not in MOTIONS:
        return None
    new = replace(last, direction=part.direction or last.direction)
    if part.little:
        new = replace(new, little=True, measures=())
    elif part.measures:
        new = replace(new, measures=_in_units(part, last), little=False)
    kind = motion_of(replace(part, measures=new.measures if part.measures else ()))
    if kind and kind != last.verb:
        return replace(part, verb=kind)
    return new


def _in_units(part: Clause, last: Clause) -> tuple[Measure, ...]:
    """ "3" in place of "2 meters" is 3 meters."""
    unit = next((item for item in last.measures if item.kind), None)
    if unit is None:
        return part.measures
    return tuple(
        item if item.kind else Measure(item.value * unit.unit, unit.kind, unit.unit)
        for item in part.measures
    )


def _other_thing(last: Clause, part: Clause, asker: Asker) -> Clause | None:
    target = target_of(last)
    objects = tuple(thing for thing in last.things if thing.kind not in ("me", "person"))
    first = part.things[0]
    if last.verb == "go_to":
        old = last.things[0] if last.things else last.tails[0].thing if last.tails else None
        new = _like(first, old)
        return replace(last, things=(), tails=(Tail("to", new), *part.tails), pose=None)
    if last.verb == "guide":
        return replace(last, tails=(Tail("to", first),)) if first.kind == "place" else None
    if last.verb in NAMING:
        if first.kind == "place" and not part.tails and not first.attributes and last.things:
            where = last.tails[-1] if last.tails else None
            if where is not None and where.thing.kind in ("place", "there"):
                return replace(last, tails=(*last.tails[:-1], replace(where, thing=first)))
        old = last.things[-1] if last.things else last.tails[0].thing if last.tails else None
        things = tuple(_like(thing, old) for thing in part.things)
        tails = part.tails or (last.tails if last.things else ())
        return replace(last, things=things, tails=tails, direction="")
    if last.verb not in PUTTING or not objects:
        return None
    if part.tails:
        return replace(last, things=_renamed(last, part, objects[-1]), tails=part.tails)
    where_to = False
    if target is not None and first.kind in ("place", "there"):
        where_to = not (objects[-1].kind == "place" and target.thing.kind == "place")
    if not where_to and target is not None and target.thing.kind not in ("place", "there"):
        index = asker.choose(f"What shall be {first.said}?", [objects[-1].said, target.thing.said])
        where_to = bool(index)
    if where_to and target is not None:
        moved = replace(target, thing=_like(first, target.thing))
        return replace(last, tails=tuple(moved if item is target else item for item in last.tails))
    return replace(last, things=_renamed(last, part, objects[-1]))


def _renamed(last: Clause, part: Clause, old: Thing) -> tuple[Thing, ...]:
    people = tuple(thing for thing in last.things if thing.kind in ("me", "person"))
    return people + tuple(_like(thing, old) for thing in part.things)


def _like(thing: Thing, old: Thing | None) -> Thing:
    """ "The blue one" in place of "the red cup" is the blue cup."""
    if thing.kind not in ("", "one") or old is None:
        return thing
    if old.kind in ("label", "generic", "place", "one"):
        quantity = thing.quantity or ("all" if thing.word == "ones" else "")
        return replace(
            old,
            attributes=thing.attributes,
            quantity=quantity,
            rank=thing.rank,
            definite=thing.definite or thing.kind == "",
            index=thing.index,
        )
    return replace(thing, kind="one") if thing.kind == "" else thing


def _other_place(last: Clause, part: Clause) -> Clause | None:
    goal = part.tail("to")
    target = target_of(last)
    if last.verb == "go_to":
        return replace(last, things=(), tails=part.tails, pose=None)
    if last.verb in PUTTING:
        if goal is None and part.tails[0].relation in ("from", "at") and target is not None:
            return replace(last, tails=(*part.tails, target))
        kept = tuple(tail for tail in last.tails if tail is not target)
        things = last.things
        if goal is not None:
            things = tuple(thing for thing in things if thing.kind not in ("me", "person"))
        verb = "put" if goal is None and last.verb in ("carry", "hand_over") else last.verb
        return replace(last, verb=verb, things=things, tails=kept + part.tails)
    if last.verb == "guide" and goal is not None:
        return replace(last, tails=part.tails)
    if last.verb in NAMING and goal is None and last.things:
        return replace(last, tails=part.tails)
    return None
