# SPDX-License-Identifier: Apache-2.0
"""Memory: what a listener keeps in mind from clause to clause, and which words are places.

Decides nothing about what is meant; that is `referring`.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import TypeVar

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene, SceneObject, matches
from vla_common.contracts.skills import ObjectRef, Plan
from vla_planner.core.words import listed, quoted
from vla_planner.grammar.meaning import Thing
from vla_planner.grammar.overlay import Overlay

M = TypeVar("M", bound="Memory")


class Memory:
    """What was said and done until now.

    search: place where things named next are looked for, set by going there; place: what "there" means; last: what
    "it" means; place_is_newer: whether the place was mentioned after the object; held: what the gripper will hold;
    found: what a step has looked for; moved: what was put somewhere else.
    """

    def __init__(self, scene: Scene, overlay: Overlay, holding: bool, held_label: str) -> None:
        self.scene = scene
        self.overlay = overlay
        self.search = ""
        self.place = ""
        self.last: ObjectRef | None = None
        self.place_is_newer = False
        self.visited = False
        self.held = _in_gripper(scene, held_label) if holding else None
        self.last_plural = False
        self.found: set[ObjectRef] = set()
        self.moved: list[ObjectRef] = []

    def remember(self, previous: Plan, holding: bool) -> None:
        """What the command before mentioned, and what it has put into the gripper."""
        for step in previous.steps:
            for name in ("object", "target_object"):
                ref = step.arguments.get(name)
                if isinstance(ref, ObjectRef) and (name == "object" or self.last is None):
                    if ref.place:
                        self.mention_place(ref.place)
                    self.mention(ref)
            for name in ("place", "target_place"):
                place = step.arguments.get(name)
                if isinstance(place, str) and self.scene.place(place) is not None:
                    self.mention_place(place, step.skill not in ("place", "find", "count"))
                    if step.skill == "place" and self.last is not None:
                        self.last = replace(self.last, place=place, quantity="")
        taken = previous.steps[-1] if previous.steps else None
        if holding and self.held is not None and taken is not None and taken.skill == "pick":
            ref = taken.arguments.get("object")
            if isinstance(ref, ObjectRef) and self.held.label in ("", ref.label):
                self.held = ref

    def copy(self: M) -> M:
        other = copy.copy(self)
        other.found, other.moved = set(self.found), list(self.moved)
        return other

    def mention(self, ref: ObjectRef, plural: bool = False) -> None:
        self.last, self.place_is_newer, self.visited = ref, False, False
        self.last_plural = plural or bool(ref.quantity)

    def mention_place(self, name: str, visited: bool = False) -> None:
        self.place, self.place_is_newer, self.visited = name, True, visited

    # --- objects ------------------------------------------------------------------------------------

    def seen(self, ref: ObjectRef) -> list[SceneObject]:
        """The objects of the scene that fit and are still where they were seen, the surest first.

        None for relations to other things: perception decides those.
        """
        if ref.relation or self.moved_to(ref):
            return []
        fitting = [item for item in self.scene.objects if matches(item, ref) and not item.held]
        return sorted(fitting, key=lambda item: -item.confidence)

    def moved_to(self, ref: ObjectRef) -> str:
        """Where this plan has put the thing; "" when it has not."""
        for moved in reversed(self.moved):
            if (moved.label, moved.attributes) == (ref.label, ref.attributes):
                return moved.place
        return ""

    def holds(self, ref: ObjectRef) -> bool:
        """Whether the reference fits what the gripper will hold.

        A held thing of unknown kind fits what is seen or looked for nowhere else.
        """
        held = self.held
        if held is None:
            return False
        if ref == held:
            return True
        if ref.relation:
            return False
        if not held.label:
            return ref not in self.found and not self.seen(ref)
        if ref.label and ref.label != held.label:
            return False
        return set(ref.attributes) <= set(held.attributes)

    def place_of(self, thing: Thing) -> str:
        """Its name on the map; "" where the words mean an object. Errors: UNKNOWN_PLACE, NOT_UNDERSTOOD."""
        if thing.kind == "there":
            if not self.place:
                raise VlaError(
                    Code.NOT_UNDERSTOOD,
                    f"I don't know where {quoted(thing.word)} is; name the place.",
                )
            return self.place
        if thing.kind == "home":
            home = self.scene.place("home")
            if home is None:
                raise self.unknown_place(thing)
            return home.name
        if thing.kind == "unknown":
            raise self.unknown_place(thing)
        if thing.kind != "place":
            return ""
        is_label = self.overlay.label_of(thing.word) is not None
        if thing.attributes or thing.quantity or thing.rank:
            if is_label:
                return ""
            if thing.rank in ("nearest", "farthest") and not (thing.attributes or thing.quantity):
                return self._by_distance(thing)
            raise self._no_such_place(thing)
        if not thing.place and not is_label:
            raise self.unknown_place(thing)
        return thing.place

    def _by_distance(self, thing: Thing) -> str:
        """The nearest or farthest place of a kind. Errors: UNKNOWN_PLACE, NOT_POSSIBLE."""
        kind = (thing.place or thing.word).split()[-1]
        places = [
            place
            for place in self.scene.places
            if place.name == thing.place or place.name.replace("_", " ").split()[-1] == kind
        ]
        if not places:
            raise self.unknown_place(thing)
        if len(places) == 1:
            return places[0].name
        robot = self.scene.robot
        if robot is None:
            names = listed([place.name for place in places])
            raise VlaError(
                Code.NOT_POSSIBLE, f"I don't know where I stand; say which one: {names}."
            )
        places.sort(key=lambda place: math.dist(robot[:2], place.position[:2]))
        return places[0 if thing.rank == "nearest" else -1].name

    def _no_such_place(self, thing: Thing) -> VlaError:
        """A place that is known, with a quality or a number that it does not have there."""
        if not thing.place:
            return self.unknown_place(thing)
        said = " ".join(
            part for part in (thing.quantity, thing.rank, *thing.attributes, thing.word) if part
        )
        names = [place.name for place in self.scene.places]
        return VlaError(
            Code.UNKNOWN_PLACE,
            f"There is no place {quoted(said)} on the map, but there is {quoted(thing.place)}; call it by its name. "
            f"I know: {listed(names)}.",
        )

    def place_meant(self, thing: Thing) -> str:
        """As `place_of`; "it" is the place where the robot was just sent."""
        if thing.kind == "pronoun" and self.visited:
            return self.place
        return self.place_of(thing)

    def disposal(self) -> Thing:
        """Where things are thrown away. Errors: UNKNOWN_PLACE when the map has no such place."""
        words = self.overlay.lexicon.disposal
        for word in words:
            name = self.overlay.places.get(word, "")
            if name:
                return Thing("place", word, place=name)
        raise self.unknown_place(Thing("place", words[0]))

    def unknown_place(self, thing: Thing) -> VlaError:
        names = [place.name for place in self.scene.places]
        known = f"I know: {listed(names)}." if names else "I know no places yet."
        return VlaError(
            Code.UNKNOWN_PLACE, f"There is no place {quoted(thing.said)} on the map. {known}"
        )


def _in_gripper(scene: Scene, held_label: str) -> ObjectRef:
    for item in scene.objects:
        if item.held:
            return ObjectRef(label=item.label, attributes=tuple(item.describe().split()[:-1]))
    parts = held_label.lower().replace("_", " ").split()
    return ObjectRef(label=parts[-1] if parts else "", attributes=tuple(parts[:-1]))
