# SPDX-License-Identifier: Apache-2.0
"""How good found boxes are against true ones: average precision per class, as the COCO data set defines it.

Decides matching (best score first, each truth once, at the highest overlap), what does not count (ignored truths and
what lies on them), and the 101-point average of precision over recall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_perception.detect.boxes import Boxes, overlap

OVERLAPS = tuple(round(0.50 + 0.05 * k, 2) for k in range(10))
_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class TrueBoxes:
    """What is in one picture. boxes (n, 4), classes (n,); a class below 0 is ignored: it need not be found, and what
    is found there is not wrong.
    """

    boxes: NDArray[np.floating]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class ClassResult:
    """ap50, ap50_95: 0..1. count: how many truths there were; recall50: the share of them that was found at all."""

    ap50: float
    ap50_95: float
    count: int
    recall50: float


def average_precision(
    truths: Sequence[TrueBoxes], found: Sequence[Boxes], names: Sequence[str]
) -> Mapping[str, ClassResult]:
    """Per class, and under "all" the mean over the classes that occur. One entry of each sequence per picture.

    The boxes found should go down to low scores: cut off early, precision at high recall counts as 0.
    """
    out: dict[str, ClassResult] = {}
    for number, name in enumerate(names):
        result = _one_class(truths, found, number)
        if result is not None:
            out[name] = result
    if out:
        values = list(out.values())
        out["all"] = ClassResult(
            float(np.mean([v.ap50 for v in values])),
            float(np.mean([v.ap50_95 for v in values])),
            sum(v.count for v in values),
            float(np.mean([v.recall50 for v in values])),
        )
    return out


def _one_class(
    truths: Sequence[TrueBoxes], found: Sequence[Boxes], number: int
) -> ClassResult | None:
    """None where the class does not occur."""
    count = 0
    scores: list[float] = []
    verdicts: list[NDArray[np.int8]] = []  # per detection: 1 right, 0 wrong, -1 does not count
    for truth, boxes in zip(truths, found, strict=True):
        own = truth.boxes[truth.classes == number]
        void = truth.boxes[truth.classes < 0]
        count += len(own)
        mine = np.nonzero(boxes.classes == number)[0]
        mine = mine[np.argsort(-boxes.scores[mine], kind="stable")]
        common = overlap(boxes.boxes[mine], own)
        ignored = overlap(boxes.boxes[mine], void)
        taken = np.zeros((len(OVERLAPS), len(own)), dtype=bool)
        for row, index in enumerate(mine):
            verdict = np.zeros(len(OVERLAPS), dtype=np.int8)
            for level, limit in enumerate(OVERLAPS):
                free = np.where(taken[level], -1.0, common[row]) if len(own) else np.empty(0)
                best = int(np.argmax(free)) if len(free) else -1
                if best >= 0 and free[best] >= limit:
                    taken[level, best] = True
                    verdict[level] = 1
                elif len(void) and float(ignored[row].max()) >= limit:
                    verdict[level] = -1
            scores.append(float(boxes.scores[index]))
            verdicts.append(verdict)
    if count == 0:
        return None
    if not scores:
        return ClassResult(0.0, 0.0, count, 0.0)
    order = np.argsort(-np.array(scores), kind="stable")
    table = np.array(verdicts)[order]
    values = [_area(table[:, level], count) for level in range(len(OVERLAPS))]
    return ClassResult(
        values[0], float(np.mean(values)), count, float(np.sum(table[:, 0] == 1)) / count
    )


def _area(verdicts: NDArray[np.int8], count: int) -> float:
    """Mean over 101 recalls of the best precision at that recall or a higher one."""
    counted = verdicts[verdicts >= 0]
    right = np.cumsum(counted == 1)
    precision = right / np.arange(1, len(counted) + 1)
    recall = right / count
    best = np.maximum.accumulate(precision[::-1])[::-1]
    where = np.searchsorted(recall, _RECALLS - 1e-9, side="left")
    return (
        float(np.mean(np.where(where < len(best), best[np.minimum(where, len(best) - 1)], 0.0)))
        if len(best)
        else 0.0
    )
