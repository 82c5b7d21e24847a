# SPDX-License-Identifier: Apache-2.0
"""Where to put something down: pure search on a grid over a surface.

Decides a point of the surface with room around it. Objects count as circles around their greatest
extent. It knows only what perception has seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from vla_common.contracts.scene import Place, SceneObject
from vla_executor.spatial.geometry import Point2, Point3, Pose2

GRID_M = 0.02
NEXT_TO_M = 0.35
"""Farther than this from the edge of something is not 'next to' it."""
_TURN = {"left_of": math.pi / 2, "right_of": -math.pi / 2, "behind": 0.0, "in_front_of": math.pi}
"""Direction of a relation, from the line of sight of the robot to the reference."""
SECTOR_RAD = 0.7
"""Half the width of the sector that still counts as, say, left of something."""


def radius(size: Point3) -> float:
    """Of the circle around something on the table."""
    return math.hypot(size[0], size[1]) / 2


def free_spots(
    place: Place,
    objects: Iterable[SceneObject],
    size: Point3,
    gap_m: float,
    *,
    relation: str = "on",
    reference: SceneObject | None = None,
    robot: Pose2 | None = None,
    held_id: str = "",
) -> list[Point2]:
    """Free points of a surface (map), best first: near the robot, or near the reference.

    gap_m: least room to other things, and from the point to the edge. reference and relation: for
    'next_to', 'left_of', ... as seen by the robot.
    """
    own = radius(size)
    others = [item for item in objects if not item.held and not (held_id and item.id == held_id)]
    found: list[tuple[float, Point2]] = []
    for x, y in _grid(place, max(gap_m, own + 0.01)):
        distances = [
            math.hypot(x - item.position[0], y - item.position[1]) - radius(item.size) - own
            for item in others
        ]
        if min(distances, default=math.inf) < gap_m:
            continue
        if reference is not None:
            gap = math.hypot(x - reference.position[0], y - reference.position[1])
            gap -= radius(reference.size) + own
            if gap > NEXT_TO_M or not _in_sector((x, y), relation, reference, robot):
                continue
            cost = gap
        elif robot is not None:
            # Rather in the middle of the near edge than in a corner of the table.
            lx, ly = place.local(x, y)
            cost = math.hypot(x - robot.x_m, y - robot.y_m) + 0.2 * math.hypot(lx, ly)
        else:
            cost = math.hypot(x - place.position[0], y - place.position[1])
        found.append((cost, (x, y)))
    found.sort()
    return [spot for _, spot in found]


def _grid(place: Place, margin_m: float) -> Iterator[Point2]:
    half_x, half_y = place.size[0] / 2 - margin_m, place.size[1] / 2 - margin_m
    if half_x < 0 or half_y < 0:
        return
    count_x, count_y = int(half_x / GRID_M), int(half_y / GRID_M)
    for ix in range(-count_x, count_x + 1):
        for iy in range(-count_y, count_y + 1):
            yield place.to_map(ix * GRID_M, iy * GRID_M)


def _in_sector(spot: Point2, relation: str, reference: SceneObject, robot: Pose2 | None) -> bool:
    turn = _TURN.get(relation)
    if turn is None or robot is None:
        return True
    rx, ry = reference.position[0], reference.position[1]
    sight = math.atan2(ry - robot.y_m, rx - robot.x_m)
    heading = math.atan2(spot[1] - ry, spot[0] - rx)
    return abs(math.remainder(heading - sight - turn, 2 * math.pi)) <= SECTOR_RAD
