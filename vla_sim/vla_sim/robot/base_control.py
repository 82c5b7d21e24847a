# SPDX-License-Identifier: Apache-2.0
"""From velocity commands to set points of the base's position servos.

Decides how fast the base may change its speed, when a silent commander means stop, and how far the set point may run
ahead of the real base (anti-windup), so that a blocked base neither builds up force nor leaps when it comes free.
Position servos rather than velocity servos, because contact of the arm pushes a velocity-controlled base away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_sim.robot import robot_model as robot

SILENCE_TIMEOUT_S = 0.25
"""Default. Commands come every 0.04 s: five in a row may be late or lost before a drive falters."""
WINDUP_LIMIT_M = 0.02
WINDUP_LIMIT_RAD = 0.03
STOP_DECELERATION_MPS2 = 1.4
STOP_DECELERATION_RADPS2 = 4.0


@dataclass(frozen=True)
class Pose2D:
    """Position and heading on the floor: metres, radians."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0

    def compose(self, other: Pose2D) -> Pose2D:
        """``other``, given in this pose's frame, in the frame this pose is given in."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return Pose2D(
            self.x_m + cos * other.x_m - sin * other.y_m,
            self.y_m + sin * other.x_m + cos * other.y_m,
            self.yaw_rad + other.yaw_rad,
        )

    def inverse(self) -> Pose2D:
        """The pose that composed with this one gives the identity."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return Pose2D(
            -cos * self.x_m - sin * self.y_m, sin * self.x_m - cos * self.y_m, -self.yaw_rad
        )


@dataclass(frozen=True)
class Velocity:
    """Velocity of base_link in base_link: m/s, m/s, rad/s."""

    vx_mps: float = 0.0
    vy_mps: float = 0.0
    wz_radps: float = 0.0

    @property
    def is_zero(self) -> bool:
        """Exactly zero in all components."""
        return self.vx_mps == 0.0 and self.vy_mps == 0.0 and self.wz_radps == 0.0

    @property
    def is_finite(self) -> bool:
        """No NaN and no infinity."""
        return all(math.isfinite(v) for v in (self.vx_mps, self.vy_mps, self.wz_radps))


def limited(velocity: Velocity) -> Velocity:
    """The same direction within the base's speed limits."""
    speed = math.hypot(velocity.vx_mps, velocity.vy_mps)
    scale = min(1.0, robot.MAX_LINEAR_SPEED_MPS / speed) if speed > 0 else 1.0
    limit = robot.MAX_ANGULAR_SPEED_RADPS
    return Velocity(
        velocity.vx_mps * scale,
        velocity.vy_mps * scale,
        min(max(velocity.wz_radps, -limit), limit),
    )


class BaseController:
    """Integrates commanded velocity into servo set points. Single-threaded; time comes in."""

    def __init__(self, start: Pose2D, silence_timeout_s: float = SILENCE_TIMEOUT_S) -> None:
        """``silence_timeout_s``: how long a velocity command holds when no other follows."""
        self._silence_timeout_s = silence_timeout_s
        self._reference = start
        self._velocity = Velocity()
        self._command = Velocity()
        self._command_time_s = -math.inf

    @property
    def reference_velocity(self) -> Velocity:
        """The velocity that the set point moves with now."""
        return self._velocity

    def command(self, velocity: Velocity, time_s: float) -> None:
        """Take a new velocity command; it holds for ``silence_timeout_s``.

        Raises:
            ValueError: on NaN or infinity; the former command stays in force.
        """
        if not velocity.is_finite:
            raise ValueError("the velocity command contains NaN or infinity")
        self._command = limited(velocity)
        self._command_time_s = time_s

    def step(self, time_s: float, dt_s: float, measured: Pose2D) -> tuple[float, float, float]:
        """Advance by one control step.

        Args:
            time_s: simulated time.
            dt_s: length of the step.
            measured: the real pose of the base in the world.

        Returns:
            Set points for the servos of base_x, base_y and base_yaw, with the feed-forward that makes up for the
            servos' damping.
        """
        silent = time_s - self._command_time_s > self._silence_timeout_s
        wanted = Velocity() if silent else self._command
        self._velocity = _approach(self._velocity, wanted, dt_s)
        v = self._velocity
        # Midpoint heading keeps arcs exact to second order.
        heading = self._reference.yaw_rad + 0.5 * dt_s * v.wz_radps
        cos, sin = math.cos(heading), math.sin(heading)
        world_vx = cos * v.vx_mps - sin * v.vy_mps
        world_vy = sin * v.vx_mps + cos * v.vy_mps
        x = self._reference.x_m + world_vx * dt_s
        y = self._reference.y_m + world_vy * dt_s
        yaw = self._reference.yaw_rad + v.wz_radps * dt_s
        ahead_x, ahead_y = x - measured.x_m, y - measured.y_m
        ahead = math.hypot(ahead_x, ahead_y)
        if ahead > WINDUP_LIMIT_M:
            x = measured.x_m + ahead_x * WINDUP_LIMIT_M / ahead
            y = measured.y_m + ahead_y * WINDUP_LIMIT_M / ahead
        turn = min(max(yaw - measured.yaw_rad, -WINDUP_LIMIT_RAD), WINDUP_LIMIT_RAD)
        self._reference = Pose2D(x, y, measured.yaw_rad + turn)
        lead = robot.BASE_KV / robot.BASE_KP
        return (
            x + lead * world_vx,
            y + lead * world_vy,
            self._reference.yaw_rad + robot.YAW_KV / robot.YAW_KP * v.wz_radps,
        )


def _approach(now: Velocity, wanted: Velocity, dt_s: float) -> Velocity:
    """Change velocity by no more than the acceleration limits allow; slowing down may be faster."""
    dx, dy = wanted.vx_mps - now.vx_mps, wanted.vy_mps - now.vy_mps
    change = math.hypot(dx, dy)
    slowing = math.hypot(wanted.vx_mps, wanted.vy_mps) < math.hypot(now.vx_mps, now.vy_mps)
    most = dt_s * (STOP_DECELERATION_MPS2 if slowing else robot.MAX_LINEAR_ACCELERATION_MPS2)
    scale = min(1.0, most / change) if change > 0 else 0.0
    turn = wanted.wz_radps - now.wz_radps
    slowing = abs(wanted.wz_radps) < abs(now.wz_radps)
    most = dt_s * (STOP_DECELERATION_RADPS2 if slowing else robot.MAX_ANGULAR_ACCELERATION_RADPS2)
    return Velocity(
        now.vx_mps + dx * scale,
        now.vy_mps + dy * scale,
        now.wz_radps + min(max(turn, -most), most),
    )
