# SPDX-License-Identifier: Apache-2.0
"""What skills may ask of a robot, as a Protocol, with the plain data that goes through it.

Every call that waits takes a token and a timeout, and ends with VlaError: the token's reason as soon
as it is canceled, ROBOT_UNAVAILABLE when an interface does not answer, or the robot's own failure.
A call whose token is canceled never starts a movement. Implementations: `fake_robot.FakeRobot`
(no ROS) and `ros_robot.RosRobot`. Distances in metres, angles in radians, times in seconds of the
robot's clock (`now_s`); timeouts in seconds of the steady clock, so that they also end when the
robot's clock stands still.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.scene import Place, Scene, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.spatial.geometry import Point3, Pose2


@dataclass(frozen=True)
class Velocity:
    """Of the base, seen from the base: ahead, to the left, turning left."""

    vx_mps: float = 0.0
    vy_mps: float = 0.0
    wz_radps: float = 0.0

    def is_zero(self) -> bool:
        return self.vx_mps == 0.0 and self.vy_mps == 0.0 and self.wz_radps == 0.0

    def is_finite(self) -> bool:
        return all(math.isfinite(value) for value in (self.vx_mps, self.vy_mps, self.wz_radps))

    @property
    def speed_mps(self) -> float:
        return math.hypot(self.vx_mps, self.vy_mps)


ZERO = Velocity()


@dataclass(frozen=True)
class Odometry:
    """Pose in the odometry frame, which is smooth but drifts, and measured velocity."""

    pose: Pose2
    velocity: Velocity
    stamp_s: float

    def is_finite(self) -> bool:
        return self.pose.is_finite() and self.velocity.is_finite()


@dataclass(frozen=True)
class StampedPose:
    """Pose of the base in the map at a time."""

    pose: Pose2
    stamp_s: float


@dataclass(frozen=True, eq=False)
class Scan:
    """What a distance sensor sees around the base. points: (n, 2), x and y seen from the base, m."""

    points: NDArray[np.float64]
    stamp_s: float


class Operation(IntEnum):
    """Same numbers as vla_interfaces/action/Manipulate."""

    PICK = 0
    PLACE = 1
    STOW = 2
    RELEASE = 3


@dataclass(frozen=True)
class Target:
    """Where the arm has to go, in the map. PICK: centre of the object; PLACE: point under it.

    size: extent of the object along the axes of position and yaw.
    """

    position: Point3
    yaw_rad: float
    size: Point3
    object_id: str = ""


@dataclass(frozen=True)
class Grip:
    """The gripper by its last measurement. holding is None when there was none yet."""

    holding: bool | None = None
    width_m: float = 0.0


@dataclass(frozen=True)
class View:
    """An answer of perception. objects: those that fit the words, best first."""

    scene: Scene
    objects: tuple[SceneObject, ...]
    observed_at_s: float


Watch = Callable[[StampedPose | None, Odometry | None], None]
"""Asked again and again while the base drives, with what is known of it at that time; raises to end the drive."""


class Robot(Protocol):
    """What skills may ask of a robot. Every call ends on its own timeout, or when the token is canceled."""

    def now_s(self) -> float: ...

    def odometry(
        self, token: CancelToken, timeout_s: float, newer_than_s: float = -math.inf
    ) -> Odometry:
        """The newest odometry; waits until there is some newer than the given stamp."""
        ...

    def base_pose(
        self, token: CancelToken, timeout_s: float, at_s: float | None = None
    ) -> StampedPose:
        """The newest pose in the map; waits for one of `at_s` or later. Errors: NO_TRANSFORM."""
        ...

    def places(self) -> tuple[Place, ...]:
        """The places of the map as far as they are known, without asking anybody."""
        ...

    def map_trouble(self) -> str:
        """Why the places are not to be relied on although there is, or was, a map; "" for no reason."""
        ...

    def scan(self) -> Scan | None:
        """The newest scan; None where nothing scans. One that can't be used, or should have come, has no points and the
        stamp -inf.
        """
        ...

    def drive(self, velocity: Velocity, token: CancelToken) -> None:
        """One velocity command; does not wait. Silence makes the base stop by itself."""
        ...

    def navigate(
        self, goal: Pose2, token: CancelToken, timeout_s: float, watch: Watch | None = None
    ) -> None:
        """Drive to a pose of the map. Errors: NAVIGATION_FAILED, NAVIGATION_BLOCKED, and those of `watch`."""
        ...

    def manipulate(
        self, operation: Operation, target: Target | None, token: CancelToken, timeout_s: float
    ) -> Grip:
        """One operation of the arm. Errors: GRASP_FAILED, PLACE_FAILED, UNREACHABLE, ..."""
        ...

    def point_head(self, point: Point3, token: CancelToken, timeout_s: float) -> None:
        """Turn the camera to a point of the map and wait until it is there."""
        ...

    def query_scene(
        self, ref: ObjectRef, fresh: bool, token: CancelToken, timeout_s: float
    ) -> View:
        """What perception knows. Errors: PERCEPTION_UNAVAILABLE and perception's own."""
        ...

    def say(self, text: str) -> None: ...

    def grip(self) -> Grip: ...

    def wait(self, duration_s: float, token: CancelToken) -> None:
        """Let time of the robot's clock pass."""
        ...

    def stand(self, timeout_s: float) -> None:
        """Bring the base alone to a standstill; what other parts do goes on. Errors: as `halt`."""
        ...

    def halt(self, timeout_s: float) -> None:
        """End every movement that was started here and wait until the robot stands still.

        Errors: STOP_UNCONFIRMED when that can't be confirmed in time.
        """
        ...
