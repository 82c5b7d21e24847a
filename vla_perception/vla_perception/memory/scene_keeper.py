# SPDX-License-Identifier: Apache-2.0
"""What the node knows of the room at any moment, for the threads that look, hear and answer.

Decides which map a memory belongs to, when what an earlier run knew is taken up, and what a query is answered from.
What looks say together is decided in `memory`, what is on the disk in `scene_store`.

A memory is true of one map only. Which one it is, is said by whoever publishes the places (`map_id`), else told by the
places themselves; without either nothing is kept. When the map changes to another, everything is forgotten: what was
seen in one room must not be looked for in another.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.contracts.scene import Place, Scene, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_perception.memory.query import find, find_unsure
from vla_perception.memory.scene_memory import SceneMemory
from vla_perception.memory.scene_store import SceneStore
from vla_perception.pipeline import Sighting
from vla_perception.rgbd.frame import RgbdFrame, Transform

TEMPORARY = "temporary"
"""What the map_id of a world begins with that ends with its publisher, see vla_interfaces/PlaceArray."""


def map_key(map_id: str, places: Sequence[Place]) -> str:
    """The name under which a map's memory is kept; "" when nothing tells the map from others."""
    if map_id:
        return f"id {map_id}"
    if not places:
        return ""
    lines = sorted(
        f"{p.name} {p.kind.name} "
        + " ".join(f"{round(v, 2) + 0.0:.2f}" for v in (*p.position, p.yaw, *p.size))
        for p in places
    )
    return "places " + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class SceneKeeper:
    """Thread-safe. store: None keeps nothing over a restart. now_s: the node's clock, seconds since the epoch."""

    def __init__(
        self,
        memory: SceneMemory,
        store: SceneStore | None,
        now_s: Callable[[], float],
        tell: Callable[[str], object],
        places: Sequence[Place] = (),
    ) -> None:
        self._lock = threading.RLock()
        self._memory = memory
        self._store = store
        self._now_s = now_s
        self._tell = tell
        self._places: tuple[Place, ...] = ()
        self._key = ""
        self._held = ""
        self._observer: tuple[float, float] | None = None
        self._robot: tuple[float, float, float] | None = None
        if places:
            self.set_map(places)

    @property
    def places(self) -> tuple[Place, ...]:
        with self._lock:
            return self._places

    @property
    def looked(self) -> bool:
        """Whether there has been a look since the start."""
        with self._lock:
            return self._memory.looked

    def set_map(self, places: Sequence[Place], map_id: str = "") -> None:
        """The places of the map, and with them which map it is.

        A map that was there does not lose all its places: an empty list that names no other map is not believed.
        """
        with self._lock:
            other = bool(map_id) and map_key(map_id, ()) != self._key
            if self._places and not places and not other:
                self._tell("The list of places has become empty; the places known before hold.")
                return
            before, self._places = self._places, tuple(places)
            key = map_key(map_id, places) or self._key
            if key == self._key:
                self._memory.replace_places(self._places)
                return
            # Places that were moved a little, or one more of them, make another key but no other room.
            edited = not map_id and self._key.startswith("places ") and _in_common(before, places)
            if self._key and not edited:
                if self._memory.objects():
                    self._tell(
                        "The map is another one now; what was known of the old one is forgotten."
                    )
                self._memory.forget()
                self._observer = self._robot = None
            known_before = bool(self._key) and edited
            self._key = key
            store = self._kept_in()
            if store is not None and not known_before:
                kept = store.load(key)
                self._memory.restore(kept, self._now_s())
                self._memory.hold(self._held, None, self._places)
                if kept.objects:
                    self._tell(f"{len(kept.objects)} objects are remembered from before the start.")
            self._memory.replace_places(self._places)
            self._save()

    def hold(self, object_id: str) -> None:
        """This object is in the hand; "" for none."""
        with self._lock:
            self._held = object_id
            self._memory.hold(object_id, None, self._places)
            self._save()

    def saw(
        self, sightings: Sequence[Sighting], frame: RgbdFrame, hand: Transform | None
    ) -> tuple[dict[int, str], Scene]:
        """Take in one look. The id of each sighting by its index, and all that is known now."""
        with self._lock:
            x, y = (frame.base or frame.camera).translation[:2]
            self._observer = (float(x), float(y))
            self._robot = None if frame.base is None else frame.base.on_floor()
            ids = self._memory.update(sightings, frame)
            where = None
            if hand is not None:
                where = (
                    float(hand.translation[0]),
                    float(hand.translation[1]),
                    float(hand.translation[2]),
                )
            self._memory.hold(self._held, where, self._places)
            self._save()
            return ids, self.known()

    def known(self) -> Scene:
        """Everything."""
        with self._lock:
            return Scene(self._memory.objects(), self._places, self._memory.stamp_s, self._robot)

    def answer(self, ref: ObjectRef) -> tuple[Scene, list[SceneObject]]:
        """Everything that is known, and what of it fits, best first."""
        with self._lock:
            scene = self.known()
            return scene, find(ref, scene.objects, scene.places, self._observer)

    def color_doubt(self, ref: ObjectRef) -> Result:
        """BAD_IMAGE where something may fit whose colour was never seen: then "nothing fits" is not known."""
        with self._lock:
            scene = self.known()
            unsure = find_unsure(ref, scene.objects, scene.places, self._observer)
        if not unsure:
            return OK
        names = Counter(item.label for item in unsure)
        seen = ", ".join(f"{count} {label}" for label, count in names.most_common(3))
        return Result(
            Code.BAD_IMAGE,
            f"I can't tell colours, because the camera's picture is grey. What may be meant: {seen}.",
        )

    def close(self) -> None:
        """Write what is still to be written; nothing is known afterwards."""
        with self._lock:
            self._save()
            store, self._store = self._store, None
            self._memory.forget()
            self._places, self._key = (), ""
            self._observer = self._robot = None
        if store is not None:
            store.close()

    def _kept_in(self) -> SceneStore | None:
        """The store, for a map that can come back."""
        lasting = self._key and not self._key.startswith(f"id {TEMPORARY}")
        return self._store if lasting else None

    def _save(self) -> None:
        # Before the first look there is nothing new to keep.
        store = self._kept_in()
        if store is not None and self._memory.looked:
            store.save(self._key, self._memory.snapshot())


def _in_common(before: Sequence[Place], now: Sequence[Place]) -> bool:
    """Whether some place has its name and, but for half a metre, its position in both lists."""
    return any(
        a.name == b.name
        and max(abs(p - q) for p, q in zip(a.position, b.position, strict=True)) < 0.5
        for a in before
        for b in now
    )
