"""What is known about the scene beyond one picture.

Decides which sighting is which known object (ids stay), how sightings are merged, when an object that should be seen
and is not is forgotten, and what becomes of an object in the hand. It holds no clock: stamps come in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vla_common.scene import Place, PlaceKind, SceneObject
from vla_perception.frame import RgbdFrame
from vla_perception.pipeline import Sighting
from vla_perception.places import place_of, place_under

OTHER_KIND_SHARE = 0.6
"""A sighting of another kind must be that much nearer than memory_merge_m to be the same object."""
MOVED_M = 1.0
"""An object that vanished and one of its kind that appeared within this distance in one look are the same, moved."""
SAME_SPOT_M = 0.02
"""Middles nearer than this are on one spot."""
GLIMPSE = 0.25
"""Confidence that part of an unknown thing must reach to be remembered."""
CONTAINER_FLOOR_M = 0.02
NEWEST_WEIGHT = 0.3
"""Least weight of the newest position, so that memory follows slow drift of the map."""
SIZE_RATIO = 1.12
"""Objects of one kind whose sizes differ by more are called small and large."""
LOST_KEPT = 20
"""Forgotten objects that can come back when they turn out to be in the hand."""
RECENT = 0.85
"""Votes for label and colour fade by this factor with each sighting."""


@dataclass(frozen=True)
class Remembered:
    """An object as it is kept over a restart. Lengths in m, angles in rad, times in seconds since the epoch.

    covariance: 36 numbers, row by row. labels, colors: votes for each name. whole: seen in full at least once.
    """

    id: str
    position: tuple[float, float, float]
    covariance: tuple[float, ...]
    yaw: float
    size: tuple[float, float, float]
    place: str
    first_seen_s: float
    last_seen_s: float
    score: float
    labels: tuple[tuple[str, float], ...]
    colors: tuple[tuple[str, float], ...]
    whole: bool
    yaw_known: bool
    held: bool


@dataclass(frozen=True)
class Snapshot:
    """All that is known at one moment. next_number: of the next new object; stamp_s: of the newest look, 0 for none."""

    objects: tuple[Remembered, ...] = ()
    next_number: int = 1
    stamp_s: float = 0.0


@dataclass
class _Known:
    id: str
    position: np.ndarray
    covariance: np.ndarray
    yaw: float
    size: tuple[float, float, float]
    place: str
    last_seen_s: float
    score: float
    labels: dict[str, float] = field(default_factory=dict)
    colors: dict[str, float] = field(default_factory=dict)
    visible: bool = True
    whole: bool = False
    yaw_known: bool = False
    held: bool = False
    adrift: bool = False
    first_seen_s: float = 0.0
    held_since_s: float = 0.0
    misses: int = 0

    @property
    def label(self) -> str:
        return max(self.labels, key=lambda k: self.labels[k])

    @property
    def color(self) -> str:
        return max(self.colors, key=lambda k: self.colors[k]) if self.colors else ""

    @property
    def confidence(self) -> float:
        return (
            self.score
            * self.labels[self.label]
            / max(sum(self.labels.values()), 1e-9)
            * min(1.0, self.labels[self.label])
        )


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
        self._known: dict[str, _Known] = {}
        self._lost: dict[str, _Known] = {}
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
        """Take in one look; returns the id of each sighting by its index.

        patient: an object has to be missed `misses` times before it is forgotten; False forgets at the first.
        """
        self.stamp_s, self.looked = frame.stamp_s, True
        for known in self._known.values():
            known.visible = False
        ids = self._match(sightings)
        gone = [
            k
            for k in self._known.values()
            if not k.visible and not k.held and _seen_through(k, frame)
        ]
        unmatched = [i for i in range(len(sightings)) if i not in ids]
        ids.update(self._moved(sightings, unmatched, gone))
        for index in unmatched:
            if index not in ids and not _glimpse(sightings[index]):
                ids[index] = self._add(sightings[index], frame.stamp_s)
        for known in gone:
            if known.visible:
                continue
            known.misses += 1
            if known.misses >= (self._misses if patient else 1):
                self._lose(known.id)
        for index, identifier in ids.items():
            self._known[identifier].misses = 0
            _merge(self._known[identifier], sightings[index], frame.stamp_s)
        self._drop_doubles()
        return ids

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

    def _let_go(self, known: _Known, places: Sequence[Place]) -> None:
        """Out of the hand. It may have been seen already where it was put: the release is reported a little later."""
        known.held, known.adrift = False, True
        for other in self._known.values():
            new = other.first_seen_s > known.held_since_s and not other.held and other is not known
            if new and (other.label, other.color) == (known.label, known.color):
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
            tuple(_to_keep(known) for known in self._known.values()), self._next, self.stamp_s
        )

    def restore(self, kept: Snapshot, now_s: float) -> None:
        """Take up what an earlier run knew. None of it is visible: nobody has looked since.

        What has been seen since the start stays as it is, but for since when it is known. Stamps later than now_s were
        made by a clock that was wrong; they become now_s. What was in the hand stays there until `hold` says otherwise.
        """
        for one in kept.objects[: max(0, self._max - len(self._known))]:
            if one.id not in self._known:
                self._known[one.id] = _from_kept(one, now_s)
        self._next = max(self._next, kept.next_number)
        self.stamp_s = max(self.stamp_s, min(kept.stamp_s, now_s))
        self._drop_doubles()

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

    def _match(self, sightings: Sequence[Sighting]) -> dict[int, str]:
        """Nearest pairs first; each sighting and each object once."""
        pairs = []
        for index, sighting in enumerate(sightings):
            for known in self._known.values():
                if known.held:
                    continue
                distance = _distance(known, sighting)
                same = known.label == sighting.label and known.color == sighting.color
                limit = self._merge_m + (
                    0.03 if sighting.detection.truncated or not known.whole else 0.0
                )
                if distance < (limit if same else limit * OTHER_KIND_SHARE):
                    pairs.append((distance + (0.0 if same else 0.02), index, known.id))
        ids: dict[int, str] = {}
        used: set[str] = set()
        for _, index, identifier in sorted(pairs):
            if index not in ids and identifier not in used:
                ids[index] = identifier
                used.add(identifier)
                self._known[identifier].visible = True
        return ids

    def _moved(
        self, sightings: Sequence[Sighting], unmatched: Sequence[int], gone: Sequence[_Known]
    ) -> dict[int, str]:
        """New sightings that are objects let go by the hand, or ones that have just vanished from near by."""
        ids: dict[int, str] = {}
        candidates = [k for k in self._known.values() if k.adrift and not k.visible]
        candidates += [k for k in gone if not k.adrift]
        for known in candidates:
            best: tuple[float, int] | None = None
            for index in unmatched:
                sighting = sightings[index]
                if index in ids or sighting.color != known.color:
                    continue
                if sighting.label != known.label and not known.adrift:
                    continue
                distance = _distance(known, sighting)
                if (known.adrift or distance < MOVED_M) and (best is None or distance < best[0]):
                    best = (distance, index)
            if best is not None:
                ids[best[1]] = known.id
                known.visible, known.adrift, known.whole = True, False, False
        return ids

    def _add(self, sighting: Sighting, stamp_s: float) -> str:
        identifier = f"object_{self._next}"
        self._next += 1
        place = sighting.location
        self._known[identifier] = _Known(
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
        if len(self._known) > self._max:
            oldest = min(
                (k for k in self._known.values() if not k.held and k.id != identifier),
                key=lambda k: k.last_seen_s,
            )
            del self._known[oldest.id]
        return identifier

    def _drop_doubles(self) -> None:
        """Of two entries on one spot one goes: the one that is not in view, was seen only in part, or is newer."""
        ordered = sorted(
            self._known.values(),
            key=lambda k: (not k.visible, not k.whole, int(k.id.rsplit("_", 1)[1])),
        )
        for index, first in enumerate(ordered):
            for second in ordered[index + 1 :]:
                both_there = {first.id, second.id} <= set(self._known)
                if both_there and not first.held and not second.held and _overlap(first, second):
                    first.first_seen_s = min(first.first_seen_s, second.first_seen_s)
                    del self._known[second.id]

    def _size_words(self) -> dict[str, tuple[str, ...]]:
        by_label: dict[str, list[_Known]] = {}
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


def _to_keep(known: _Known) -> Remembered:
    x, y, z = (float(v) for v in known.position)
    covariance = tuple(float(v) for v in known.covariance.ravel())
    return Remembered(
        known.id, (x, y, z), covariance, float(known.yaw), known.size, known.place, known.first_seen_s,
        known.last_seen_s, known.score, tuple(known.labels.items()), tuple(known.colors.items()),
        known.whole, known.yaw_known, known.held,
    )  # fmt: skip


def _from_kept(one: Remembered, now_s: float) -> _Known:
    return _Known(
        one.id, np.asarray(one.position, dtype=float), np.asarray(one.covariance, dtype=float).reshape(6, 6), one.yaw,
        one.size, one.place, min(one.last_seen_s, now_s), one.score, dict(one.labels), dict(one.colors), visible=False,
        whole=one.whole, yaw_known=one.yaw_known, held=one.held, first_seen_s=min(one.first_seen_s, now_s),
    )  # fmt: skip


def _distance(known: _Known, sighting: Sighting) -> float:
    return float(np.linalg.norm(known.position - np.asarray(sighting.position)))


def _overlap(first: _Known, second: _Known) -> bool:
    """Whether two entries are one object: one colour, and the middle of one lies in the other.

    A thing of another colour inside a bowl is a thing in a bowl.
    """
    across = float(np.hypot(*(first.position[:2] - second.position[:2])))
    upward = abs(float(first.position[2] - second.position[2]))
    if first.color != second.color:
        return across < SAME_SPOT_M and upward < SAME_SPOT_M and not second.visible
    reach = 0.45 * max(min(first.size[:2]), min(second.size[:2]))
    if not (first.whole and second.whole):
        reach += 0.02
    return across < max(SAME_SPOT_M, reach) and upward < max(
        SAME_SPOT_M, 0.4 * max(first.size[2], second.size[2])
    )


def _glimpse(sighting: Sighting) -> bool:
    """Too little is seen of a thing that nobody knows to say that it is one."""
    return sighting.detection.truncated and sighting.score * sighting.label_score < GLIMPSE


def _merge(known: _Known, sighting: Sighting, stamp_s: float) -> None:
    """Take a sighting into a known object. A partial view never spoils what a whole view has shown."""
    whole = not sighting.detection.truncated
    location = sighting.location
    position = np.asarray(location.position, dtype=float)
    covariance = np.asarray(location.covariance, dtype=float).reshape(6, 6)
    jumped = float(np.linalg.norm(position - known.position)) > 0.03
    if whole and (not known.whole or jumped):
        known.position, known.covariance = position, covariance
        known.size, known.yaw, known.yaw_known = (
            location.size,
            location.yaw,
            location.shape.yaw_known,
        )
    elif whole or not known.whole:
        old, new = float(np.trace(known.covariance[:2, :2])), float(np.trace(covariance[:2, :2]))
        weight = max(NEWEST_WEIGHT, old / max(old + new, 1e-12))
        known.position = (1 - weight) * known.position + weight * position
        known.covariance = (1 - weight) * known.covariance + weight * covariance
        known.size = tuple(
            (1 - weight) * a + weight * b for a, b in zip(known.size, location.size, strict=True)
        )  # type: ignore[assignment]
        if location.shape.yaw_known or not known.yaw_known:
            known.yaw, known.yaw_known = location.yaw, location.shape.yaw_known
    weight = 1.0 if whole else 0.3
    _vote(
        known.labels,
        sighting.label,
        max(0.05, sighting.label_score) * weight * (0.5 if sighting.label == "object" else 1.0),
    )
    if sighting.color:
        _vote(known.colors, sighting.color, sighting.color_score * weight)
    known.score = max(sighting.score, 0.7 * known.score)
    known.place = sighting.place
    known.last_seen_s = stamp_s
    known.visible = True
    known.whole |= whole
    known.adrift = False


def _vote(votes: dict[str, float], name: str, weight: float) -> None:
    for key in votes:
        votes[key] *= RECENT
    votes[name] = votes.get(name, 0.0) + weight


def _seen_through(known: _Known, frame: RgbdFrame) -> bool:
    """Whether the picture shows what is behind the object's middle: it is not there any more.

    False when the object would lie outside the picture, when something nearer hides it, or when the depth there is not
    known.
    """
    pixels, depths = frame.project(known.position[None, :])
    x, y = pixels[0]
    depth = float(depths[0])
    h, w = frame.shape
    if not (math.isfinite(x) and math.isfinite(y)) or not (0.25 < depth < 3.0):
        return False
    reach = 0.25 * min(max(min(known.size), 0.02), 0.2) * frame.intrinsics.fx / depth
    x0, x1 = math.floor(x - reach), math.ceil(x + reach) + 1
    y0, y1 = math.floor(y - reach), math.ceil(y + reach) + 1
    if x0 < 2 or y0 < 2 or x1 > w - 2 or y1 > h - 2:
        return False
    patch = frame.depth[y0:y1, x0:x1]
    values = patch[np.isfinite(patch)]
    if len(values) < 0.5 * patch.size:
        return False
    margin = 0.012 + 0.004 * depth * depth
    return float(np.mean(values > depth + margin)) > 0.7
