# SPDX-License-Identifier: Apache-2.0
"""The robot's distance sensor: rays in a plane just above the floor, all around the base.

Decides what the sensor sees: room, furniture and things, by their collision shapes, never the robot itself. Ranges are
exact; time and noise belong to others.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Pose2D
from vla_sim.world import mjcf

_SEEN = (mjcf.ROOM_GROUP, mjcf.FURNITURE_GROUP, mjcf.COLLISION_GROUP, mjcf.HIDDEN_GROUP)
"""All geom groups but the robot's own, which also holds the looks of things."""


class Lidar:
    """Casts rays into one world; belongs to the thread that owns it."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._angles = robot.SCAN_START_RAD + robot.SCAN_STEP_RAD * np.arange(robot.SCAN_RAYS)
        self._groups = np.zeros(6, np.uint8)
        self._groups[list(_SEEN)] = 1

    def scan(self, data: mujoco.MjData, base: Pose2D) -> NDArray[np.float32]:
        """Ranges in metres from where the base really is, ``SCAN_RAYS`` of them, from ``SCAN_START_RAD`` to the left.

        Infinity: nothing as far as ``SCAN_RANGE_MAX_M``. What is nearer than ``SCAN_RANGE_MIN_M`` is minus infinity, as
        REP 117 has it.
        """
        angles = self._angles + base.yaw_rad
        directions = np.column_stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)])
        origin = np.array([base.x_m, base.y_m, robot.SCAN_HEIGHT_M])
        geoms = np.empty(robot.SCAN_RAYS, np.int32)
        distances = np.empty(robot.SCAN_RAYS, np.float64)
        mujoco.mj_multiRay(
            self._model,
            data,
            origin,
            directions.ravel(),
            self._groups,
            True,
            -1,
            geoms,
            distances,
            None,
            robot.SCAN_RAYS,
            robot.SCAN_RANGE_MAX_M,
        )
        ranges = np.where(geoms >= 0, distances, math.inf)
        ranges[ranges > robot.SCAN_RANGE_MAX_M] = math.inf
        ranges[ranges < robot.SCAN_RANGE_MIN_M] = -math.inf
        return ranges.astype(np.float32)
