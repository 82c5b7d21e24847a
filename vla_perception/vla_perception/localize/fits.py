# SPDX-License-Identifier: Apache-2.0
"""Small robust fits to noisy, partly seen outlines: circle, ball, rectangle. Metres; seen from above where 2D."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def fit_circle(
    points: F64,
    start: tuple[float, float, float],
    *,
    fixed_radius: bool = False,
    scale_m: float = 0.006,
) -> tuple[float, float, float, float]:
    """Circle through points (n, 2) from a first guess (x, y, radius): x, y, radius, and the robust mean residual.

    Gauss-Newton with Cauchy weights of the given scale, so that a handle does not pull the circle.
    """
    x, y, radius = start
    for _ in range(12):
        dx, dy = points[:, 0] - x, points[:, 1] - y
        distance = np.maximum(np.hypot(dx, dy), 1e-6)
        residual = distance - radius
        weight = 1.0 / (1.0 + (residual / scale_m) ** 2)
        columns = [-dx / distance, -dy / distance]
        if not fixed_radius:
            columns.append(-np.ones_like(distance))
        jacobian = np.stack(columns, axis=1)
        normal = (jacobian * weight[:, None]).T @ jacobian + 1e-6 * len(points) * np.eye(
            len(columns)
        )
        step = np.linalg.solve(normal, (jacobian * weight[:, None]).T @ residual)
        x, y = x - float(step[0]), y - float(step[1])
        if not fixed_radius:
            radius = max(0.003, radius - float(step[2]))
        if float(np.max(np.abs(step))) < 1e-5:
            break
    residual = np.hypot(points[:, 0] - x, points[:, 1] - y) - radius
    return x, y, radius, float(np.mean(np.minimum(np.abs(residual), 3 * scale_m)))


def fit_ball(
    points: F64, start: tuple[float, float, float], *, scale_m: float = 0.006
) -> tuple[float, float, float, float]:
    """Ball that lies on height 0 through points (n, 3), the third being the height: x, y, radius, residual."""
    x, y, radius = start
    for _ in range(15):
        dx, dy, dz = points[:, 0] - x, points[:, 1] - y, points[:, 2] - radius
        distance = np.maximum(np.sqrt(dx * dx + dy * dy + dz * dz), 1e-6)
        residual = distance - radius
        weight = 1.0 / (1.0 + (residual / scale_m) ** 2)
        # The centre's height equals the radius, so that both depend on it.
        jacobian = np.stack([-dx / distance, -dy / distance, -dz / distance - 1.0], axis=1)
        normal = (jacobian * weight[:, None]).T @ jacobian + 1e-6 * len(points) * np.eye(3)
        step = np.linalg.solve(normal, (jacobian * weight[:, None]).T @ residual)
        x, y, radius = x - float(step[0]), y - float(step[1]), max(0.005, radius - float(step[2]))
        if float(np.max(np.abs(step))) < 1e-5:
            break
    dz = points[:, 2] - radius
    residual = np.sqrt((points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2 + dz * dz) - radius
    return x, y, radius, float(np.mean(np.minimum(np.abs(residual), 3 * scale_m)))


def fit_rectangle(points: F64, trim: float = 3.0) -> tuple[float, float, float, float, float]:
    """Smallest rectangle over points (n, 2) without `trim` per cent at each side: x, y, yaw, length, width (m, rad).

    yaw is the direction of the length, in (-pi/2, pi/2].
    """
    best = (math.inf, 0.0, 0.0, 0.0, 0.0, 0.0)
    for angle in np.arange(0.0, math.pi / 2, math.radians(3.0)):
        c, s = math.cos(angle), math.sin(angle)
        along, across = points @ np.array([c, s]), points @ np.array([-s, c])
        u0, u1 = np.percentile(along, [trim, 100 - trim])
        v0, v1 = np.percentile(across, [trim, 100 - trim])
        area = float((u1 - u0) * (v1 - v0))
        if area < best[0]:
            u, v = float(u0 + u1) / 2, float(v0 + v1) / 2
            best = (
                area,
                c * u - s * v,
                s * u + c * v,
                float(angle),
                float(u1 - u0),
                float(v1 - v0),
            )
    _, x, y, yaw, length, width = best
    if width > length:
        length, width, yaw = width, length, yaw + math.pi / 2
    if yaw > math.pi / 2:
        yaw -= math.pi
    return x, y, yaw, length, width
