# SPDX-License-Identifier: Apache-2.0
"""Zones and the permitted area while the base drives: where a drive has to end, and the zones as a grid for navigation.

Decides from where the robot is and how fast it moves whether it would come into a zone, or leave the permitted area,
within the way that it needs to stop. A robot that already stands too near may leave, but not come nearer. The drive
is ended by whoever asks; nothing is corrected here. `mask` draws the zones, widened by the room that the robot needs,
as a grid for a planner that keeps its way free of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.robot.robot import Odometry, StampedPose, Velocity
from vla_executor.spatial.geometry import Point2, Pose2, distance_to_polygon, wrap

STEP_M = 0.03
"""Between two points of the way ahead that are looked at."""
SPEED_WINDOW_S = 0.15
"""The speed in the map is taken over this time: over less, the noise of the localisation looks like speed."""
LONGEST_WINDOW_S = 1.0
TOLERANCE_M = 0.02
"""A robot that stands at a zone seems to come this much nearer by the noise of its pose alone."""
LEAP_MPS = 5.0
"""Faster than this the localisation has corrected itself; the base did not drive."""
PLAN_ROOM_M = 0.1
"""Ways are planned, and goals chosen, this much farther from a zone than where a drive is ended."""
CELL_M = 0.05
MOST_CELLS = 1_000_000

Zone = tuple[Point2, ...]


def zone_name(number: int) -> str:
    return f"keep-out zone {number}"


def room_needed_m(config: GuardConfig, executor: ExecutorConfig) -> float:
    """How near the middle of the base may come to a zone."""
    return executor.robot_radius_m + config.min_obstacle_distance_m


class WayWatch:
    """For one drive; asked again and again while it lasts. Errors: GUARD_REFUSED ends it."""

    def __init__(
        self,
        zones: Sequence[Zone],
        config: GuardConfig,
        executor: ExecutorConfig,
    ) -> None:
        self._zones = zones
        self._box = config.workspace
        self._config = config
        self._executor = executor
        self._needed_m = room_needed_m(config, executor)
        self._floors: list[float] | None = None
        """How near it may come to each zone: no nearer than it has been, and once out of it, not into it again."""
        self._past: list[StampedPose] = []

    @property
    def has_zones(self) -> bool:
        """Without zones, a drive by velocity has been checked as a whole before it began."""
        return bool(self._zones)

    def look(
        self,
        base: StampedPose | None,
        odometry: Odometry | None,
        now_s: float,
        command: Velocity | None = None,
    ) -> None:
        """base: the newest pose in the map; command: what the base is about to be told, where we drive it."""
        age_s = math.inf if base is None else now_s - base.stamp_s
        limit_s = self._config.max_transform_age_s
        if base is None or not base.pose.is_finite() or not age_s <= limit_s:
            if not self._zones:
                return
            why = "not known" if base is None else f"known only from {age_s:.1f} s ago"
            raise VlaError(
                Code.GUARD_REFUSED,
                f"The drive was ended: where the robot is in the map is {why}, "
                "so its distance from the keep-out zones is not known.",
            )
        reaction_s = self._config.reaction_s + max(age_s, 0.0)
        ways = [self._way(base.pose, speed, reaction_s) for speed in self._speeds(base, odometry)]
        if command is not None:
            ways.append(self._way(base.pose, command, reaction_s))
        self._check_zones(base.pose, ways)
        self._check_box(base.pose, ways)

    def _speeds(self, base: StampedPose, odometry: Odometry | None) -> list[Velocity]:
        """What odometry says, and what the map says: either may be blind to a motion."""
        speeds = []
        if odometry is not None and odometry.is_finite():
            speeds.append(odometry.velocity)
        past = self._past
        if not past or base.stamp_s > past[-1].stamp_s:
            past.append(base)
        while len(past) > 2 and base.stamp_s - past[1].stamp_s >= SPEED_WINDOW_S:
            past.pop(0)
        span_s = base.stamp_s - past[0].stamp_s
        if SPEED_WINDOW_S <= span_s <= LONGEST_WINDOW_S:
            ahead, left = past[0].pose.to_local(*base.pose.xy)
            turned = wrap(base.pose.yaw_rad - past[0].pose.yaw_rad)
            # Seen from where the robot looks now.
            c, s = math.cos(turned), math.sin(turned)
            speed = Velocity(
                (c * ahead + s * left) / span_s, (c * left - s * ahead) / span_s, turned / span_s
            )
            if speed.speed_mps <= LEAP_MPS:
                speeds.append(speed)
        return speeds

    def _way(self, pose: Pose2, speed: Velocity, reaction_s: float) -> list[Point2]:
        """Where the base gets to until it stands, if it was told to stop now."""
        mps = speed.speed_mps
        if mps <= self._executor.still_linear_mps:
            return []
        length = mps * reaction_s + mps**2 / (2.0 * self._config.deceleration_mps2)
        count = max(1, math.ceil(length / STEP_M))
        course = math.atan2(speed.vy_mps, speed.vx_mps)
        bend = speed.wz_radps / mps  # radians per metre
        x, y, way = pose.x_m, pose.y_m, []
        for index in range(count):
            heading = pose.yaw_rad + course + bend * (index + 0.5) * length / count
            x += math.cos(heading) * length / count
            y += math.sin(heading) * length / count
            way.append((x, y))
        return way

    def _check_zones(self, pose: Pose2, ways: Sequence[Sequence[Point2]]) -> None:
        now = [distance_to_polygon(zone, *pose.xy) for zone in self._zones]
        if self._floors is None:
            self._floors = [min(self._needed_m, distance) for distance in now]
        for index, (zone, distance) in enumerate(zip(self._zones, now, strict=True)):
            limit = min(self._needed_m, distance) - 1e-3
            nearer = distance < self._floors[index] - TOLERANCE_M
            for way in ways:
                nearer = nearer or any(distance_to_polygon(zone, *p) < limit for p in way)
            if nearer:
                gap_m = distance - self._executor.robot_radius_m
                where = f"{gap_m:.2f} m before" if gap_m > 0.0 else "at the edge of"
                raise VlaError(
                    Code.GUARD_REFUSED,
                    f"The drive was ended {where} {zone_name(index + 1)}, into which it led.",
                )
            self._floors[index] = min(self._needed_m, max(self._floors[index], distance))

    def _check_box(self, pose: Pose2, ways: Sequence[Sequence[Point2]]) -> None:
        if not self._box:
            return
        out_now = self._outside(pose.xy)
        for way in ways:
            if way and self._outside(way[-1]) > out_now + 1e-3:
                raise VlaError(
                    Code.GUARD_REFUSED,
                    f"The drive was ended at ({pose.x_m:.2f}, {pose.y_m:.2f}), "
                    "where it led out of the permitted area.",
                )

    def _outside(self, point: Point2) -> float:
        """How far a point is outside of the permitted area; 0 inside."""
        x_min, y_min, x_max, y_max = self._box
        dx = max(x_min - point[0], point[0] - x_max, 0.0)
        dy = max(y_min - point[1], point[1] - y_max, 0.0)
        return math.hypot(dx, dy)


@dataclass(frozen=True, eq=False)
class Mask:
    """Cells that the middle of the base keeps out of. taken: rows of y, columns of x, from the corner x_m, y_m on."""

    x_m: float
    y_m: float
    cell_m: float
    taken: NDArray[np.bool_]


def mask(zones: Sequence[Zone], room_m: float) -> Mask:
    """The zones, widened by `room_m`. Without zones: one free cell."""
    if not zones:
        return Mask(0.0, 0.0, CELL_M, np.zeros((1, 1), dtype=bool))
    points = np.array([point for zone in zones for point in zone], dtype=float)
    low, high = points.min(axis=0) - room_m - CELL_M, points.max(axis=0) + room_m + CELL_M
    width, height = (float(v) for v in high - low)
    cell_m = max(CELL_M, math.sqrt(width * height / MOST_CELLS))
    xs = low[0] + (np.arange(math.ceil(width / cell_m)) + 0.5) * cell_m
    ys = low[1] + (np.arange(math.ceil(height / cell_m)) + 0.5) * cell_m
    x, y = np.meshgrid(xs, ys)
    # A cell is taken when any of its points is too near.
    wide_m = room_m + cell_m * math.sqrt(0.5)
    taken = np.zeros(x.shape, dtype=bool)
    for zone in zones:
        taken |= _distances(zone, x, y) <= wide_m
    return Mask(float(low[0]), float(low[1]), cell_m, taken)


def _distances(zone: Zone, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `geometry.distance_to_polygon`, but 0 inside; for arrays of points."""
    inside = np.zeros(x.shape, dtype=bool)
    nearest = np.full(x.shape, np.inf)
    for (ax, ay), (bx, by) in zip(zone, [*zone[1:], zone[0]], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2 if length2 else 0.0 * x
        along = np.clip(along, 0.0, 1.0)
        nearest = np.minimum(
            nearest, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))
        )
    return np.where(inside, 0.0, nearest)
