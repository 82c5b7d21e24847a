# SPDX-License-Identifier: Apache-2.0
"""Several things: quantities, and groups of things that are taken and put down one after the other.

A `pick` with a quantity opens a group; the executor carries out what follows for each thing, up to the next `place`
or `hand_over`. Decides when something has to be looked for before, and that a group without a goal is a question.
"""

from __future__ import annotations

from dataclasses import replace

from vla_common.contracts.skills import ObjectRef
from vla_planner.grammar.meaning import Tail, Thing
from vla_planner.meaning.coreference import person
from vla_planner.steps.pick_place_steps import Carrier


class GroupCarrier(Carrier):
    """Carrying of one thing or of several. group: what was taken and not yet put down, None when nothing was."""

    _group: ObjectRef | None = None

    def _put_all(
        self, things: tuple[Thing, ...], sources: tuple[Tail, ...], target: Tail | None
    ) -> None:
        for thing in things:
            where = self._target(target, thing) if target is not None else self._at
            if where == self._refer.search:
                self._refer.search = ""  # what is to go there is not there yet
            ref = self._ref(thing, sources)
            if self._group is not None and self._is_group(thing, ref):
                self._put_group(target, where)
            elif ref.quantity:
                if target is None:
                    where = ""
                elif isinstance(where, ObjectRef):
                    where = self._know_target(where, target)
                self._open_group(ref)
                self._put_group(target, where)
            else:
                self._put_one(thing, ref, target)

    def _give(
        self, things: tuple[Thing, ...], sources: tuple[Tail, ...], receiver: Thing | None
    ) -> None:
        self._need("hand_over")
        for thing in things:
            ref = self._ref(thing, sources)
            if ref.quantity or (self._group is not None and self._is_group(thing, ref)):
                if self._group is None:
                    self._open_group(ref)
                held = replace(ref, quantity="")
                self._step("hand_over", object=held, person=person(receiver))
                self._group = self._refer.held = None
            else:
                self._give_one(thing, ref, receiver)

    def _ref(self, thing: Thing, tails: tuple[Tail, ...]) -> ObjectRef:
        """The reference, with how many where it has to be known. "It" is what is held, for what can be put down."""
        held = self._refer.held
        if thing.kind == "pronoun" and not tails and held is not None and not self.steps:
            return held  # from the command before
        return self._refer.object(self._counted(thing), tails)

    def _counted(self, thing: Thing) -> Thing:
        """ "some cups" with a number. Errors: AMBIGUOUS, NOT_CONFIRMED."""
        unsaid = thing.quantity == "" and thing.plural and not thing.definite
        if thing.kind in ("pronoun", "one") or not (thing.quantity == "some" or unsaid):
            return thing
        if not thing.plural:
            return replace(thing, quantity="")
        number = self._asker.value(
            f"How many {thing.said}?", ["all of them", "1", "2", "3"], self._number_in
        )
        return replace(thing, quantity="" if number == "1" else number, plural=number != "1")

    def _number_in(self, answer: str) -> str | None:
        lexicon = self._refer.overlay.lexicon
        words = [word for word in answer.split() if word not in lexicon.answers.ignored]
        said = " ".join(words) or answer
        if answer in lexicon.answers.all or said in lexicon.answers.all:
            return "2" if "both" in answer.split() else "all"
        length, value = lexicon.numbers.read(answer.split())
        if length and value == int(value) and value >= 1:
            return str(int(value))
        return None

    # --- groups -------------------------------------------------------------------------------------

    def _is_group(self, thing: Thing, ref: ObjectRef) -> bool:
        group = self._group
        assert group is not None
        same = replace(ref, quantity="", place="") == replace(group, quantity="", place="")
        return same or thing.kind == "pronoun"

    def _open_group(self, ref: ObjectRef) -> None:
        """Take several, without saying yet where to. Errors: as `validator` for a full gripper."""
        refer = self._refer
        if not {ref, replace(ref, quantity="")} & refer.found:
            if ref.place:
                self._go(ref.place)
            if not refer.seen(ref):
                self._find(ref)
        self._step("pick", object=ref)
        self._at = ""
        self._group = ref
        refer.mention(ref, plural=True)

    def _know_target(self, where: ObjectRef, target: Tail) -> ObjectRef:
        """Where things are to go is found once, not once for each thing."""
        if target.thing.definite:
            where = self._refer.which(where, self._asker, target.thing)
        if where not in self._refer.found and not self._refer.seen(where):
            self._find(where)
        return where

    def _put_group(self, target: Tail | None, where: str | ObjectRef) -> None:
        group = self._group
        assert group is not None
        if not where:
            where = self._ask_where(group)
        self._put(group, target, where)
        self._group = None

    def close(self) -> None:
        """At the end, or before something else is done: what was taken has to go somewhere. Errors: AMBIGUOUS."""
        if self._group is not None:
            self._put_group(None, "")

    def _pick_all(self, things: tuple[Thing, ...], tails: tuple[Tail, ...]) -> None:
        for thing in things:
            ref = self._refer.object(self._counted(thing), tails)
            if ref.quantity:
                self.close()
                self._open_group(ref)
            else:
                self._take(ref, thing)

    # --- looking ------------------------------------------------------------------------------------

    def _find_all(self, things: tuple[Thing, ...], tails: tuple[Tail, ...]) -> None:
        for thing in things:
            if thing.kind in ("me", "person"):
                continue  # "find me a cup"
            if thing.quantity == "some":
                thing = self._counted(thing)
            ref = self._refer.object(thing, tails)
            self._find(ref)
            self._refer.mention(ref, plural=thing.plural)
