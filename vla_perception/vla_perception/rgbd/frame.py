# SPDX-License-Identifier: Apache-2.0
"""One look through an RGB-D camera: pictures, intrinsics and poses, checked before anybody computes with them.

Decides which input is usable and where each pixel lies in the map. What is in the picture is left to the detector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.plausible import FARTHEST_M

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_PIXELS = 8_000_000
"""Larger pictures are refused: nothing here needs them, and one would hold up the worker for seconds."""


DISTORTION_COUNTS = (4, 5, 8)
"""How many coefficients OpenCV's polynomial models have: k1 k2 p1 p2, then k3, then k4 k5 k6."""
FOCAL_SHARE = (0.1, 50.0)
"""Of the width: shorter focal lengths are a fisheye's (157 degrees), longer ones a telescope's (1 degree)."""
FOLD_PX = 0.5
"""Where distorting what was undistorted ends farther away than this, the polynomial folds back."""


@dataclass(frozen=True)
class Window:
    """The part of a sensor that a camera publishes: offset and size in the sensor's pixels, and how many of them, in x
    and y, become one of the picture.
    """

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    binning_x: int = 1
    binning_y: int = 1


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole model. Pixels; the centre of the top left pixel is (0, 0).

    distortion: coefficients of the lens as OpenCV and sensor_msgs/CameraInfo order them; empty: none.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()

    @classmethod
    def from_matrix(
        cls, k: Sequence[float], width: int, height: int, distortion: Sequence[float] = ()
    ) -> Intrinsics:
        """From the 3x3 camera matrix, row by row. Errors: NO_CAMERA_INFO where the numbers make no camera."""
        lens = tuple(float(v) for v in distortion)
        if not all(math.isfinite(v) for v in lens) or (
            any(lens) and len(lens) not in DISTORTION_COUNTS
        ):
            raise VlaError(
                Code.NO_CAMERA_INFO,
                f"The camera_info has a distortion of {len(lens)} coefficients that can't be used.",
            )
        values = [float(v) for v in k]
        if (
            len(values) != 9
            or not all(math.isfinite(v) for v in values)
            or values[0] <= 0
            or values[4] <= 0
        ):
            raise VlaError(Code.NO_CAMERA_INFO, "The camera matrix has no positive focal lengths.")
        if not (
            all(FOCAL_SHARE[0] * width < f < FOCAL_SHARE[1] * width for f in (values[0], values[4]))
            and abs(values[2] - width / 2) < width
            and abs(values[5] - height / 2) < height
        ):
            raise VlaError(
                Code.NO_CAMERA_INFO,
                f"The camera matrix (focal lengths {values[0]:.4g} and {values[4]:.4g}, centre {values[2]:.4g}, "
                f"{values[5]:.4g}) can't be that of pictures of {width}x{height} pixels.",
            )
        return cls(
            values[0],
            values[4],
            values[2],
            values[5],
            int(width),
            int(height),
            lens if any(lens) else (),
        )

    def seen_through(self, window: Window) -> Intrinsics:
        """Of the pictures of a part of the sensor. Errors: NO_CAMERA_INFO for a part that is not on it."""
        w = window
        if (
            min(w.x, w.y) < 0
            or min(w.width, w.height, w.binning_x, w.binning_y) < 1
            or w.x + w.width > self.width
            or w.y + w.height > self.height
        ):
            raise VlaError(
                Code.NO_CAMERA_INFO,
                f"The camera_info's region of interest ({w.width}x{w.height} at {w.x}, {w.y}) is not on its sensor of "
                f"{self.width}x{self.height} pixels.",
            )
        if w == Window(0, 0, self.width, self.height):
            return self
        # As ROS's image_geometry reckons; whether a camera skips or averages makes half a pixel at most.
        return Intrinsics(
            self.fx / w.binning_x,
            self.fy / w.binning_y,
            (self.cx - w.x) / w.binning_x,
            (self.cy - w.y) / w.binning_y,
            w.width // w.binning_x,
            w.height // w.binning_y,
            self.distortion,
        )

    def distort(self, x: F64, y: F64) -> tuple[F64, F64]:
        """Where the lens puts a ray (x, y, 1), pixels; what is far outside the picture ends just outside it."""
        if not self.distortion:
            return self.fx * x + self.cx, self.fy * y + self.cy
        k1, k2, p1, p2, k3, k4, k5, k6 = (*self.distortion, *(0.0,) * (8 - len(self.distortion)))
        # Farther out the polynomial folds back into the picture.
        pull = np.minimum(1.0, np.sqrt(_widest_square(self) / np.maximum(x * x + y * y, 1e-12)))
        x, y = x * pull, y * pull
        square = x * x + y * y
        radial = (1 + square * (k1 + square * (k2 + square * k3))) / (
            1 + square * (k4 + square * (k5 + square * k6))
        )
        u = x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x)
        v = y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y
        return self.fx * u + self.cx, self.fy * v + self.cy


