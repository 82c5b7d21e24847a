# SPDX-License-Identifier: Apache-2.0
"""What a world consists of, as plain data, and its YAML form.

Decides which descriptions are valid. It neither invents a world (``world_generator``) nor builds one (``mjcf``).
All lengths in metres, angles in radians, poses in the map frame (origin in the middle of the room's floor, z up).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

COLORS: dict[str, tuple[float, float, float]] = {
    "red": (0.80, 0.05, 0.05),
    "green": (0.08, 0.55, 0.14),
    "blue": (0.07, 0.18, 0.75),
    "yellow": (0.93, 0.80, 0.06),
    "white": (0.93, 0.93, 0.92),
    "orange": (0.95, 0.42, 0.03),
}
"""Linear RGB of the object colours, chosen to stay apart in hue or, for white, in saturation."""

OBJECT_KINDS = ("cup", "bottle", "block", "ball", "bowl")
OBJECT_SIZES = ("small", "large")
PLACE_KINDS = ("table", "shelf", "side_table", "bin", "box")
CONTAINER_KINDS = ("bin", "box")


class WorldError(ValueError):
    """A world description that cannot be built; the text names the entry."""


@dataclass(frozen=True)
class PlaceSpec:
    """A piece of furniture or a container.

    The pose is that of the middle of its footprint on the floor; ``yaw_rad`` turns its local frame, whose x runs along
    ``size_x_m``. The local -y side is the one that people stand at. ``height_m`` is that of the surface things are put
    on; for containers that of the rim.
    """

    name: str
    kind: str
    x_m: float
    y_m: float
    yaw_rad: float
    size_x_m: float
    size_y_m: float
    height_m: float

    @property
    def is_container(self) -> bool:
        """Whether things go into it rather than onto it."""
        return self.kind in CONTAINER_KINDS

    def to_map(self, local_x_m: float, local_y_m: float) -> tuple[float, float]:
        """Map coordinates of a point given in the place's own frame."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return (
            self.x_m + cos * local_x_m - sin * local_y_m,
            self.y_m + sin * local_x_m + cos * local_y_m,
        )

    def to_local(self, x_m: float, y_m: float) -> tuple[float, float]:
        """A map point in the place's own frame."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        dx, dy = x_m - self.x_m, y_m - self.y_m
        return cos * dx + sin * dy, -sin * dx + cos * dy


@dataclass(frozen=True)
class ObjectSpec:
    """A movable thing. The pose is that of its middle (half its height), at the start."""

    name: str
    kind: str
    color: str
    size: str
    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float


@dataclass(frozen=True)
class StartSpec:
    """Where the robot stands at the start."""

    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True)
class WorldSpec:
    """A whole world. ``seed`` is -1 for a world that was written by hand."""

    seed: int
    room_x_m: float
    room_y_m: float
    start: StartSpec
    places: tuple[PlaceSpec, ...] = field(default_factory=tuple)
    objects: tuple[ObjectSpec, ...] = field(default_factory=tuple)

    def place(self, name: str) -> PlaceSpec:
        """The place of that name.

        Raises:
            KeyError: when there is none.
        """
        for place in self.places:
            if place.name == name:
                return place
        raise KeyError(name)


def load_world(path: Path) -> WorldSpec:
    """Read and validate a world file.

    Raises:
        WorldError: when the file is unreadable or an entry is wrong.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorldError(f"world file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WorldError(f"world file {path} is not text in UTF-8") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # The reader's own words quote the file, which may be any.
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise WorldError(f"world file {path} is not valid YAML{where}") from None
    try:
        return world_from_dict(raw)
    except RecursionError:
        raise WorldError(f"world file {path} contains itself") from None


def save_world(world: WorldSpec, path: Path) -> None:
    """Write a world so that :func:`load_world` reads the same one."""
    raw = asdict(world)
    raw["places"] = list(raw["places"])
    raw["objects"] = list(raw["objects"])
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")


def world_from_dict(raw: Any) -> WorldSpec:
    """Build a world from the parsed YAML of a world file.

    Raises:
        WorldError: naming the wrong entry.
    """
    if not isinstance(raw, dict):
        raise WorldError(
            "a world file is a mapping with the keys room_x_m, room_y_m, start, places, objects"
        )
    known = {"seed", "room_x_m", "room_y_m", "start", "places", "objects"}
    unknown = sorted(set(map(str, raw)) - known)
    if unknown:
        raise WorldError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    for key in ("places", "objects"):
        if not isinstance(raw.get(key) or [], list):
            raise WorldError(f"{key} is not a list")
    seed = raw.get("seed", -1)
    if isinstance(seed, bool) or not isinstance(seed, int) or not -1 <= seed < 2**64:
        raise WorldError("seed is not a whole number from 0 on")
    world = WorldSpec(
        seed=seed,
        room_x_m=_number(raw, "room_x_m", "world"),
        room_y_m=_number(raw, "room_y_m", "world"),
        start=_entry(StartSpec, raw.get("start"), "start"),
        places=tuple(
            _entry(PlaceSpec, p, f"places[{i}]") for i, p in enumerate(raw.get("places") or [])
        ),
        objects=tuple(
            _entry(ObjectSpec, o, f"objects[{i}]") for i, o in enumerate(raw.get("objects") or [])
        ),
    )
    validate_world(world)
    return world


def validate_world(world: WorldSpec) -> None:
    """Check names, kinds, ranges.

    Raises:
        WorldError: naming the first wrong entry.
    """
    if not (2.0 <= world.room_x_m <= 20.0 and 2.0 <= world.room_y_m <= 20.0):
        raise WorldError("room_x_m and room_y_m lie between 2 and 20 m")
    names: set[str] = set()
    for place in world.places:
        _unique(place.name, names)
        if place.kind not in PLACE_KINDS:
            raise WorldError(
                f"place {place.name!r}: kind {place.kind!r} is none of {', '.join(PLACE_KINDS)}"
            )
        if not (
            0.1 <= place.size_x_m <= 4.0
            and 0.1 <= place.size_y_m <= 4.0
            and 0.05 <= place.height_m <= 1.5
        ):
            raise WorldError(
                f"place {place.name!r}: sizes lie between 0.1 and 4 m, heights between 0.05 and 1.5 m"
            )
    for thing in world.objects:
        _unique(thing.name, names)
        if thing.kind not in OBJECT_KINDS:
            raise WorldError(
                f"object {thing.name!r}: kind {thing.kind!r} is none of {', '.join(OBJECT_KINDS)}"
            )
        if thing.color not in COLORS:
            raise WorldError(
                f"object {thing.name!r}: colour {thing.color!r} is none of {', '.join(COLORS)}"
            )
        if thing.size not in OBJECT_SIZES:
            raise WorldError(
                f"object {thing.name!r}: size {thing.size!r} is none of {', '.join(OBJECT_SIZES)}"
            )
    for x, y, what in [
        (world.start.x_m, world.start.y_m, "start"),
        *((p.x_m, p.y_m, f"place {p.name!r}") for p in world.places),
        *((o.x_m, o.y_m, f"object {o.name!r}") for o in world.objects),
    ]:
        if abs(x) > world.room_x_m / 2 or abs(y) > world.room_y_m / 2:
            raise WorldError(f"{what} lies outside the room")


def _unique(name: str, names: set[str]) -> None:
    if not name or not all(c.isalnum() or c in "_ -" for c in name):
        raise WorldError(f"name {name!r}: letters, digits, space, '_' and '-' only, and not empty")
    if name in names:
        raise WorldError(f"name {name!r} is used twice")
    names.add(name)


def _number(raw: dict[str, Any], key: str, where: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WorldError(f"{where}: {key} is missing or not a finite number")
    return float(value)


def _entry(cls: Any, raw: Any, where: str) -> Any:
    if not isinstance(raw, dict):
        raise WorldError(f"{where} is missing or not a mapping")
    fields = cls.__dataclass_fields__
    if "colour" in raw and "color" in fields and "color" not in raw:
        raw = {"color" if key == "colour" else key: value for key, value in raw.items()}
    unknown = sorted(set(map(str, raw)) - set(fields))
    if unknown:
        raise WorldError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(fields)}")
    values: dict[str, Any] = {}
    for name, info in fields.items():
        if str(info.type) == "str":
            if not isinstance(raw.get(name), str):
                raise WorldError(f"{where}: {name} is missing or not a string")
            values[name] = raw[name]
        else:
            values[name] = _number(raw, name, where)
    return cls(**values)
