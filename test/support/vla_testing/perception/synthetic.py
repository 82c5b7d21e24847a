# SPDX-License-Identifier: Apache-2.0
"""Ray-cast RGB-D pictures of simple scenes, for tests without a simulator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.rgbd.frame import Intrinsics, RgbdFrame, Transform, make_frame

TABLE = Place("table", PlaceKind.SURFACE, (1.3, 0.0, 0.7), 0.0, (0.7, 1.2), ("desk",))
BIN = Place("bin", PlaceKind.CONTAINER, (1.0, 1.0, 0.3), 0.0, (0.34, 0.34))
COLORS = {
    "red": (170, 20, 25), "green": (25, 130, 45), "blue": (25, 50, 175),
    "yellow": (215, 190, 30), "white": (225, 225, 222),
    "orange": (225, 110, 20), "brown": (75, 60, 50), "wall": (170, 172, 175),
    "floor": (118, 116, 112), "dark": (52, 56, 60),
}  # fmt: skip


@dataclass(frozen=True)
class Solid:
    """kind: box, cylinder, cup (an open cylinder) or ball. position: its middle; size: full extents (m)."""

    kind: str
    color: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    yaw: float = 0.0


def on_table(
    kind: str, color: str, x: float, y: float, size: tuple[float, float, float], yaw: float = 0.0
) -> Solid:
    return Solid(kind, color, (x, y, TABLE.position[2] + size[2] / 2), size, yaw)


def furniture(place: Place) -> list[Solid]:
    """A table top, or a bin of five boards."""
    x, y, z = place.position
    if place.kind is PlaceKind.SURFACE:
        return [Solid("box", "brown", (x, y, z - 0.02), (*place.size, 0.04), place.yaw)]
    w, d, t = place.size[0], place.size[1], 0.018
    return [
        Solid("box", "dark", (x, y, t / 2), (w, d, t)),
        *(Solid("box", "dark", (x + s * (w - t) / 2, y, z / 2), (t, d, z)) for s in (-1, 1)),
        *(Solid("box", "dark", (x, y + s * (d - t) / 2, z / 2), (w, t, z)) for s in (-1, 1)),
    ]


def camera_at(x: float, y: float, z: float, look_at: tuple[float, float, float]) -> Transform:
    """Map from the optical frame of a camera that looks at a point."""
    forward = np.array(look_at) - np.array([x, y, z])
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return Transform(
        np.stack([right, np.cross(forward, right), forward], axis=1), np.array([x, y, z])
    )


def render(
    solids: list[Solid],
    camera: Transform,
    width: int = 320,
    height: int = 240,
    noise_m: float = 0.001,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, Intrinsics]:
    """rgb (h, w, 3) uint8, depth (h, w) float32 metres, intrinsics; the room has a floor and a wall at x = 3 m."""
    focal = height / 2 / math.tan(math.radians(28))
    k = Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)
    pose = (*camera.rotation.ravel(), *camera.translation)
    color, depth = _clean(tuple(solids), tuple(float(v) for v in pose), k)
    random = np.random.default_rng(seed)
    measured = depth + noise_m * depth**2 * random.standard_normal(depth.shape)
    picture = np.clip(color + random.normal(0, 2, color.shape), 0, 255)
    return picture.astype(np.uint8), measured.astype(np.float32), k


@lru_cache(maxsize=32)
def _clean(
    solids: tuple[Solid, ...], pose: tuple[float, ...], k: Intrinsics
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth without noise."""
    rotation, eye = np.array(pose[:9]).reshape(3, 3), np.array(pose[9:])
    width, height = k.width, k.height
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    rays = (
        np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones_like(u, dtype=float)], axis=-1)
        @ rotation.T
    )
    depth = np.full((height, width), np.inf)
    shade = np.ones((height, width))
    color = np.zeros((height, width, 3))

    def hit(t: np.ndarray, normal: np.ndarray, name: str) -> None:
        with np.errstate(invalid="ignore"):
            near = (t > 0.05) & (t < depth)
        depth[near] = t[near]
        color[near] = COLORS[name]
        light = 0.62 + 0.38 * np.clip(normal[..., 2], 0, 1) + 0.08 * normal[..., 0]
        shade[near] = np.broadcast_to(light, near.shape)[near]

    with np.errstate(divide="ignore", invalid="ignore"):
        hit(-eye[2] / rays[..., 2], np.array([0, 0, 1.0]), "floor")
        hit((3.0 - eye[0]) / rays[..., 0], np.array([-1.0, 0, 0]), "wall")
        for solid in solids:
            c, s = math.cos(solid.yaw), math.sin(solid.yaw)
            turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
            o, d, half = (
                turn @ (eye - np.array(solid.position)),
                rays @ turn.T,
                np.array(solid.size) / 2,
            )
            for t, normal in _hits(solid.kind, o, d, half):
                hit(t, normal @ turn, solid.color)
    depth[np.isinf(depth)] = np.nan
    return color * shade[..., None], depth


