# SPDX-License-Identifier: Apache-2.0
"""What is known about the scene beyond one picture.

Decides which sighting is which known object (ids stay), how sightings are merged, when an object that should be seen
and is not is forgotten, and what becomes of an object in the hand. It holds no clock: stamps come in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_perception.memory.association import (
    distance,
    glimpse,
    match,
    overlap,
    overlooked,
    seen_through,
)
from vla_perception.memory.known_object import (
    Known,
    Remembered,
    color_alike,
    copy_of,
    from_kept,
    merge,
    to_keep,
    wrong_sighting,
)
from vla_perception.memory.places import place_of, place_under
from vla_perception.pipeline import Sighting
from vla_perception.rgbd.frame import RgbdFrame

MOVED_M = 1.0
"""An object that vanished and one of its kind that appeared within this distance in one look are the same, moved."""
CONTAINER_FLOOR_M = 0.02
SIZE_RATIO = 1.12
"""Objects of one kind whose sizes differ by more are called small and large."""
OVERLOOKED = 0.5
"""What a look counts, beside one that sees through it, in which an object is in view and not found."""
LOST_KEPT = 20
"""Forgotten objects that can come back when they turn out to be in the hand."""


@dataclass(frozen=True)
class Snapshot:
    """All that is known at one moment. next_number: of the next new object; stamp_s: of the newest look, 0 for none."""

    objects: tuple[Remembered, ...] = ()
    next_number: int = 1
    stamp_s: float = 0.0


class SceneMemory:
    """Objects by id. Not thread-safe: the owner locks."""

    def __init__(
        self,
        merge_m: float = 0.06,
        misses: int = 3,
        max_objects: int = 200,
        first_number: int = 1,
    ) -> None:
        """first_number: of the first new object; ids of an earlier run are below it."""
        self._merge_m = merge_m
        self._misses = misses
        self._max = max_objects
        self._known: dict[str, Known] = {}
        self._lost: dict[str, Known] = {}
        self._next = first_number
        self.stamp_s = 0.0
        """Of the newest look; of one before a restart after `restore`."""
        self.looked = False
        """Whether there has been a look since the start."""

    def update(
        self,
        sightings: Sequence[Sighting],
        frame: RgbdFrame,
        *,
        patient: bool = True,
    ) -> dict[int, str]:
        """Take in one look, whole or not at all; returns the id of each sighting by its index.

        patient: an object has to be missed `misses` times before it is forgotten; False forgets at the first.
        Sightings that can't be, and what there is no room for, get no id.
        """
        before = self._copy()
        try:
            return self._update(sightings, frame, patient)
        except BaseException:
            self._known, self._lost, self._next, self.stamp_s, self.looked = before
            raise

    def _copy(self) -> tuple[dict[str, Known], dict[str, Known], int, float, bool]:
        known = {key: copy_of(one) for key, one in self._known.items()}
        lost = {key: copy_of(one) for key, one in self._lost.items()}
        return known, lost, self._next, self.stamp_s, self.looked

    def _update(
        self, sightings: Sequence[Sighting], frame: RgbdFrame, patient: bool
    ) -> dict[int, str]:
        usable = [index for index, one in enumerate(sightings) if not wrong_sighting(one)]
        if len(usable) < len(sightings):
            inner = self._update([sightings[index] for index in usable], frame, patient)
            return {usable[index]: identifier for index, identifier in inner.items()}
        self.stamp_s, self.looked = frame.stamp_s, True
        for known in self._known.values():
            known.visible = False
        ids, parts = match(self._known.values(), sightings, frame.camera.translation, self._merge_m)
        for identifier in ids.values():
            self._known[identifier].visible = True
        gone = [
            k
            for k in self._known.values()
            if not k.visible and not k.held and seen_through(k, frame)
        ]
        unmatched = [i for i in range(len(sightings)) if i not in ids and i not in parts]
        ids.update(self._moved(sightings, unmatched, gone))
        for index in unmatched:
            if index not in ids and not glimpse(sightings[index]):
                ids[index] = self._add(sightings[index], frame.stamp_s)
        missed = [(known, 1.0) for known in gone]
        missed += [
            (k, OVERLOOKED)
            for k in self._known.values()
            if not k.visible and not k.held and overlooked(k, frame, sightings)
        ]
        for known, weight in missed:
            if known.visible:
                continue
            known.misses += weight
            if known.misses >= (self._misses if patient else 1):
                self._lose(known.id)
        for index, identifier in ids.items():
            self._known[identifier].misses = 0
            merge(self._known[identifier], sightings[index], frame.stamp_s)
        renamed = self._drop_doubles()
        evicted = self._make_room()
        named = {i: renamed.get(name, name) for i, name in {**parts, **ids}.items()}
        return {index: name for index, name in named.items() if name not in evicted}

    def _make_room(self) -> set[str]:
        """Forget what is too much: what was seen longest ago first, and of what is in view the least certain.

        What is in the hand stays. Returns the ids that are gone.
        """
        surplus = len(self._known) - self._max
        if surplus <= 0:
            return set()
        ordered = sorted(
            (k for k in self._known.values() if not k.held),
            key=lambda k: (k.last_seen_s, k.confidence, -_number(k.id)),
        )
        gone = {k.id for k in ordered[:surplus]}
        for identifier in gone:
            del self._known[identifier]
        return gone

    def _lose(self, identifier: str) -> None:
        """Forget an object, but for a while not who it was: it may have gone into the hand."""
        self._lost[identifier] = self._known.pop(identifier)
        while len(self._lost) > LOST_KEPT:
            del self._lost[next(iter(self._lost))]

    def hold(
        self,
        object_id: str,
        position: tuple[float, float, float] | None = None,
        places: Sequence[Place] = (),
    ) -> None:
        """This object is in the hand ("": none is), which is at that position of the map.

        It may have been forgotten meanwhile: that it left its place is seen before the grasp is reported. What the hand
        has let go is taken to be at the place below, not visible, until it is seen.
        """
        for known in [k for k in self._known.values() if k.held and k.id != object_id]:
            self._let_go(known, places)
        if object_id in self._lost:
            self._known[object_id] = self._lost.pop(object_id)
            self._make_room()
        held = self._known.get(object_id)
        if held is not None:
            if not held.held:
                held.held_since_s = self.stamp_s
            held.held, held.adrift, held.visible, held.misses, held.place = (
                True,
                False,
                False,
                0,
                "",
            )
            if position is not None:
                held.position = np.asarray(position, dtype=float)

    def _let_go(self, known: Known, places: Sequence[Place]) -> None:
        """Out of the hand. It may have been seen already where it was put: the release is reported a little later."""
        known.held, known.adrift = False, True
        for other in self._known.values():
            new = other.first_seen_s > known.held_since_s and not other.held and other is not known
            alike = other.label == known.label and color_alike(other.color, known.color)
            if new and alike:
                del self._known[other.id]
                other.id = known.id
                self._known[known.id] = other
                return
        x, y, z = (float(v) for v in known.position)
        place = place_under((x, y, z), places)
        known.place = place.name if place else ""
        if place is not None:
            inside = place.kind is PlaceKind.CONTAINER
            known.position[2] = (CONTAINER_FLOOR_M if inside else place.position[2]) + known.size[
                2
            ] / 2

    def forget(self) -> None:
        """Forget everything; ids are not used again."""
        self._known.clear()
        self._lost.clear()
        self.stamp_s, self.looked = 0.0, False

    def snapshot(self) -> Snapshot:
        """What is to be kept over a restart."""
        return Snapshot(
            tuple(to_keep(known) for known in self._known.values()), self._next, self.stamp_s
        )

    def restore(self, kept: Snapshot, now_s: float) -> None:
        """Take up what an earlier run knew. None of it is visible: nobody has looked since.

        What has been seen since the start stays as it is, but for since when it is known. Stamps later than now_s were
        made by a clock that was wrong; they become now_s. What was in the hand stays there until `hold` says otherwise.
        """
        for one in kept.objects[: max(0, self._max - len(self._known))]:
            if one.id not in self._known:
                self._known[one.id] = from_kept(one, now_s)
        self._next = max(self._next, kept.next_number)
        self.stamp_s = max(self.stamp_s, min(kept.stamp_s, now_s))
        self._drop_doubles()
        self._make_room()

    def objects(self) -> tuple[SceneObject, ...]:
        """Everything known, newest first, with "small" and "large" where two of a kind differ."""
        words = self._size_words()
        ordered = sorted(self._known.values(), key=lambda k: (-k.last_seen_s, k.id))
        return tuple(
            SceneObject(
                id=k.id,
                label=k.label,
                position=(float(k.position[0]), float(k.position[1]), float(k.position[2])),
                color=k.color,
                attributes=words.get(k.id, ()),
                confidence=float(min(1.0, k.confidence)),
                yaw=k.yaw,
                size=k.size,
                covariance=tuple(float(v) for v in k.covariance.ravel()),
                place="" if k.held else k.place,
                last_seen_s=k.last_seen_s,
                visible=k.visible,
                held=k.held,
                first_seen_s=k.first_seen_s,
            )
            for k in ordered
        )

    def replace_places(self, places: Sequence[Place]) -> None:
        """Name the places of known objects anew, after the list of places has changed."""
        for known in self._known.values():
            x, y, z = (float(v) for v in known.position)
            known.place = place_of((x, y, z), known.size[2], places)

    def _moved(
        self, sightings: Sequence[Sighting], unmatched: Sequence[int], gone: Sequence[Known]
    ) -> dict[int, str]:
        """New sightings that are objects let go by the hand, or ones that have just vanished from near by."""
        ids: dict[int, str] = {}
        candidates = [k for k in self._known.values() if k.adrift and not k.visible]
        candidates += [k for k in gone if not k.adrift]
        for known in candidates:
            best: tuple[float, int] | None = None
            for index in unmatched:
                sighting = sightings[index]
                if index in ids or not color_alike(sighting.color, known.color):
                    continue
                if sighting.label != known.label and not known.adrift:
                    continue
                away = distance(known, sighting)
                if (known.adrift or away < MOVED_M) and (best is None or away < best[0]):
                    best = (away, index)
            if best is not None:
                ids[best[1]] = known.id
                known.visible, known.adrift, known.whole = True, False, False
        return ids

    def _add(self, sighting: Sighting, stamp_s: float) -> str:
        identifier = f"object_{self._next}"
        self._next += 1
        place = sighting.location
        self._known[identifier] = Known(
            identifier,
            np.asarray(place.position, dtype=float),
            np.asarray(place.covariance, dtype=float).reshape(6, 6),
            place.yaw,
            place.size,
            sighting.place,
            stamp_s,
            sighting.score,
            first_seen_s=stamp_s,
        )
        return identifier

    def _drop_doubles(self) -> dict[str, str]:
        """Of two entries on one spot one goes: the one that is not in view, was seen only in part, or is newer.

        The other is called as the older of the two from then on. Returns new ids by old ones.
        """
        renamed: dict[str, str] = {}
        ordered = sorted(
            self._known.values(), key=lambda k: (not k.visible, not k.whole, _number(k.id))
        )
        gone: set[int] = set()
        for index, first in enumerate(ordered):
            for second in ordered[index + 1 :]:
                if {id(first), id(second)} & gone or first.held or second.held:
                    continue
                if not overlap(first, second):
                    continue
                gone.add(id(second))
                first.first_seen_s = min(first.first_seen_s, second.first_seen_s)
                older, newer = sorted((first.id, second.id), key=_number)
                first.id, renamed[newer] = older, older
        if gone:
            self._known = {k.id: k for k in ordered if id(k) not in gone}
        return {old: _follow(renamed, old) for old in renamed}

    def _size_words(self) -> dict[str, tuple[str, ...]]:
        by_label: dict[str, list[Known]] = {}
        for known in self._known.values():
            by_label.setdefault(known.label, []).append(known)
        words: dict[str, tuple[str, ...]] = {}
        for label, group in by_label.items():
            if label == "object" or len(group) < 2:
                continue
            sizes = {k.id: float(np.prod([max(v, 1e-3) for v in k.size])) ** (1 / 3) for k in group}
            low, high = min(sizes.values()), max(sizes.values())
            if high < SIZE_RATIO * low:
                continue
            middle = math.sqrt(low * high)
            words.update(
                {k: (("large" if size > middle else "small"),) for k, size in sizes.items()}
            )
        return words


def _number(identifier: str) -> int:
    return int(identifier.rsplit("_", 1)[1])


def _follow(renamed: dict[str, str], name: str) -> str:
    """The last name of a chain of them."""
    while name in renamed:
        name = renamed[name]
    return name
