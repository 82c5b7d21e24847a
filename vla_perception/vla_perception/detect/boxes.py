# SPDX-License-Identifier: Apache-2.0
"""Boxes that a network finds: overlap, and which of several boxes on one thing stays.

Boxes are x0, y0, x1, y1 in pixels, x1 and y1 not included; arrays are (n, 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Boxes:
    """Boxes (n, 4) in pixels, scores (n,) 0..1, classes (n,) as indices of the model's names; best first."""

    boxes: F32
    scores: F32
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)


def overlap(a: NDArray[np.floating], b: NDArray[np.floating]) -> F32:
    """Intersection over union of every box of a (n, 4) with every box of b (m, 4): (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(np.clip(c[:, 2:] - c[:, :2], 0.0, None), axis=1) for c in (a, b)]
    out = common / np.maximum(areas[0][:, None] + areas[1][None, :] - common, 1e-9)
    return np.asarray(out, dtype=np.float32)


def keep_best(found: Boxes, max_overlap: float, *, across_classes: bool = False) -> Boxes:
    """Non-maximum suppression: of boxes of one class that overlap more than that, the best one stays.

    across_classes: a thing has one name, so that classes do not count.
    """
    order = np.argsort(-found.scores, kind="stable")
    boxes, classes = found.boxes[order], found.classes[order]
    # Boxes of different classes are moved apart, so that they never overlap.
    span = float(np.abs(boxes).max()) * 2.0 + 1.0 if len(boxes) and not across_classes else 0.0
    apart = boxes + (classes * span)[:, None]
    left = np.ones(len(order), dtype=bool)
    kept: list[int] = []
    for index in range(len(order)):
        if not left[index]:
            continue
        kept.append(index)
        rest = np.nonzero(left[index + 1 :])[0] + index + 1
        if len(rest):
            close = overlap(apart[index : index + 1], apart[rest])[0] > max_overlap
            left[rest[close]] = False
    chosen = order[kept]
    return Boxes(found.boxes[chosen], found.scores[chosen], found.classes[chosen])
