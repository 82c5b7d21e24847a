# SPDX-License-Identifier: Apache-2.0
"""Between a camera's picture and the input of a network: scaling without distortion, grey borders, and the way back.

Decides the geometry for a level (320, 416, 640: the longer side in pixels) or for a model whose input size is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

GRAY = 114
STRIDE = 32
"""Input sides are multiples of this: the coarsest grid of the usual networks."""


@dataclass(frozen=True)
class Letterbox:
    """How a picture of `width` x `height` lies in an input of `input_width` x `input_height`, all in pixels."""

    width: int
    height: int
    input_width: int
    input_height: int
    scale: float
    left: int
    top: int

    @property
    def inner(self) -> tuple[int, int]:
        """Width and height of the scaled picture."""
        return max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))

    def to_picture(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Boxes (n, 4) of the input in the picture's pixels, cut at its edges."""
        across, down = self.inner
        factor = np.array([self.width / across, self.height / down] * 2)
        moved = (boxes - np.array([self.left, self.top] * 2)) * factor
        limit = np.array([self.width, self.height] * 2)
        return np.asarray(np.clip(moved, 0, limit), dtype=np.float32)


def fit(width: int, height: int, level: int, fixed: tuple[int, int] | None = None) -> Letterbox:
    """The letterbox for a level, or for a fixed input of width x height. The picture lies in the middle."""
    if fixed is None:
        scale = level / max(width, height)
        across, down = (
            max(STRIDE, -(-round(side * scale) // STRIDE) * STRIDE) for side in (width, height)
        )
    else:
        across, down = fixed
        scale = min(across / width, down / height)
    left = max(0, across - round(width * scale)) // 2
    top = max(0, down - round(height * scale)) // 2
    return Letterbox(width, height, across, down, scale, left, top)


def fill(rgb: NDArray[np.uint8], box: Letterbox) -> NDArray[np.float32]:
    """The network's input: (1, 3, h, w), red first, 0..1."""
    across, down = box.inner
    if (across, down) != (box.width, box.height):
        how = cv2.INTER_AREA if box.scale < 1.0 else cv2.INTER_LINEAR
        rgb = cv2.resize(rgb, (across, down), interpolation=how)
    out = np.full((1, 3, box.input_height, box.input_width), GRAY / 255.0, dtype=np.float32)
    inner = out[0, :, box.top : box.top + down, box.left : box.left + across]
    np.multiply(rgb.transpose(2, 0, 1), np.float32(1.0 / 255.0), out=inner, casting="unsafe")
    return out
