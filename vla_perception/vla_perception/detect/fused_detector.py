# SPDX-License-Identifier: Apache-2.0
"""A network and the depth picture together: the network names things, the depth says which pixels they are.

Decides which group of pixels that sticks out of a surface is which of the network's boxes. A group that several boxes
share (things of one colour that touch) is divided among them. A group in no box stays: what the network has not learned
is still an object. A box with no group (a thing on no known surface) stays where the network is sure and the depth
in it is good; the localizer then looks for the thing in the box.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import VlaError
from vla_perception.detect.boxes import Boxes, keep_best, overlap
from vla_perception.detect.detector import Detection2D, Detector
from vla_perception.detect.network import Network, our_names
from vla_perception.localize.shape import LABELS
from vla_perception.localize.surfaces import Surface
from vla_perception.rgbd.frame import Mask, RgbdFrame

SUPPORTED = 0.6
"""A box in which depth shows something counts from that share of the threshold on: there are two witnesses."""
ONE_THING = 0.75
"""Boxes of different classes that overlap more than this are one thing; the better name wins."""
MIN_MATCH = 0.3
"""Overlap of a box and a group's box from which on they are one thing. Depth loses the rim of small things."""
SHARED = 0.12
"""Of a group's pixels that a further box must hold to get its part of the group."""
PART = 0.7
"""Of a further box that lies in the box of a thing already found: then it is the neck of a bottle, say."""
MIN_PART = 6
"""Fewest pixels of a part."""
MIN_DEPTH_SHARE = 0.3
"""Of a box's pixels that must have a depth, where there is nothing else to go by."""
MAX_ASKED = 20
"""Words that an open-vocabulary network looks for besides the usual ones."""
LAYER_M = 0.06
"""Difference in depth that counts as much, in dividing a group, as half the width of a box."""


@dataclass(frozen=True)
class Named:
    """A box of the network with a label of ours; x0, y0, x1, y1 in pixels."""

    box: tuple[float, float, float, float]
    label: str
    score: float


class FusedDetector:
    """See the module; implements `detector.Detector`."""

    def __init__(
        self,
        network: Network,
        geometry: Detector,
        threshold: float,
        class_map: Mapping[str, str],
        model: str = "",
    ) -> None:
        self._network, self._geometry = network, geometry
        self._threshold, self._class_map = threshold, class_map
        self.name, self.model = network.name, model
        self.latency_ms = 0.0
        self.note = ""
        self._words: tuple[str, ...] = LABELS[:-1]  # without "object"
        self._told: tuple[str, ...] = self._words

    @property
    def device(self) -> str:
        """What the network runs on."""
        return self._network.device

    def detect(self, frame: RgbdFrame, surfaces: Sequence[Surface]) -> list[Detection2D]:
        """See `Detector`."""
        self._tell()
        begin = time.perf_counter()
        found = self._network.find(frame.rgb, self._threshold * SUPPORTED)
        self.latency_ms = (time.perf_counter() - begin) * 1e3
        labels = our_names(self._network.names, self._class_map)
        groups = self._geometry.detect(frame, surfaces)
        return fuse(frame, groups, named(found, labels), self._threshold)

    def look_for(self, word: str) -> None:
        """See `Detector`. The words asked for last are kept, besides the usual ones."""
        wanted = word.strip().lower()
        usual, asked = LABELS[:-1], self._words[len(LABELS) - 1 :]
        if wanted and wanted not in LABELS:
            rest = tuple(w for w in asked if w != wanted)
            self._words = (*usual, *rest[-MAX_ASKED + 1 :], wanted)

    def _tell(self) -> None:
        """Pass new words on. A network that can't take them goes on with those it has."""
        words = self._words
        if set(words) == set(self._told):
            return
        self._told = words
        try:
            self._network.set_words(words)
            self.note = ""
        except VlaError as error:
            self.note = error.result.message


def named(found: Boxes, labels: Sequence[str]) -> list[Named]:
    """One box for each thing, those with a label of ours; best first."""
    best = keep_best(found, ONE_THING, across_classes=True)
    out = []
    for box, score, number in zip(best.boxes, best.scores, best.classes, strict=True):
        label = labels[number] if 0 <= number < len(labels) else ""
        if label:
            x0, y0, x1, y1 = (float(v) for v in box)
            out.append(Named((x0, y0, x1, y1), label, float(score)))
    return out


