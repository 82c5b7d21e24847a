# SPDX-License-Identifier: Apache-2.0
"""What a thing's form says about its name, size and middle: cup, bottle, block, ball, bowl, or just "object".

Decides from points on the visible side alone. Each form has its own way to find the middle, since only the near side
is seen: a vessel's rim and a bottle's front are arcs of a circle, a ball is a ball, a block's top is a rectangle.
The limits are sizes of household things, not of any particular set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_perception.localize.fits import fit_ball, fit_circle, fit_rectangle

F64 = NDArray[np.float64]

LABELS = ("cup", "bottle", "block", "ball", "bowl", "object")
RIM_BAND_M = 0.014
MAX_BLOCK_M = 0.16
MAX_BALL_M = 0.26
HOLLOW = 0.35
"""Share of the pixels expected in the middle of a closed top below which it is open."""


@dataclass(frozen=True)
class View:
    """How a thing is looked at: eye (x, y, map, m), elevation of the line of sight (rad), metres per pixel there,
    depth noise (m), and whether part of it is hidden.
    """

    eye: tuple[float, float]
    elevation_rad: float
    pixel_m: float
    noise_m: float
    truncated: bool = False


@dataclass(frozen=True)
class Shape:
    """label with score 0..1; x, y of the middle (map, m); size along its own axes (m), yaw of the first one (rad).

    A cup's size is that of its body, and its yaw points to the handle where one is seen. error_m: mean distance of the
    points from the fitted form.
    """

    label: str
    score: float
    x: float
    y: float
    yaw: float
    size: tuple[float, float, float]
    error_m: float
    yaw_known: bool = False


@dataclass(frozen=True)
class _Profile:
    """The points in axes of the line of sight (along, across, height) and a few numbers all forms need."""

    points: F64  # (n, 3): along, across, height
    height: float
    width: float
    depth: float
    rim: F64  # (m, 2): the top band
    rim_width: float


def describe(points: F64, view: View) -> Shape:
    """The form of points (n, 3): x, y of the map and height above the thing's underside; n >= 4."""
    middle = points[:, :2].mean(axis=0)
    direction = middle - np.array(view.eye)
    direction /= max(float(np.hypot(*direction)), 1e-6)
    across = np.array([-direction[1], direction[0]])
    turn = np.stack([direction, across])  # rows: axes of the line of sight
    local = np.column_stack([(points[:, :2] - middle) @ turn.T, points[:, 2]])
    profile = _profile(local, view)
    shape = _best(profile, view)
    x, y = middle + np.array([shape.x, shape.y]) @ turn
    heading = math.atan2(direction[1], direction[0])
    yaw = math.remainder(shape.yaw + heading, 2 * math.pi) if shape.yaw_known else 0.0
    return Shape(
        shape.label,
        shape.score,
        float(x),
        float(y),
        yaw,
        shape.size,
        shape.error_m,
        shape.yaw_known,
    )


def _profile(local: F64, view: View) -> _Profile:
    height = float(np.percentile(local[:, 2], 97))
    band = max(RIM_BAND_M, 0.16 * height)
    rim = local[local[:, 2] > height - band, :2]
    low, high = np.percentile(local[:, 1], [1, 99])
    rim_low, rim_high = (rim[:, 1].min(), rim[:, 1].max()) if len(rim) else (0.0, 0.0)
    near, far = np.percentile(local[:, 0], [2, 98])
    return _Profile(
        local,
        height,
        float(high - low) + view.pixel_m,
        float(far - near),
        rim,
        float(rim_high - rim_low) + view.pixel_m,
    )


def _best(p: _Profile, view: View) -> Shape:
    if p.height <= 0.0 or len(p.rim) < 3:
        return _plain(p, 0.3)
    slender = p.height / max(p.width, 1e-3)
    start = (
        float((p.rim[:, 0].min() + p.rim[:, 0].max()) / 2),
        float((p.rim[:, 1].min() + p.rim[:, 1].max()) / 2),
    )
    x, y, radius, error = fit_circle(p.rim, (*start, p.rim_width / 2))
    if not 0.4 * p.rim_width < 2 * radius < 1.6 * p.rim_width:
        x, y, radius = *start, p.rim_width / 2
    shapes: list[Shape] = []
    if slender > 1.5 and p.height > 0.10 and p.rim_width < 0.80 * p.width:
        shapes.append(_bottle(p, view))
    else:
        open_top = _openness(p, view, x, y, radius)
        if slender < 0.62 and p.width > 0.085 and open_top > 0.4:
            shapes.append(_vessel(p, view, "bowl", (x, y, radius, error), open_top))
        elif 0.068 < p.height < 0.16 and 0.04 < 2 * radius < 0.125 and open_top > 0.4:
            shapes.append(_vessel(p, view, "cup", (x, y, radius, error), open_top))
        else:
            shapes.extend(_solids(p, view))
    best = max(shapes, key=lambda s: s.score)
    if view.truncated:
        best = Shape(
            best.label,
            best.score * 0.75,
            best.x,
            best.y,
            best.yaw,
            best.size,
            best.error_m,
            best.yaw_known,
        )
    if best.score < 0.4:
        return Shape(
            "object", best.score, best.x, best.y, best.yaw, best.size, best.error_m, best.yaw_known
        )
    return best


