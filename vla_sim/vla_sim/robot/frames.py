# SPDX-License-Identifier: Apache-2.0
"""Transforms of the robot's frames from its joint positions, as a robot's driver would compute them.

Quaternions are (x, y, z, w); translations in metres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.robot import robot_model as robot

MAP, ODOM, BASE = "map", "odom", "base_link"
CAMERA, OPTICAL, GRIPPER = "camera_link", "camera_color_optical_frame", "gripper_link"
LASER = "laser_link"

OPTICAL_ROTATION = (-0.5, 0.5, -0.5, 0.5)
"""camera_link (x forward, z up) to optical frame (z forward, x right, y down), REP 103."""


@dataclass(frozen=True)
class Transform:
    """Pose of a child frame in its parent."""

    translation: tuple[float, float, float]
    rotation: tuple[float, float, float, float]


def quaternion_multiply(
    a: tuple[float, float, float, float], b: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """The rotation b followed by a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def axis_rotation(axis: str, angle_rad: float) -> tuple[float, float, float, float]:
    """Rotation about 'x', 'y' or 'z'."""
    s, c = math.sin(angle_rad / 2), math.cos(angle_rad / 2)
    return (s if axis == "x" else 0.0, s if axis == "y" else 0.0, s if axis == "z" else 0.0, c)


def quaternion_yaw(q: tuple[float, float, float, float]) -> float:
    """Heading of the x axis seen from above."""
    x, y, z, w = q
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def rotation_matrix(q: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """3 x 3 matrix of a unit quaternion."""
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def camera_transform(positions: Mapping[str, float]) -> Transform:
    """camera_link in base_link."""
    pan, tilt = positions["head_pan"], positions["head_tilt"]
    forward = math.cos(tilt) * robot.CAMERA_OFFSET_X_M + math.sin(tilt) * robot.CAMERA_OFFSET_Z_M
    up = -math.sin(tilt) * robot.CAMERA_OFFSET_X_M + math.cos(tilt) * robot.CAMERA_OFFSET_Z_M
    return Transform(
        (
            robot.MAST_X_M + math.cos(pan) * forward,
            math.sin(pan) * forward,
            robot.HEAD_HEIGHT_M + robot.HEAD_TILT_AXIS_Z_M + up,
        ),
        quaternion_multiply(axis_rotation("z", pan), axis_rotation("y", tilt)),
    )


def gripper_transform(positions: Mapping[str, float]) -> Transform:
    """gripper_link (grasp centre, x out of the hand, y along the jaw) in base_link."""
    yaw, pitch = positions["shoulder_yaw"], positions["wrist_pitch"]
    reach = robot.TUBE_LENGTH_M + positions["extension"] + robot.HAND_LENGTH_M * math.cos(pitch)
    rotation = quaternion_multiply(axis_rotation("z", yaw), axis_rotation("y", pitch))
    return Transform(
        (
            robot.SHOULDER_X_M + reach * math.cos(yaw),
            reach * math.sin(yaw),
            positions["lift"] - robot.HAND_LENGTH_M * math.sin(pitch),
        ),
        quaternion_multiply(rotation, axis_rotation("x", positions["wrist_roll"])),
    )
