# SPDX-License-Identifier: Apache-2.0
"""Pointing the head.

Decides the head's joint targets for a point and when the head points there. One goal at a time; a new one replaces the
old, as on real pan-tilt controllers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from vla_common.contracts.outcomes import OK, Code, Result
from vla_sim.robot import robot_model as robot
from vla_sim.robot.arm_motion import ArmMotion
from vla_sim.robot.kinematics import look_at

ARRIVED_RAD = 0.02
TIMEOUT_S = 6.0


class Head:
    """Steps one pointing goal."""

    def __init__(self, motion: ArmMotion) -> None:
        self._motion = motion
        self._goal: tuple[float, float] | None = None
        self._not_before_s = 0.0
        self._deadline_s = 0.0
        self._clamped = False
        self._canceled = False
        self.error_rad = 0.0

    @property
    def busy(self) -> bool:
        """Whether the head is on its way."""
        return self._goal is not None

    def start(
        self,
        point: tuple[float, float, float],
        max_speed_radps: float,
        min_duration_s: float,
        time_s: float,
    ) -> Result:
        """Begin to point at a point in base_link; 0 means no limit of the caller's own."""
        if self.busy:
            return Result(Code.RESOURCE_BUSY, "the head is on its way to another target")
        if not all(math.isfinite(v) for v in (*point, max_speed_radps, min_duration_s)):
            return Result(Code.INVALID_REQUEST, "the head's target contains NaN or infinity")
        pan, tilt = look_at(*point)
        speed = robot.HEAD_JOINTS[0].max_speed
        if max_speed_radps > 0:
            speed = min(speed, max_speed_radps)
        if min_duration_s > 0:
            axes = self._motion.axes
            way = max(abs(pan - axes["head_pan"].position), abs(tilt - axes["head_tilt"].position))
            speed = min(speed, max(way / min_duration_s, 0.02))
        scale = max(speed, 0.02) / robot.HEAD_JOINTS[0].max_speed
        self._motion.go({"head_pan": pan, "head_tilt": tilt}, scale)
        self._goal = (pan, tilt)
        self._not_before_s = time_s + max(min_duration_s, 0.0)
        self._deadline_s = self._not_before_s + TIMEOUT_S + 3.5 / max(speed, 0.02)
        self._clamped = (
            abs(pan) >= robot.PAN_LIMIT_RAD or not robot.TILT_MIN_RAD < tilt < robot.TILT_MAX_RAD
        )
        self._canceled = False
        return OK

    def cancel(self) -> None:
        """Stop the head where it is."""
        if self.busy:
            self._motion.hold_head()
            self._canceled = True

    def step(self, time_s: float, positions: Mapping[str, float]) -> Result | None:
        """The result when the goal has ended, else None."""
        if self._goal is None:
            return None
        pan, tilt = self._goal
        self.error_rad = math.hypot(pan - positions["head_pan"], tilt - positions["head_tilt"])
        rest = self._motion.done(("head_pan", "head_tilt"))
        if self._canceled and rest:
            self._goal = None
            return Result(Code.CANCELED, "canceled; the head holds still")
        if self._canceled:
            return None
        if rest and self.error_rad < ARRIVED_RAD and time_s >= self._not_before_s:
            self._goal = None
            if self._clamped:
                return Result(
                    Code.UNREACHABLE, "the head points as near to the target as its joints allow"
                )
            return OK
        if time_s > self._deadline_s:
            self._goal = None
            return Result(Code.STEP_TIMEOUT, "the head did not arrive in time")
        return None
