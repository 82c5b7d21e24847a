# SPDX-License-Identifier: Apache-2.0
"""Messages <-> plain data of this package. What all packages share is in vla_common.ros.conversions."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from control_msgs.action import PointHead
from geometry_msgs.msg import Point, PointStamped, PoseStamped, Vector3
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import OccupancyGrid
from vla_interfaces.action import ExecutePlan, Manipulate
from vla_interfaces.msg import ExecutionState, ResourceUse

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.plausible import wrong_object, wrong_place
from vla_common.contracts.scene import Place, Scene, SceneObject
from vla_common.language.foreign_text import line
from vla_common.ros.conversions import (
    outcome_to_msg,
    place_from_msg,
    pose_from_msg,
    pose_to_msg,
    scene_object_from_msg,
    step_record_to_msg,
    time_from_msg,
)
from vla_executor.plan.records import Progress
from vla_executor.plan.runner import PlanResult
from vla_executor.plan.state import Snapshot
from vla_executor.robot.robot import (
    Grip,
    Odometry,
    Operation,
    Scan,
    StampedPose,
    Target,
    Velocity,
    View,
)
from vla_executor.safety.keep_out import Mask
from vla_executor.spatial.geometry import Point3, Pose2

MAX_SCAN_POINTS = 100_000
MAX_PLACES = 10_000
MAX_NAME = 200
MAX_SENTENCE = 500
"""Characters; a sentence may quote what somebody sent."""
ROTATION_TOLERANCE = 0.05
_BLOCKED = frozenset({105, 204, 206, 208})
"""nav2's codes for: no progress, goal outside the map, goal occupied, no valid path."""


def mask_to_msg(mask: Mask, frame: str, stamp: Any) -> Any:
    """100 where the middle of the base keeps out, 0 elsewhere."""
    message = OccupancyGrid()
    message.header.frame_id, message.header.stamp = frame, stamp
    message.info.map_load_time = stamp
    message.info.resolution = float(mask.cell_m)
    message.info.height, message.info.width = mask.taken.shape
    message.info.origin.position.x, message.info.origin.position.y = mask.x_m, mask.y_m
    message.info.origin.orientation.w = 1.0
    message.data = array("b", (mask.taken.astype(np.int8) * 100).tobytes())
    return message


def odometry_from_msg(message: Any) -> Odometry:
    """Errors: INVALID_REQUEST for numbers that are none."""
    check_rotation(message.pose.pose.orientation)
    (x, y, _), yaw = pose_from_msg(message.pose.pose)
    twist = message.twist.twist
    velocity = Velocity(twist.linear.x, twist.linear.y, twist.angular.z)
    odometry = Odometry(Pose2(x, y, yaw), velocity, time_from_msg(message.header.stamp))
    if not odometry.is_finite():
        raise VlaError(Code.INVALID_REQUEST, "The odometry holds a number that is not finite.")
    return odometry


def places_from_msg(places: Sequence[Any]) -> tuple[Place, ...]:
    """Errors: INVALID_REQUEST when one of them can't be: furniture must not be left out silently."""
    if len(places) > MAX_PLACES:
        raise VlaError(Code.INVALID_REQUEST, f"{len(places)} places are too many.")
    found = []
    for message in places:
        name = line(message.name, MAX_NAME)
        check_rotation(message.pose.orientation)
        try:
            place = place_from_msg(message)
        except ValueError:
            raise VlaError(
                Code.INVALID_REQUEST, f"The place '{name}' has the kind {message.kind}."
            ) from None
        wrong = wrong_place(place)
        if wrong:
            raise VlaError(Code.INVALID_REQUEST, f"The place '{name}' {wrong}.")
        if not place.name or len(message.name) > MAX_NAME:
            raise VlaError(Code.INVALID_REQUEST, f"A place is called '{name}' or longer.")
        found.append(place)
    return tuple(found)


def objects_from_msg(objects: Sequence[Any]) -> tuple[SceneObject, ...]:
    """Those of them that are somewhere; one that is not is as good as not seen."""
    found = (scene_object_from_msg(message) for message in objects)
    return tuple(item for item in found if not wrong_object(item))


def view_from_msg(answer: Any) -> View:
    """Errors: PERCEPTION_UNAVAILABLE when the answer can't be used."""
    try:
        places = places_from_msg(answer.scene.places)
    except VlaError as error:
        raise VlaError(
            Code.PERCEPTION_UNAVAILABLE, f"The answer of perception can't be used: {error.message}"
        ) from error
    stamp_s = time_from_msg(answer.scene.header.stamp)
    scene = Scene(objects_from_msg(answer.scene.objects), places, stamp_s)
    return View(scene, objects_from_msg(answer.objects), time_from_msg(answer.observed_at))


def stamped_pose_from_msg(message: Any) -> StampedPose:
    """From a TransformStamped of the base in the map. Errors: INVALID_REQUEST for numbers that are none."""
    t = message.transform
    check_rotation(t.rotation)
    (x, y, _), yaw = pose_from_msg(_as_pose(t))
    pose = Pose2(x, y, yaw)
    if not pose.is_finite():
        raise VlaError(Code.INVALID_REQUEST, "The transform holds a number that is not finite.")
    return StampedPose(pose, time_from_msg(message.header.stamp))


def _as_pose(transform: Any) -> Any:
    v = transform.translation
    pose = pose_to_msg((v.x, v.y, v.z))
    pose.orientation = transform.rotation
    return pose


