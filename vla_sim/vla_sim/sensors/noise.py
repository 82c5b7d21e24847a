# SPDX-License-Identifier: Apache-2.0
"""What a real RGB-D sensor adds to a perfect picture.

Decides the noise models: depth noise that grows with the square of the distance (as triangulation does), holes at depth
edges, colour noise, slowly wandering exposure, and a range beyond which there is no depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.sensors.camera import Picture

EDGE_STEP_M = 0.05
EXPOSURE_MEMORY = 0.95
_TABLE = 1 << 20


@dataclass(frozen=True)
class NoiseConfig:
    """Strengths; all zero gives the perfect picture (the depth range still applies)."""

    depth_sigma_m: float = 0.0015
    """Standard deviation at 1 m; grows with the square of the distance."""
    color_sigma: float = 1.5
    """Standard deviation in grey levels of 255."""
    exposure_sigma: float = 0.02
    """Relative wander of the brightness."""
    edge_holes: float = 0.5
    """Share of the pixels at depth edges that have no depth, 0..1."""
    min_range_m: float = 0.25
    max_range_m: float = 8.0


class NoiseModel:
    """Adds noise to successive pictures; random numbers come from the seed alone."""

    def __init__(self, config: NoiseConfig, seed: int) -> None:
        self._config = config
        self._random = np.random.default_rng(seed)
        # Drawing a million normals once and starting anywhere in them is ten times as fast as drawing each.
        self._normals = self._random.standard_normal(_TABLE, dtype=np.float32)
        self._exposure = 0.0

    def apply(self, picture: Picture) -> Picture:
        """A noisy copy."""
        c = self._config
        rgb, depth = picture.rgb, picture.depth_m.copy()
        if c.exposure_sigma > 0:
            fresh = (
                float(self._random.normal(0.0, c.exposure_sigma)) * (1 - EXPOSURE_MEMORY**2) ** 0.5
            )
            self._exposure = EXPOSURE_MEMORY * self._exposure + fresh
        if c.color_sigma > 0 or c.exposure_sigma > 0:
            noisy = rgb.astype(np.float32) * np.float32(1.0 + self._exposure)
            noisy += c.color_sigma * self._draw(rgb.shape) + 0.5
            rgb = np.clip(noisy, 0, 255).astype(np.uint8)
        if c.edge_holes > 0:
            edges = np.zeros(depth.shape, bool)
            with np.errstate(invalid="ignore"):
                edges[:, 1:] |= np.abs(np.diff(depth, axis=1)) > EDGE_STEP_M
                edges[1:, :] |= np.abs(np.diff(depth, axis=0)) > EDGE_STEP_M
            depth[edges & (self._random.random(depth.shape, np.float32) < c.edge_holes)] = np.nan
        if c.depth_sigma_m > 0:
            depth += np.float32(c.depth_sigma_m) * depth * depth * self._draw(depth.shape)
        with np.errstate(invalid="ignore"):
            depth[(depth < c.min_range_m) | (depth > c.max_range_m)] = np.nan
        return Picture(rgb, depth)

    def _draw(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        count = int(np.prod(shape))
        if count > _TABLE:
            return self._random.standard_normal(shape, dtype=np.float32)
        start = int(self._random.integers(0, _TABLE - count + 1))
        return self._normals[start : start + count].reshape(shape)