@lru_cache(maxsize=4)
def rays_of(k: Intrinsics) -> tuple[F32, F32]:
    """x and y of the ray (x, y, 1) of each pixel, to be broadcast to (h, w).

    Errors: NO_CAMERA_INFO when the lens can't be undone over the whole picture.
    """
    u = (np.arange(k.width) - k.cx) / k.fx
    v = (np.arange(k.height) - k.cy) / k.fy
    if not k.distortion:
        return u.astype(np.float32)[None, :], v.astype(np.float32)[:, None]
    pixels = np.stack(np.meshgrid(np.arange(k.width), np.arange(k.height)), axis=-1)
    matrix = np.array([[k.fx, 0.0, k.cx], [0.0, k.fy, k.cy], [0.0, 0.0, 1.0]])
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-9)
    lens = np.array(k.distortion)
    flat = pixels.reshape(-1, 1, 2).astype(np.float64)
    straight = cv2.undistortPointsIter(flat, matrix, lens, None, None, criteria)[:, 0]
    there, _ = cv2.projectPoints(
        np.column_stack([straight, np.ones(len(straight))]), np.zeros(3), np.zeros(3), matrix, lens
    )
    off = float(np.abs(there[:, 0] - flat[:, 0]).max())
    if not off < FOLD_PX:
        raise VlaError(
            Code.NO_CAMERA_INFO,
            "The distortion in the camera_info can't be undone; is it of another camera?",
        )
    rays = straight.reshape(k.height, k.width, 2).astype(np.float32)
    return rays[..., 0], rays[..., 1]


@lru_cache(maxsize=4)
def _widest_square(k: Intrinsics) -> float:
    """Squared distance from the axis, at depth 1, of the ray farthest out, and a little more."""
    x, y = rays_of(k)
    return 1.1 * float(np.max(x * x + y * y))


