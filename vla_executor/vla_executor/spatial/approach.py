# SPDX-License-Identifier: Apache-2.0
"""Where the base should stand to reach an object or to see a place.

Decides standing poses from the map alone, best first. It knows furniture as footprints, not walls and
not people: whether there is a way is for navigation to find out, so several poses are offered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from vla_common.contracts.scene import Place, PlaceKind
from vla_executor.config import ExecutorConfig
from vla_executor.spatial.geometry import Point2, Pose2, bearing, distance_to_footprint, wrap

FAN_RAD = (0.0, 0.35, -0.35, 0.7, -0.7)
"""Directions tried beside the straight one."""
RANGE_STEP_M = 0.04
ROOM_M = 0.04
"""Room between the robot's circle and furniture, beyond what the guard asks for."""
ALONG_STEPS = (0.0, 0.25, -0.25)
"""Where along an edge to stand, as a part of its length."""
VIEW_STEPS_M = (0.0, 0.1, 0.2, 0.35)


def clearance(x_m: float, y_m: float, places: Iterable[Place]) -> float:
    """Distance of a point from the nearest footprint that has to be kept out of."""
    return min(
        (distance_to_footprint(place, x_m, y_m) for place in places if place.keep_out),
        default=math.inf,
    )


def _sides(place: Place) -> list[tuple[float, float, float, float]]:
    """Outward direction (map), half depth along it, half width across, for the four edges."""
    half_x, half_y = place.size[0] / 2, place.size[1] / 2
    return [
        (wrap(place.yaw), half_x, half_y, 0.0),
        (wrap(place.yaw + math.pi / 2), half_y, half_x, math.pi / 2),
        (wrap(place.yaw + math.pi), half_x, half_y, math.pi),
        (wrap(place.yaw - math.pi / 2), half_y, half_x, -math.pi / 2),
    ]


def _directions(target: Point2, place: Place | None, robot: Point2) -> Iterator[float]:
    """Headings from the target to where one might stand, best first."""
    if place is None:
        straight = [bearing(target, robot)]
        straight += [wrap(straight[0] + step * math.pi / 4) for step in (1, -1, 2, -2, 3, -3, 4)]
    else:
        lx, ly = place.local(*target)
        ranked = []
        for heading, depth, _, local in _sides(place):
            to_edge = depth - (lx * math.cos(local) + ly * math.sin(local))
            detour = abs(wrap(bearing(target, robot) - heading))
            ranked.append((round(to_edge / 0.05), detour, heading))
        straight = [heading for _, _, heading in sorted(ranked)]
    for offset in FAN_RAD:
        for heading in straight:
            yield wrap(heading + offset)


def reach_poses(
    target: Point2,
    place: Place | None,
    places: Sequence[Place],
    robot: Pose2,
    config: ExecutorConfig,
) -> list[Pose2]:
    """Poses from which the arm reaches a point, facing it, best first; empty when there is none.

    place: what the point lies on, if anything: the nearest of its edges comes first.
    """
    needed = config.robot_radius_m + ROOM_M
    low, high = config.reach_min_m + 0.03, config.reach_max_m - 0.03
    ranges = [config.standoff_m]
    steps = int((high - low) / RANGE_STEP_M) + 1
    ranges += sorted(
        (low + RANGE_STEP_M * index for index in range(steps)),
        key=lambda value: abs(value - config.standoff_m),
    )
    poses: list[Pose2] = []
    for heading in _directions(target, place, robot.xy):
        for reach in ranges:
            x = target[0] + reach * math.cos(heading)
            y = target[1] + reach * math.sin(heading)
            if clearance(x, y, places) >= needed:
                poses.append(Pose2(x, y, wrap(heading + math.pi)))
                break
    return poses


def view_poses(
    place: Place, places: Sequence[Place], robot: Pose2, config: ExecutorConfig
) -> list[Pose2]:
    """Poses from which the camera sees a place, best first; for an area of the floor: on it."""
    if place.kind is PlaceKind.AREA and not place.keep_out:
        return [Pose2(place.position[0], place.position[1], place.yaw)]
    needed = config.robot_radius_m + ROOM_M
    ranked: list[tuple[float, Pose2]] = []
    for heading, depth, width, _ in _sides(place):
        for along in ALONG_STEPS:
            for extra in VIEW_STEPS_M:
                out = depth + config.view_distance_m + extra
                side = along * 2 * width
                x = place.position[0] + out * math.cos(heading) - side * math.sin(heading)
                y = place.position[1] + out * math.sin(heading) + side * math.cos(heading)
                if clearance(x, y, places) < needed:
                    continue
                travel = math.hypot(x - robot.x_m, y - robot.y_m)
                # A look across the short way shows more; a spot off the middle shows less.
                cost = travel + 2 * depth + 2 * abs(side) + 2 * extra
                ranked.append((cost, Pose2(x, y, wrap(heading + math.pi))))
                break
    ranked.sort(key=lambda entry: entry[0])
    return [pose for _, pose in ranked]
