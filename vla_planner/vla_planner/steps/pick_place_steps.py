# SPDX-License-Identifier: Apache-2.0
"""Having things and putting them somewhere: the steps that several verbs share.

Decides what it takes before a thing can be taken or put down: driving to where it is known to be, looking for it
where it is not. Which verb leads here is decided in `composing`, several things at once in `several`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import PlaceKind
from vla_common.contracts.skills import Argument, Condition, ObjectRef, Step
from vla_planner.core.backend import PlanRequest
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Tail, Thing
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import plain
from vla_planner.meaning.answers import Asker, Choice
from vla_planner.meaning.coreference import PEOPLE, Referents, like, no_position, person

NEAR_M = 3.0
"""How near a surface has to be for "put it down" to mean it."""
_DRIVES = frozenset({"move", "go_to", "find", "follow", "guide"})


class Carrier:
    """Builds steps and keeps track of where they lead. at: place where the robot will be, "" when not known."""

    def __init__(self, request: PlanRequest, overlay: Overlay, asker: Asker) -> None:
        self.steps: list[Step] = []
        self._asker = asker
        self._scene = request.scene
        self._skills = {skill.name: skill for skill in request.skills}
        self._refer = Referents(request.scene, overlay, request.holding, request.held_label)
        if request.previous is not None:
            self._refer.remember(request.previous, request.holding)
        self._at = ""
        self._only_if = Condition.ALWAYS

    # --- carrying -----------------------------------------------------------------------------------

    def _put_one(self, thing: Thing, ref: ObjectRef, target: Tail | None) -> None:
        if target is not None:
            where = self._target(target, thing)
        else:
            where = self._at or (self._nearest_surface() if self._refer.holds(ref) else "")
        if thing.kind == "pronoun" and where and self._just_put(ref, where):
            return  # "... and leave it there"
        if not self._refer.holds(ref):
            if target is None:
                where = self._ask_where(ref)
            self._take(ref, thing)
        self._put(self._refer.held or ref, target, where)

    def _target(self, target: Tail, thing: Thing) -> str | ObjectRef:
        """The place, or the object in words. Found out before the thing itself becomes "it"."""
        if target.thing.kind == "pronoun":
            if thing.kind == "pronoun":
                raise VlaError(Code.NOT_POSSIBLE, "I can't put a thing on itself.")
            if self._refer.place_is_newer:
                return self._refer.place
        if target.thing.kind in PEOPLE:
            raise no_position(target.thing)
        if target.relation == "between":
            raise VlaError(
                Code.NOT_POSSIBLE,
                "I can't put something between two things; say next to one of them.",
            )
        place = self._refer.place_of(like(target.thing, thing))
        if place:
            return place
        memory = self._refer
        search, memory.search = memory.search, ""
        ref = memory.object(like(target.thing, thing), ())
        memory.search = search
        return self._single(ref, "put something on or next to")

    def _put(self, ref: ObjectRef, target: Tail | None, where: str | ObjectRef) -> None:
        relation = target.relation if target is not None else "on"
        if isinstance(where, ObjectRef):
            relation = "next_to" if relation in ("to", "at") else relation
            if relation in ("nearest", "farthest"):
                raise VlaError(Code.NOT_POSSIBLE, f"I can't put things {relation} to something.")
            assert target is not None
            where = self._know(where, target.thing, go=True)
            self._step("place", relation=relation, target_object=where)
            self._put_down(replace(ref, place=where.place))
            return
        if not where:
            where = self._ask_where(ref)
        self._go(where)
        place = self._scene.place(where)
        if relation in ("on", "in", "at", "to"):  # whichever word was used
            if place is not None and place.kind is PlaceKind.AREA:
                raise VlaError(
                    Code.NOT_POSSIBLE,
                    f"The {where} is a spot on the floor; I put things on furniture only.",
                )
            relation = "in" if place is not None and place.kind is PlaceKind.CONTAINER else "on"
        elif relation in ("nearest", "farthest"):
            relation = "next_to"
        self._step("place", relation=relation, target_place=where)
        self._put_down(replace(ref, place=where))
        self._refer.mention_place(where)

    def _just_put(self, ref: ObjectRef, where: str | ObjectRef) -> bool:
        last = self.steps[-1] if self.steps else None
        there = last is not None and last.skill == "place" and ref == self._refer.last
        return there and last is not None and last.arguments.get("target_place") == where

    def _put_down(self, ref: ObjectRef) -> None:
        refer = self._refer
        refer.held = None
        refer.found.clear()
        refer.moved.append(replace(ref, id=""))
        refer.mention(ref)
        if refer.search != self._at:
            refer.search = ""

    def _ask_where(self, ref: ObjectRef) -> str:
        """A place to put it. Errors: AMBIGUOUS, NOT_CONFIRMED."""
        names = [place.name for place in self._scene.places if place.kind is not PlaceKind.AREA]
        several = ref.quantity not in ("", "1")
        what = replace(ref, quantity="", place="").describe() + ("s" if several else "")
        return names[self._asker.choose(f"Where shall I put the {what}?", names)]

    def _nearest_surface(self) -> str:
        """Where what is in the hand is put down when nobody said where; "" when nothing is near, or nobody knows."""
        if any(step.skill in _DRIVES for step in self.steps):
            return ""
        robot = self._scene.robot
        surfaces = [place for place in self._scene.places if place.kind is PlaceKind.SURFACE]
        if robot is None:
            return surfaces[0].name if len(surfaces) == 1 else ""
        reached = [
            (
                math.dist(robot[:2], place.position[:2]) - max(place.size, default=0.0) / 2,
                place.name,
            )
            for place in surfaces
        ]
        distance_m, name = min(reached, default=(math.inf, ""))
        return name if distance_m <= NEAR_M else ""

    def _give_one(self, thing: Thing, ref: ObjectRef, receiver: Thing | None) -> None:
        if not self._refer.holds(ref):
            self._take(ref, thing)
        held = self._refer.held or ref
        self._step("hand_over", object=held, person=person(receiver))
        self._refer.held = None
        self._refer.mention(held)

    def _take(self, ref: ObjectRef, thing: Thing) -> None:
        if self._refer.held is None:
            ref = self._know(ref, thing, go=True)
        self._step("pick", object=ref)
        self._at = ref.place
        self._refer.held = ref
        self._refer.mention(ref)

    # --- knowing where things are -------------------------------------------------------------------

    def _know(self, ref: ObjectRef, thing: Thing, go: bool = False) -> ObjectRef:
        """Add what it takes to know where the object is; with `go` also to be there.

        The reference may gain what tells it apart, and the place where the object was seen or put.
        Errors: AMBIGUOUS, NOT_CONFIRMED, SeveralMeantError.
        """
        if ref not in self._refer.found:
            if thing.definite:
                ref = self._refer.which(ref, self._asker, thing)
            seen = self._refer.seen(ref)
            if not ref.place and not ref.relation:
                known = seen[0].place if seen else self._refer.moved_to(ref)
                ref = replace(ref, place=known)
            if go and ref.place:
                self._go(ref.place)
            elif go and seen:
                self._step("go_to", object=ref)
                self._at = ""
            if not seen:
                self._find(ref)
        self._refer.mention(ref)
        return ref

    def _find(self, ref: ObjectRef) -> None:
        self._step("find", object=ref)
        self._refer.found.add(ref)
        if ref.place != self._at:
            self._at = ""  # looking for something may need driving

    def _single(self, ref: ObjectRef, doing: str) -> ObjectRef:
        """Errors: NOT_POSSIBLE for several things."""
        if ref.quantity:
            what = replace(ref, quantity="").describe()
            raise VlaError(
                Code.NOT_POSSIBLE, f"I can {doing} one thing at a time, not several ({what})."
            )
        return ref

    def _meant(self, thing: Thing) -> Thing:
        """With the one kind or place that a word means of several. Errors: AMBIGUOUS, NOT_CONFIRMED."""
        overlay, word = self._refer.overlay, plain(thing.word)
        if thing.kind == "place" and word in overlay.several_places and not thing.rank:
            names = overlay.several_places[word]
            index = self._asker.choose(f"Which place do you mean by {quoted(thing.word)}?", names)
            return replace(thing, place=names[index])
        if thing.kind != "label" or word not in overlay.several_labels:
            return thing
        readings = overlay.several_labels[word]
        if thing.attributes:
            wanted = set(thing.attributes)
            fitting = [
                reading
                for reading in readings
                if any(
                    item.label == reading.label and wanted <= {item.color, *item.attributes}
                    for item in self._scene.objects
                )
            ]
            readings = tuple(fitting) or readings
        index = 0
        if len(readings) > 1:
            choices = [Choice(r.name, (r.label, plain(r.label))) for r in readings]
            index = self._asker.choose(f"What do you mean by {quoted(thing.word)}?", choices)
        return replace(thing, label=readings[index].label, plural=readings[index].plural)

    def _tail_meant(self, tail: Tail) -> Tail:
        second = None if tail.second is None else self._meant(tail.second)
        return replace(tail, thing=self._meant(tail.thing), second=second)

    # --- steps --------------------------------------------------------------------------------------

    def _go(self, place: str) -> None:
        if self._at != place:
            self._step("go_to", place=place)
            self._at = place
            if self._refer.search != place:
                self._refer.search = ""

    def _need(self, skill: str) -> None:
        """Say early that a skill is missing, before asking which thing is meant."""
        spec = self._skills.get(skill)
        if spec is not None and not spec.available:
            raise VlaError(
                Code.SKILL_UNAVAILABLE,
                f"I can't {skill.replace('_', ' ')}: {spec.unavailable_reason}",
            )

    def _step(self, skill: str, **arguments: Argument) -> None:
        self.steps.append(Step(skill, arguments, only_if=self._only_if))
