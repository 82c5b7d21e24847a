# SPDX-License-Identifier: Apache-2.0
"""Driving to a pose: plan, follow, notice when it does not work.

Decides the velocities along a planned path, when the goal counts as reached, when the way counts as blocked, and how a
cancel ends: only when the base stands still. It does not integrate velocities; see ``base_control``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_common.contracts.outcomes import OK, Code, Result
from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Pose2D, Velocity
from vla_sim.robot.grid_planner import GridPlanner, NoPath
from vla_sim.robot.kinematics import wrap_angle

GOAL_TOLERANCE_M = 0.02
GOAL_TOLERANCE_RAD = 0.03
LOOKAHEAD_M = 0.25
ALIGN_DISTANCE_M = 0.45
"""Nearer to the goal than this the base already turns to the goal's heading."""
APPROACH_DECELERATION_MPS2 = 0.45
STILL_MPS = 0.01
STILL_RADPS = 0.02
STILL_TIME_S = 0.10
STUCK_TIME_S = 3.0
STUCK_PROGRESS_M = 0.03
STUCK_PROGRESS_RAD = 0.1
TURN_IN_PLACE_RAD = 0.9


@dataclass(frozen=True)
class BaseState:
    """What the robot believes about its base: pose in the map, measured velocity in base_link."""

    time_s: float
    pose: Pose2D
    velocity: Velocity


@dataclass(frozen=True)
class NavigationProgress:
    """For feedback."""

    distance_remaining_m: float
    elapsed_s: float
    remaining_s: float


