# SPDX-License-Identifier: Apache-2.0
"""What one training step sees: a random part of a picture at a random scale, in other colours, with a camera's noise.

Decides how much pictures are varied. Scales cover the three levels of the detector (320, 416 and 640 on the longer
side), so that one network serves all of them: a network that learns at one size loses recall at another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_perception.detect.letterbox import GRAY
from vla_training.pictures import IGNORED, MIN_SHARE, LabeledImage

SIDE = 224
"""Of the square that is cut out, pixels."""
MIN_SCALE, MAX_SCALE = 0.42, 1.15
"""Of a picture of 640 x 480."""
MIN_SIDE = 2.5
"""Smaller boxes, in pixels of the view, are not asked for."""


@dataclass(frozen=True)
class View:
    """rgb: (SIDE, SIDE, 3) uint8. boxes (n, 4) in its pixels, classes (n,)."""

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]


def random_view(shot: LabeledImage, rng: np.random.Generator, side: int = SIDE) -> View:
    """One view of `side` x `side` pixels; most show at least one object."""
    scale = math.exp(float(rng.uniform(math.log(MIN_SCALE), math.log(MAX_SCALE))))
    height, width = shot.rgb.shape[:2]
    size = (round(width * scale), round(height * scale))
    boxes = shot.boxes * np.array([size[0] / width, size[1] / height] * 2)
    left, top = _corner(size, boxes[shot.classes >= 0], rng, side)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(size[0], left + side), min(size[1], top + side)
    rows = slice(round(y0 * height / size[1]), round(y1 * height / size[1]))
    columns = slice(round(x0 * width / size[0]), round(x1 * width / size[0]))
    part = shot.rgb[rows, columns]
    if scale > 0.5 and rng.random() < 0.3:
        # What a camera of 320 x 240 gives at a finer level.
        half = (part.shape[1] // 2, part.shape[0] // 2)
        part = cv2.resize(part, half, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_AREA if x1 - x0 < part.shape[1] else cv2.INTER_LINEAR
    scaled = cv2.resize(part, (x1 - x0, y1 - y0), interpolation=how)
    canvas = np.full((side, side, 3), GRAY, np.uint8)
    canvas[y0 - top : y1 - top, x0 - left : x1 - left] = _as_a_camera(
        np.asarray(scaled, np.uint8), rng
    )
    inner, classes = _cut(boxes, shot, (left, top), side)
    if rng.random() < 0.5:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
        moved = np.array([side, 0, side, 0]) + inner[:, [2, 1, 0, 3]] * (-1, 1, -1, 1)
        inner = moved.astype(np.float32)
    return View(canvas, inner, classes)


def patchwork(shots: Sequence[LabeledImage], rng: np.random.Generator) -> View:
    """Four small views in one: most of a picture is wall and floor, and so more objects are learned in a step."""
    half = SIDE // 2
    canvas = np.empty((SIDE, SIDE, 3), np.uint8)
    boxes, classes = [], []
    for y in (0, half):
        for x in (0, half):
            part = random_view(shots[int(rng.integers(len(shots)))], rng, half)
            canvas[y : y + half, x : x + half] = part.rgb
            boxes.append(part.boxes + np.array([x, y, x, y], np.float32))
            classes.append(part.classes)
    return View(canvas, np.concatenate(boxes), np.concatenate(classes))


def _corner(
    size: tuple[int, int], boxes: NDArray[np.floating], rng: np.random.Generator, view: int
) -> tuple[int, int]:
    """Left and top of the part to cut out; outside the picture where that is smaller than the view."""
    middle = [float(rng.uniform(0, side)) for side in size]
    if len(boxes) and rng.random() < 0.9:
        box = boxes[int(rng.integers(len(boxes)))]
        spread = view * 0.35
        middle = [float((box[k] + box[k + 2]) / 2 + rng.uniform(-spread, spread)) for k in (0, 1)]
    corner = []
    for side, where in zip(size, middle, strict=True):
        if side <= view:
            corner.append(-int(rng.integers(0, view - side + 1)))
        else:
            corner.append(int(np.clip(where - view / 2, 0, side - view)))
    return corner[0], corner[1]


def _cut(
    boxes: NDArray[np.floating], shot: LabeledImage, corner: tuple[int, int], side: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    moved = boxes - np.array([*corner, *corner])
    inner = np.clip(moved, 0, side)
    sides = inner[:, 2:] - inner[:, :2]
    whole = np.prod(moved[:, 2:] - moved[:, :2], axis=1)
    left = np.prod(sides, axis=1) / np.maximum(whole, 1e-6)
    seen = (sides > 0.5).all(axis=1)
    classes = shot.classes.copy()
    poor = (left * shot.shares < MIN_SHARE) | (left < 0.4) | (sides < MIN_SIDE).any(axis=1)
    classes[poor] = IGNORED
    return inner[seen].astype(np.float32), classes[seen]


def _as_a_camera(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Exposure, white balance, contrast, sometimes a soft lens, and noise."""
    table = np.linspace(0.0, 1.0, 256)
    gamma = float(rng.uniform(0.8, 1.25))
    gains = float(rng.uniform(0.65, 1.4)) * rng.uniform(0.88, 1.12, 3)
    curves = np.clip(table[:, None] ** gamma * gains * 255.0, 0, 255).astype(np.uint8)
    out = cv2.LUT(rgb, curves.reshape(256, 1, 3))
    if rng.random() < 0.2:
        out = cv2.GaussianBlur(out, (3, 3), float(rng.uniform(0.3, 0.9)))
    sigma = float(rng.uniform(0.0, 4.0))
    noisy = out + rng.standard_normal(out.shape, dtype=np.float32) * np.float32(sigma) + 0.5
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)