def _openness(p: _Profile, view: View, x: float, y: float, radius: float) -> float:
    """1 for an open top, 0 for a closed one, about 0.5 when there are too few pixels to tell."""
    inner = 0.55 * radius
    expected = (
        math.pi * inner * inner * math.sin(view.elevation_rad) / (view.pixel_m * view.pixel_m)
    )
    high = p.points[:, 2] > p.height - max(0.014, 0.15 * p.height)
    count = int(np.count_nonzero(high & (np.hypot(p.points[:, 0] - x, p.points[:, 1] - y) < inner)))
    # Two pseudo-pixels at the threshold keep a handful of pixels from deciding alone.
    share = (count + 2 * HOLLOW) / (expected + 2)
    return float(np.clip(0.5 + (HOLLOW - share) * 2.0, 0.0, 1.0))


def _vessel(
    p: _Profile, view: View, label: str, rim: tuple[float, float, float, float], open_top: float
) -> Shape:
    x, y, radius, error = rim
    if label == "cup":
        # The whole wall, outside in front and inside at the back, is nearly a cylinder; the handle is the outlier.
        wall = p.points[p.points[:, 2] > 0.35 * p.height, :2]
        fitted = fit_circle(wall, (x, y, radius), scale_m=0.004 + view.noise_m)
        if math.hypot(fitted[0] - x, fitted[1] - y) < 0.02 and 0.6 < fitted[2] / radius < 1.3:
            x, y, radius, error = fitted
    yaw, handle = _handle(p, view, x, y, radius) if label == "cup" else (0.0, False)
    score = 0.55 + 0.45 * min(1.0, max(0.0, (open_top - 0.4) / 0.4))
    if label == "cup" and handle:
        score = max(score, 0.9)
    score *= _fits(error, view)
    width = 2 * radius + 0.002
    return Shape(label, score, x, y, yaw, (width, width, p.height), error, handle)


def _handle(p: _Profile, view: View, x: float, y: float, radius: float) -> tuple[float, bool]:
    """Direction of what sticks out of the cylinder below the rim."""
    out = p.points[:, :2] - np.array([x, y])
    distance = np.hypot(out[:, 0], out[:, 1])
    below = p.points[:, 2] < p.height - RIM_BAND_M
    there = below & (distance > radius + 0.008 + 2 * view.noise_m)
    if np.count_nonzero(there) < max(3, 0.02 * len(out)):
        return 0.0, False
    direction = out[there].mean(axis=0)
    return math.atan2(direction[1], direction[0]), True


def _bottle(p: _Profile, view: View) -> Shape:
    body = p.points[(p.points[:, 2] > 0.12 * p.height) & (p.points[:, 2] < 0.58 * p.height), :2]
    if len(body) < 6:
        body = p.points[p.points[:, 2] < 0.7 * p.height, :2]
    if len(body) < 4:
        return _plain(p, 0.4)
    left, right = float(body[:, 1].min()), float(body[:, 1].max())
    radius = (right - left + 0.6 * view.pixel_m) / 2
    y = (left + right) / 2
    side = np.clip((body[:, 1] - y) / max(radius, 1e-3), -0.95, 0.95)
    front = np.abs(side) < 0.85
    if not front.any():
        front = np.ones(len(body), dtype=bool)
    x = float(np.median(body[front, 0] + radius * np.sqrt(1 - side[front] ** 2)))
    start = (x, y, radius)
    x, y, _, error = fit_circle(body, start, fixed_radius=True, scale_m=0.003 + view.noise_m)
    slender = p.height / (2 * radius)
    score = min(1.0, 0.6 + 0.4 * min(1.0, max(0.0, (slender - 1.5) / 0.6))) * _fits(error, view)
    if not 0.03 < 2 * radius < 0.13 or p.height > 0.40:
        score *= 0.6
    return Shape("bottle", score, x, y, 0.0, (2 * radius, 2 * radius, p.height), error)


