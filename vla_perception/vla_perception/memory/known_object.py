# SPDX-License-Identifier: Apache-2.0
"""One object that is known of: what is remembered of it, how a sighting goes into it, and how it is kept on disk.

Decides how several sightings of one object are merged. Which sighting is of which object is decided in `association`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from vla_common.contracts.plausible import LONGEST_NAME, MOST_WORDS, wrong_numbers
from vla_perception.pipeline import Sighting

NEWEST_WEIGHT = 0.3
"""Least weight of the newest position, so that memory follows slow drift of the map."""
RECENT = 0.85
"""Votes for label and colour fade by this factor with each sighting."""
ID = re.compile(r"object_[0-9]{1,15}")
HIGHEST_NUMBER = 10**14
"""Of an object; a robot that sees a new one each millisecond gets there in three thousand years."""
FORGOTTEN_VOTE = 1e-4
MOST_VOTES = 1e3
"""They fade, so that real ones stay below ten."""
JUMP_M = 0.03
"""A whole view farther away than this is believed at once: the object was moved."""


@dataclass
class Known:
    """Changes with each look."""

    id: str
    position: np.ndarray
    covariance: np.ndarray
    yaw: float
    size: tuple[float, float, float]
    place: str
    last_seen_s: float
    score: float
    labels: dict[str, float] = field(default_factory=dict)
    colors: dict[str, float] = field(default_factory=dict)
    visible: bool = True
    whole: bool = False
    yaw_known: bool = False
    held: bool = False
    adrift: bool = False
    first_seen_s: float = 0.0
    held_since_s: float = 0.0
    misses: float = 0.0

    @property
    def label(self) -> str:
        return max(self.labels, key=lambda k: self.labels[k], default="object")

    @property
    def color(self) -> str:
        return max(self.colors, key=lambda k: self.colors[k]) if self.colors else ""

    @property
    def confidence(self) -> float:
        votes = self.labels.get(self.label, 0.0)
        return self.score * votes / max(sum(self.labels.values()), 1e-9) * min(1.0, votes)


@dataclass(frozen=True)
class Remembered:
    """An object as it is kept over a restart. Lengths in m, angles in rad, times in seconds since the epoch.

    covariance: 36 numbers, row by row. labels, colors: votes for each name. whole: seen in full at least once.
    """

    id: str
    position: tuple[float, float, float]
    covariance: tuple[float, ...]
    yaw: float
    size: tuple[float, float, float]
    place: str
    first_seen_s: float
    last_seen_s: float
    score: float
    labels: tuple[tuple[str, float], ...]
    colors: tuple[tuple[str, float], ...]
    whole: bool
    yaw_known: bool
    held: bool


def copy_of(known: Known) -> Known:
    """One that can change without the other."""
    return replace(
        known,
        position=known.position.copy(),
        covariance=known.covariance.copy(),
        labels=dict(known.labels),
        colors=dict(known.colors),
    )


def wrong_memory(one: Remembered) -> str:
    """What makes an object of an earlier run one that can't be; "" for nothing."""
    if not ID.fullmatch(one.id) or int(one.id.rsplit("_", 1)[1]) > HIGHEST_NUMBER:
        return "has no id that was given here"
    if len(one.covariance) != 36 or len(one.position) != 3 or len(one.size) != 3:
        return "has not the numbers that it needs"
    if not 0.0 <= one.score <= 1.0 + 1e-6:
        return "is more than certain, or less than impossible"
    votes = (*one.labels, *one.colors)
    if not one.labels or len(votes) > MOST_WORDS:
        return "has no names, or too many"
    if any(len(name) > LONGEST_NAME or not 0.0 <= weight <= MOST_VOTES for name, weight in votes):
        return "has a name that can't be used"
    if len(one.place) > LONGEST_NAME:
        return "is at a place whose name can't be used"
    times = (one.first_seen_s, one.last_seen_s)
    return wrong_numbers(one.position, one.size, (one.yaw, *one.covariance), times)


