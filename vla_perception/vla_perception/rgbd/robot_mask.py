# SPDX-License-Identifier: Apache-2.0
"""Which pixels show the robot itself.

Decides from the poses of base and hand alone, so that it holds for any robot whose arm reaches about level from its
mast: a cylinder round the base's axis, the hand, and the line from the wrist back to that axis. Everything else that
hangs over a table is left to the detector, which wants things to stand on something.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_perception.config import VisionConfig
from vla_perception.rgbd.frame import F32, Mask, Transform

ROBOT_HEIGHT_M = 1.8


def robot_mask(
    points: F32, base: Transform | None, hand: Transform | None, config: VisionConfig
) -> Mask:
    """True where a point (..., 3) of the map belongs to the robot. base, hand: their poses in the map."""
    mask: Mask = np.zeros(points.shape[:-1], dtype=bool)
    with np.errstate(invalid="ignore"):
        if base is not None and config.robot_radius_m > 0:
            x, y, z = (np.float32(v) for v in base.translation)
            near = (points[..., 0] - x) ** 2 + (points[..., 1] - y) ** 2 < config.robot_radius_m**2
            mask |= near & (points[..., 2] > z - 0.1) & (points[..., 2] < z + ROBOT_HEIGHT_M)
        if hand is not None and config.hand_radius_m > 0:
            tip = hand.translation
            wrist = tip - config.hand_length_m * hand.rotation[:, 0]
            mask |= _near_line(points, tip, wrist, config.hand_radius_m)
            if base is not None and config.arm_radius_m > 0:
                root = np.array([base.translation[0], base.translation[1], wrist[2]])
                mask |= _near_line(points, wrist, root, config.arm_radius_m)
    return mask


def _near_line(
    points: F32, start: NDArray[np.float64], end: NDArray[np.float64], radius_m: float
) -> Mask:
    """Which points lie within the radius of a line's piece."""
    low = np.minimum(start, end).astype(np.float32) - np.float32(radius_m)
    high = np.maximum(start, end).astype(np.float32) + np.float32(radius_m)
    out: Mask = (points[..., 0] > low[0]) & (points[..., 0] < high[0])
    out &= (points[..., 1] > low[1]) & (points[..., 1] < high[1])
    out &= (points[..., 2] > low[2]) & (points[..., 2] < high[2])
    rows = np.nonzero(out)
    way = end - start
    offset = points[rows] - start
    share = np.clip(offset @ way / max(float(way @ way), 1e-9), 0.0, 1.0)
    offset -= share[:, None] * way
    out[rows] = np.einsum("ij,ij->i", offset, offset) < radius_m * radius_m
    return out
