# SPDX-License-Identifier: Apache-2.0
"""The physics of vla_sim as a robot for skills, without ROS: for tests of driving in a real room."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import VlaError
from vla_executor.robot.fake_robot import Call, FakeRobot
from vla_executor.robot.robot import ZERO, Odometry, Scan, StampedPose, Velocity, Watch
from vla_executor.spatial.geometry import Pose2
from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Pose2D
from vla_sim.robot.base_control import Velocity as SimVelocity
from vla_sim.world.mjcf import TIMESTEP_S

PERIOD_S = 0.02
SCAN_PERIOD_S = 0.1


@dataclass
class SimRobot(FakeRobot):
    """Time passes, in steps of the odometry's period, while a call waits. blind: there is no scan."""

    simulation: Any = None
    blind: bool = False
    _scan: Scan | None = field(default=None, init=False)

    def now_s(self) -> float:
        return float(self.simulation.time_s)

    def _pass(self) -> None:
        self.simulation.run(PERIOD_S)

    def odometry(
        self, token: CancelToken, timeout_s: float, newer_than_s: float = -math.inf
    ) -> Odometry:
        self._begin(Call("odometry"), token)
        while self.simulation.time_s <= newer_than_s:
            self._pass()
        return self._now()

    def _now(self) -> Odometry:
        p, v = self.simulation.state.odometry, self.simulation.state.velocity
        velocity = Velocity(v.vx_mps, v.vy_mps, v.wz_radps)
        return Odometry(Pose2(p.x_m, p.y_m, p.yaw_rad), velocity, self.simulation.time_s)

    def base_pose(
        self, token: CancelToken, timeout_s: float, at_s: float | None = None
    ) -> StampedPose:
        self._begin(Call("base_pose"), token)
        return self._stamped()

    def scan(self) -> Scan | None:
        if self.blind:
            return None
        if self._scan is None or self.now_s() - self._scan.stamp_s >= SCAN_PERIOD_S - 1e-6:
            ranges = self.simulation.scan()
            angles = robot.SCAN_START_RAD + robot.SCAN_STEP_RAD * np.arange(robot.SCAN_RAYS)
            good = np.isfinite(ranges)
            points = np.column_stack([np.cos(angles), np.sin(angles)])[good] * ranges[good, None]
            self._scan = Scan(points, self.now_s())
        return self._scan

    def navigate(
        self, goal: Pose2, token: CancelToken, timeout_s: float, watch: Watch | None = None
    ) -> None:
        """The simulator's own navigation; the watch looks every 0.06 s at a pose that is as old as tf's."""
        self._begin(Call("navigate", goal), token)
        begun = self.simulation.start_navigation(Pose2D(goal.x_m, goal.y_m, goal.yaw_rad))
        if not begun.ok:
            raise VlaError(begun.code, begun.message)
        while True:
            before = self._stamped()
            for _ in range(round(3 * PERIOD_S / TIMESTEP_S)):
                result = self.simulation.step().navigation
                if result is not None:
                    if not result.ok:
                        raise VlaError(result.code, result.message)
                    return
            self.on_call(Call("navigating"))
            if watch is not None:
                watch(before, self._now())

    def wait(self, duration_s: float, token: CancelToken) -> None:
        self._begin(Call("wait", duration_s), token)
        self.simulation.run(duration_s)

    def _stamped(self) -> StampedPose:
        p = self.simulation.state.pose
        return StampedPose(Pose2(p.x_m, p.y_m, p.yaw_rad), self.simulation.time_s)

    def drive(self, velocity: Velocity, token: CancelToken) -> None:
        self._begin(Call("drive", velocity), token)
        self._command(velocity)

    def _command(self, velocity: Velocity) -> None:
        self.velocity = velocity
        self.simulation.command_velocity(
            SimVelocity(velocity.vx_mps, velocity.vy_mps, velocity.wz_radps)
        )

    def _rest(self, call: Call) -> None:
        self.calls.append(call)
        self._command(ZERO)
        while not self._stands():
            self._pass()

    def _stands(self) -> bool:
        v = self._now().velocity
        return v.speed_mps < 0.002 and abs(v.wz_radps) < 0.005
