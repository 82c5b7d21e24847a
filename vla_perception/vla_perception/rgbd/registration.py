# SPDX-License-Identifier: Apache-2.0
"""Depth of one camera as another one sees it.

Decides how the distances that a depth camera measured look in the picture of the colour camera beside it, which has
other intrinsics and another pose: each pixel becomes a point, and each point goes to the pixel of the colour picture
that it falls on, where the nearest counts.
"""

from __future__ import annotations

import math

import numpy as np

from vla_perception.rgbd.frame import F32, Intrinsics, Transform, rays_of

SAME_M = 0.0005
SAME_RAD = 0.001
WIDEST_GAP_PX = 4
"""Where the depth camera has fewer pixels than the colour camera, each covers up to so many of the colour camera's."""


def same_view(first: Intrinsics, second: Intrinsics) -> bool:
    """Whether the pixels of two cameras in one place look the same way: within half a pixel."""
    if (first.width, first.height) != (second.width, second.height):
        return False
    return (
        abs(first.fx - second.fx) * first.width < first.fx
        and abs(first.fy - second.fy) * first.height < first.fy
        and abs(first.cx - second.cx) < 0.5
        and abs(first.cy - second.cy) < 0.5
    )


def same_pose(moved: Transform) -> bool:
    """Whether a transform between two cameras is none."""
    turned = math.acos(max(-1.0, min(1.0, (float(np.trace(moved.rotation)) - 1.0) / 2.0)))
    return float(np.linalg.norm(moved.translation)) < SAME_M and turned < SAME_RAD


def register(depth: F32, of: Intrinsics, to: Intrinsics, moved: Transform) -> F32:
    """The depth picture (h, w), metres, of the camera `to`; NaN where nothing was measured.

    depth: of the camera `of`, 0 or NaN where not known. moved: takes points of that camera's optical frame into that of
    `to`. Errors: NO_CAMERA_INFO when the lens of `of` can't be undone.
    """
    right, down = rays_of(of)
    known = np.isfinite(depth) & (depth > 0.0)
    z = depth[known].astype(np.float64)
    shape = depth.shape
    local = np.column_stack(
        [np.broadcast_to(right, shape)[known] * z, np.broadcast_to(down, shape)[known] * z, z]
    )
    points = np.asarray(moved.apply(local), dtype=np.float64)
    ahead = points[:, 2] > 0.01
    points = points[ahead]
    out = np.full((to.height, to.width), np.inf, dtype=np.float32)
    if len(points):
        z = points[:, 2]
        u, v = to.distort(points[:, 0] / z, points[:, 1] / z)
        # A pixel of the depth camera covers as much of the other picture as it is coarser.
        side = math.ceil(max(to.fx / of.fx, to.fy / of.fy) - 0.05)
        side = min(max(side, 1), WIDEST_GAP_PX)
        first_u = np.rint(u - (side - 1) / 2).astype(np.int64)
        first_v = np.rint(v - (side - 1) / 2).astype(np.int64)
        for step_v in range(side):
            for step_u in range(side):
                x, y = first_u + step_u, first_v + step_v
                inside = (x >= 0) & (x < to.width) & (y >= 0) & (y < to.height)
                np.minimum.at(out, (y[inside], x[inside]), z[inside].astype(np.float32))
    out[np.isinf(out)] = np.nan
    return out