def to_keep(known: Known) -> Remembered:
    x, y, z = (float(v) for v in known.position)
    covariance = tuple(float(v) for v in known.covariance.ravel())
    return Remembered(
        known.id, (x, y, z), covariance, float(known.yaw), known.size, known.place, known.first_seen_s,
        known.last_seen_s, known.score, tuple(known.labels.items()), tuple(known.colors.items()),
        known.whole, known.yaw_known, known.held,
    )  # fmt: skip


def from_kept(one: Remembered, now_s: float) -> Known:
    return Known(
        one.id, np.asarray(one.position, dtype=float), np.asarray(one.covariance, dtype=float).reshape(6, 6), one.yaw,
        one.size, one.place, min(one.last_seen_s, now_s), one.score, dict(one.labels), dict(one.colors), visible=False,
        whole=one.whole, yaw_known=one.yaw_known, held=one.held, first_seen_s=min(one.first_seen_s, now_s),
    )  # fmt: skip


def wrong_sighting(sighting: Sighting) -> str:
    """What makes a sighting one that can't be; "" for nothing."""
    where = sighting.location
    if len(where.position) != 3 or len(where.size) != 3 or len(where.covariance) != 36:
        return "has not the numbers that it needs"
    scores = (sighting.score, sighting.label_score, sighting.color_score)
    wrong = wrong_numbers(where.position, where.size, (where.yaw, *where.covariance, *scores))
    if wrong:
        return wrong
    if not all(-1e-6 <= value <= 1.0 + 1e-6 for value in scores):
        return "is more than certain, or less than impossible"
    if not sighting.label or max(len(sighting.label), len(sighting.color)) > LONGEST_NAME:
        return "has no label that can be used"
    return ""


def color_alike(first: str, second: str) -> bool:
    """Whether two colours may be one; "" is one that nobody could see."""
    return first == second or not first or not second


def merge(known: Known, sighting: Sighting, stamp_s: float) -> None:
    """Take a sighting into a known object. A partial view never spoils what a whole view has shown."""
    whole = not sighting.detection.truncated
    location = sighting.location
    position = np.asarray(location.position, dtype=float)
    covariance = np.asarray(location.covariance, dtype=float).reshape(6, 6)
    jumped = float(np.linalg.norm(position - known.position)) > JUMP_M
    if whole and (not known.whole or jumped):
        known.position, known.covariance = position, covariance
        known.size, known.yaw, known.yaw_known = (
            location.size,
            location.yaw,
            location.shape.yaw_known,
        )
    elif whole or not known.whole:
        old, new = float(np.trace(known.covariance[:2, :2])), float(np.trace(covariance[:2, :2]))
        weight = max(NEWEST_WEIGHT, old / max(old + new, 1e-12))
        known.position = (1 - weight) * known.position + weight * position
        known.covariance = (1 - weight) * known.covariance + weight * covariance
        known.size = tuple(
            (1 - weight) * a + weight * b for a, b in zip(known.size, location.size, strict=True)
        )  # type: ignore[assignment]
        if location.shape.yaw_known or not known.yaw_known:
            known.yaw, known.yaw_known = location.yaw, location.shape.yaw_known
    weight = 1.0 if whole else 0.3
    _vote(
        known.labels,
        sighting.label,
        max(0.05, sighting.label_score) * weight * (0.5 if sighting.label == "object" else 1.0),
    )
    if sighting.color:
        _vote(known.colors, sighting.color, sighting.color_score * weight)
    known.score = max(sighting.score, 0.7 * known.score)
    known.place = sighting.place
    known.last_seen_s = stamp_s
    known.visible = True
    known.whole |= whole
    known.adrift = False


def _vote(votes: dict[str, float], name: str, weight: float) -> None:
    for key in list(votes):
        votes[key] *= RECENT
        if votes[key] < FORGOTTEN_VOTE:
            del votes[key]
    votes[name] = votes.get(name, 0.0) + weight
