# SPDX-License-Identifier: Apache-2.0
"""Cameras: colour and depth from the model's cameras.

Decides how a picture is made and what its intrinsics are; noise is added by ``noise``. Two ways to draw share one
interface: :class:`GlRenderer` (EGL or OSMesa, colour and depth in one pass) and ``raycaster.RayRenderer``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.sensors.render_backend import Backend
from vla_sim.world import mjcf

MAX_WIDTH, MAX_HEIGHT = 1280, 960
ROBOT_GROUPS = (mjcf.ROOM_GROUP, mjcf.FURNITURE_GROUP, mjcf.VISUAL_GROUP, mjcf.HIDDEN_GROUP)
OVERVIEW_GROUPS = (mjcf.ROOM_GROUP, mjcf.FURNITURE_GROUP, mjcf.VISUAL_GROUP)


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera; pixel (0, 0) has its centre at (0, 0). Pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True)
class Picture:
    """One view. ``rgb`` (height, width, 3) uint8; ``depth_m`` (height, width) float32, metres along the view axis, NaN
    where nothing is seen.
    """

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]


class Renderer(Protocol):
    """Draws pictures of one model. Belongs to the thread that made it."""

    def render(self, data: mujoco.MjData, camera: str, width: int, height: int) -> Picture:
        """A picture from a named camera."""
        ...

    def close(self) -> None:
        """Give resources back; call it in the thread that made the renderer."""
        ...


def intrinsics(fovy_rad: float, width: int, height: int) -> Intrinsics:
    """Intrinsics of MuJoCo's camera: square pixels, principal point in the middle."""
    focal = height / 2 / math.tan(fovy_rad / 2)
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


def make_renderer(model: mujoco.MjModel, backend: Backend) -> Renderer:
    """A renderer for the backend that ``render_backend.select_backend`` chose in this process."""
    if backend is Backend.RAYCAST:
        from vla_sim.sensors.raycaster import RayRenderer

        return RayRenderer(model)
    return GlRenderer(model)


def visible_groups(camera: str) -> tuple[int, ...]:
    """Geom groups a camera draws: the overview leaves out what stands between it and the room."""
    return OVERVIEW_GROUPS if camera == mjcf.OVERVIEW_CAMERA else ROBOT_GROUPS


class GlRenderer:
    """Off-screen OpenGL. Pictures of up to half the buffer's size are drawn at twice the size and reduced, which
    smooths colours like a real sensor and, unlike multi-sampling, leaves no flying depth pixels.

    Only one may be open at a time: MuJoCo frees a forgotten one's GL objects in whichever context is current.
    """

    _open = False

    def __init__(self, model: mujoco.MjModel, shadows: bool = False) -> None:
        """Raises:
        RuntimeError: when another one has not been closed.
        """
        if GlRenderer._open:
            raise RuntimeError("close the other GlRenderer first")
        GlRenderer._open = True
        self._model = model
        self._gl = mujoco.GLContext(MAX_WIDTH, MAX_HEIGHT)
        self._gl.make_current()
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = int(shadows)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_HAZE] = 0
        self._options = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._perturb = mujoco.MjvPerturb()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        extent = model.stat.extent
        self._near, self._far = model.vis.map.znear * extent, model.vis.map.zfar * extent
        self._buffers: dict[tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}

    def render(self, data: mujoco.MjData, camera: str, width: int, height: int) -> Picture:
        """See :class:`Renderer`."""
        scale = 2 if 2 * width <= MAX_WIDTH and 2 * height <= MAX_HEIGHT else 1
        w, h = scale * width, scale * height
        if (w, h) not in self._buffers:
            self._buffers[w, h] = (np.empty((h, w, 3), np.uint8), np.empty((h, w), np.float32))
        rgb, depth = self._buffers[w, h]
        self._update(data, camera)
        self._gl.make_current()
        viewport = mujoco.MjrRect(0, 0, w, h)
        mujoco.mjr_render(viewport, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, depth, viewport, self._context)
        small = _reduce(rgb, scale)[::-1]
        raw = depth[::scale, ::scale][::-1] if scale == 1 else depth[1::2, ::2][::-1]
        meters = (self._near * self._far) / (self._near + raw * (self._far - self._near))
        meters[raw <= 0.0] = np.nan
        return Picture(np.ascontiguousarray(small), np.ascontiguousarray(meters, dtype=np.float32))

    def _update(self, data: mujoco.MjData, camera: str) -> None:
        self._camera.fixedcamid = self._model.camera(camera).id
        self._options.geomgroup[:] = 0
        for group in visible_groups(camera):
            self._options.geomgroup[group] = 1
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._options,
            self._perturb,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )

    def geom_ids(
        self, data: mujoco.MjData, camera: str, width: int, height: int
    ) -> NDArray[np.int32]:
        """Which geom is seen in each pixel, (height, width); -1 where none is. Labels for training come from it."""
        self._update(data, camera)
        rgb = np.empty((height, width, 3), np.uint8)
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR):
            self._scene.flags[flag] = 1
        self._gl.make_current()
        viewport = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(viewport, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, None, viewport, self._context)
        for flag in (mujoco.mjtRndFlag.mjRND_SEGMENT, mujoco.mjtRndFlag.mjRND_IDCOLOR):
            self._scene.flags[flag] = 0
        # The colour of a pixel is the number of the drawn thing plus one.
        drawn = self._scene.geoms[: self._scene.ngeom]
        names = np.full(2 + max((g.segid for g in drawn), default=0), -1, np.int32)
        for thing in drawn:
            if thing.segid >= 0 and thing.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                names[thing.segid + 1] = thing.objid
        code = rgb[::-1].astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], np.int32)
        code[code >= len(names)] = 0
        return names[code]

    def close(self) -> None:
        """See :class:`Renderer`."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()
        GlRenderer._open = False


def _reduce(rgb: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Mean over 2 x 2 blocks."""
    if scale == 1:
        return rgb
    wide = rgb.astype(np.uint16)
    total = wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]
    return ((total + 2) >> 2).astype(np.uint8)