def fuse(
    frame: RgbdFrame, groups: Sequence[Detection2D], boxes: Sequence[Named], threshold: float
) -> list[Detection2D]:
    """Detections of both together; `groups` have masks."""
    owner = _match(groups, boxes, threshold)
    shares: dict[int, list[int]] = {}
    for number, index in owner.items():
        shares.setdefault(index, []).append(number)
    out: list[Detection2D] = []
    for index, group in enumerate(groups):
        own = [boxes[number] for number in shares.get(index, [])]
        if not own:
            out.append(group)
        elif len(own) == 1:
            out.append(_name(group, own[0]))
        else:
            out.extend(_divide(frame, group, own))
    used = np.array([boxes[number].box for number in owner]).reshape(-1, 4)
    for number, thing in enumerate(boxes):
        if number in owner or thing.score < threshold:
            continue
        if len(used) and float(overlap(np.array([thing.box]), used).max()) > 0.5:
            continue
        alone = _alone(frame, thing, groups)
        if alone is not None:
            out.append(alone)
    return out


def _match(
    groups: Sequence[Detection2D], boxes: Sequence[Named], threshold: float
) -> dict[int, int]:
    """For boxes, the group that each belongs to: pairs first, then further boxes that hold a part of a group.

    To divide what depth shows as one takes a box that counts by itself, and that is no part of a thing already found.
    """
    if not groups or not boxes:
        return {}
    outlines = np.array([g.box for g in groups], dtype=np.float64)
    frames = np.array([b.box for b in boxes], dtype=np.float64)
    common = overlap(frames, outlines)
    held = np.array([[_share_inside(group, box.box) for group in groups] for box in boxes])
    owner: dict[int, int] = {}
    taken: set[int] = set()
    for flat in np.argsort(-common, axis=None, kind="stable"):
        number, group = divmod(int(flat), len(groups))
        if common[number, group] < MIN_MATCH:
            break
        if number in owner or group in taken or held[number, group] < 0.4:
            continue
        owner[number] = group
        taken.add(group)
    for number in range(len(boxes)):
        if number in owner or boxes[number].score < threshold:
            continue
        group = int(np.argmax(held[number] * _covered(frames[number], outlines)))
        pixels = int(np.count_nonzero(np.asarray(groups[group].mask)))
        enough = held[number, group] >= SHARED and held[number, group] * pixels >= MIN_PART
        found = frames[[other for other, of in owner.items() if of == group]]
        part = len(found) and float(_covered(frames[number], found).max()) > PART
        if enough and not part and _covered(frames[number], outlines)[group] > 0.5:
            owner[number] = group
    return owner


def _share_inside(group: Detection2D, box: tuple[float, float, float, float]) -> float:
    """Of a group's pixels, the share that lies in a box."""
    assert group.mask is not None
    x, y = group.box[0], group.box[1]
    x0, y0, x1, y1 = (round(v) for v in box)
    part = group.mask[max(0, y0 - y) : max(0, y1 - y), max(0, x0 - x) : max(0, x1 - x)]
    return float(np.count_nonzero(part)) / max(1, int(np.count_nonzero(group.mask)))


