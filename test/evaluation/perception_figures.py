# SPDX-License-Identifier: Apache-2.0
"""What `perception` counts: sightings against the truth. Decides on plain data; no simulator, no ROS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_perception.pipeline import Sighting
from vla_testing.measuring import percentile
from vla_testing.system.perception_truth import Look, Truth

MATCH_M = 0.08
"""A sighting farther from every object than this is of none."""
NEAR_M = 2.0
TWO_SIGMA = 6.18
"""Of a chi-square of two degrees of freedom: 95.4 % lie below it, as within two standard deviations of one."""


@dataclass
class Tally:
    """Counts and errors over many looks."""

    looks: int = 0
    expected: dict[str, int] = field(default_factory=dict)
    """Objects in view, by label."""
    found: int = 0
    claims: dict[str, int] = field(default_factory=dict)
    """Sightings, by the label that they say."""
    right_claims: dict[str, int] = field(default_factory=dict)
    false: int = 0
    errors: list[tuple[float, float, float]] = field(default_factory=list)
    """3D, level and height (signed), metres."""
    distances: list[float] = field(default_factory=list)
    chi2: list[float] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)
    """True and said, of objects in view that were found."""
    colors: list[tuple[str, str]] = field(default_factory=list)
    places: list[bool] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def match(sightings: Sequence[Sighting], truth: Sequence[Truth]) -> dict[int, int]:
    """Index of the true object of each sighting; the nearest pairs first, each once."""
    pairs = sorted(
        (math.dist(s.position, t.position), i, j)
        for i, s in enumerate(sightings)
        for j, t in enumerate(truth)
        if math.dist(s.position, t.position) < MATCH_M
    )
    found: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in found and j not in found.values():
            found[i] = j
    return found


def judge(tally: Tally, shot: Look, sightings: Sequence[Sighting]) -> float:
    """Add one look to the tally; returns how bad it was, for choosing pictures."""
    matched = match(sightings, shot.truth)
    badness = 0.0
    where = f"world {shot.seed}, {shot.target}"
    tally.looks += 1
    for i, sighting in enumerate(sightings):
        _count(tally.claims, sighting.label)
        if i not in matched:
            tally.false += 1
            badness += 1.0
            x, y, z = sighting.position
            tally.remarks.append(
                f"{where}: false {sighting.color} {sighting.label} ({sighting.score:.2f}, {sighting.label_score:.2f})"
                f" at {x:.2f} {y:.2f} {z:.2f}, place '{sighting.place}'"
            )
        elif shot.truth[matched[i]].label == sighting.label:
            _count(tally.right_claims, sighting.label)
    for j, truth in enumerate(shot.truth):
        if not truth.in_view:
            continue
        _count(tally.expected, truth.label)
        i = next((i for i, k in matched.items() if k == j), -1)
        if i < 0:
            badness += 1.0
            tally.remarks.append(
                f"{where}: missed {truth.name}, {truth.seen:.2f} seen, {truth.pixels:.0f} pixels"
            )
            continue
        badness += _compare(tally, shot, truth, sightings[i], where)
    return badness


def _count(counts: dict[str, int], label: str) -> None:
    counts[label] = counts.get(label, 0) + 1


def _compare(tally: Tally, shot: Look, truth: Truth, sighting: Sighting, where: str) -> float:
    error = np.array(sighting.position) - np.array(truth.position)
    level = float(np.hypot(error[0], error[1]))
    covariance = np.array(sighting.location.covariance).reshape(6, 6)[:2, :2]
    tally.found += 1
    tally.errors.append((float(np.linalg.norm(error)), level, float(error[2])))
    tally.distances.append(
        float(np.hypot(*(np.array(truth.position[:2]) - shot.frame.camera.translation[:2])))
    )
    tally.chi2.append(float(error[:2] @ np.linalg.solve(covariance, error[:2])))
    tally.labels.append((truth.label, sighting.label))
    tally.colors.append((truth.color, sighting.color))
    tally.places.append(truth.place == sighting.place)
    right = (
        truth.label == sighting.label,
        truth.color == sighting.color,
        truth.place == sighting.place,
    )
    if level > 0.02 or not all(right):
        tally.remarks.append(
            f"{where}: {truth.name} {'(partly hidden) ' if sighting.detection.truncated else ''}seen as "
            f"{sighting.color} {sighting.label} at '{sighting.place}', {level * 100:.1f} cm off"
        )
    return level * 20 + right.count(False) * 0.5


def summary(tally: Tally) -> dict[str, Any]:
    """Figures of a tally; lengths in cm, shares 0..1, NaN where there was nothing to count."""
    near = [e for e, d in zip(tally.errors, tally.distances, strict=True) if d <= NEAR_M]
    expected, claims = sum(tally.expected.values()), sum(tally.claims.values())
    return {
        "looks": tally.looks,
        "objects": expected,
        "recall": _share(tally.found, expected),
        "precision": _share(claims - tally.false, claims),
        "error_median_cm": _cm([e[0] for e in near], 0.50),
        "error_p95_cm": _cm([e[0] for e in near], 0.95),
        "error_max_cm": _cm([e[0] for e in near], 1.00),
        "level_error_median_cm": _cm([e[1] for e in near], 0.50),
        "level_error_p95_cm": _cm([e[1] for e in near], 0.95),
        "colour_right": _share(sum(t == s for t, s in tally.colors), len(tally.colors)),
        "label_right": _share(sum(t == s for t, s in tally.labels), len(tally.labels)),
        "place_right": _share(sum(tally.places), len(tally.places)),
        "within_2_sigma": _share(sum(v < TWO_SIGMA for v in tally.chi2), len(tally.chi2)),
        "ms_median": percentile(tally.times_ms, 0.5) if tally.times_ms else math.nan,
        "ms_p95": percentile(tally.times_ms, 0.95) if tally.times_ms else math.nan,
        "classes": {name: by_class(tally, name) for name in sorted(tally.expected)},
        "colours": by_color(tally),
    }


def by_class(tally: Tally, label: str) -> dict[str, Any]:
    """recall: found and called so, of those in view; precision: those that are one, of all that are called so."""
    right = sum(true == said == label for true, said in tally.labels)
    return {
        "objects": tally.expected[label],
        "found": _share(sum(true == label for true, _ in tally.labels), tally.expected[label]),
        "recall": _share(right, tally.expected[label]),
        "precision": _share(tally.right_claims.get(label, 0), tally.claims.get(label, 0)),
    }


def by_color(tally: Tally) -> dict[str, dict[str, int]]:
    """What each true colour was called, and how often."""
    table: dict[str, dict[str, int]] = {}
    for true, said in sorted(tally.colors):
        _count(table.setdefault(true, {}), said)
    return table


def checks(places: dict[str, Any], drives: dict[str, Any] | None) -> list[tuple[str, bool]]:
    """The targets, and whether they are met. NaN meets nothing."""
    classes = places["classes"].values()
    out = [
        ("position error within 2 m: median < 1.5 cm", places["error_median_cm"] < 1.5),
        ("position error within 2 m: p95 < 4 cm", places["error_p95_cm"] < 4.0),
        ("colour right >= 97 %", places["colour_right"] >= 0.97),
        ("recall >= 95 % of every class", all(c["recall"] >= 0.95 for c in classes)),
        ("precision >= 95 % of every class", all(c["precision"] >= 0.95 for c in classes)),
        ("at least 95 % within two of its standard deviations", places["within_2_sigma"] >= 0.95),
    ]
    if drives is not None:
        out += [
            ("one id for 99 % of the objects along a drive", drives["one_id"] >= 0.99),
            ("what was taken away is forgotten when looked at", drives["forgotten"] >= 0.99),
        ]
    return out


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else math.nan


def _cm(meters: Sequence[float], share: float) -> float:
    return round(100 * percentile(meters, share), 2) if meters else math.nan
