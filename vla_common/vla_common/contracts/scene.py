# SPDX-License-Identifier: Apache-2.0
"""The scene as plain data: objects as perception knows them and the named places of the map.

Positions are in the map frame, metres. Which object fits which words is decided in `vla_perception.memory.query`
(for pictures) and `matches` here (for words alone).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from vla_common.contracts.skills import ObjectRef
from vla_common.language.foreign_text import line

ANY_LABELS = frozenset({"", "object", "thing", "item", "something", "one"})


class PlaceKind(IntEnum):
    """Same numbers as vla_interfaces/msg/Place."""

    SURFACE = 0
    CONTAINER = 1
    AREA = 2


@dataclass(frozen=True)
class Place:
    """A named place. position: centre of the top surface or opening (m, map); yaw (rad); size: x, y footprint (m).

    height_m above the floor equals position[2] for surfaces. Names are made harmless, see `foreign_text`.
    """

    name: str
    kind: PlaceKind
    position: tuple[float, float, float]
    yaw: float = 0.0
    size: tuple[float, float] = (0.0, 0.0)
    aliases: tuple[str, ...] = ()
    keep_out: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", line(self.name))
        object.__setattr__(self, "aliases", tuple(map(line, self.aliases)))

    def local(self, x: float, y: float) -> tuple[float, float]:
        """Map coordinates to coordinates along the place's own axes, origin at its centre."""
        dx, dy = x - self.position[0], y - self.position[1]
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return c * dx + s * dy, -s * dx + c * dy

    def to_map(self, x: float, y: float) -> tuple[float, float]:
        """The reverse of `local`."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return self.position[0] + c * x - s * y, self.position[1] + s * x + c * y

    def covers(self, x: float, y: float, margin_m: float = 0.0) -> bool:
        """Whether a point of the map lies over the footprint widened by margin_m."""
        lx, ly = self.local(x, y)
        return abs(lx) <= self.size[0] / 2 + margin_m and abs(ly) <= self.size[1] / 2 + margin_m

    def is_called(self, name: str) -> bool:
        wanted = name.strip().lower().replace("_", " ")
        return wanted in (self.name, *self.aliases)


@dataclass(frozen=True)
class SceneObject:
    """One known object. position: centre (m, map); size: extent (m), 0 where not known.

    Words come from detectors and from what is written on things; they are made harmless, see `foreign_text`.
    first_seen_s, last_seen_s: seconds on the ROS clock; first_seen_s is 0 where nobody says since when it is known.
    """

    id: str
    label: str
    position: tuple[float, float, float]
    color: str = ""
    attributes: tuple[str, ...] = ()
    confidence: float = 1.0
    yaw: float = 0.0
    size: tuple[float, float, float] = (0.0, 0.0, 0.0)
    covariance: tuple[
        float, ...
    ] = ()  # 36 numbers, row by row, as geometry_msgs/PoseWithCovariance; empty: not known
    place: str = ""
    last_seen_s: float = 0.0
    visible: bool = False
    held: bool = False
    first_seen_s: float = 0.0

    def __post_init__(self) -> None:
        for field in ("id", "label", "color", "place"):
            object.__setattr__(self, field, line(getattr(self, field)))
        object.__setattr__(self, "attributes", tuple(map(line, self.attributes)))

    def describe(self) -> str:
        words = " ".join([*self.attributes, self.color, self.label]).split()
        return " ".join(words)


@dataclass(frozen=True)
class Scene:
    """Everything known. stamp_s: time of the newest image that went into it, 0 when there was none.

    robot: x, y (m), yaw (rad) in the map at that time; None where it is not known.
    """

    objects: tuple[SceneObject, ...] = ()
    places: tuple[Place, ...] = ()
    stamp_s: float = 0.0
    robot: tuple[float, float, float] | None = None

    def place(self, name: str) -> Place | None:
        """The place of that name or alias, or None."""
        return next((place for place in self.places if place.is_called(name)), None)


def matches(item: SceneObject, ref: ObjectRef) -> bool:
    """Whether label, attributes and place of a reference fit an object. Relations and quantity are not looked at."""
    if ref.id:
        return item.id == ref.id
    if ref.label not in ANY_LABELS and ref.label != item.label:
        return False
    own = {item.color, *item.attributes}
    if any(word not in own for word in ref.attributes):
        return False
    return not ref.place or ref.place == item.place
