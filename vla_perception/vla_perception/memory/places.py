# SPDX-License-Identifier: Apache-2.0
"""Which named place an object is at, and places from a file.

Decides from the object's pose and the places' footprints alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.plausible import wrong_place
from vla_common.contracts.scene import Place, PlaceKind

EDGE_M = 0.02
BELOW_M = 0.05
ABOVE_M = 0.35
"""Things stacked on others are still on the table: the underside may be that high over it."""


def place_of(position: tuple[float, float, float], height_m: float, places: Sequence[Place]) -> str:
    """Name of the place of an object with its middle at position (map, m); "" when it is at none.

    A container counts before what it stands on, a smaller footprint before a larger.
    """
    x, y, z = position
    underside = z - height_m / 2
    order = {PlaceKind.CONTAINER: 0, PlaceKind.SURFACE: 1, PlaceKind.AREA: 2}
    for place in sorted(places, key=lambda p: (order[p.kind], p.size[0] * p.size[1])):
        if not place.name or not place.covers(x, y, EDGE_M):
            continue
        level = place.position[2]
        if place.kind is PlaceKind.CONTAINER:
            if -0.05 < underside < level:
                return place.name
        elif level - BELOW_M < underside < level + ABOVE_M:
            return place.name
    return ""


def place_under(position: tuple[float, float, float], places: Sequence[Place]) -> Place | None:
    """The highest surface or container below a point (map, m): where a thing let go there ends up."""
    x, y, z = position
    solid = [p for p in places if p.name and p.kind is not PlaceKind.AREA]
    below = [p for p in solid if p.covers(x, y) and p.position[2] < z + BELOW_M]
    return max(below, key=lambda p: p.position[2], default=None)


def load_places(path: Path) -> tuple[Place, ...]:
    """Places from a YAML file: a list under `places` of mappings with name, kind, position, yaw, size, aliases and
    keep_out.

    Errors: INVALID_CONFIG with the entry that is wrong.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise VlaError(
            Code.INVALID_CONFIG, f"The file of places '{path}' can't be read: {error}."
        ) from None
    entries = raw.get("places") if isinstance(raw, dict) else None
    if not isinstance(entries, list):
        raise VlaError(Code.INVALID_CONFIG, f"The file of places '{path}' has no list 'places'.")
    places = tuple(_place(entry, f"{path}: places[{index}]") for index, entry in enumerate(entries))
    names = [place.name for place in places]
    for name in names:
        if names.count(name) > 1:
            raise VlaError(Code.INVALID_CONFIG, f"{path}: the place '{name}' is there twice.")
    return places


def _place(entry: Any, where: str) -> Place:
    known = {"name", "kind", "position", "yaw", "size", "aliases", "keep_out"}
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("name"), str)
        or not entry["name"].strip()
    ):
        raise VlaError(Code.INVALID_CONFIG, f"{where} has no name.")
    for key in entry:
        if key not in known:
            raise VlaError(Code.INVALID_CONFIG, f"{where} has the unknown key '{key}'.")
    try:
        kind = PlaceKind[str(entry.get("kind", "surface")).upper()]
        position, size = _numbers(entry["position"], 3), _numbers(entry["size"], 2)
        yaw = _numbers([entry.get("yaw", 0.0)], 1)[0]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise VlaError(
            Code.INVALID_CONFIG,
            f"{where} needs kind (surface, container or area), position [x, y, z], size [x, y] and yaw as numbers.",
        ) from None
    if min(size) <= 0.0:
        raise VlaError(Code.INVALID_CONFIG, f"{where} has a size that is not positive.")
    aliases = entry.get("aliases") or []
    keep_out = entry.get("keep_out", True)
    if (
        not isinstance(aliases, list)
        or not all(isinstance(word, str) for word in aliases)
        or not isinstance(keep_out, bool)
    ):
        raise VlaError(
            Code.INVALID_CONFIG, f"{where}: aliases is a list of words, keep_out true or false."
        )
    place = Place(
        entry["name"].strip().lower(),
        kind,
        (position[0], position[1], position[2]),
        yaw,
        (size[0], size[1]),
        tuple(word.strip().lower() for word in aliases),
        keep_out,
    )
    wrong = wrong_place(place)
    if wrong:
        raise VlaError(Code.INVALID_CONFIG, f"{where} {wrong}.")
    return place


def _numbers(value: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(float(item) for item in value)
    if (
        isinstance(value, str)
        or len(numbers) != count
        or not all(math.isfinite(item) for item in numbers)
    ):
        raise ValueError(value)
    return numbers
