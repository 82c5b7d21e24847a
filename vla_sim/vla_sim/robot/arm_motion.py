# SPDX-License-Identifier: Apache-2.0
"""Rate-limited set points for the arm, jaw and head.

Decides how each joint's set point travels to its target: trapezoidal in speed, within the joint's limits. It does not
know what the movement is for; see ``manipulation``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from vla_sim.robot import robot_model as robot
from vla_sim.robot.kinematics import ArmPosture

LEAD_S = {name: kv / kp for name, (kp, kv) in robot.ARM_KP_KV.items()}
"""Feed-forward per joint: makes up for the lag that a position servo's damping causes at constant speed."""


class Axis:
    """Set point of one joint."""

    def __init__(self, spec: robot.JointSpec, position: float | None = None) -> None:
        self.spec = spec
        self.position = spec.rest if position is None else position
        self.velocity = 0.0
        self.target = self.position
        self._speed_limit = spec.max_speed

    def go(self, target: float, speed_scale: float = 1.0) -> None:
        """Set a new target, clamped to the joint's range; ``speed_scale`` in (0, 1] slows the movement."""
        self.target = min(max(target, self.spec.lower), self.spec.upper)
        self._speed_limit = self.spec.max_speed * speed_scale

    def hold(self) -> None:
        """Come to rest as soon as the acceleration limit allows."""
        way = self.velocity * abs(self.velocity) / (2.0 * self.spec.max_acceleration)
        self._speed_limit = self.spec.max_speed
        self.target = min(max(self.position + way, self.spec.lower), self.spec.upper)

    @property
    def done(self) -> bool:
        """Whether the set point rests at its target."""
        return self.position == self.target and self.velocity == 0.0

    def step(self, dt_s: float) -> float:
        """Advance by one control step and return the set point without feed-forward."""
        error = self.target - self.position
        most = self.spec.max_acceleration * dt_s
        # Speed from which the joint can still stop at the target with its acceleration limit, in whole steps.
        stopping = (
            math.sqrt(2.0 * self.spec.max_acceleration * abs(error) + most * most / 4) - most / 2
        )
        wanted = math.copysign(min(self._speed_limit, stopping), error)
        self.velocity += min(max(wanted - self.velocity, -most), most)
        if abs(error) <= max(abs(self.velocity) * dt_s, 1e-6) and abs(self.velocity) <= 2 * most:
            self.position, self.velocity = self.target, 0.0
        else:
            self.position += self.velocity * dt_s
        return self.position


class ArmMotion:
    """All axes of arm, jaw and head."""

    def __init__(self) -> None:
        self.axes = {spec.name: Axis(spec) for spec in (*robot.ARM_JOINTS, *robot.HEAD_JOINTS)}

    def go(self, targets: Mapping[str, float], speed_scale: float = 1.0) -> None:
        """Set targets by joint name."""
        for name, target in targets.items():
            self.axes[name].go(target, speed_scale)

    def hold_arm(self) -> None:
        """Stop every arm joint; the jaw keeps its grip, the head keeps going."""
        for spec in robot.ARM_JOINTS:
            if spec.name != "jaw":
                self.axes[spec.name].hold()

    def hold_head(self) -> None:
        """Stop the head."""
        for spec in robot.HEAD_JOINTS:
            self.axes[spec.name].hold()

    def done(self, names: Mapping[str, float] | tuple[str, ...]) -> bool:
        """Whether the set points of these joints rest at their targets."""
        return all(self.axes[name].done for name in names)

    def step(self, dt_s: float) -> None:
        """Advance all set points."""
        for axis in self.axes.values():
            axis.step(dt_s)

    def control(self, name: str) -> float:
        """The servo's set point with feed-forward."""
        axis = self.axes[name]
        return axis.position + LEAD_S[name] * axis.velocity


def posture_targets(posture: ArmPosture) -> dict[str, float]:
    """Joint targets of an arm posture."""
    return {
        "lift": posture.lift_m,
        "shoulder_yaw": posture.shoulder_yaw_rad,
        "extension": posture.extension_m,
        "wrist_pitch": posture.wrist_pitch_rad,
        "wrist_roll": posture.wrist_roll_rad,
    }