def scan_from_msg(message: Any, transform: Any) -> Scan:
    """A LaserScan seen from the base. transform: from the scan's frame to the base, however it is mounted.

    Errors: INVALID_REQUEST when the message makes no sense.
    """
    count = len(message.ranges)
    numbers = (
        message.angle_min,
        message.angle_increment,
        message.range_min,
        message.range_max,
    )
    if not all(math.isfinite(value) for value in numbers) or message.range_max <= message.range_min:
        raise VlaError(Code.INVALID_REQUEST, "The scan's angles or range limits make no sense.")
    if not 0 < count <= MAX_SCAN_POINTS or (count > 1 and message.angle_increment == 0.0):
        raise VlaError(Code.INVALID_REQUEST, f"The scan has {count} ranges without directions.")
    ranges = np.asarray(message.ranges, dtype=np.float64)
    # REP 117: minus infinity is something too near to be measured, plus infinity is nothing.
    ranges = np.where(np.isneginf(ranges), message.range_min, ranges)
    angles = message.angle_min + message.angle_increment * np.arange(count)
    good = np.isfinite(ranges) & (ranges >= message.range_min) & (ranges <= message.range_max)
    # Farther than it can measure, or infinity, is a measurement of nothing; what is not a number, or zero, is none.
    if not (good | (ranges > message.range_max)).any():
        raise VlaError(Code.INVALID_REQUEST, "None of the scan's ranges is a measurement.")
    ranges, angles = ranges[good], angles[good]
    q, t = transform.transform.rotation, transform.transform.translation
    check_rotation(q)
    x, y = ranges * np.cos(angles), ranges * np.sin(angles)
    points = np.column_stack(
        [
            t.x + (1 - 2 * (q.y * q.y + q.z * q.z)) * x + 2 * (q.x * q.y - q.w * q.z) * y,
            t.y + 2 * (q.x * q.y + q.w * q.z) * x + (1 - 2 * (q.x * q.x + q.z * q.z)) * y,
        ]
    )
    return Scan(points, time_from_msg(message.header.stamp))


def check_rotation(q: Any) -> None:
    """Errors: INVALID_REQUEST for anything but a unit quaternion; all zero is what nobody has filled in."""
    norm = math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w)
    if not math.isfinite(norm) or abs(norm - 1.0) > ROTATION_TOLERANCE:
        raise VlaError(Code.INVALID_REQUEST, "The rotation is not a unit quaternion.")


def pose_stamped(position: Point3, yaw_rad: float, frame_id: str, stamp: Any) -> Any:
    message = PoseStamped(pose=pose_to_msg(position, yaw_rad))
    message.header.frame_id = frame_id
    message.header.stamp = stamp
    return message


def navigate_goal(goal: Pose2, frame_id: str, stamp: Any) -> Any:
    return NavigateToPose.Goal(
        pose=pose_stamped((goal.x_m, goal.y_m, 0.0), goal.yaw_rad, frame_id, stamp)
    )


def navigation_code(error_code: int) -> Code:
    return Code.NAVIGATION_BLOCKED if error_code in _BLOCKED else Code.NAVIGATION_FAILED


def manipulate_goal(
    operation: Operation, target: Target | None, frame_id: str, stamp: Any, trace_id: str
) -> Any:
    goal = Manipulate.Goal(operation=int(operation), trace_id=trace_id)
    if target is not None:
        goal.target = pose_stamped(target.position, target.yaw_rad, frame_id, stamp)
        x, y, z = (float(value) for value in target.size)
        goal.size = Vector3(x=x, y=y, z=z)
        goal.object_id = target.object_id
    return goal


def grip_from_msg(result: Any) -> Grip:
    return Grip(bool(result.holding), float(result.gripper_width))


def point_head_goal(point: Point3, frame_id: str, head_frame: str, stamp: Any) -> Any:
    x, y, z = (float(value) for value in point)
    target = PointStamped(point=Point(x=x, y=y, z=z))
    target.header.frame_id = frame_id
    target.header.stamp = stamp
    return PointHead.Goal(
        target=target, pointing_axis=Vector3(x=1.0, y=0.0, z=0.0), pointing_frame=head_frame
    )


def progress_to_msg(progress: Progress) -> Any:
    return ExecutePlan.Feedback(
        step_index=progress.step_index,
        step_count=progress.step_count,
        skill=progress.skill,
        message=progress.message,
        progress=progress.progress,
        results=[step_record_to_msg(record) for record in progress.records],
    )


def plan_result_to_msg(result: PlanResult) -> Any:
    outcome = replace(result.result, message=line(result.result.message, MAX_SENTENCE))
    return ExecutePlan.Result(
        outcome=outcome_to_msg(outcome),
        failed_step=result.failed_step,
        results=[step_record_to_msg(record) for record in result.records],
    )


def state_to_msg(
    snapshot: Snapshot,
    grip: Grip,
    held: SceneObject | None,
    resources: Mapping[str, str],
    moving: bool,
    stamp: Any,
) -> Any:
    message = ExecutionState(
        state=int(snapshot.phase),
        trace_id=snapshot.trace_id,
        step_index=snapshot.step_index,
        step_count=snapshot.step_count,
        skill=snapshot.skill,
        holding=bool(grip.holding),
        held_object_id=held.id if held else "",
        resources=[ResourceUse(name=name, owner=owner) for name, owner in resources.items()],
        robot_moving=moving,
    )
    message.header.stamp = stamp
    return message
