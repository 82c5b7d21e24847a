# SPDX-License-Identifier: Apache-2.0
"""A camera without OpenGL: rays through MuJoCo's own collision library.

Decides how pictures look where no GL library exists. Slower and coarser than OpenGL: it casts one ray per 2 x 2 pixels
and repeats it, so that intrinsics stay the same. Depth is exact at the centre of every block.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.sensors.camera import Picture, visible_groups

BLOCK = 2
AMBIENT, OVERHEAD, FRONTAL = 0.46, 0.42, 0.20
FAR_M = 18.0


class RayRenderer:
    """Implements ``camera.Renderer``."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._rays: dict[tuple[str, int, int], NDArray[np.float64]] = {}
        colors = np.array(model.geom_rgba[:, :3])
        for geom in range(model.ngeom):
            material = int(model.geom_matid[geom])
            if material >= 0:
                colors[geom] = model.mat_rgba[material, :3]
        self._colors = colors
        self._floor = int(model.geom("floor").id)

    def render(self, data: mujoco.MjData, camera: str, width: int, height: int) -> Picture:
        """See ``camera.Renderer``."""
        w, h = math.ceil(width / BLOCK), math.ceil(height / BLOCK)
        rays = self._directions(camera, w, h, width, height)
        camera_id = self._model.camera(camera).id
        origin = np.array(data.cam_xpos[camera_id], dtype=np.float64)
        rotation = np.array(data.cam_xmat[camera_id]).reshape(3, 3)
        directions = np.ascontiguousarray(rays @ rotation.T)
        count = w * h
        geom_ids = np.empty(count, np.int32)
        distances = np.empty(count, np.float64)
        normals = np.empty((count, 3), np.float64)
        groups = np.zeros(6, np.uint8)
        for group in visible_groups(camera):
            groups[group] = 1
        mujoco.mj_multiRay(
            self._model,
            data,
            origin,
            directions.ravel(),
            groups,
            True,
            -1,
            geom_ids,
            distances,
            normals.ravel(),
            count,
            FAR_M,
        )
        hit = geom_ids >= 0
        rgb = np.zeros((count, 3), np.float64)
        colors = self._colors[geom_ids[hit]]
        points = origin + directions[hit] * distances[hit, None]
        floor = geom_ids[hit] == self._floor
        checker = (np.floor(points[:, 0] * 2) + np.floor(points[:, 1] * 2)) % 2
        colors[floor] = np.where(checker[floor, None] > 0, 0.48, 0.44)
        overhead = np.clip(normals[hit, 2], 0.0, 1.0)
        frontal = np.abs(np.einsum("ij,ij->i", normals[hit], directions[hit]))
        light = AMBIENT + OVERHEAD * overhead + FRONTAL * frontal
        rgb[hit] = np.clip(colors * light[:, None], 0.0, 1.0)
        depth = np.full(count, np.nan, np.float32)
        depth[hit] = distances[hit] * -rays[hit, 2]
        image = (rgb.reshape(h, w, 3) * 255 + 0.5).astype(np.uint8)
        return Picture(_enlarge(image, width, height), _enlarge(depth.reshape(h, w), width, height))

    def close(self) -> None:
        """Nothing to give back."""

    def _directions(
        self, camera: str, w: int, h: int, width: int, height: int
    ) -> NDArray[np.float64]:
        """Unit vectors in MuJoCo's camera frame (-z forward, y up), row by row from the top left, (w * h, 3)."""
        key = (camera, width, height)
        if key not in self._rays:
            fovy = math.radians(float(self._model.cam_fovy[self._model.camera(camera).id]))
            focal = height / 2 / math.tan(fovy / 2)
            u = (np.arange(w) * BLOCK + BLOCK / 2 - width / 2) / focal
            v = (np.arange(h) * BLOCK + BLOCK / 2 - height / 2) / focal
            grid_u, grid_v = np.meshgrid(u, v)
            rays = np.stack([grid_u.ravel(), -grid_v.ravel(), -np.ones(w * h)], axis=1)
            self._rays[key] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return self._rays[key]


def _enlarge(small: NDArray, width: int, height: int) -> NDArray:  # type: ignore[type-arg]
    return np.ascontiguousarray(
        np.repeat(np.repeat(small, BLOCK, axis=0), BLOCK, axis=1)[:height, :width]
    )
