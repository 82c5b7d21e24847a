# SPDX-License-Identifier: Apache-2.0
"""From the numbers that a YOLO network gives to boxes in the picture.

Decides which of the usual layouts an output has, by its shape and the number of classes:

    (1, 4 + c, n)   middle x, y, width, height, then a score for each class (version 8 and later, and our own)
    (1, n, 5 + c)   as above one row per box, with "there is something" as fifth (version 5)
    (1, n, 6)       x0, y0, x1, y1, score, class: suppressed already (version 10, 26, exports with nms=True)

All in pixels of the input.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from vla_perception.detect.boxes import Boxes, keep_best
from vla_perception.detect.letterbox import Letterbox

MAX_OVERLAP = 0.6
MAX_BOXES = 300
"""Only that many of the best go into the suppression; no room has more things."""


class Layout(str, Enum):
    """How the numbers of an output are ordered."""

    COLUMNS = "columns"
    ROWS_WITH_OBJECTNESS = "rows with objectness"
    FINISHED = "finished"


def layout_of(shape: tuple[int | None, ...], classes: int) -> Layout | None:
    """The layout of an output; None for what is none of them. Sizes that are not known are None."""
    if len(shape) != 3 or shape[0] not in (1, None):
        return None
    if shape[1] == 4 + classes and (shape[2] is None or shape[2] != 6 or classes == 2):
        return Layout.COLUMNS
    if shape[2] == 6 and classes != 1:
        return Layout.FINISHED
    if shape[2] == 5 + classes:
        return Layout.ROWS_WITH_OBJECTNESS
    if shape[2] == 6:
        return Layout.FINISHED
    return None


def decode(
    output: NDArray[np.floating],
    box: Letterbox,
    classes: int,
    threshold: float,
    layout: Layout = Layout.COLUMNS,
) -> Boxes:
    """Boxes in the picture with a score of at least the threshold, best first, one for each thing of a class."""
    rows = np.asarray(output[0], dtype=np.float32)
    if layout is Layout.FINISHED:
        rows = rows[rows[:, 4] >= threshold]
        order = np.argsort(-rows[:, 4], kind="stable")[:MAX_BOXES]
        found = Boxes(rows[order, :4], rows[order, 4], rows[order, 5].astype(np.int64))
    else:
        if layout is Layout.COLUMNS:
            sides, scores = rows[:4], rows[4 : 4 + classes]
        else:
            sides, scores = rows[:, :4].T, (rows[:, 5:] * rows[:, 4:5]).T
        best = scores.max(axis=0)
        good = np.nonzero(best >= threshold)[0]
        good = good[np.argsort(-best[good], kind="stable")[:MAX_BOXES]]
        half = sides[2:, good] / 2
        corners = np.concatenate([sides[:2, good] - half, sides[:2, good] + half]).T
        found = Boxes(corners, best[good], scores[:, good].argmax(axis=0).astype(np.int64))
        found = keep_best(found, MAX_OVERLAP)
    boxes = box.to_picture(found.boxes)
    real = (boxes[:, 2] - boxes[:, 0] >= 1.0) & (boxes[:, 3] - boxes[:, 1] >= 1.0)
    real &= np.isfinite(found.boxes).all(axis=1)
    return Boxes(boxes[real], found.scores[real], found.classes[real])
