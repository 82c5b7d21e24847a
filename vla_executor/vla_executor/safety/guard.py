# SPDX-License-Identifier: Apache-2.0
"""What must never happen, checked before every actuation.

The guard refuses with GUARD_REFUSED and a sentence; it never changes a command. It is the last check
and trusts nobody: planner, skills and perception may all be wrong. It does not plan; obstacles are the
furniture and the zones that are known, as circles against footprints, and what a scan of the room shows.
Drives are watched over while they last, see `keep_out`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.robot.robot import Odometry, Operation, Scan, StampedPose, Target, Velocity
from vla_executor.safety.keep_out import PLAN_ROOM_M, WayWatch, Zone, room_needed_m, zone_name
from vla_executor.spatial.geometry import Point2, Pose2, distance_to_footprint, distance_to_polygon

PATH_STEP_M = 0.05
LONGEST_COMMAND_GAP_S = 0.25
"""After a longer silence the speed may not leap by what the silence would permit."""
FUTURE_TOLERANCE_S = 0.5
"""Stamps may be this far ahead of our clock: clocks of two machines differ."""
SCAN_LOST_S = 2.0
"""A scan that has been silent for so long is not late on a busy machine, but gone."""
SCAN_REACTION_S = 0.15
"""Until a zero velocity takes effect: one more command, its way to the motors, and the motors' lag."""
_EPSILON = 1e-6


def _degrees(radians: float) -> str:
    """An angle as people say it: whole degrees, with one decimal where it is small."""
    degrees = abs(math.degrees(radians))
    return f"{degrees:.0f} degrees" if degrees >= 10.0 else f"{degrees:.1f} degrees"


def refuse(sentence: str) -> VlaError:
    return VlaError(Code.GUARD_REFUSED, sentence)


def parse_zones(texts: Iterable[str]) -> tuple[tuple[Point2, ...], ...]:
    """Polygons from 'x y, x y, x y'. Errors: INVALID_CONFIG."""
    zones = []
    for text in texts:
        try:
            points = []
            for pair in text.split(","):
                x, y = (float(word) for word in pair.split())
                points.append((x, y))
        except ValueError:
            points = []
        if len(points) < 3 or not all(math.isfinite(v) for point in points for v in point):
            raise VlaError(
                Code.INVALID_CONFIG,
                f"Parameter 'guard.keep_out' has to hold polygons like '0 0, 1 0, 1 1', "
                f"not '{text[:60]}'.",
            )
        zones.append(tuple(points))
    return tuple(zones)


def check_workspace(box: Sequence[float]) -> None:
    """Errors: INVALID_CONFIG."""
    good = all(isinstance(v, (int, float)) and math.isfinite(v) for v in box)
    if box and not (good and box[0] < box[2] and box[1] < box[3]):
        raise VlaError(
            Code.INVALID_CONFIG,
            f"Parameter 'guard.workspace' has to be x_min, y_min, x_max, y_max, not {list(box)}.",
        )