def _hits(kind: str, o: np.ndarray, d: np.ndarray, half: np.ndarray):
    up = np.zeros_like(d)
    up[..., 2] = 1.0
    if kind == "box":
        a, b = (-half - o) / d, (half - o) / d
        near, far = np.minimum(a, b), np.maximum(a, b)
        t = near.max(axis=-1)
        normal = np.take(np.eye(3), near.argmax(axis=-1), axis=0) * -np.sign(d)
        yield np.where(t < far.min(axis=-1), t, np.inf), normal
        return
    if kind == "ball":
        a, b, c = (d * d).sum(-1), (d @ o), o @ o - half[0] ** 2
        t = (-b - np.sqrt(b * b - a * c)) / a
        yield np.where(np.isnan(t), np.inf, t), (o + d * t[..., None]) / half[0]
        return
    a = d[..., 0] ** 2 + d[..., 1] ** 2
    b, c = d[..., 0] * o[0] + d[..., 1] * o[1], o[0] ** 2 + o[1] ** 2 - half[0] ** 2
    root = np.sqrt(b * b - a * c)
    for sign, inside in ((-1, False), (1, True)):
        if inside and kind != "cup":
            continue
        t = (-b + sign * root) / a
        z = o[2] + d[..., 2] * t
        normal = (o + d * t[..., None]) / half[0]
        normal[..., 2] = 0.0
        yield (
            np.where(np.isnan(t) | (np.abs(z) > half[2]), np.inf, t),
            -normal if inside else normal,
        )
    level = half[2] if kind == "cylinder" else -half[2] + 0.006
    t = (level - o[2]) / d[..., 2]
    spot = o + d * t[..., None]
    yield np.where(np.hypot(spot[..., 0], spot[..., 1]) > half[0], np.inf, t), up


CAMERA = camera_at(-0.05, 0.0, 1.3, (1.2, 0.0, 0.7))
BASE = Transform(np.eye(3), np.array([0.0, 0.0, 0.0]))


def frame_of(
    things: list[Solid], *, places: tuple[Place, ...] = (TABLE,), camera: Transform = CAMERA, stamp_s: float = 1.0,
    width: int = 320, height: int = 240, noise_m: float = 0.001, seed: int = 0,
) -> RgbdFrame:  # fmt: skip
    """A frame of things and the furniture of the places."""
    solids = [part for place in places for part in furniture(place)] + things
    rgb, depth, k = render(solids, camera, width, height, noise_m, seed)
    return make_frame(rgb, depth, k, camera, stamp_s, BASE)


def standard_things() -> list[Solid]:
    """One of each form, well apart."""
    return [
        on_table("cup", "red", 1.15, 0.25, (0.075, 0.075, 0.09)),
        on_table("ball", "yellow", 1.10, -0.02, (0.066, 0.066, 0.066)),
        on_table("box", "blue", 1.20, -0.30, (0.055, 0.055, 0.055), 0.5),
        on_table("cup", "white", 1.42, 0.08, (0.15, 0.15, 0.06)),
    ]