@dataclass(frozen=True)
class Transform:
    """Rotation (3x3) and translation (3, metres) that take points of one frame into another."""

    rotation: F64
    translation: F64

    @classmethod
    def from_quaternion(
        cls, translation: Sequence[float], quaternion_xyzw: Sequence[float]
    ) -> Transform:
        """Errors: NO_TRANSFORM for numbers that make no rotation."""
        q = np.asarray(quaternion_xyzw, dtype=np.float64)
        t = np.asarray(translation, dtype=np.float64)
        norm = float(np.linalg.norm(q))
        if not (np.all(np.isfinite(t)) and math.isfinite(norm) and abs(norm - 1.0) < 0.01):
            raise VlaError(
                Code.NO_TRANSFORM, "The camera's transform is not a rotation and a shift."
            )
        if float(np.abs(t).max()) > FARTHEST_M:
            raise VlaError(
                Code.NO_TRANSFORM,
                f"The transform leads {float(np.abs(t).max()):.3g} m away, farther than any map is wide.",
            )
        x, y, z, w = q / norm
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return cls(rotation, t)

    def inverse(self) -> Transform:
        back = self.rotation.T
        return Transform(back, -back @ self.translation)

    def on_floor(self) -> tuple[float, float, float]:
        """x, y (m) and yaw (rad) of the frame's origin and first axis, seen from above."""
        yaw = math.atan2(self.rotation[1, 0], self.rotation[0, 0])
        return float(self.translation[0]), float(self.translation[1]), yaw

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Points (..., 3) in the other frame; keeps the type."""
        kind = points.dtype
        moved: NDArray[np.floating] = points @ self.rotation.T.astype(kind)
        moved += self.translation.astype(kind)
        return moved


@dataclass(frozen=True)
class RgbdFrame:
    """A colour picture with registered depth.

    rgb: (h, w, 3) uint8. depth: (h, w) float32, metres along the optical axis, NaN where not known.
    camera: map from the optical frame (z forward, x right, y down). base: map from base_link, None when not known.
    coloured: the picture shows colours; False for a grey one, whose things have a colour that nobody knows.
    """

    rgb: NDArray[np.uint8]
    depth: F32
    intrinsics: Intrinsics
    camera: Transform
    stamp_s: float = 0.0
    base: Transform | None = None
    frame_id: str = field(default="", compare=False)
    colored: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        return self.depth.shape[0], self.depth.shape[1]

    @cached_property
    def points(self) -> F32:
        """(h, w, 3) positions in the map, metres; NaN where the depth is not known."""
        h, w = self.shape
        right, down = rays_of(self.intrinsics)
        r = self.camera.rotation.astype(np.float32)
        t = self.camera.translation.astype(np.float32)
        out = np.empty((h, w, 3), dtype=np.float32)
        for axis in range(3):
            out[..., axis] = (
                self.depth * (r[axis, 0] * right + r[axis, 1] * down + r[axis, 2]) + t[axis]
            )
        return out

    def ignore(self, mask: Mask) -> None:
        """Forget depth and position of these pixels; for whoever prepares the frame, before others use it."""
        self.depth[mask] = np.nan
        self.points[mask] = np.nan

    def project(self, points: NDArray[np.floating]) -> tuple[F64, F64]:
        """Pixels (n, 2) as x, y and depths (n,) of points (n, 3) of the map; pixels are NaN behind the camera."""
        local = self.camera.inverse().apply(np.asarray(points, dtype=np.float64).reshape(-1, 3))
        z = local[:, 2]
        k = self.intrinsics
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = np.stack(k.distort(local[:, 0] / z, local[:, 1] / z), axis=1)
        pixels[z <= 0.01] = np.nan
        return np.asarray(pixels, dtype=np.float64), np.asarray(z, dtype=np.float64)


def make_frame(
    rgb: NDArray[np.uint8],
    depth: NDArray[np.floating],
    intrinsics: Intrinsics,
    camera: Transform,
    stamp_s: float = 0.0,
    base: Transform | None = None,
    *,
    min_depth_m: float = 0.2,
    max_depth_m: float = 4.0,
    min_valid: float = 0.02,
    frame_id: str = "",
    colored: bool = True,
) -> RgbdFrame:
    """A checked frame; depths out of range, zero or not finite become NaN.

    Errors: BAD_IMAGE (empty, sizes that differ, all black or all one value, too large), NO_CAMERA_INFO (intrinsics of
    another size), NO_DEPTH (less than the share `min_valid` of the pixels has a depth in range).
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise VlaError(Code.BAD_IMAGE, "The colour image is not an 8 bit image of three channels.")
    height, width = rgb.shape[:2]
    if height < 8 or width < 8:
        raise VlaError(Code.BAD_IMAGE, f"The colour image is only {width}x{height} pixels.")
    if height * width > MAX_PIXELS:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The colour image of {width}x{height} pixels is larger than {MAX_PIXELS // 10**6} megapixels.",
        )
    if depth.shape != (height, width):
        shown = "x".join(str(n) for n in depth.shape[::-1]) or "nothing"
        raise VlaError(
            Code.BAD_IMAGE,
            f"The depth image is {shown} and the colour image {width}x{height} pixels.",
        )
    if (intrinsics.width, intrinsics.height) != (width, height):
        raise VlaError(
            Code.NO_CAMERA_INFO,
            f"The camera_info is for {intrinsics.width}x{intrinsics.height} pixels, its images are {width}x{height}.",
        )
    rays_of(intrinsics)
    sample = rgb[:: max(1, height // 60), :: max(1, width // 80)]
    if int(sample.max()) < 12:
        raise VlaError(Code.BAD_IMAGE, "The colour image is black.")
    if int(sample.min()) > 250:
        raise VlaError(Code.BAD_IMAGE, "The colour image is overexposed: every pixel is white.")
    with np.errstate(invalid="ignore"):
        good = (depth >= min_depth_m) & (depth <= max_depth_m)
    if float(np.count_nonzero(good)) < min_valid * depth.size:
        raise VlaError(
            Code.NO_DEPTH,
            f"Hardly any pixel has a depth between {min_depth_m:g} and {max_depth_m:g} m.",
        )
    clean = np.where(good, depth, np.float32(np.nan)).astype(np.float32, copy=False)
    return RgbdFrame(rgb, clean, intrinsics, camera, stamp_s, base, frame_id, colored)
