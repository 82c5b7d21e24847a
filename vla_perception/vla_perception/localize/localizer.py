# SPDX-License-Identifier: Apache-2.0
"""From a detection in the picture to an object in the map: middle, size and how sure that is.

Decides which pixels of a mask or box count (background that shows through a box or round an edge does not), lets
`shape` find the middle behind the visible side, and puts things that stand on a surface onto it. The position refers
to the surface's height in the map, so that a camera which sees the whole table 1 cm too high does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.detect.detector import Detection2D
from vla_perception.localize.shape import Shape, View, describe
from vla_perception.localize.surfaces import Surface, covered
from vla_perception.rgbd.frame import F32, RgbdFrame

NOISE = 0.0015
"""Depth noise at 1 m (m), growing with the square of the distance; a typical RGB-D camera's."""
MIN_POINTS = 4
HOVER_M = 0.06


@dataclass(frozen=True)
class Location:
    """An object in the map: middle (m), yaw (rad), size along its axes (m), 6x6 covariance by rows, and the shape."""

    position: tuple[float, float, float]
    yaw: float
    size: tuple[float, float, float]
    covariance: tuple[float, ...]
    shape: Shape
    surface: Surface | None


def localize(
    frame: RgbdFrame, detection: Detection2D, surfaces: Sequence[Surface] = ()
) -> Location:
    """Where a detection is. Errors: NO_DEPTH when too few of its pixels have a depth."""
    x0, y0, x1, y1 = detection.box
    h, w = frame.shape
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(w, x1), min(h, y1)
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise VlaError(Code.NO_DEPTH, "The detection lies outside the picture.")
    points = frame.points[y0:y1, x0:x1]
    depth = frame.depth[y0:y1, x0:x1]
    use = np.isfinite(depth)
    if detection.mask is not None:
        use &= detection.mask[: y1 - y0, : x1 - x0]
    if np.count_nonzero(use) < MIN_POINTS:
        raise VlaError(Code.NO_DEPTH, "Hardly any pixel of the detection has a depth.")
    surface = detection.surface
    if detection.mask is None:
        use &= _foreground(depth, use)
        surface = surface or _below(points[use], surfaces)
        if surface is not None and _hovers(surface, points[use]):
            surface = None
        if surface is not None:
            with np.errstate(invalid="ignore"):
                use &= surface.heights(points) > 0.008
        if np.count_nonzero(use) < MIN_POINTS:
            raise VlaError(Code.NO_DEPTH, "Only background shows in the detection's box.")
    chosen = points[use].astype(np.float64)
    distance = float(np.median(depth[use]))
    underside = float(np.percentile(chosen[:, 2], 2))
    if surface is not None:
        heights = surface.heights(chosen) - detection.base_m
        if surface.inside and not surface.measured:
            heights = chosen[:, 2] - underside
        base_z = (
            surface.height_m + detection.base_m
            if not (surface.inside and not surface.measured)
            else underside
        )
    else:
        heights, base_z = chosen[:, 2] - underside, underside
    local = np.column_stack([chosen[:, :2], heights])
    local = local[_together(local)]
    eye = frame.camera.translation
    level = math.hypot(float(chosen[:, 0].mean() - eye[0]), float(chosen[:, 1].mean() - eye[1]))
    elevation = math.atan2(float(eye[2] - chosen[:, 2].mean()), max(level, 1e-6))
    pixel = distance / frame.intrinsics.fx
    noise = NOISE * distance * distance
    view = View(
        (float(eye[0]), float(eye[1])), max(0.05, elevation), pixel, noise, detection.truncated
    )
    shape = describe(local, view)
    position = (shape.x, shape.y, base_z + shape.size[2] / 2)
    return Location(
        position, shape.yaw, shape.size, _covariance(shape, view, len(local), level), shape, surface
    )


def _foreground(depth: F32, use: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a box that lie near its most frequent near depth: the thing, not what shows behind it."""
    values = depth[use]
    near, far = np.percentile(values, [5, 95])
    if far - near < 0.10:
        return use
    counts, edges = np.histogram(values, bins=max(4, int((far - near) / 0.03)), range=(near, far))
    enough = np.nonzero(counts >= max(3, 0.35 * counts.max()))[0]
    start = float(edges[enough[0]])
    with np.errstate(invalid="ignore"):
        out: NDArray[np.bool_] = use & (depth > start - 0.03) & (depth < start + 0.20)
    return out


def _below(points: F32, surfaces: Sequence[Surface]) -> Surface | None:
    """The highest surface that is under most of the points."""
    best: Surface | None = None
    for surface in surfaces:
        over = (
            np.ones(len(points), dtype=bool)
            if surface.place is None
            else covered(surface.place, points, 0.03)
        )
        above = surface.heights(points) > -0.02
        if np.mean(over & above) > 0.5 and (best is None or surface.height_m > best.height_m):
            best = surface
    return best


def _hovers(surface: Surface, points: F32) -> bool:
    """Whether points begin well above a surface: they are on something else, a board of a shelf perhaps."""
    return float(np.percentile(surface.heights(points), 5)) > HOVER_M


def _together(local: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Leaves out stray points: far from the others, seen from above, against their spread."""
    middle = np.median(local[:, :2], axis=0)
    distance = np.hypot(local[:, 0] - middle[0], local[:, 1] - middle[1])
    limit = max(0.05, 4.0 * float(np.median(distance)))
    keep: NDArray[np.bool_] = distance <= limit
    return keep if np.count_nonzero(keep) >= MIN_POINTS else np.ones(len(local), dtype=bool)


def _covariance(shape: Shape, view: View, count: int, level_m: float) -> tuple[float, ...]:
    """Variances along the map's axes; off-diagonals from turning the ellipse to the line of sight.

    Along the line of sight the fit's error counts, across it the pixel's size; both calibrated against the simulator
    (`./vla eval perception` prints the share within two standard deviations).
    """
    along = 0.002 + 0.3 * view.noise_m + 0.25 * shape.error_m + 0.005 / math.sqrt(max(count, 1))
    across = 0.001 + 0.15 * view.pixel_m
    if view.truncated:
        along, across = along * 2.0 + 0.01, across * 2.0 + 0.008
    dx, dy = shape.x - view.eye[0], shape.y - view.eye[1]
    norm = max(math.hypot(dx, dy), 1e-6)
    c, s = dx / norm, dy / norm
    xx = c * c * along**2 + s * s * across**2
    yy = s * s * along**2 + c * c * across**2
    xy = c * s * (along**2 - across**2)
    turn = 0.15**2 if shape.yaw_known else math.pi**2 / 3  # a uniform angle
    out = np.zeros((6, 6))
    out[0, 0], out[1, 1], out[0, 1], out[1, 0] = xx, yy, xy, xy
    out[2, 2] = (0.003 + 0.5 * view.noise_m) ** 2
    out[3, 3] = out[4, 4] = 0.1**2
    out[5, 5] = turn
    return tuple(float(v) for v in out.ravel())