def _covered(box: NDArray[np.float64], outlines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a box (4,), the share that each outline (n, 4) covers."""
    low, high = np.maximum(box[:2], outlines[:, :2]), np.minimum(box[2:], outlines[:, 2:])
    area = max(float(np.prod(box[2:] - box[:2])), 1e-9)
    return np.asarray(np.prod(np.clip(high - low, 0.0, None), axis=1) / area, dtype=np.float64)


def _name(group: Detection2D, thing: Named) -> Detection2D:
    return replace(
        group, label=thing.label, label_score=thing.score, score=max(group.score, thing.score)
    )


def _divide(frame: RgbdFrame, group: Detection2D, things: Sequence[Named]) -> list[Detection2D]:
    """The parts of a group, one for each box: a pixel goes to the box it lies well in and whose depth it has."""
    assert group.mask is not None
    rows, columns = np.nonzero(group.mask)
    y, x = rows + group.box[1], columns + group.box[0]
    depth = frame.depth[y, x]
    costs = []
    for thing in things:
        x0, y0, x1, y1 = thing.box
        across = np.abs(x + 0.5 - (x0 + x1) / 2) / max(x1 - x0, 1.0)
        down = np.abs(y + 0.5 - (y0 + y1) / 2) / max(y1 - y0, 1.0)
        away = np.maximum(across, down)
        core = depth[away < 0.25]
        core = core[np.isfinite(core)]
        middle = float(np.median(core)) if len(core) else float(np.nanmedian(depth))
        costs.append(away + 0.5 * np.abs(depth - middle) / LAYER_M)
    table = np.nan_to_num(np.array(costs), nan=9.0)
    nearest = table.argmin(axis=0)
    nearest[table.min(axis=0) > 1.5] = -1
    parts: list[tuple[Named, NDArray[np.int64]]] = []
    for number, thing in enumerate(things):
        part = np.nonzero(nearest == number)[0]
        if len(part) >= MIN_PART:
            parts.append((thing, part))
    if len(parts) < 2:
        return [_name(group, max(things, key=lambda t: t.score))]
    heights = None
    if group.surface is not None:
        heights = group.surface.heights(frame.points[y, x])
    out = []
    for thing, part in parts:
        others = [(t, p) for t, p in parts if t is not thing]
        hidden = any(_in_front(other, depth[p], thing, depth[part]) for other, p in others)
        base = group.base_m
        if heights is not None:
            base = max([base, *(_stands_on(x, heights, part, p) for _, p in others)])
        out.append(_part(group, rows[part], columns[part], thing, base, hidden))
    return out


def _in_front(
    other: Named, other_depth: NDArray[np.float32], thing: Named, depth: NDArray[np.float32]
) -> bool:
    """Whether another part hides something of a thing: nearer, with boxes that overlap."""
    cover = _covered(np.array(thing.box), np.array([other.box]))[0]
    return bool(cover > 0.08 and np.nanmedian(other_depth) < np.nanmedian(depth) - 0.01)


def _stands_on(
    x: NDArray[np.int64],
    heights: NDArray[np.floating],
    part: NDArray[np.int64],
    other: NDArray[np.int64],
) -> float:
    """Top of another part (m above the surface) where a part stands on it, else 0."""
    low, top = (
        float(np.nanpercentile(heights[part], 5)),
        float(np.nanpercentile(heights[other], 95)),
    )
    over = min(x[part].max(), x[other].max()) - max(x[part].min(), x[other].min())
    narrow = min(np.ptp(x[part]), np.ptp(x[other])) + 1
    return top if over > 0.5 * narrow and low > top - 0.015 else 0.0


def _part(
    group: Detection2D,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    thing: Named,
    base_m: float,
    hidden: bool,
) -> Detection2D:
    x0, y0, x1, y1 = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    mask: Mask = np.zeros((int(y1 - y0), int(x1 - x0)), dtype=bool)
    mask[rows - y0, columns - x0] = True
    left, top = group.box[0], group.box[1]
    return replace(
        group,
        box=(int(left + x0), int(top + y0), int(left + x1), int(top + y1)),
        mask=mask,
        label=thing.label,
        label_score=thing.score,
        score=max(min(group.score, 0.55 + 0.45 * len(rows) / 40.0), thing.score),
        base_m=base_m,
        truncated=group.truncated or hidden,
    )


def _alone(frame: RgbdFrame, thing: Named, groups: Sequence[Detection2D]) -> Detection2D | None:
    """A box that no group explains, None where its depth says nothing or is that of groups."""
    h, w = frame.shape
    x0, y0 = max(0, round(thing.box[0])), max(0, round(thing.box[1]))
    x1, y1 = min(w, round(thing.box[2])), min(h, round(thing.box[3]))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    free = np.isfinite(frame.depth[y0:y1, x0:x1])
    for group in groups:
        assert group.mask is not None
        gx, gy = group.box[0], group.box[1]
        ax, ay, bx, by = max(x0, gx), max(y0, gy), min(x1, group.box[2]), min(y1, group.box[3])
        if bx > ax and by > ay:
            free[ay - y0 : by - y0, ax - x0 : bx - x0] &= ~group.mask[
                ay - gy : by - gy, ax - gx : bx - gx
            ]
    if np.mean(free) < MIN_DEPTH_SHARE:
        return None
    cut = x0 == 0 or y0 == 0 or x1 == w or y1 == h
    return Detection2D(
        (x0, y0, x1, y1), thing.score, thing.label, None, None, cut, label_score=thing.score
    )
