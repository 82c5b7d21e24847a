# SPDX-License-Identifier: Apache-2.0
"""Paths around furniture on a grid.

Decides which way the base's centre may take: an A* search on cells whose clearance to walls and furniture exceeds the
base's radius, with a preference for more room, then straightened. It knows the static map only; what stands in the way
unexpectedly is noticed by ``navigation``.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.robot import robot_model as robot

CELL_M = 0.05
CLEARANCE_M = robot.BASE_RADIUS_M + 0.03
"""Distance between base centre and obstacles along the way."""
GOAL_CLEARANCE_M = robot.BASE_RADIUS_M + 0.01
"""At the goal the robot may come a little closer, as one has to at a table."""
NEAREST_M = 0.4
ZONE_EXIT_M = 1.5
"""How far the free floor next to a point may be; farther for a robot that stands in a zone to keep out of."""
COMFORT_M = 0.45
"""Cells with less clearance than this cost more."""


@dataclass(frozen=True)
class Rectangle:
    """An obstacle's footprint: centre, heading of its x axis, full side lengths. Metres, radians, map frame."""

    x_m: float
    y_m: float
    yaw_rad: float
    size_x_m: float
    size_y_m: float

    def distance(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of points to the rectangle, 0 inside; arrays of any one shape."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        dx, dy = x - self.x_m, y - self.y_m
        out_x = np.maximum(np.abs(cos * dx + sin * dy) - self.size_x_m / 2, 0.0)
        out_y = np.maximum(np.abs(-sin * dx + cos * dy) - self.size_y_m / 2, 0.0)
        distance: NDArray[np.float64] = np.hypot(out_x, out_y)
        return distance


@dataclass(frozen=True, eq=False)
class KeepOut:
    """Cells of the map that the base's centre keeps out of, however much room there is.

    taken: rows of y, columns of x, cell (0, 0) with its corner at x_m, y_m.
    """

    x_m: float
    y_m: float
    cell_m: float
    taken: NDArray[np.bool_]

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points lie in a taken cell; beyond the grid everything is free. Arrays of any one shape."""
        rows = np.floor((y - self.y_m) / self.cell_m).astype(int)
        columns = np.floor((x - self.x_m) / self.cell_m).astype(int)
        height, width = self.taken.shape
        known = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        found = self.taken[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        covered: NDArray[np.bool_] = known & found
        return covered


class NoPath(ValueError):
    """There is no way; the text says why."""


class GridPlanner:
    """Plans in one room. Building it is cheap (milliseconds); build a new one when the map changes."""

    def __init__(
        self,
        room_x_m: float,
        room_y_m: float,
        obstacles: Sequence[Rectangle],
        keep_out: KeepOut | None = None,
    ) -> None:
        self._keep_out = keep_out
        self._half = (room_x_m / 2, room_y_m / 2)
        self._obstacles = tuple(obstacles)
        self._shape = (round(room_x_m / CELL_M), round(room_y_m / CELL_M))
        xs = (np.arange(self._shape[0]) + 0.5) * CELL_M - self._half[0]
        ys = (np.arange(self._shape[1]) + 0.5) * CELL_M - self._half[1]
        grid_x, grid_y = np.meshgrid(xs, ys, indexing="ij")
        self._clearance = self._distances(grid_x, grid_y)
        self._open = ~self._kept_out(grid_x, grid_y)

    def clearance(self, x_m: float, y_m: float) -> float:
        """Distance of a point to the nearest wall or obstacle; 0 or less inside one."""
        return float(self._distances(np.array([x_m]), np.array([y_m]))[0])

    def plan(
        self, start: tuple[float, float], goal: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """Way points from start to goal, both included, in metres.

        Raises:
            NoPath: when the goal is taken or nothing leads there.
        """
        room = self.clearance(*goal)
        if room < GOAL_CLEARANCE_M:
            raise NoPath(
                f"the goal ({goal[0]:.2f}, {goal[1]:.2f}) is {max(room, 0.0):.2f} m from an obstacle; "
                f"the base needs {GOAL_CLEARANCE_M:.2f} m"
            )
        if self._kept_out(np.array([goal[0]]), np.array([goal[1]]))[0]:
            raise NoPath(f"the goal ({goal[0]:.2f}, {goal[1]:.2f}) is in a zone to keep out of")
        free = (self._clearance >= CLEARANCE_M) & self._open
        if self._straight_free(start, goal, CLEARANCE_M):
            return [start, goal]
        # Whoever stands in a zone has to get out of it.
        within_m = ZONE_EXIT_M if self._kept_out(*np.array([start]).T)[0] else NEAREST_M
        first, last = self._nearest_free(start, free, within_m), self._nearest_free(goal, free)
        if first is None or last is None:
            raise NoPath("no free floor next to the " + ("start" if first is None else "goal"))
        cells = self._search(first, last, free)
        if cells is None:
            what = "furniture" if self._open.all() else "furniture and zones to keep out of"
            blocks = "blocks" if self._open.all() else "block"
            raise NoPath(f"{what} {blocks} every way to ({goal[0]:.2f}, {goal[1]:.2f})")
        return self._straighten([start, *(self._center(c) for c in cells), goal])

    def _distances(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        distance: NDArray[np.float64] = np.minimum(
            self._half[0] - np.abs(x), self._half[1] - np.abs(y)
        )
        for obstacle in self._obstacles:
            distance = np.minimum(distance, obstacle.distance(x, y))
        return distance

    def _kept_out(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        if self._keep_out is None:
            return np.zeros(x.shape, dtype=bool)
        return self._keep_out.covers(x, y)

    def _center(self, cell: tuple[int, int]) -> tuple[float, float]:
        return (cell[0] + 0.5) * CELL_M - self._half[0], (cell[1] + 0.5) * CELL_M - self._half[1]

    def _nearest_free(
        self, point: tuple[float, float], free: NDArray[np.bool_], within_m: float = NEAREST_M
    ) -> tuple[int, int] | None:
        """The free cell nearest to a point."""
        ci = int((point[0] + self._half[0]) / CELL_M)
        cj = int((point[1] + self._half[1]) / CELL_M)
        best, best_distance = None, within_m
        steps = round(within_m / CELL_M)
        for i in range(max(ci - steps, 0), min(ci + steps + 1, self._shape[0])):
            for j in range(max(cj - steps, 0), min(cj + steps + 1, self._shape[1])):
                if free[i, j]:
                    distance = math.dist(point, self._center((i, j)))
                    if distance < best_distance:
                        best, best_distance = (i, j), distance
        return best

    def _search(
        self, first: tuple[int, int], last: tuple[int, int], free: NDArray[np.bool_]
    ) -> list[tuple[int, int]] | None:
        """A* with eight neighbours; cells near obstacles cost up to three times as much."""
        extra = 1.0 + 2.0 * np.clip(
            (COMFORT_M - self._clearance) / (COMFORT_M - CLEARANCE_M), 0.0, 1.0
        )
        cost = {first: 0.0}
        came: dict[tuple[int, int], tuple[int, int]] = {}
        queue = [(math.dist(first, last), first)]
        closed: set[tuple[int, int]] = set()
        while queue:
            _, cell = heapq.heappop(queue)
            if cell == last:
                path = [cell]
                while cell in came:
                    cell = came[cell]
                    path.append(cell)
                return path[::-1]
            if cell in closed:
                continue
            closed.add(cell)
            for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
                other = (cell[0] + di, cell[1] + dj)
                if (
                    not (0 <= other[0] < self._shape[0] and 0 <= other[1] < self._shape[1])
                    or not free[other]
                ):
                    continue
                new = cost[cell] + math.hypot(di, dj) * float(extra[other])
                if new < cost.get(other, math.inf):
                    cost[other] = new
                    came[other] = cell
                    heapq.heappush(queue, (new + math.dist(other, last), other))
        return None

    def _straight_free(
        self, a: tuple[float, float], b: tuple[float, float], clearance_m: float
    ) -> bool:
        count = max(2, int(math.dist(a, b) / (CELL_M / 2)) + 1)
        t = np.linspace(0.0, 1.0, count)
        x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
        room = self._distances(x, y)
        return bool(np.all(room >= clearance_m) and not self._kept_out(x, y).any())

    def _straighten(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Leave out way points that a straight line with enough room makes needless."""
        kept = [points[0]]
        index = 0
        while index < len(points) - 1:
            following = index + 1
            for candidate in range(len(points) - 1, index + 1, -1):
                roomy = min(
                    COMFORT_M - 0.1,
                    self.clearance(*points[index]),
                    self.clearance(*points[candidate]),
                )
                if self._straight_free(
                    points[index], points[candidate], max(roomy - 0.01, CLEARANCE_M)
                ):
                    following = candidate
                    break
            kept.append(points[following])
            index = following
        return kept