class Guard:
    """Stateless apart from its limits; every check raises GUARD_REFUSED or returns nothing."""

    def __init__(self, config: GuardConfig, executor: ExecutorConfig) -> None:
        self._config = config
        self._executor = executor
        self._zones = parse_zones(config.keep_out)
        check_workspace(config.workspace)

    # --- the base -----------------------------------------------------------------------------

    @property
    def zones(self) -> tuple[Zone, ...]:
        return self._zones

    def watch(self) -> WayWatch:
        """To be asked while a drive lasts, whoever drives."""
        return WayWatch(self._zones, self._config, self._executor)

    def check_velocity(
        self,
        velocity: Velocity,
        previous: Velocity,
        gap_s: float,
        odometry: Odometry,
        now_s: float,
        scan: Scan | None = None,
    ) -> None:
        """One velocity command, `gap_s` after the previous one. Zero is always permitted."""
        if not (velocity.is_finite() and previous.is_finite() and math.isfinite(gap_s)):
            raise refuse("A velocity command holds a number that is not finite.")
        if velocity.is_zero():
            return
        config = self._config
        if velocity.speed_mps > config.max_linear_speed_mps + _EPSILON:
            raise refuse(
                f"{velocity.speed_mps:.2f} m/s is faster than the limit of "
                f"{config.max_linear_speed_mps:g} m/s."
            )
        if abs(velocity.wz_radps) > config.max_angular_speed_radps + _EPSILON:
            raise refuse(
                f"Turning at {_degrees(velocity.wz_radps)} a second is faster than the limit of "
                f"{_degrees(config.max_angular_speed_radps)} a second."
            )
        gap_s = min(max(gap_s, 0.0), LONGEST_COMMAND_GAP_S)
        change = math.hypot(velocity.vx_mps - previous.vx_mps, velocity.vy_mps - previous.vy_mps)
        if change > config.max_linear_acceleration_mps2 * gap_s + _EPSILON:
            raise refuse(
                f"A change of {change:.2f} m/s within {gap_s * 1000:.0f} ms breaks the limit of "
                f"{config.max_linear_acceleration_mps2:g} m/s^2."
            )
        change = abs(velocity.wz_radps - previous.wz_radps)
        if change > config.max_angular_acceleration_radps2 * gap_s + _EPSILON:
            raise refuse(
                f"A change of turning by {_degrees(change)} a second within {gap_s * 1000:.0f} ms breaks the "
                f"limit of {_degrees(config.max_angular_acceleration_radps2)} per second squared."
            )
        self._check_age("The odometry", odometry.stamp_s, now_s, config.max_odometry_age_s)
        if not odometry.is_finite():
            raise refuse("The odometry holds a number that is not finite.")
        if velocity.speed_mps > 0.0:
            fastest = max(velocity.speed_mps, previous.speed_mps, odometry.velocity.speed_mps)
            self._check_scan(velocity, fastest, scan, now_s)

    def _check_scan(
        self, velocity: Velocity, speed_mps: float, scan: Scan | None, now_s: float
    ) -> None:
        """Nothing may be in the way as far as the base needs to stop. speed_mps: that it may have now."""
        config = self._config
        if config.scan == "ignore":
            return
        self._check_scan_age(scan, now_s, config.max_scan_age_s)
        if scan is None:
            return
        age_s = now_s - scan.stamp_s
        # The braking that drives are planned with; the way since the scan was taken comes on top.
        braking_m = speed_mps**2 / (2.0 * self._executor.linear_acceleration_mps2)
        ahead_m = speed_mps * (max(age_s, 0.0) + SCAN_REACTION_S) + braking_m
        direction = np.array([velocity.vx_mps, velocity.vy_mps]) / velocity.speed_mps
        now_m = np.hypot(scan.points[:, 0], scan.points[:, 1])
        others = now_m >= config.scan_own_radius_m
        points, now_m = scan.points[others], now_m[others]
        along = np.clip(points @ direction, 0.0, ahead_m)
        nearest_m = np.hypot(
            points[:, 0] - along * direction[0], points[:, 1] - along * direction[1]
        )
        radius_m = self._executor.robot_radius_m
        # A robot that already stands too near may leave, but not come nearer.
        limit_m = np.minimum(radius_m + config.min_scan_distance_m, now_m)
        hits = nearest_m < limit_m - 1e-3
        if hits.any():
            gap_m = max(0.0, float(now_m[hits].min()) - radius_m)
            raise refuse(f"Something is in the way, {gap_m:.2f} m from the robot.")

    def _check_scan_age(
        self,
        scan: Scan | None,
        now_s: float,
        limit_s: float,
        ahead_s: float = FUTURE_TOLERANCE_S,
    ) -> None:
        """A scan that was there once has to be there still. Without any, only where it is required."""
        if self._config.scan == "ignore" or (scan is None and self._config.scan != "required"):
            return
        age_s = math.inf if scan is None else now_s - scan.stamp_s
        if -ahead_s <= age_s <= limit_s:
            return
        if scan is None:
            why = "there is none"
        elif math.isinf(age_s):
            why = "none has come that can be used"
        else:
            why = f"the newest is {age_s:.2f} s old"
        raise refuse(f"The robot does not drive without a scan of its way, and {why}.")

    def scan_is_late(self, scan: Scan | None, now_s: float) -> bool:
        """Whether a drive by velocity has to wait for a newer scan."""
        try:
            self.check_scan_is_new(scan, now_s)
        except VlaError:
            return True
        return False

    def check_scan_is_new(self, scan: Scan | None, now_s: float) -> None:
        """As `check_velocity` asks for it."""
        self._check_scan_age(scan, now_s, self._config.max_scan_age_s)

    def check_senses(
        self, scan: Scan | None, places: Sequence[Place], map_trouble: str, now_s: float
    ) -> None:
        """Before and during every drive, also those of navigation: what the guard goes by has to be there.

        A scan may be late here; what a late one may miss is looked at with each velocity. map_trouble: why the
        places are not to be relied on.
        """
        # A node that is starved reads a simulator's clock late, and finds the scan in the future for that while.
        late_s = self._lost_after_s
        self._check_scan_age(scan, now_s, late_s, late_s)
        if self._config.map == "ignore":
            return
        if map_trouble:
            raise refuse(f"The robot does not drive without the map that it had. {map_trouble}")
        if self._config.map == "required" and not places:
            raise refuse("The robot does not drive without a map, and no places are known.")

    def check_turn(self, scan: Scan | None, now_s: float) -> None:
        """On the spot: it comes nearer to nothing, so that no map is asked for, but a sensor that died stops it too."""
        if scan is not None and math.isfinite(scan.stamp_s):
            self._check_scan_age(scan, now_s, self._lost_after_s)

    @property
    def _lost_after_s(self) -> float:
        return max(SCAN_LOST_S, 2.0 * self._config.max_scan_age_s)

    def blind_to(self, scan: Scan | None, places: Sequence[Place]) -> str:
        """What the guard can't keep a drive out of, in one sentence; "" when it knows the map."""
        if places:
            return ""
        if scan is not None and self._config.scan != "ignore":
            return "No map is known; only what the scan sees is kept out of."
        return "No map is known and nothing scans the way; nothing is kept out of but the zones."

    def check_move(
        self, base: StampedPose, now_s: float, dx_m: float, dy_m: float, places: Sequence[Place]
    ) -> None:
        """A straight drive by dx, dy, seen from the base."""
        length = math.hypot(dx_m, dy_m)
        if not math.isfinite(length):
            raise refuse("The distance is not a finite number.")
        if length > self._config.max_move_m + _EPSILON:
            raise refuse(
                f"{length:.2f} m at once is more than the limit of {self._config.max_move_m:g} m."
            )
        self._check_base(base, now_s)
        count = max(1, math.ceil(length / PATH_STEP_M))
        path = [
            base.pose.to_outer(dx_m * index / count, dy_m * index / count)
            for index in range(count + 1)
        ]
        self._check_inside(path[-1], "The drive")
        needed = self._executor.robot_radius_m + self._config.min_obstacle_distance_m
        for name, distances in self._distances(path, places):
            # A robot that already stands too near may leave, but not come nearer.
            limit = min(needed, distances[0])
            nearest = min(distances)
            if nearest < limit - 1e-3:
                raise refuse(
                    f"The drive would come within {max(0.0, nearest):.2f} m of {name}; "
                    f"the robot needs {needed:.2f} m."
                )

    def check_goal(
        self, base: StampedPose, now_s: float, goal: Pose2, places: Sequence[Place]
    ) -> None:
        """A pose to navigate to. The way there is for navigation, which is not sent off without knowing where it is."""
        if not goal.is_finite():
            raise refuse("The goal holds a number that is not finite.")
        self._check_base(base, now_s)
        self._check_inside(goal.xy, "The goal")
        by_zone = room_needed_m(self._config, self._executor) + PLAN_ROOM_M
        for name, distances in self._distances([goal.xy], places):
            zone = name.startswith(zone_name(0)[:-1])
            needed = by_zone if zone else self._executor.robot_radius_m
            if distances[0] < needed:
                raise refuse(
                    f"The goal is {max(0.0, distances[0]):.2f} m from {name}; "
                    f"the robot needs {needed:.2f} m."
                )

    # --- the arm and the head -----------------------------------------------------------------

    def check_target(
        self,
        operation: Operation,
        target: Target | None,
        base: StampedPose,
        seen_s: float,
        now_s: float,
    ) -> None:
        """An operation of the arm. seen_s: when the thing at the target was last seen."""
        if operation in (Operation.STOW, Operation.RELEASE):
            if target is not None:
                raise refuse(f"The operation '{operation.name.lower()}' takes no target.")
            return
        if target is None:
            raise refuse("The arm was given no target.")
        numbers = (*target.position, target.yaw_rad, *target.size)
        if not all(math.isfinite(value) for value in numbers):
            raise refuse("The target of the arm holds a number that is not finite.")
        if min(target.size) <= 0.0:
            raise refuse("The size of the object is not known.")
        if max(target.size) > self._config.max_object_size_m:
            raise refuse(
                f"The object is {max(target.size):.2f} m large, more than the limit of "
                f"{self._config.max_object_size_m:g} m."
            )
        self._check_age("The target", seen_s, now_s, self._config.max_target_age_s)
        self._check_base(base, now_s)
        reason = out_of_reach(target, base.pose, self._executor)
        if reason:
            raise refuse(reason)
        point = target.position[:2]
        self._check_inside(point, "The arm's way")
        for name, distances in self._distances([point], ()):
            if distances[0] < 0.0:
                raise refuse(f"The target of the arm is in {name}.")

    def check_point(self, point: tuple[float, float, float]) -> None:
        """A point to look at."""
        if not all(math.isfinite(value) for value in point):
            raise refuse("The point to look at holds a number that is not finite.")

    # --- pieces -------------------------------------------------------------------------------

    def _check_base(self, base: StampedPose, now_s: float) -> None:
        if not base.pose.is_finite():
            raise refuse("The pose of the robot holds a number that is not finite.")
        self._check_age(
            "The pose of the robot", base.stamp_s, now_s, self._config.max_transform_age_s
        )

    def _check_age(self, what: str, stamp_s: float, now_s: float, limit_s: float) -> None:
        age = now_s - stamp_s
        if not math.isfinite(age) or age > limit_s:
            raise refuse(f"{what} is {age:.2f} s old, more than the limit of {limit_s:g} s.")
        if age < -FUTURE_TOLERANCE_S:
            raise refuse(f"{what} has a time {-age:.2f} s in the future; are the clocks in step?")

    def _check_inside(self, point: Point2, what: str) -> None:
        box = self._config.workspace
        if box and not (box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]):
            raise refuse(
                f"{what} ends at ({point[0]:.2f}, {point[1]:.2f}), outside the permitted area."
            )

    def _distances(
        self, path: Sequence[Point2], places: Sequence[Place]
    ) -> Iterable[tuple[str, list[float]]]:
        """Distances of the points of a path from everything to be kept out of. Errors: GUARD_REFUSED."""
        for place in places:
            if place.keep_out:
                if not all(math.isfinite(v) for v in (*place.position, place.yaw, *place.size)):
                    raise refuse(f"Where the {place.name} is on the map is not a finite number.")
                yield (
                    f"the {place.name}",
                    [distance_to_footprint(place, x, y) for x, y in path],
                )
        for number, zone in enumerate(self._zones, 1):
            yield (
                zone_name(number),
                [distance_to_polygon(zone, x, y) for x, y in path],
            )


def out_of_reach(target: Target, base: Pose2, config: ExecutorConfig) -> str:
    """Why the arm does not reach the target from there; empty when it does."""
    ahead, side = base.to_local(target.position[0], target.position[1])
    height = target.position[2]
    if not config.reach_min_m <= ahead <= config.reach_max_m:
        return (
            f"The target is {ahead:.2f} m ahead; the arm reaches from "
            f"{config.reach_min_m:g} to {config.reach_max_m:g} m."
        )
    if abs(side) > config.reach_side_m:
        return (
            f"The target is {abs(side):.2f} m beside the middle; the arm reaches "
            f"{config.reach_side_m:g} m."
        )
    if not config.reach_low_m <= height <= config.reach_high_m:
        return (
            f"The target is at a height of {height:.2f} m; the arm reaches from "
            f"{config.reach_low_m:g} to {config.reach_high_m:g} m."
        )
    return ""
