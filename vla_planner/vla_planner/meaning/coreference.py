# SPDX-License-Identifier: Apache-2.0
"""What words refer to: "it", "there", "the red one", "the box", in one command and one scene.

Decides which place or object is meant, never what to do
with it. Errors are VlaError with NOT_UNDERSTOOD, NOT_POSSIBLE, AMBIGUOUS or UNKNOWN_PLACE.
"""

from __future__ import annotations

from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import ObjectRef
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Tail, Thing
from vla_planner.meaning.answers import Asker, SeveralMeantError
from vla_planner.meaning.disambiguation import options
from vla_planner.meaning.discourse import Memory

_AT_A_PLACE = ("at", "on", "in", "from")
_MOST_QUESTIONS = 3
PEOPLE = ("me", "person", "here")


class Referents(Memory):
    """Finds out what is meant, from the words and from what was mentioned before."""

    def object(self, thing: Thing, tails: tuple[Tail, ...]) -> ObjectRef:
        """In words. The place is the one that was said, else the one where we are looking."""
        away = next((tail for tail in tails if self._is_from_a_thing(tail)), None)
        if thing.rank == "farthest" and away is not None:
            tails = tuple(tail for tail in tails if tail is not away)
        place, relation, reference = self._location(tails, thing)
        if thing.rank == "farthest" and away is not None and not relation:
            relation, reference = thing.rank, (self._phrase(like(away.thing, thing)),)
        elif thing.rank:
            if relation:
                raise VlaError(
                    Code.NOT_POSSIBLE,
                    f"I can't tell the {_plain(thing.rank)} of those {_plain(relation)} something; say one of them.",
                )
            relation = thing.rank
        if thing.kind == "pronoun" or (
            thing.kind == "one" and not thing.attributes and not relation
        ):
            return self._same_again(thing, place, relation, reference)
        label = self._label(thing)
        ref = ObjectRef(
            label,
            tuple(dict.fromkeys(thing.attributes)),
            place,
            relation,
            reference,
            _quantity(thing),
        )
        last = self.last
        if thing.definite and last is not None and last in self.found and _says_no_more(ref, last):
            return last
        return ref if place else replace(ref, place=self.search)

    def _is_from_a_thing(self, tail: Tail) -> bool:
        return tail.relation == "from" and not self.place_of(tail.thing)

    def _same_again(
        self, thing: Thing, place: str, relation: str, reference: tuple[str, ...]
    ) -> ObjectRef:
        """What "it" is, or the one like it that is somewhere else."""
        meant = self.last or self.held
        if meant is None:
            raise VlaError(
                Code.NOT_UNDERSTOOD, f"I don't know what {quoted(thing.word)} is; name the thing."
            )
        if thing.quantity:
            meant = replace(meant, quantity=_quantity(thing))
        elif thing.plural and self.last_plural and not meant.quantity:
            meant = replace(meant, quantity="all")
        elsewhere = place or self.search
        if thing.kind == "one" and elsewhere != meant.place and not relation and elsewhere:
            return replace(meant, place=elsewhere, id="", quantity="")
        if relation:
            return replace(meant, place=place, relation=relation, reference=reference, id="")
        return replace(meant, place=place) if place else meant

    def _label(self, thing: Thing) -> str:
        if thing.kind == "place":
            return self._label_of_place(thing)
        if thing.kind == "one":
            return self.last.label if self.last else ""
        if thing.kind not in ("label", "generic"):
            raise VlaError(Code.NOT_UNDERSTOOD, f"I don't know what {quoted(thing.word)} is.")
        return thing.label

    def which(self, ref: ObjectRef, asker: Asker, thing: Thing) -> ObjectRef:
        """The one that is meant by "the cup", when several are known.

        Errors: AMBIGUOUS, NOT_CONFIRMED; SeveralMeantError when the answer was "both" or "all of them".
        """
        for _ in range(_MOST_QUESTIONS):
            offered = options(ref, self.seen(ref), self.scene.robot)
            if not offered:
                return ref
            question = f"Which {ref.describe()} do you mean?"
            try:
                index = asker.choose(question, [option.choice for option in offered], several=True)
            except SeveralMeantError as answer:
                raise SeveralMeantError(answer.quantity, thing) from None
            ref = offered[index].ref
        return ref

    def _label_of_place(self, thing: Thing) -> str:
        """A word such as "box" that may be a kind of thing or a place."""
        found = self.overlay.label_of(thing.word)
        if found is not None:
            seen = any(item.label == found[0] for item in self.scene.objects)
            if seen or not thing.place or thing.attributes or thing.rank:
                return found[0]
        if not thing.place:
            raise self.unknown_place(thing)
        raise VlaError(
            Code.NOT_POSSIBLE,
            f"The {thing.word} is a place, not a thing that I can look for or take.",
        )

    # --- places -------------------------------------------------------------------------------------

    def source(self, tails: tuple[Tail, ...]) -> str:
        """The place at which something was said to be, "" if none was. Errors: also for relations to things."""
        place, relation, _ = self._location(tails)
        if relation:
            raise VlaError(
                Code.NOT_POSSIBLE, f"I need a place here, not what is {_plain(relation)} a thing."
            )
        return place

    def _location(
        self, tails: tuple[Tail, ...], thing: Thing | None = None
    ) -> tuple[str, str, tuple[str, ...]]:
        """Place, relation to a thing and one phrase for each such thing, each empty if not said."""
        place, relation = "", ""
        reference: tuple[str, ...] = ()
        for tail in tails:
            if tail.thing.kind in PEOPLE:
                raise no_position(tail.thing)
            name = self.place_of(tail.thing)
            if (
                tail.thing.kind == "pronoun"
                and self.place_is_newer
                and tail.relation in _AT_A_PLACE
            ):
                name = self.place
            at_a_place = bool(name) and tail.relation in _AT_A_PLACE
            if tail.off and not name:
                tail = replace(tail, relation=tail.off)
            if at_a_place and not place:
                place = name
                self.mention_place(name)
            elif not at_a_place and tail.relation not in ("at", "from") and not relation:
                things = [tail.thing] if tail.second is None else [tail.thing, tail.second]
                relation = tail.relation
                reference = tuple(self._phrase(like(item, thing)) for item in things)
            else:
                raise VlaError(
                    Code.NOT_UNDERSTOOD, f"I don't understand where {quoted(tail.thing.said)} is."
                )
        return place, relation, reference

    def _phrase(self, thing: Thing) -> str:
        """A thing that something else is near, in words; where it is itself was not said."""
        name = self.place_of(thing)
        if name:
            return name
        if thing.rank:
            raise VlaError(
                Code.NOT_POSSIBLE, f"I can't look for something by what is {_plain(thing.rank)}."
            )
        ref = self.object(thing, ())
        if ref.quantity:
            raise VlaError(
                Code.NOT_POSSIBLE,
                f"I can look beside one thing only; {quoted(thing.said)} are several.",
            )
        return " ".join([*ref.attributes, ref.label or "object"])


