# SPDX-License-Identifier: Apache-2.0
"""The picture strip of a demo: one column for each moment, the robot's view above, the room below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
COLUMN_PX = 400
CAPTION_PX = 30
GAP_PX = 6


@dataclass(frozen=True)
class Moment:
    """caption; view and room: HxWx3 uint8 BGR, or None where there was no picture."""

    caption: str
    view: Image | None
    room: Image | None


def compose(moments: Sequence[Moment]) -> Image:
    """All moments side by side, BGR. Errors: ValueError without any."""
    if not moments:
        raise ValueError("a strip needs at least one moment")
    rows = [_row_height([m.view for m in moments]), _row_height([m.room for m in moments])]
    columns = []
    for moment in moments:
        caption = np.full((CAPTION_PX, COLUMN_PX, 3), 255, np.uint8)
        cv2.putText(
            caption,
            moment.caption,
            (6, 21),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.55,
            (40, 40, 40),
            1,
            cv2.LINE_AA,
        )
        parts = [caption]
        for image, height in zip((moment.view, moment.room), rows, strict=True):
            if height:
                parts += [_fit(image, height), np.full((GAP_PX, COLUMN_PX, 3), 255, np.uint8)]
        columns += [
            np.vstack(parts),
            np.full((sum(p.shape[0] for p in parts), GAP_PX, 3), 255, np.uint8),
        ]
    return np.hstack(columns[:-1])


def save(moments: Sequence[Moment], path: Path) -> None:
    """Errors: OSError when it can't be written."""
    if not cv2.imwrite(str(path), compose(moments)):
        raise OSError(f"can't write {path}")


def _row_height(images: Sequence[Image | None]) -> int:
    """Height of a row whose pictures are scaled to the column's width; 0 for a row without pictures."""
    heights = [
        round(image.shape[0] * COLUMN_PX / image.shape[1]) for image in images if image is not None
    ]
    return max(heights, default=0)


def _fit(image: Image | None, height: int) -> Image:
    if image is None:
        return np.full((height, COLUMN_PX, 3), 230, np.uint8)
    scaled = cv2.resize(image, (COLUMN_PX, round(image.shape[0] * COLUMN_PX / image.shape[1])))
    out = np.full((height, COLUMN_PX, 3), 255, np.uint8)
    out[: scaled.shape[0]] = scaled
    return out
