# SPDX-License-Identifier: Apache-2.0
"""Which sighting is of which known object, and which entries of the memory are one thing.

Decides by place, colour and name, and by how much a sighting can be trusted: from afar or behind others only part of a
thing is seen, in another form and with its middle elsewhere. Nothing here changes anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_perception.memory.known_object import Known, color_alike
from vla_perception.pipeline import Sighting
from vla_perception.rgbd.frame import RgbdFrame

OTHER_KIND_SHARE = 0.6
"""A sighting of another kind must be that much nearer than memory_merge_m to be the same object."""
OTHER_KIND_M = 0.02
"""So much farther counts a pair of another kind when pairs compete."""
PARTIAL_M = 0.03
"""So much farther may the middle of a part be from that of the whole."""
FAR_M = 2.0
"""From here on forms are unsure, and parts of one thing come apart."""
FAR_GROWTH = 0.012
"""Error of a middle seen from beyond FAR_M, 1/m: it grows with the square of the distance."""
PART_SHARE = 0.35
"""Of an object's width: how far from its middle the middle of a visible part of it lies."""
SAME_SPOT_M = 0.02
"""Middles nearer than this are on one spot."""
GLIMPSE = 0.25
"""Confidence that part of an unknown thing must reach to be remembered."""
JUDGED_PIXELS = 4.5
"""An object that is narrower in the picture may be missed by a small error of the pose: it is not said to be gone."""


def match(
    known: Iterable[Known], sightings: Sequence[Sighting], eye: NDArray[np.float64], merge_m: float
) -> tuple[dict[int, str], dict[int, str]]:
    """Ids by the index of the sighting: of those that are an object, and of those that are a further part of one.

    Nearest pairs first; each object once. eye: where the camera is (map, m).
    """
    pairs = []
    for index, sighting in enumerate(sightings):
        for one in known:
            if one.held:
                continue
            away = distance(one, sighting)
            same, limit = _limit(one, sighting, eye, merge_m)
            if away < limit:
                pairs.append((away + (0.0 if same else OTHER_KIND_M), index, one.id, same))
    ids: dict[int, str] = {}
    taken: set[str] = set()
    parts: dict[int, str] = {}
    for _, index, identifier, same in sorted(pairs):
        if index in ids or index in parts:
            continue
        if identifier not in taken:
            ids[index] = identifier
            taken.add(identifier)
        elif same and doubtful(sightings[index], eye):
            parts[index] = identifier
    return ids, parts


def doubtful(sighting: Sighting, eye: NDArray[np.float64]) -> bool:
    """Whether a sighting may be of a part of something: something hides the rest, or it is far away."""
    return sighting.detection.truncated or _range_m(sighting, eye) > FAR_M


def distance(known: Known, sighting: Sighting) -> float:
    """Between the middles, m."""
    return float(np.linalg.norm(known.position - np.asarray(sighting.position)))


def _range_m(sighting: Sighting, eye: NDArray[np.float64]) -> float:
    return math.hypot(sighting.position[0] - eye[0], sighting.position[1] - eye[1])


def _limit(
    known: Known, sighting: Sighting, eye: NDArray[np.float64], merge_m: float
) -> tuple[bool, float]:
    """Whether a sighting is of the object's kind, and how far from it it may be to be the object (m)."""
    doubt = doubtful(sighting, eye) or not known.whole
    same = color_alike(known.color, sighting.color) and (known.label == sighting.label or doubt)
    limit = merge_m + (PARTIAL_M if sighting.detection.truncated or not known.whole else 0.0)
    if not same:
        return False, limit * OTHER_KIND_SHARE
    if doubtful(sighting, eye):
        beyond_m = max(0.0, _range_m(sighting, eye) - FAR_M)
        limit += PART_SHARE * max(known.size[:2]) + FAR_GROWTH * beyond_m**2
    return True, limit


def overlap(first: Known, second: Known) -> bool:
    """Whether two entries are one object: one colour, and the middle of one lies in the other.

    A thing of another colour inside a bowl is a thing in a bowl.
    """
    across = float(np.hypot(*(first.position[:2] - second.position[:2])))
    upward = abs(float(first.position[2] - second.position[2]))
    if not color_alike(first.color, second.color):
        return across < SAME_SPOT_M and upward < SAME_SPOT_M and not second.visible
    reach = 0.45 * max(min(first.size[:2]), min(second.size[:2]))
    if not (first.whole and second.whole):
        reach += 0.02
    return across < max(SAME_SPOT_M, reach) and upward < max(
        SAME_SPOT_M, 0.4 * max(first.size[2], second.size[2])
    )


def glimpse(sighting: Sighting) -> bool:
    """Too little is seen of a thing that nobody knows to say that it is one."""
    return sighting.detection.truncated and sighting.score * sighting.label_score < GLIMPSE


def seen_through(known: Known, frame: RgbdFrame) -> bool:
    """Whether the picture shows what is behind the object's middle: it is not there any more.

    False when the object would lie outside the picture or be too small in it, when something nearer hides it, or when
    the depth there is not known.
    """
    spot = _spot(known, frame)
    return spot is not None and float(np.mean(spot.depths > spot.depth_m + spot.margin_m)) > 0.7


def overlooked(known: Known, frame: RgbdFrame, sightings: Sequence[Sighting]) -> bool:
    """Whether the picture shows its spot from near by, at the right depth, and nobody calls that a thing.

    So a piece of wall is found out that was taken for a thing from afar. What is part of a larger sighting, because it
    touches another thing of its colour, is not overlooked.
    """
    spot = _spot(known, frame)
    if spot is None:
        return False
    near = math.dist(known.position[:2], frame.camera.translation[:2]) < FAR_M
    there = float(np.mean(np.abs(spot.depths - spot.depth_m) < spot.margin_m + max(known.size[:2])))
    x, y = spot.pixel
    covered = any(
        x0 - 2 <= x <= x1 + 1 and y0 - 2 <= y <= y1 + 1
        for x0, y0, x1, y1 in (sighting.detection.box for sighting in sightings)
    )
    return near and there > 0.9 and not covered


@dataclass(frozen=True)
class _Spot:
    """Where an object's middle is in a picture, how far away (m), and the known depths around there."""

    pixel: tuple[float, float]
    depth_m: float
    margin_m: float
    depths: NDArray[np.float32]


def _spot(known: Known, frame: RgbdFrame) -> _Spot | None:
    """None where nothing can be said: outside, too near, too far, too small, or of unknown depth."""
    pixels, depths = frame.project(known.position[None, :])
    x, y = (float(v) for v in pixels[0])
    depth = float(depths[0])
    h, w = frame.shape
    if not (math.isfinite(x) and math.isfinite(y)) or not (0.25 < depth < 3.0):
        return None
    narrow_m = min(max(min(known.size), 0.02), 0.2)
    if narrow_m * frame.intrinsics.fx / depth < JUDGED_PIXELS:
        return None
    reach = 0.25 * narrow_m * frame.intrinsics.fx / depth
    x0, x1 = math.floor(x - reach), math.ceil(x + reach) + 1
    y0, y1 = math.floor(y - reach), math.ceil(y + reach) + 1
    if x0 < 2 or y0 < 2 or x1 > w - 2 or y1 > h - 2:
        return None
    patch = frame.depth[y0:y1, x0:x1]
    values = patch[np.isfinite(patch)]
    if len(values) < 0.5 * patch.size:
        return None
    return _Spot((x, y), depth, 0.012 + 0.004 * depth * depth, values)