def like(thing: Thing, other: Thing | None) -> Thing:
    """ "The red one" beside a block is a block."""
    if thing.kind == "one" and other is not None and other.kind == "label":
        return replace(thing, kind="label", label=other.label)
    return thing


def _quantity(thing: Thing) -> str:
    """ "all", digits, or "" for one. Errors: NOT_UNDERSTOOD, NOT_POSSIBLE for numbers that count nothing."""
    number = thing.quantity
    if number in ("", "all"):
        several = thing.plural and thing.definite
        return "all" if number or several else ""
    if not number.isdecimal():
        raise VlaError(
            Code.NOT_UNDERSTOOD, f"I don't know how many things {quoted(number)} {thing.word} are."
        )
    if number == "0":
        raise VlaError(Code.NOT_POSSIBLE, f"There is nothing to do with zero {thing.word}.")
    return number


def _says_no_more(ref: ObjectRef, last: ObjectRef) -> bool:
    """Whether "the cup" may be what was just found: nothing that was said of it is new."""
    if ref.place or ref.relation or ref.quantity not in ("", last.quantity):
        return False
    if not ref.quantity and last.quantity:
        return False
    return ref.label in ("", last.label) and set(ref.attributes) <= set(last.attributes)


def _plain(relation: str) -> str:
    return relation.replace("_", " ")


def no_position(thing: Thing) -> VlaError:
    return VlaError(Code.NOT_POSSIBLE, f"I don't know where {quoted(thing.word)} is on the map.")


def person(thing: Thing | None) -> str:
    """The word for the person; whoever gave the command is "me"."""
    return "me" if thing is None or thing.kind in ("me", "here") else thing.word
