# SPDX-License-Identifier: Apache-2.0
"""Whether a step did what it was to do: pure decisions on what was measured and seen.

Each function returns a sentence that says what is wrong, empty when nothing is. Fail closed: what was
not seen has not happened.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum

from vla_common.contracts.scene import Place, SceneObject
from vla_executor.robot.robot import Grip
from vla_executor.spatial.geometry import Point3, Pose2, wrap

BESIDE_M = 0.5
"""Nearer than this to a container something has fallen beside it."""


def moved(start: Pose2, end: Pose2, dx_m: float, dy_m: float, tolerance_m: float) -> str:
    """By odometry: the base went by dx, dy, seen from where it began."""
    ahead, left = start.to_local(end.x_m, end.y_m)
    error = math.hypot(ahead - dx_m, left - dy_m)
    if error <= tolerance_m:
        return ""
    return f"The robot is {error:.2f} m from where the move was to end."


def turned(angle_rad: float, wanted_rad: float, tolerance_rad: float) -> str:
    """By odometry: the sum of all turning, so that whole turns count."""
    error = abs(angle_rad - wanted_rad)
    if error <= tolerance_rad:
        return ""
    return (
        f"The robot turned by {math.degrees(angle_rad):.0f} degrees "
        f"instead of {math.degrees(wanted_rad):.0f}."
    )


def arrived(pose: Pose2, goal: Pose2, tolerance_m: float, tolerance_rad: float) -> str:
    """By the pose in the map."""
    distance = math.hypot(pose.x_m - goal.x_m, pose.y_m - goal.y_m)
    if distance > tolerance_m:
        return f"The robot is {distance:.2f} m from its goal."
    error = abs(wrap(pose.yaw_rad - goal.yaw_rad))
    if error > tolerance_rad:
        return f"The robot looks {math.degrees(error):.0f} degrees past its goal."
    return ""


def seen(item: SceneObject, since_s: float) -> bool:
    """Whether perception saw the object in a look taken at or after a time."""
    return item.visible and item.last_seen_s >= since_s - 1e-3


def picked(
    grip: Grip,
    target: SceneObject,
    objects: Iterable[SceneObject],
    look_s: float,
    radius_m: float,
) -> str:
    """The gripper holds something, and a look shows nothing of the kind where the object was."""
    if grip.holding is not True:
        return f"The gripper does not hold the {target.describe()}."
    for item in objects:
        if item.held or not seen(item, look_s):
            continue
        same = item.id == target.id or item.label == target.label
        if same and math.dist(item.position, target.position) <= radius_m:
            return f"The {target.describe()} is still where it was."
    return ""


def released(grip: Grip, held: SceneObject | None) -> str:
    """The gripper is empty, by measurement."""
    if grip.holding is False:
        return ""
    return f"The gripper still holds the {held.describe() if held else 'object'}."


def placed(
    held: SceneObject | None,
    spot: Point3,
    objects: Iterable[SceneObject],
    look_s: float,
    radius_m: float,
) -> SceneObject | None:
    """The matching object that a look shows at the spot, the nearest to it; None when it shows none."""
    near = [
        (math.dist(item.position[:2], spot[:2]), item)
        for item in objects
        if seen(item, look_s) and not item.held and alike(item, held)
    ]
    distance, item = min(near, key=lambda entry: entry[0], default=(math.inf, None))
    return item if distance <= radius_m else None


class Inside(Enum):
    """What a look tells of something that was put into a container."""

    SEEN = "seen in it"
    HIDDEN = "seen nowhere: the wall of the container may hide it"
    BESIDE = "seen beside it"


def count_inside(
    held: SceneObject | None, container: Place, objects: Iterable[SceneObject], look_s: float
) -> int:
    """How many things a look shows in the container that may be the one that is held."""
    return sum(
        seen(item, look_s)
        and not item.held
        and alike(item, held)
        and container.covers(item.position[0], item.position[1])
        for item in objects
    )


def inside(
    held: SceneObject | None,
    container: Place,
    objects: Iterable[SceneObject],
    look_s: float,
    before: int = 0,
) -> Inside:
    """By a look at the container. Beside: a matching object near it that no place explains.

    before: how many such things were seen in it before: one of those proves nothing.
    """
    objects = list(objects)
    if count_inside(held, container, objects, look_s) > before:
        return Inside.SEEN
    for item in objects:
        if item.held or item.place or not seen(item, look_s) or not alike(item, held):
            continue
        x, y, _ = item.position
        if container.covers(x, y, BESIDE_M) and not container.covers(x, y):
            return Inside.BESIDE
    return Inside.HIDDEN


def alike(item: SceneObject, wanted: SceneObject | None) -> bool:
    """Whether it may be the same thing, seen from another side: the same kind or the same colour."""
    if wanted is None or item.id == wanted.id or item.label == wanted.label:
        return True
    return bool(item.color) and item.color == wanted.color
