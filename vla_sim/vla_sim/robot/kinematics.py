# SPDX-License-Identifier: Apache-2.0
"""Closed-form kinematics of the arm and the head.

Decides which joint positions put the grasp centre at a point with a given approach pitch and jaw direction, and
says so exactly when there are none. It does not decide when to move or what to avoid.

The chain: lift (z), shoulder yaw (psi), telescope (radial distance), wrist pitch (theta, positive down), wrist roll.
With the hand pitched by theta its pointing direction is (cos psi cos theta, sin psi cos theta, -sin theta).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.robot import robot_model as robot


@dataclass(frozen=True)
class ArmPosture:
    """Positions of the arm joints: metres for lift and extension, radians for the rest."""

    lift_m: float
    shoulder_yaw_rad: float
    extension_m: float
    wrist_pitch_rad: float
    wrist_roll_rad: float


@dataclass(frozen=True)
class GripPose:
    """Grasp centre in base_link (metres), approach pitch and jaw direction (radians).

    ``pitch_rad`` is pi/2 for a grasp from above, 0 for a horizontal one. ``jaw_yaw_rad`` is the direction in which the
    jaw closes: for a grasp from above the heading of the closing axis in base_link; it is a line, so that adding pi
    changes nothing. For pitches below 45 degrees the jaw stays horizontal and the value is ignored.
    """

    x_m: float
    y_m: float
    z_m: float
    pitch_rad: float = math.pi / 2
    jaw_yaw_rad: float = math.pi / 2


class Unreachable(ValueError):
    """No joint positions exist; the text says which limit is in the way and by how much."""


def wrap_angle(angle_rad: float) -> float:
    """The same angle in (-pi, pi]."""
    wrapped = math.fmod(angle_rad, 2.0 * math.pi)
    if wrapped > math.pi:
        wrapped -= 2.0 * math.pi
    elif wrapped <= -math.pi:
        wrapped += 2.0 * math.pi
    return wrapped


def wrap_line(angle_rad: float) -> float:
    """The direction of an undirected line, in (-pi/2, pi/2]."""
    wrapped = math.fmod(angle_rad, math.pi)
    if wrapped > math.pi / 2:
        wrapped -= math.pi
    elif wrapped <= -math.pi / 2:
        wrapped += math.pi
    return wrapped


def solve(pose: GripPose) -> ArmPosture:
    """Joint positions for a grip pose.

    Raises:
        Unreachable: with a sentence, when a joint limit forbids the pose.
    """
    radial_x = pose.x_m - robot.SHOULDER_X_M
    yaw = math.atan2(pose.y_m, radial_x)
    reach = math.hypot(radial_x, pose.y_m)
    extension = reach - robot.TUBE_LENGTH_M - robot.HAND_LENGTH_M * math.cos(pose.pitch_rad)
    lift = pose.z_m + robot.HAND_LENGTH_M * math.sin(pose.pitch_rad)
    # Seen from above with the hand down, the jaw's closing axis (the hand's y) points along yaw + 90 deg - roll.
    roll = wrap_line(yaw + math.pi / 2 - pose.jaw_yaw_rad) if pose.pitch_rad > math.pi / 4 else 0.0
    _check("the shoulder", yaw, -robot.SHOULDER_LIMIT_RAD, robot.SHOULDER_LIMIT_RAD, "rad")
    _check("the telescope", extension, 0.0, robot.EXTENSION_MAX_M, "m")
    _check("the lift", lift, robot.LIFT_MIN_M, robot.LIFT_MAX_M, "m")
    _check("the wrist", pose.pitch_rad, robot.PITCH_MIN_RAD, robot.PITCH_MAX_RAD, "rad")
    return ArmPosture(lift, yaw, extension, pose.pitch_rad, roll)


def forward(posture: ArmPosture) -> GripPose:
    """Grip pose of joint positions; the inverse of :func:`solve`."""
    horizontal = math.cos(posture.wrist_pitch_rad) * robot.HAND_LENGTH_M
    reach = robot.TUBE_LENGTH_M + posture.extension_m + horizontal
    return GripPose(
        robot.SHOULDER_X_M + reach * math.cos(posture.shoulder_yaw_rad),
        reach * math.sin(posture.shoulder_yaw_rad),
        posture.lift_m - robot.HAND_LENGTH_M * math.sin(posture.wrist_pitch_rad),
        posture.wrist_pitch_rad,
        wrap_line(posture.shoulder_yaw_rad + math.pi / 2 - posture.wrist_roll_rad),
    )


def look_at(x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
    """Pan and tilt (rad) that centre the camera on a point in base_link, clamped to the limits.

    The camera sits off the tilt axis, so that the tilt is corrected for the offset along the view.
    """
    dx = x_m - robot.MAST_X_M
    pan = math.atan2(y_m, dx)
    distance = math.hypot(dx, y_m)
    height = z_m - (robot.HEAD_HEIGHT_M + robot.HEAD_TILT_AXIS_Z_M)
    line = math.hypot(distance, height)
    offset = math.asin(max(-1.0, min(1.0, robot.CAMERA_OFFSET_Z_M / max(line, 1e-6))))
    tilt = -math.atan2(height, distance) + offset
    return (
        min(max(pan, -robot.PAN_LIMIT_RAD), robot.PAN_LIMIT_RAD),
        min(max(tilt, robot.TILT_MIN_RAD), robot.TILT_MAX_RAD),
    )


def _check(what: str, value: float, lower: float, upper: float, unit: str) -> None:
    tolerance = 1e-9
    if value < lower - tolerance:
        raise Unreachable(
            f"{what} would have to go to {value:.3f} {unit}, its limit is {lower:.3f}"
        )
    if value > upper + tolerance:
        raise Unreachable(
            f"{what} would have to go to {value:.3f} {unit}, its limit is {upper:.3f}"
        )
