# SPDX-License-Identifier: Apache-2.0
"""What things stand on: tops of known furniture, insides of containers, the floor, or planes found in the picture.

Decides the height profile of every support surface in view. The map's height is the truth for where the surface
is; what the camera measures is used to tell things from their support, so that a slightly wrong camera tilt or depth
scale neither hides flat objects nor makes the table itself one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.rgbd.frame import F32, Mask, RgbdFrame

MIN_PLANE_POINTS = 60
MAX_SLOPE = 0.05
"""Larger slopes come from objects that fill the picture, not from the surface."""
BIN_M = 0.005
OVER_M = 0.5
"""Nothing that counts as an object rises higher above its surface."""
CONTAINER_WALL_M = 0.035
"""Walls of containers and what the map's error adds to them."""


@dataclass(frozen=True)
class Surface:
    """A support plane: measured height z = a + b (x - x0) + c (y - y0) in the map, and the map's own height.

    place is None for the floor, and `furniture` is what stands on it. inside: things go into it, and its rim is `rim_m`
    above the floor. window: rows and columns
    of the picture outside of which nothing on the surface can be.
    """

    place: Place | None
    height_m: float
    a: float
    b: float = 0.0
    c: float = 0.0
    x0: float = 0.0
    y0: float = 0.0
    inside: bool = False
    rim_m: float = 0.0
    measured: bool = False
    furniture: tuple[Place, ...] = ()
    window: tuple[slice, slice] = (slice(None), slice(None))

    @property
    def name(self) -> str:
        return self.place.name if self.place else ""

    def heights(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Height (m) of points (..., 3) of the map above the measured plane."""
        out: NDArray[np.floating] = (
            points[..., 2]
            - np.float32(self.a)
            - np.float32(self.b) * (points[..., 0] - np.float32(self.x0))
            - np.float32(self.c) * (points[..., 1] - np.float32(self.y0))
        )
        return out


def covered(place: Place, points: NDArray[np.floating], margin_m: float) -> Mask:
    """Which points (..., 3) lie over the footprint widened by the margin."""
    c, s = np.float32(math.cos(place.yaw)), np.float32(math.sin(place.yaw))
    dx = points[..., 0] - np.float32(place.position[0])
    dy = points[..., 1] - np.float32(place.position[1])
    with np.errstate(invalid="ignore"):
        out: Mask = (np.abs(c * dx + s * dy) <= place.size[0] / 2 + margin_m) & (
            np.abs(c * dy - s * dx) <= place.size[1] / 2 + margin_m
        )
    return out


def window_of(
    frame: RgbdFrame, place: Place, low_m: float, high_m: float, margin_m: float
) -> tuple[slice, slice] | None:
    """Rows and columns that the space over a footprint, between two heights, can cover; None: out of view."""
    half = (place.size[0] / 2 + margin_m, place.size[1] / 2 + margin_m)
    corners = [
        (*place.to_map(sx * half[0], sy * half[1]), z)
        for sx in (-1, 1)
        for sy in (-1, 1)
        for z in (low_m, high_m)
    ]
    pixels, depths = frame.project(np.array(corners))
    h, w = frame.shape
    if float(depths.max()) <= 0.0:
        return None
    if float(depths.min()) < 0.05:
        return slice(0, h), slice(0, w)
    x0, y0 = (int(v) for v in np.clip(np.floor(pixels.min(axis=0)), 0, (w, h)))
    x1, y1 = (int(v) for v in np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, (w, h)))
    return (slice(y0, y1), slice(x0, x1)) if x1 - x0 >= 2 and y1 - y0 >= 2 else None


def support_surfaces(
    frame: RgbdFrame, places: Sequence[Place], tolerance_m: float, *, with_floor: bool = True
) -> list[Surface]:
    """Every surface of which at least a few pixels are in view, furniture first, the floor last."""
    found: list[Surface] = []
    furniture = tuple(
        place for place in places if place.kind is not PlaceKind.AREA and min(place.size) > 0.0
    )
    for place in furniture:
        low = 0.0 if place.kind is PlaceKind.CONTAINER else place.position[2] - tolerance_m
        window = window_of(frame, place, low, place.position[2] + OVER_M, 0.1)
        if window is None:
            continue
        points = frame.points[window]
        surface = (
            _container(place, points)
            if place.kind is PlaceKind.CONTAINER
            else _top(place, points, tolerance_m)
        )
        if surface is not None:
            found.append(replace(surface, window=window))
    if with_floor:
        with np.errstate(invalid="ignore"):
            near = np.abs(frame.points[..., 2]) < tolerance_m
        for place in furniture:
            window = window_of(frame, place, -tolerance_m, tolerance_m, 0.02)
            if window is not None:
                near[window] &= ~covered(place, frame.points[window], 0.02)
        floor = frame.points[near]
        if len(floor) >= MIN_PLANE_POINTS:
            found.append(
                replace(
                    _fit(None, floor[:: 1 + len(floor) // 8000], 0.0, tolerance_m),
                    furniture=furniture,
                )
            )
    return found


def _top(place: Place, points: F32, tolerance_m: float) -> Surface | None:
    over = covered(place, points, -0.01)
    height = place.position[2]
    with np.errstate(invalid="ignore"):
        over &= (points[..., 2] > height - tolerance_m) & (points[..., 2] < height + OVER_M)
    inside = points[over]
    if len(inside) < 12:
        return None
    return _fit(place, inside[:: 1 + len(inside) // 8000], height, tolerance_m)


def _fit(place: Place | None, points: F32, height_m: float, tolerance_m: float) -> Surface:
    """Plane through the most frequent height near the expected one; the expected one itself if that fails."""
    x0, y0 = (
        (place.position[0], place.position[1])
        if place
        else (float(np.mean(points[:, 0])), float(np.mean(points[:, 1])))
    )
    nominal = Surface(place, height_m, height_m, x0=x0, y0=y0)
    z = points[:, 2]
    bins = max(4, round(2 * tolerance_m / BIN_M))
    counts, edges = np.histogram(
        z, bins=bins, range=(height_m - tolerance_m, height_m + tolerance_m)
    )
    if int(counts.max()) < MIN_PLANE_POINTS // 4 or int(counts.sum()) < MIN_PLANE_POINTS:
        return nominal
    smooth = np.convolve(counts, [1, 2, 1], mode="same")
    mode = float(edges[int(np.argmax(smooth))] + BIN_M / 2)
    dx, dy = points[:, 0] - x0, points[:, 1] - y0
    a, b, c = mode, 0.0, 0.0
    band = 0.02
    for _ in range(4):
        near = np.abs(z - a - b * dx - c * dy) < band
        n = int(near.sum())
        if n < MIN_PLANE_POINTS // 2:
            return nominal
        design = np.stack([np.ones(n), dx[near], dy[near]], axis=1).astype(np.float64)
        # A weak pull of both slopes towards level keeps slivers of surface from tipping the plane.
        normal = design.T @ design + np.diag([0.0, 0.002 * n, 0.002 * n])
        a, b, c = (float(v) for v in np.linalg.solve(normal, design.T @ z[near].astype(np.float64)))
        slope = math.hypot(b, c)
        if slope > MAX_SLOPE:
            b, c = b * MAX_SLOPE / slope, c * MAX_SLOPE / slope
        band = 0.012
    return Surface(place, height_m, a, b, c, x0, y0, measured=True)


def _container(place: Place, points: F32) -> Surface | None:
    """The container's floor where it can be seen, else a little above the room's floor."""
    rim = place.position[2]
    over = covered(place, points, -CONTAINER_WALL_M)
    with np.errstate(invalid="ignore"):
        over &= (points[..., 2] > -0.05) & (points[..., 2] < rim + 0.3)
    inside = points[over]
    if len(inside) < 12:
        return None
    assumed = min(0.02, rim / 4)
    z = inside[:, 2]
    low = z[(z > -0.03) & (z < assumed + 0.06)]
    measured = len(low) >= MIN_PLANE_POINTS // 2
    bottom = float(np.median(low)) if measured else assumed
    return Surface(
        place,
        bottom,
        bottom,
        x0=place.position[0],
        y0=place.position[1],
        inside=True,
        rim_m=rim,
        measured=measured,
    )


def find_surfaces(
    frame: RgbdFrame, *, min_area_m2: float = 0.04, min_height_m: float = 0.2
) -> list[Place]:
    """Level surfaces as unnamed places, for robots that have no map of places.

    Peaks in the histogram of heights whose pixels form one area of at least `min_area_m2`; walls give no peak.
    """
    points = frame.points.reshape(-1, 3)
    points = points[np.isfinite(points[:, 2])]
    points = points[(points[:, 2] > min_height_m) & (points[:, 2] < 1.6)]
    found: list[Place] = []
    if len(points) < MIN_PLANE_POINTS:
        return found
    bins = round((1.6 - min_height_m) / 0.01)
    counts, edges = np.histogram(points[:, 2], bins=bins, range=(min_height_m, 1.6))
    summed = np.convolve(counts, [1, 1, 1], mode="same")
    for index in np.argsort(summed)[::-1][:40]:
        height = float(edges[index] + 0.005)
        if summed[index] < MIN_PLANE_POINTS or any(
            abs(height - place.position[2]) < 0.06 for place in found
        ):
            continue
        around = summed[max(0, index - 12) : index + 13]
        if summed[index] < 3 * float(np.median(around)) + 1:
            continue
        near = points[np.abs(points[:, 2] - height) < 0.015]
        found.extend(_areas(near, float(np.median(near[:, 2])), min_area_m2))
        if len(found) >= 8:
            break
    return found


def _areas(points: F32, height_m: float, min_area_m2: float) -> list[Place]:
    cell = 0.03
    low = points[:, :2].min(axis=0) - 2 * cell
    cells = np.floor((points[:, :2] - low) / cell).astype(np.int32)
    extent = cells.max(axis=0) + 3
    if int(extent[0]) * int(extent[1]) > 4_000_000:
        return []
    grid = np.zeros((int(extent[1]), int(extent[0])), dtype=np.uint8)
    grid[cells[:, 1], cells[:, 0]] = 1
    grid = cv2.morphologyEx(grid, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    grid = cv2.morphologyEx(grid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grid, connectivity=8)
    places: list[Place] = []
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] * cell * cell < min_area_m2:
            continue
        rows, columns = np.nonzero(labels == label)
        (cx, cy), (sx, sy), angle = cv2.minAreaRect(
            np.stack([columns, rows], axis=1).astype(np.float32)
        )
        x = float(low[0] + (cx + 0.5) * cell)
        y = float(low[1] + (cy + 0.5) * cell)
        size = (float(sx + 1) * cell, float(sy + 1) * cell)
        if min(size) < 0.12:
            continue
        places.append(Place("", PlaceKind.SURFACE, (x, y, height_m), math.radians(angle), size))
    return places
