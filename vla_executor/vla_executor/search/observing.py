# SPDX-License-Identifier: Apache-2.0
"""Looking: where to point the camera, and what was seen in a look taken now.

Which object fits the words is decided by perception, which of several is meant by `searching`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.robot import driving
from vla_executor.robot.robot import View
from vla_executor.skills.context import SkillContext
from vla_executor.skills.verification import seen
from vla_executor.spatial import approach
from vla_executor.spatial.geometry import Point3, Pose2, bearing, distance_to_footprint, wrap

GAZE_GRID_M = 0.5
"""A place longer than this is looked at in several parts."""
FLOOR_M = 0.1
"""A point lower than this is on the floor."""
GAZE_RANGE_M = 1.2
GAZE_HEIGHT_M = 0.6
SWEEP_RAD = (0.0, 0.8, -0.8)
NEAR_M = 1.5
"""What is farther away than this is gone to before it counts as not there."""
SIDEWAYS_RAD = 1.3
PASSING = frozenset(
    {Code.NO_IMAGE, Code.NO_DEPTH, Code.NO_TRANSFORM, Code.BAD_IMAGE, Code.STALE_SCENE}
)
"""Failures of one image that the next one may not have."""
ANY = ObjectRef()
"""Fits every object."""


def place_named(context: SkillContext, name: str) -> Place:
    """Errors: UNKNOWN_PLACE."""
    places = context.robot.places()
    if not places:
        places = context.robot.query_scene(
            ObjectRef(), False, context.token, context.config.query_timeout_s
        ).scene.places
    for place in places:
        if place.is_called(name):
            return place
    known = ", ".join(place.name for place in places) or "none"
    raise VlaError(Code.UNKNOWN_PLACE, f"There is no place '{name}' on the map (known: {known}).")


def place_of(context: SkillContext, item: SceneObject) -> Place | None:
    """The place an object is at, by its name or by where it lies."""
    places = context.robot.places()
    for place in places:
        if item.place and place.is_called(item.place):
            return place
    return next((p for p in places if p.covers(item.position[0], item.position[1])), None)


def gaze_points(place: Place) -> list[Point3]:
    """Points of a place to look at one after the other, the middle first."""
    count_x = max(1, math.ceil(place.size[0] / GAZE_GRID_M))
    count_y = max(1, math.ceil(place.size[1] / GAZE_GRID_M))
    points: list[Point3] = [place.position]
    if count_x * count_y > 1:
        for ix in range(count_x):
            for iy in range(count_y):
                x = place.size[0] * ((ix + 0.5) / count_x - 0.5)
                y = place.size[1] * ((iy + 0.5) / count_y - 0.5)
                points.append((*place.to_map(x, y), place.position[2]))
    return points


def sweep_points(base: Pose2) -> list[Point3]:
    """Points around the robot, ahead first."""
    points: list[Point3] = []
    for angle in SWEEP_RAD:
        x, y = base.to_outer(GAZE_RANGE_M * math.cos(angle), GAZE_RANGE_M * math.sin(angle))
        points.append((x, y, GAZE_HEIGHT_M))
    return points


def look(context: SkillContext, ref: ObjectRef, point: Point3 | None = None) -> View:
    """A look taken now, at a point if one is given; objects: those that fit and were seen in it."""
    if point is not None:
        context.point_head(point)
    attempts = context.config.look_attempts
    while True:
        attempts -= 1
        try:
            view = _fresh(context, ref)
            break
        except VlaError as error:
            context.token.raise_if_canceled()
            if error.code not in PASSING or attempts <= 0:
                raise
    fits = tuple(item for item in view.objects if seen(item, view.observed_at_s) and not item.held)
    return replace(view, objects=fits)


def looks_at(
    context: SkillContext,
    ref: ObjectRef,
    points: Iterable[Point3],
    refused: list[Point3] | None = None,
) -> Iterator[View]:
    """A look at each point that the head can turn to. Errors: the head's, when it can't to any.

    refused: has afterwards the points to which it couldn't, without those that were looked at later, and without the
    floor on which the robot stands.
    """
    refused = [] if refused is None else refused
    out_of_range: VlaError | None = None
    looked = False
    for point in points:
        try:
            context.point_head(point)
        except VlaError as error:
            context.token.raise_if_canceled()
            if error.code is not Code.EXECUTION_FAILED:
                raise
            out_of_range = error
            if point not in refused and not _underfoot(context, point):
                refused.append(point)
            continue
        looked = True
        if point in refused:
            refused.remove(point)
        yield look(context, ref)
    if out_of_range is not None and not looked:
        raise out_of_range


def _fresh(context: SkillContext, ref: ObjectRef) -> View:
    """Errors: those of perception; STALE_SCENE when it answers from an older image."""
    begin_s = context.robot.now_s()
    view = context.robot.query_scene(ref, True, context.token, context.config.query_timeout_s)
    if view.observed_at_s < begin_s - 0.001:
        age = begin_s - view.observed_at_s
        raise VlaError(
            Code.STALE_SCENE, f"The newest image is {age:.1f} s older than the look it was for."
        )
    return view


def in_view(base: Pose2, target: Place | Point3) -> bool:
    """Whether the head can look at it from here, near enough to make things out."""
    if isinstance(target, Place):
        (x, y, _), distance = target.position, distance_to_footprint(target, *base.xy)
    else:
        x, y, _ = target
        distance = math.dist(target[:2], base.xy)
    angle = abs(wrap(bearing(base.xy, (x, y)) - base.yaw_rad))
    return angle < SIDEWAYS_RAD and distance < NEAR_M


def go_to_view(context: SkillContext, place: Place) -> None:
    """Drive to where the camera sees the place."""
    poses = approach.view_poses(place, context.robot.places(), context.base(), context.config)
    driving.navigate_to_one(context, poses, f"the {place.name}")


def face(context: SkillContext, point: Point3) -> None:
    """Turn the base where the head alone can't turn far enough."""
    base = context.base()
    angle = wrap(bearing(base.xy, point[:2]) - base.yaw_rad)
    if abs(angle) > SIDEWAYS_RAD:
        driving.turn(context, angle)


def _underfoot(context: SkillContext, point: Point3) -> bool:
    """Whether it stands for a part of the floor on which the robot itself stands: no head looks there."""
    reach_m = context.config.robot_radius_m + GAZE_GRID_M / 2
    return point[2] < FLOOR_M and math.dist(point[:2], context.base().xy) < reach_m


def once_more(context: SkillContext, refused: Iterable[Point3]) -> Iterator[Point3]:
    """Points that the head could not turn to, each with the base turned to it."""
    for point in tuple(refused):
        face(context, point)
        yield point


def not_everywhere(saw: str, refused: Sized) -> VlaError:
    """What is to be said where not every point was looked at, so that nothing follows from what was seen."""
    count = len(refused)
    points = "one of the points" if count == 1 else f"{count} of the points"
    return VlaError(
        Code.EXECUTION_FAILED, f"{saw}, but the head could not turn to {points} to look at."
    )


def go_and_face(context: SkillContext, item: SceneObject) -> None:
    """Bring something known into view: go to its place, or turn to it where it is near."""
    place = place_of(context, item)
    if place is not None:
        go_to_view(context, place)
    face(context, item.position)