def _solids(p: _Profile, view: View) -> list[Shape]:
    """Ball and block, each as good as its form fits better than the other's."""
    if p.depth < 0.25 * min(p.width, p.height):
        # Only a front is in view, its top is hidden.
        return [_plain(p, 0.45)]
    bx, by, yaw, length, width = fit_rectangle(p.points[:, :2], trim=2.0)
    # Of the top's far edge half a row is missing, and a row spans more of a surface seen at a flat angle.
    row = min(view.pixel_m / math.sin(view.elevation_rad), 0.02)
    grow = 0.5 * view.pixel_m
    length, width = length + grow, width + grow
    if (
        length > 1.8 * width
        and 0.6 < p.height / width < 1.6
        and 0.12 < length < 0.35
        and width < 0.11
    ):
        # Lies on its side: as round as it is high, and long.
        return [Shape("bottle", 0.55, bx, by, yaw, (length, width, p.height), 0.0, True)]
    start = (
        float(np.median(p.points[:, 0])) + p.height / 4,
        float(np.median(p.points[:, 1])),
        p.height / 2,
    )
    x, y, radius, ball_error = fit_ball(p.points, start, scale_m=0.004 + view.noise_m)
    if (
        not 0.6 * p.height < 2 * radius < 1.5 * p.height
        or math.hypot(x - start[0], y - start[1]) > 0.6 * p.width + 0.02
    ):
        x, y, radius, ball_error = *start, 0.03
    block_error = _block_error(p.points, bx, by, yaw, length, width, p.height)
    # Odds of block against ball, fitted to 412 of them in the simulator's worlds 0 to 59 at both picture sizes.
    # Errors are compared over a floor of noise, so that far away neither wins by chance.
    floor = 0.3 * view.noise_m + 0.0005
    odds = (
        6.5 * math.log((ball_error + floor) / (block_error + floor))
        + 4.7 * math.log((ball_error + 0.0003) / (0.45 * view.noise_m + 0.0008))
        + 1.9 * _top_share(p)
        + 3.45 * p.width / p.height
        - 3.8
    )
    block_likely = 1.0 / (1.0 + math.exp(-float(np.clip(odds, -20.0, 20.0))))
    block = block_likely * _fits(block_error, view)
    ball = (1.0 - block_likely) * _fits(ball_error, view)
    if max(length, p.height) > MAX_BLOCK_M or min(width, p.height) < 0.25 * length:
        block *= 0.4
    if 2 * radius > MAX_BALL_M or not 0.7 < p.width / p.height < 1.45:
        ball *= 0.4
    return [
        Shape("block", block, bx + row / 4, by, yaw, (length, width, p.height), block_error, True),
        Shape("ball", ball, x, y, 0.0, (2 * radius, 2 * radius, 2 * radius), ball_error),
    ]


def _top_share(p: _Profile) -> float:
    """Extent of the top band along the line of sight as a share of the width: a block 0.75, a ball 0.45."""
    low, high = np.percentile(p.rim[:, 0], [3, 97])
    return float(min(1.0, (high - low) / max(p.width, 1e-3)))


def _block_error(
    points: F64, x: float, y: float, yaw: float, length: float, width: float, height: float
) -> float:
    """Mean distance of points from the top and the sides of a block, each capped at 2 cm."""
    c, s = math.cos(yaw), math.sin(yaw)
    dx, dy = points[:, 0] - x, points[:, 1] - y
    along, across = np.abs(c * dx + s * dy), np.abs(-s * dx + c * dy)
    distance = np.minimum(
        np.abs(points[:, 2] - height),
        np.minimum(np.abs(along - length / 2), np.abs(across - width / 2)),
    )
    return float(np.mean(np.minimum(distance, 0.02)))


def _fits(error_m: float, view: View) -> float:
    """1 while points lie about as near to the form as noise lets them, falling to 0.4."""
    allowed = 0.005 + 1.2 * view.noise_m
    return float(np.clip(1.0 - 0.6 * (error_m - allowed) / 0.010, 0.4, 1.0))


def _plain(p: _Profile, score: float) -> Shape:
    """Neither form: the middle of what is seen, as deep as it is wide where its back is hidden."""
    depth = max(p.depth, min(p.width, p.height))
    near, _ = np.percentile(p.points[:, 0], [2, 98])
    low, high = np.percentile(p.points[:, 1], [1, 99])
    return Shape(
        "object",
        score,
        float(near) + depth / 2,
        float(low + high) / 2,
        0.0,
        (depth, p.width, max(p.height, 0.0)),
        0.0,
    )
