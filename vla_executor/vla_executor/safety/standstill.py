# SPDX-License-Identifier: Apache-2.0
"""When the base counts as standing still, and how fast it moves, by fresh odometry: by its speed and by its pose.

Drivers are known whose pose moves while their speed says zero, and the other way round. Standing still is only what
both say; when they contradict each other, `StandstillDetector.contradiction` says so.
"""

from __future__ import annotations

import math
from collections import deque

from vla_executor.config import ExecutorConfig
from vla_executor.robot.robot import ZERO, Odometry, Velocity
from vla_executor.spatial.geometry import Pose2, wrap

LONGEST_GAP_S = 1.0
"""Between two samples farther apart anything may have happened."""
POSE_WINDOW_S = 0.15
"""Speed by pose is taken over this time; over less, rounding looks like speed."""
LEAP_MPS, LEAP_RADPS = 5.0, 12.0
"""Faster than this nothing has moved: the pose was set anew."""


def is_slow(odometry: Odometry, config: ExecutorConfig) -> bool:
    """By the speed that odometry says."""
    return slow(odometry.velocity, config)


def slow(velocity: Velocity, config: ExecutorConfig) -> bool:
    return (
        velocity.speed_mps <= config.still_linear_mps
        and abs(velocity.wz_radps) <= config.still_angular_radps
    )


class PoseSpeed:
    """How fast the pose changes. Fed with one sample after the other."""

    def __init__(self) -> None:
        self._past: deque[Odometry] = deque()

    def update(self, odometry: Odometry) -> Velocity:
        """Amounts only, without direction: (m/s, 0, rad/s); zero as long as nothing can be told."""
        past = self._past
        if past:
            gap_s = odometry.stamp_s - past[-1].stamp_s
            if gap_s <= 0.0:
                if gap_s < 0.0:
                    past.clear()
                return ZERO
            moved_m, turned_rad = _change(past[-1].pose, odometry.pose)
            if (
                gap_s > LONGEST_GAP_S
                or moved_m > LEAP_MPS * gap_s
                or turned_rad > LEAP_RADPS * gap_s
            ):
                past.clear()
        past.append(odometry)
        while len(past) > 2 and odometry.stamp_s - past[1].stamp_s >= POSE_WINDOW_S:
            past.popleft()
        span_s = odometry.stamp_s - past[0].stamp_s
        if span_s < POSE_WINDOW_S:
            return ZERO
        moved_m, turned_rad = _change(past[0].pose, odometry.pose)
        return Velocity(moved_m / span_s, 0.0, turned_rad / span_s)


class StandstillDetector:
    """Fed with one sample after the other; a gap or a NaN is not standing still.

    time_s: for how long it has to stand; without it, the configured time.
    """

    def __init__(self, config: ExecutorConfig, time_s: float = 0.0) -> None:
        self._config = config
        self._time_s = max(time_s, config.still_time_s)
        self._since: Odometry | None = None
        self._last_s: float | None = None
        self.contradiction = ""
        """Why speed and pose can't both be true, as a sentence; empty while they agree."""

    def update(self, odometry: Odometry) -> bool:
        """True once the base has been slow for long enough, and its pose has stayed where it was."""
        gap = 0.0 if self._last_s is None else odometry.stamp_s - self._last_s
        self._last_s = odometry.stamp_s
        if not is_slow(odometry, self._config) or gap < 0.0 or gap > LONGEST_GAP_S:
            self._since = None
            return False
        since = self._since
        if since is None:
            since = self._since = odometry
        elapsed_s = odometry.stamp_s - since.stamp_s
        moved_m, turned_rad = _change(since.pose, odometry.pose)
        config = self._config
        if not (
            moved_m <= config.still_linear_mps * elapsed_s + config.still_noise_m
            and turned_rad <= config.still_angular_radps * elapsed_s + config.still_noise_rad
        ):
            self.contradiction = (
                f"Odometry contradicts itself: its speed is zero, but its pose has moved by "
                f"{moved_m:.3f} m and {math.degrees(turned_rad):.1f} degrees within {elapsed_s:.2f} s."
            )
            self._since = odometry
            return False
        if elapsed_s < self._time_s:
            return False
        self.contradiction = ""
        return True


def _change(before: Pose2, after: Pose2) -> tuple[float, float]:
    return math.dist(before.xy, after.xy), abs(wrap(after.yaw_rad - before.yaw_rad))