class Navigator:
    """One goal at a time. Call :meth:`start`, then :meth:`step` every control step until it returns a result."""

    def __init__(self, planner: GridPlanner) -> None:
        self._planner = planner
        self._path: list[tuple[float, float]] | None = None
        self._goal = Pose2D()
        self._ending: Result | None = None
        self._still_since_s: float | None = None
        self._started_s = 0.0
        self._mark_time_s = 0.0
        self._mark = Pose2D()
        self.blocked = False
        """Set to make every goal fail as blocked (fault injection); may be set while driving."""
        self.progress = NavigationProgress(0.0, 0.0, 0.0)

    def use(self, planner: GridPlanner) -> None:
        """Plan with this one from the next goal on."""
        self._planner = planner

    @property
    def busy(self) -> bool:
        """Whether a goal is being driven to."""
        return self._path is not None

    def start(self, goal: Pose2D, state: BaseState) -> Result:
        """Plan and begin.

        Returns:
            OK when the base drives now; otherwise why not.
        """
        if self.busy:
            return Result(Code.RESOURCE_BUSY, "the base is already driving to another goal")
        if not all(math.isfinite(v) for v in (goal.x_m, goal.y_m, goal.yaw_rad)):
            return Result(Code.INVALID_REQUEST, "the goal pose contains NaN or infinity")
        try:
            self._path = self._planner.plan((state.pose.x_m, state.pose.y_m), (goal.x_m, goal.y_m))
        except NoPath as error:
            return Result(Code.NAVIGATION_BLOCKED, str(error))
        self._goal = goal
        self._ending = None
        self._still_since_s = None
        self._started_s = self._mark_time_s = state.time_s
        self._mark = state.pose
        return OK

    def cancel(self, message: str = "canceled; the base stands still") -> None:
        """Stop; :meth:`step` reports CANCELED once the base stands still."""
        if self.busy and self._ending is None:
            self._ending = Result(Code.CANCELED, message)

    def abort(self, result: Result) -> None:
        """Stop; :meth:`step` reports this result once the base stands still."""
        if self.busy and self._ending is None:
            self._ending = result

    @property
    def ending(self) -> bool:
        """Whether the present goal only waits for the base to stand still."""
        return self._ending is not None

    def resume(self, state: BaseState) -> None:
        """The drive begins only now: time that has passed since the start does not count as being stuck."""
        self._mark, self._mark_time_s = state.pose, state.time_s

    def step(self, state: BaseState) -> tuple[Velocity, Result | None]:
        """The velocity to drive with now, and the result when it is over (the base then stands still)."""
        if self._path is None:
            return Velocity(), None
        if self._ending is None and self.blocked:
            self._ending = Result(
                Code.NAVIGATION_BLOCKED, "something that is not on the map blocks the way"
            )
        if self._ending is None:
            velocity = self._follow(state)
            if self._ending is None:
                self._check_stuck(state)
            if self._ending is None:
                return velocity, None
        if not self._standing_still(state):
            return Velocity(), None
        result, self._path = self._ending, None
        return Velocity(), result

    def _standing_still(self, state: BaseState) -> bool:
        v = state.velocity
        if math.hypot(v.vx_mps, v.vy_mps) > STILL_MPS or abs(v.wz_radps) > STILL_RADPS:
            self._still_since_s = None
            return False
        if self._still_since_s is None:
            self._still_since_s = state.time_s
        return state.time_s - self._still_since_s >= STILL_TIME_S

    def _follow(self, state: BaseState) -> Velocity:
        assert self._path is not None
        pose = state.pose
        position = (pose.x_m, pose.y_m)
        while len(self._path) > 2 and math.dist(position, self._path[1]) < LOOKAHEAD_M * 0.6:
            self._path.pop(0)
        to_goal = math.dist(position, (self._goal.x_m, self._goal.y_m))
        remaining = math.dist(position, self._path[1]) + sum(
            math.dist(a, b) for a, b in zip(self._path[1:], self._path[2:], strict=False)
        )
        elapsed = state.time_s - self._started_s
        self.progress = NavigationProgress(
            remaining, elapsed, remaining / (0.7 * robot.MAX_LINEAR_SPEED_MPS)
        )
        goal_turn = wrap_angle(self._goal.yaw_rad - pose.yaw_rad)
        if to_goal < GOAL_TOLERANCE_M and abs(goal_turn) < GOAL_TOLERANCE_RAD:
            self._ending = OK
            return Velocity()
        aim = self._aim(position)
        course = math.atan2(aim[1] - position[1], aim[0] - position[0])
        near = remaining < ALIGN_DISTANCE_M
        turn = goal_turn if near else wrap_angle(course - pose.yaw_rad)
        wz = _bounded(_braking(abs(turn), 1.2), robot.MAX_ANGULAR_SPEED_RADPS) * (
            1 if turn > 0 else -1
        )
        speed = _bounded(
            _braking(remaining, APPROACH_DECELERATION_MPS2), robot.MAX_LINEAR_SPEED_MPS
        )
        if not near:
            # Face the way first: the camera looks ahead, and so do people.
            speed *= max(0.0, 1.0 - abs(turn) / TURN_IN_PLACE_RAD)
        relative = course - pose.yaw_rad
        return Velocity(speed * math.cos(relative), speed * math.sin(relative), wz)

    def _aim(self, position: tuple[float, float]) -> tuple[float, float]:
        """The point to drive at: on the path's current leg, a look-ahead distance beyond the nearest point."""
        assert self._path is not None
        a, b = self._path[0], self._path[1]
        length = math.dist(a, b)
        if length < 1e-9:
            return b
        ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        along = (position[0] - a[0]) * ux + (position[1] - a[1]) * uy + LOOKAHEAD_M
        if along >= length:
            return b
        return a[0] + ux * along, a[1] + uy * along

    def _check_stuck(self, state: BaseState) -> None:
        moved = math.dist((state.pose.x_m, state.pose.y_m), (self._mark.x_m, self._mark.y_m))
        turned = abs(wrap_angle(state.pose.yaw_rad - self._mark.yaw_rad))
        if moved > STUCK_PROGRESS_M or turned > STUCK_PROGRESS_RAD:
            self._mark, self._mark_time_s = state.pose, state.time_s
        elif state.time_s - self._mark_time_s > STUCK_TIME_S:
            self._ending = Result(
                Code.NAVIGATION_BLOCKED,
                f"the base did not get any farther for {STUCK_TIME_S:.0f} s; something blocks the way",
            )


def _braking(distance: float, deceleration: float) -> float:
    """Speed from which one can still stop within a distance, softened near zero."""
    return min(math.sqrt(2.0 * deceleration * distance), 2.5 * distance + 0.004)


def _bounded(value: float, limit: float) -> float:
    return min(value, limit)
