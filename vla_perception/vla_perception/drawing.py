# SPDX-License-Identifier: Apache-2.0
"""The picture with what was found drawn into it, for people."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_perception.pipeline import Sighting

RGB = {
    "red": (255, 60, 60), "orange": (255, 150, 30), "yellow": (255, 225, 40), "green": (60, 220, 90),
    "blue": (80, 140, 255), "purple": (190, 100, 255), "pink": (255, 150, 200), "brown": (180, 120, 70),
    "white": (255, 255, 255), "grey": (170, 170, 170), "black": (90, 90, 90),
}  # fmt: skip


def annotate(
    rgb: NDArray[np.uint8], sightings: Sequence[Sighting], scale: int = 1
) -> NDArray[np.uint8]:
    """A copy (h * scale, w * scale, 3) with outline, box, name and distance-free position of each sighting."""
    picture = np.ascontiguousarray(rgb.repeat(scale, axis=0).repeat(scale, axis=1))
    taken: list[tuple[int, int, int, int]] = []
    for sighting in sightings:
        x0, y0, x1, y1 = (v * scale for v in sighting.detection.box)
        color = RGB.get(sighting.color, (0, 255, 255))
        mask = sighting.detection.mask
        if mask is not None:
            big = mask.astype(np.uint8).repeat(scale, axis=0).repeat(scale, axis=1)
            outlines, _ = cv2.findContours(big, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            for outline in outlines:
                cv2.polylines(picture, [outline + np.array([x0, y0])], True, (0, 0, 0), 1)
        cv2.rectangle(picture, (x0 - 2, y0 - 2), (x1 + 1, y1 + 1), color, 1)
        text = f"{sighting.color} {sighting.label} {sighting.score * sighting.label_score:.2f}"
        _write(picture, text, x0, y0, color, taken)
    return picture


def _write(
    picture: NDArray[np.uint8],
    text: str,
    x: int,
    y: int,
    color: tuple[int, int, int],
    taken: list[tuple[int, int, int, int]],
) -> None:
    """Text above a box, moved up while it would cover another."""
    size = 0.34 if picture.shape[1] < 500 else 0.42
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = max(1, min(x, picture.shape[1] - width - 1))
    y = max(height + 2, y - 5)
    for _ in range(8):
        if all(
            x > tx + tw or x + width < tx or y - height > ty or y < ty - th
            for tx, ty, tw, th in taken
        ):
            break
        y = y - height - 3 if y - 2 * height - 5 > 0 else y + 4 * height
    taken.append((x, y, width, height))
    cv2.rectangle(picture, (x - 1, y - height - 1), (x + width + 1, y + 3), (30, 30, 30), -1)
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)
