# SPDX-License-Identifier: Apache-2.0
"""What `./vla eval perception` counts: one row for each way to be wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from perception_drive import DriveTally, _judge, _note, _way
from perception_figures import Tally, checks, judge, match, summary

from vla_testing.system.perception_truth import Truth

CUP = Truth("cup1", "cup", "red", (1.0, 0.0, 0.75), (0.08, 0.08, 0.09), "table", 1.0, 400.0)
BALL = Truth("ball1", "ball", "blue", (1.0, 0.5, 0.75), (0.06, 0.06, 0.06), "table", 1.0, 300.0)
HIDDEN = replace(BALL, name="ball2", position=(1.0, 0.9, 0.75), seen=0.2)


@dataclass(frozen=True)
class Said:
    """A sighting, as far as it is counted."""

    label: str
    color: str
    position: tuple[float, float, float]
    place: str = "table"
    score: float = 1.0
    label_score: float = 1.0
    sigma_m: float = 0.01
    truncated: bool = False

    @property
    def location(self) -> Any:
        covariance = np.diag([self.sigma_m**2] * 6).ravel()
        return type("Location", (), {"covariance": tuple(covariance)})

    @property
    def detection(self) -> Any:
        return type("Detection", (), {"truncated": self.truncated})


def shot(*truth: Truth) -> Any:
    camera = type("Camera", (), {"translation": np.zeros(3)})
    frame = type("Frame", (), {"camera": camera})
    return type("Shot", (), {"seed": 1, "target": "table", "frame": frame, "truth": truth})


def said(truth: Truth, off_m: float = 0.0, **changes: Any) -> Said:
    x, y, z = truth.position
    return replace(Said(truth.label, truth.color, (x, y + off_m, z), truth.place), **changes)


def counted(truth: tuple[Truth, ...], *sightings: Said) -> dict[str, Any]:
    tally = Tally()
    judge(tally, shot(*truth), sightings)  # type: ignore[arg-type]
    return summary(tally)


def test_all_right():
    figures = counted((CUP, BALL), said(CUP, 0.003), said(BALL, 0.005))
    for name in (
        "recall",
        "precision",
        "colour_right",
        "label_right",
        "place_right",
        "within_2_sigma",
    ):
        assert figures[name] == 1.0
    assert figures["error_p95_cm"] == pytest.approx(0.5)
    assert figures["classes"]["cup"] == {
        "objects": 1,
        "found": 1.0,
        "recall": 1.0,
        "precision": 1.0,
    }


@pytest.mark.parametrize(
    ("sightings", "wrong"),
    [
        ([said(CUP)], {"recall": 0.5, "precision": 1.0}),
        ([said(CUP), said(BALL), said(BALL, 0.2)], {"recall": 1.0, "precision": 0.6667}),
        ([said(CUP), said(CUP, 0.01), said(BALL)], {"recall": 1.0, "precision": 0.6667}),
        ([said(CUP), said(BALL, 0.09)], {"recall": 0.5, "precision": 0.5}),
        ([said(CUP, color="pink"), said(BALL)], {"colour_right": 0.5, "label_right": 1.0}),
        ([said(CUP, label="bowl"), said(BALL)], {"label_right": 0.5, "recall": 1.0}),
        ([said(CUP, place=""), said(BALL)], {"place_right": 0.5}),
        ([said(CUP, 0.05), said(BALL)], {"within_2_sigma": 0.5}),
    ],
)
def test_each_mistake_is_counted(sightings, wrong):
    figures = counted((CUP, BALL), *sightings)
    assert {name: figures[name] for name in wrong} == wrong


def test_a_wrong_name_costs_both_classes():
    figures = counted((CUP, BALL), said(CUP, label="ball"), said(BALL))["classes"]
    assert figures["cup"]["recall"] == 0.0 and figures["cup"]["found"] == 1.0
    assert figures["ball"]["recall"] == 1.0 and figures["ball"]["precision"] == 0.5


def test_what_is_hidden_may_be_missed_but_is_no_mistake_when_it_is_seen():
    assert counted((CUP, HIDDEN), said(CUP))["recall"] == 1.0
    figures = counted((CUP, HIDDEN), said(CUP), said(HIDDEN))
    assert figures["precision"] == 1.0 and figures["objects"] == 1


def test_the_nearest_pairs_come_first():
    near = replace(CUP, name="cup2", position=(1.0, 0.05, 0.75))
    assert match([said(CUP, 0.03), said(CUP)], [CUP, near]) == {0: 1, 1: 0}  # type: ignore[arg-type]


def test_nothing_counted_is_no_number_and_meets_no_target():
    figures = summary(Tally())
    assert math.isnan(figures["recall"]) and math.isnan(figures["error_p95_cm"])
    drives = {"one_id": math.nan, "forgotten": math.nan}
    met = [ok for _, ok in checks(figures, drives) if ok]
    assert len(met) <= 2, "only what holds of every class of none"


@dataclass(frozen=True)
class Entry:
    id: str
    position: tuple[float, float, float]

    def describe(self) -> str:
        return "red cup"


def driven(seen: list[tuple[str, Truth]], entries: list[Entry], taken: str = "") -> DriveTally:
    ids: dict[str, list[str]] = {}
    for identifier, truth in seen:
        _note(ids, shot(CUP, BALL), [(identifier, truth.position)])
    tally = DriveTally()
    memory: Any = type("Memory", (), {"objects": lambda self: entries})()
    _judge(tally, 1, ids, memory, shot(CUP, BALL), taken)
    return tally


AT_CUP, AT_BALL = Entry("a", CUP.position), Entry("b", BALL.position)
SEEN = [("a", CUP), ("b", BALL), ("a", CUP), ("b", BALL)]


def test_ids_that_stay():
    tally = driven(SEEN, [AT_CUP, AT_BALL])
    assert (tally.objects, tally.stable) == (2, 2)
    assert (tally.doubles, tally.ghosts, tally.lost) == (0, 0, 0)


@pytest.mark.parametrize(
    ("seen", "entries", "name", "count"),
    [
        ([*SEEN, ("c", CUP)], [AT_CUP, AT_BALL], "stable", 1),
        (SEEN, [AT_CUP, AT_BALL, Entry("c", CUP.position)], "doubles", 1),
        (SEEN, [AT_CUP, AT_BALL, Entry("c", (5.0, 5.0, 0.0))], "ghosts", 1),
        (SEEN, [AT_CUP], "lost", 1),
        ([("a", CUP)], [AT_CUP], "objects", 0),
    ],
)
def test_each_way_to_lose_an_id(seen, entries, name, count):
    assert getattr(driven(seen, entries), name) == count


@pytest.mark.parametrize(("entries", "forgotten"), [([AT_CUP], 1), ([AT_CUP, AT_BALL], 0)])
def test_what_was_taken_away_has_to_be_forgotten(entries, forgotten):
    tally = driven(SEEN, entries, taken="ball1")
    assert (tally.taken, tally.forgotten, tally.lost) == (1, forgotten, 0)


def test_the_way_begins_and_ends_near_its_ends_in_small_steps():
    start, end = (0.0, 0.0, 0.0), (2.0, 1.0, 3.0)
    way = [start, *_way(start, end), end]
    for a, b in pairwise(way):
        assert math.dist(a[:2], b[:2]) < 0.13
        assert abs(math.remainder(b[2] - a[2], 2 * math.pi)) < 0.21
