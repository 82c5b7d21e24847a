# SPDX-License-Identifier: Apache-2.0
"""Follows the robot's true motion in a running system, through the simulator's topic `sim/true_motion`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from trajectory_msgs.msg import JointTrajectory

from vla_bringup.client.ros.system_client import SystemClient
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.conversions import time_from_msg
from vla_testing.system.true_motion import STILL, Sample, Trace

BASE = ("base_x", "base_y", "base_yaw")
JAW = "jaw"


def samples_of(message: Any, at_s: float) -> list[Sample]:
    """at_s: when the first step of the message began."""
    names = message.joint_names
    x, y, yaw = (names.index(name) for name in BASE)
    head = [i for i, name in enumerate(names) if name.startswith("head_")]
    arm = [i for i, name in enumerate(names) if name not in (*BASE, JAW) and i not in head]
    samples = []
    for point in message.points:
        v = point.velocities
        base = max(math.hypot(v[x], v[y]), abs(v[yaw]))
        parts = (max(abs(v[i]) for i in part) for part in (arm, head))
        samples.append(Sample(at_s + time_from_msg(point.time_from_start), base, *parts))
    return samples


class MotionWatch:
    """`trace` fills by itself. Times are times of day: the simulator's own stamps, exact to a step of physics; or, for
    runs in which its clock jumps or is not wall time, when the middleware took a message from the transport, some
    milliseconds later.
    """

    def __init__(self, client: SystemClient, by_arrival: bool = False) -> None:
        self.trace = Trace()
        self._by_arrival = by_arrival
        client.node.create_subscription(
            JointTrajectory,
            "sim/true_motion",
            self._on_motion,
            50,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )

    def _on_motion(self, message: Any, info: Any) -> None:
        if self._by_arrival:
            at_s = info["received_timestamp"] * 1e-9
        else:
            at_s = time_from_msg(message.header.stamp)
        self.trace.add(samples_of(message, at_s))

    def until(self, accept: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for something about the trace; False after the timeout."""
        deadline = time.monotonic() + timeout_s
        while not accept():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.trace.wait(min(left, 0.2))
        return True

    def until_moving(self, speed: float, timeout_s: float, arm: bool = False) -> bool:
        """arm: the arm has to move, else the base."""

        def fast() -> bool:
            sample = self.trace.newest
            return sample is not None and (sample.arm if arm else sample.base) > speed

        return self.until(fast, timeout_s)

    def until_still(self, begin_s: float, timeout_s: float) -> float | None:
        """When it came to rest after begin_s; None when it did not in time."""
        found: list[float] = []

        def still() -> bool:
            at_s = self.trace.standstill_after(begin_s)
            if at_s is not None:
                found.append(at_s)
            return at_s is not None

        return found[0] if self.until(still, timeout_s) else None

    def check(self) -> None:
        """Errors: NOT_READY when the simulator sends nothing."""
        if not self.until(lambda: self.trace.newest is not None, 10.0):
            raise VlaError(Code.NOT_READY, "The simulator sends no sim/true_motion.")


__all__ = ["STILL", "MotionWatch", "samples_of"]
