# SPDX-License-Identifier: Apache-2.0
"""Random worlds by seed.

Decides where furniture, objects and the robot go, so that every world can be worked in: furniture never overlaps, the
robot can stand in front of all of it, objects stay 7 cm apart and within reach from the free side of their place, and
a red object that the gripper can hold stands on the table.
"""

from __future__ import annotations

import math
import random

from vla_sim.world.shapes import object_shape
from vla_sim.world.world_spec import (
    COLORS,
    OBJECT_KINDS,
    OBJECT_SIZES,
    ObjectSpec,
    PlaceSpec,
    StartSpec,
    WorldSpec,
    validate_world,
)

ROOM_X_M = 6.0
ROOM_Y_M = 5.0
MIN_OBJECTS = 6
MAX_OBJECTS = 12
OBJECT_GAP_M = 0.07
EDGE_MARGIN_M = 0.035
REACH_DEPTH_M = 0.46
"""Farthest an object's middle may lie from the free edge of its place: 0.85 m reach less 0.36 m standing distance."""
SETTLE_GAP_M = 0.001
GRASPABLE_KINDS = ("cup", "bottle", "block", "ball")

_ATTEMPTS = 200


def generate_world(seed: int) -> WorldSpec:
    """The world of a seed; the same seed always gives the same world."""
    rng = random.Random(f"vla_sim world {seed}")
    mirror_x, mirror_y = rng.random() < 0.5, rng.random() < 0.5
    places = tuple(_mirror(place, mirror_x, mirror_y) for place in _furniture(rng))
    objects = _objects(rng, places)
    start = _start(rng, places)
    world = WorldSpec(seed, ROOM_X_M, ROOM_Y_M, start, places, objects)
    validate_world(world)
    return world


def _furniture(rng: random.Random) -> list[PlaceSpec]:
    """Five pieces along the walls of an unmirrored room: table north, shelf east, side table west, containers south.

    The local -y side of a place is its free side.
    """
    hx, hy = ROOM_X_M / 2, ROOM_Y_M / 2

    def jitter(amount: float) -> float:
        return rng.uniform(-amount, amount)

    table_depth = rng.uniform(0.60, 0.70)
    table = PlaceSpec(
        "table", "table", -0.45 + jitter(0.55), hy - table_depth / 2 - rng.uniform(0.06, 0.40), jitter(0.08),
        rng.uniform(1.15, 1.40), table_depth, rng.uniform(0.70, 0.75),
    )  # fmt: skip
    shelf_depth = 0.36
    shelf = PlaceSpec(
        "shelf", "shelf", hx - shelf_depth / 2 - rng.uniform(0.04, 0.10), 0.25 + jitter(0.45),
        -math.pi / 2 + jitter(0.03), rng.uniform(0.85, 1.05), shelf_depth, rng.uniform(0.77, 0.81),
    )  # fmt: skip
    side = rng.uniform(0.44, 0.52)
    side_table = PlaceSpec(
        "side table", "side_table", -hx + side / 2 + rng.uniform(0.06, 0.25), -0.30 + jitter(0.5),
        math.pi / 2 + jitter(0.08), side, side, rng.uniform(0.45, 0.52),
    )  # fmt: skip
    bin_x = 0.30 + jitter(0.5)
    bin_ = PlaceSpec(
        "bin", "bin", bin_x, -hy + 0.16 + rng.uniform(0.05, 0.15), math.pi + jitter(0.1), 0.32, 0.32,
        rng.uniform(0.27, 0.33),
    )  # fmt: skip
    box = PlaceSpec(
        "box", "box", bin_x + 1.0 + rng.uniform(0.0, 0.3), -hy + 0.17 + rng.uniform(0.05, 0.15),
        math.pi + jitter(0.1), 0.42, 0.32, rng.uniform(0.18, 0.22),
    )  # fmt: skip
    return [table, shelf, side_table, bin_, box]


def _mirror(place: PlaceSpec, mirror_x: bool, mirror_y: bool) -> PlaceSpec:
    x, y, yaw = place.x_m, place.y_m, place.yaw_rad
    # Mirroring keeps boxes boxes; the free side's direction (yaw - 90 deg) is mirrored with them.
    free = yaw - math.pi / 2
    if mirror_x:
        x, free = -x, math.pi - free
    if mirror_y:
        y, free = -y, -free
    yaw = math.atan2(math.sin(free + math.pi / 2), math.cos(free + math.pi / 2))
    return PlaceSpec(
        place.name, place.kind, x, y, yaw, place.size_x_m, place.size_y_m, place.height_m
    )


def _objects(rng: random.Random, places: tuple[PlaceSpec, ...]) -> tuple[ObjectSpec, ...]:
    surfaces = [p for p in places if not p.is_container]
    wanted = rng.randint(MIN_OBJECTS, MAX_OBJECTS)
    # The guaranteed red object first, then one thing on each other surface, then anywhere.
    more = rng.choices(surfaces, [5, 3, 2], k=wanted - len(surfaces))
    slots = [*surfaces, *more]
    made: list[ObjectSpec] = []
    counts: dict[str, int] = {}
    bowls = 0
    for index, place in enumerate(slots):
        if index == 0:
            kind, color = rng.choice(GRASPABLE_KINDS), "red"
        else:
            kind = rng.choice(OBJECT_KINDS if bowls < 2 else GRASPABLE_KINDS)
            color = rng.choice(list(COLORS))
        size = rng.choice(OBJECT_SIZES)
        spot = _free_spot(rng, place, kind, size, made)
        if spot is None:
            continue
        bowls += kind == "bowl"
        base_name = f"{color}_{kind}"
        counts[base_name] = counts.get(base_name, 0) + 1
        name = base_name if counts[base_name] == 1 else f"{base_name}_{counts[base_name]}"
        height = place.height_m + object_shape(kind, size).height_m / 2 + SETTLE_GAP_M
        made.append(
            ObjectSpec(name, kind, color, size, *spot, height, rng.uniform(-math.pi, math.pi))
        )
    return tuple(made)


def _free_spot(
    rng: random.Random, place: PlaceSpec, kind: str, size: str, others: list[ObjectSpec]
) -> tuple[float, float] | None:
    """A point on a place, far enough from edges and others and near enough to the free side; None if crowded."""
    extent = object_shape(kind, size).extent_m
    margin = extent + EDGE_MARGIN_M
    near = -place.size_y_m / 2
    deep = min(place.size_y_m / 2 - margin, near + REACH_DEPTH_M)
    for _ in range(_ATTEMPTS):
        local_x = rng.uniform(-place.size_x_m / 2 + margin, place.size_x_m / 2 - margin)
        local_y = rng.uniform(near + margin, deep)
        x, y = place.to_map(local_x, local_y)
        if all(
            math.hypot(x - o.x_m, y - o.y_m)
            >= extent + object_shape(o.kind, o.size).extent_m + OBJECT_GAP_M
            for o in others
        ):
            return x, y
    return None


def _start(rng: random.Random, places: tuple[PlaceSpec, ...]) -> StartSpec:
    """Somewhere in the middle of the room, at least half a metre from everything."""
    for _ in range(_ATTEMPTS):
        x, y = rng.uniform(-1.2, 1.2), rng.uniform(-1.0, 0.8)
        if all(_distance(place, x, y) > 0.55 for place in places):
            return StartSpec(x, y, rng.uniform(-math.pi, math.pi))
    return StartSpec(0.0, 0.0, 0.0)


def _distance(place: PlaceSpec, x: float, y: float) -> float:
    local_x, local_y = place.to_local(x, y)
    dx = max(abs(local_x) - place.size_x_m / 2, 0.0)
    dy = max(abs(local_y) - place.size_y_m / 2, 0.0)
    return math.hypot(dx, dy)
