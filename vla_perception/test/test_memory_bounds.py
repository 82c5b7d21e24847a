# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in, the memory stays within its bounds and whole: nothing half made, nothing absurd, no error."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vla_common.contracts.plausible import wrong_object
from vla_perception.detect.detector import Detection2D
from vla_perception.localize.localizer import Location
from vla_perception.localize.shape import Shape
from vla_perception.memory import scene_memory
from vla_perception.memory.known_object import Remembered, from_kept, to_keep, wrong_memory
from vla_perception.memory.scene_memory import SceneMemory, Snapshot
from vla_perception.pipeline import Sighting
from vla_testing.perception.synthetic import TABLE, camera_at, frame_of

MOST = 4
EYES = (camera_at(-0.05, 0.0, 1.3, (1.2, 0.0, 0.7)), camera_at(-0.05, 0.0, 1.3, (0.5, -2.0, 0.7)))
COVARIANCE = tuple(0.001 if row == column else 0.0 for row in range(6) for column in range(6))
ODD = (math.nan, math.inf, -math.inf, 1e300, -1e300, -5.0, 0.0)


@lru_cache
def frame(eye: int):
    return frame_of([], camera=EYES[eye])


def sighting(
    x=1.2, y=0.0, z=0.76, size=(0.07, 0.07, 0.09), label="cup", color="red", score=0.9, truncated=False
) -> Sighting:  # fmt: skip
    shape = Shape(label or "cup", 0.8, x, y, 0.0, size, 0.01)
    location = Location((x, y, z), 0.0, size, COVARIANCE, shape, None)
    box = Detection2D((10, 10, 20, 20), score, label, truncated=truncated)
    return Sighting(box, location, label, 0.9, color, 0.9 if color else 0.0, "table")


NUMBER = st.one_of(st.floats(-2.0, 2.0), st.sampled_from(ODD))
SIZE = st.one_of(st.floats(0.01, 0.4), st.sampled_from(ODD))
SIGHTING = st.builds(
    sighting,
    x=NUMBER, y=NUMBER, z=st.one_of(st.floats(0.0, 1.2), st.sampled_from(ODD)),
    size=st.tuples(SIZE, SIZE, SIZE),
    label=st.sampled_from(["cup", "bottle", "object", "", "x" * 5000]),
    color=st.sampled_from(["red", "blue", "", "y" * 5000]),
    score=st.sampled_from([0.9, 0.1, math.nan, -1.0, 7.0]),
    truncated=st.booleans(),
)  # fmt: skip
REMEMBERED = st.builds(
    lambda number, x, votes, stamp: Remembered(
        f"object_{number}", (x, 0.0, 0.8), COVARIANCE, 0.0, (0.1, 0.1, 0.1), "table", 1.0, stamp, 0.5,
        (("cup", votes),), (), True, False, False,
    ),
    number=st.integers(1, 10**6), x=st.floats(-2, 2), votes=st.floats(0.0, 3.0), stamp=st.floats(0.0, 50.0),
)  # fmt: skip
LOOK = st.tuples(st.just("look"), st.lists(SIGHTING, max_size=MOST + 5), st.integers(0, 1))
HOLD = st.tuples(st.just("hold"), st.integers(0, 15), st.booleans())
RESTORE = st.tuples(st.just("restore"), st.lists(REMEMBERED, max_size=MOST + 3), st.just(0))
FORGET = st.tuples(st.just("forget"), st.just(0), st.just(0))
PLACES = st.tuples(st.just("places"), st.booleans(), st.just(0))


def check(memory: SceneMemory, held: str) -> None:
    known = memory.objects()
    assert len({item.id for item in known}) == len(known)
    assert len(known) <= MOST + (1 if held else 0)
    for item in known:
        assert wrong_object(item) == "" and item.label and 0.0 <= item.confidence <= 1.0
    for one in memory.snapshot().objects:
        assert wrong_memory(one) == ""


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(LOOK, LOOK, HOLD, RESTORE, FORGET, PLACES), max_size=12))
def test_any_sequence_of_inputs_leaves_a_whole_and_bounded_memory(steps) -> None:
    memory, held = SceneMemory(max_objects=MOST), ""
    for number, (what, first, second) in enumerate(steps, 1):
        if what == "look":
            seen = replace(frame(second), stamp_s=float(number))
            ids = memory.update(first, seen)
            known = {item.id for item in memory.objects()}
            assert set(ids.values()) <= known and set(ids) <= set(range(len(first)))
        elif what == "hold":
            held = f"object_{first}" if second else ""
            memory.hold(held, (0.5, 0.0, 0.9), (TABLE,))
        elif what == "restore":
            memory.restore(Snapshot(tuple(first), 10**6 + 1, 5.0), float(number))
        elif what == "forget":
            memory.forget()
        else:
            memory.replace_places((TABLE,) if first else ())
        check(memory, held)


def spread(count: int, first: int = 0) -> list[Sighting]:
    return [
        sighting(x=0.9 + 0.25 * (i % 5), y=-0.5 + 0.25 * (i // 5))
        for i in range(first, first + count)
    ]


def test_more_things_in_one_look_than_are_remembered() -> None:
    """What one look evicts may be what the same look has just recognised."""
    memory = SceneMemory(max_objects=MOST)
    for number in range(1, 6):
        ids = memory.update(spread(12), replace(frame(0), stamp_s=float(number)))
        assert len(memory.objects()) == MOST and set(ids.values()) == {
            o.id for o in memory.objects()
        }
    assert len(memory.update(spread(2), replace(frame(0), stamp_s=9.0))) == 2


def test_the_oldest_go_first_and_what_is_held_stays() -> None:
    memory = SceneMemory(max_objects=3)
    (held,) = memory.update(spread(1), replace(frame(0), stamp_s=1.0)).values()
    memory.hold(held)
    (old,) = memory.update(spread(1, 5), replace(frame(1), stamp_s=2.0)).values()
    (new,) = memory.update(spread(1, 10), replace(frame(1), stamp_s=3.0)).values()
    (newest,) = memory.update(spread(1, 15), replace(frame(1), stamp_s=4.0)).values()
    assert {item.id for item in memory.objects()} == {held, new, newest} and old not in (
        new,
        newest,
    )


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_update_that_breaks_leaves_everything_as_it_was(monkeypatch, at: int) -> None:
    memory = SceneMemory()
    memory.update(spread(2), replace(frame(0), stamp_s=1.0))
    before, kept = memory.objects(), memory.snapshot()
    calls = 0
    real = scene_memory.merge

    def breaks(*arguments) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise RuntimeError("a defect")
        real(*arguments)

    monkeypatch.setattr(scene_memory, "merge", breaks)
    with pytest.raises(RuntimeError):
        memory.update([sighting(x=0.92), *spread(3, 1)], replace(frame(0), stamp_s=2.0))
    assert (memory.objects(), memory.snapshot(), memory.stamp_s) == (before, kept, 1.0)
    monkeypatch.undo()
    assert len(memory.update(spread(4), replace(frame(0), stamp_s=3.0))) == 4


@pytest.mark.parametrize(
    "bad",
    [
        sighting(x=1e300),
        sighting(size=(-5.0, 0.1, 0.1)),
        sighting(z=math.nan),
        sighting(label=""),
        sighting(score=3.0),
    ],
)
def test_a_sighting_that_can_not_be_is_left_out_and_the_others_keep_their_places(
    bad: Sighting,
) -> None:
    memory = SceneMemory()
    ids = memory.update([sighting(x=1.0), bad, sighting(x=1.5)], frame(0))
    assert set(ids) == {0, 2} and len(memory.objects()) == 2


# --- grey pictures --------------------------------------------------------------------------------


def test_a_thing_seen_in_gray_is_the_one_that_was_seen_in_color() -> None:
    memory = SceneMemory()
    first = memory.update([sighting()], replace(frame(0), stamp_s=1.0))
    second = memory.update([sighting(color="")], replace(frame(0), stamp_s=2.0))
    assert first == second
    (cup,) = memory.objects()
    assert cup.color == "red"


def test_a_thing_seen_in_gray_alone_has_no_color_until_it_is_seen() -> None:
    memory = SceneMemory()
    first = memory.update([sighting(color="")], replace(frame(0), stamp_s=1.0))
    assert memory.objects()[0].color == "" and memory.objects()[0].describe() == "cup"
    assert memory.update([sighting(color="blue")], replace(frame(0), stamp_s=2.0)) == first
    assert memory.objects()[0].color == "blue"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "object_" + "9" * 400}, {"id": "object_999999999999999"}, {"id": "robot"}, {"id": "object_-1"},
        {"position": (1e300, 0.0, 0.0)}, {"size": (0.1, -5.0, 0.1)}, {"score": 1e9}, {"score": math.nan},
        {"labels": ()}, {"labels": (("cup", 1e300),)}, {"labels": (("c" * 9000, 1.0),)}, {"last_seen_s": 1e300},
        {"last_seen_s": -1.0}, {"covariance": (math.inf,) * 36}, {"place": "p" * 9000},
    ],
)  # fmt: skip
def test_what_can_not_have_been_kept_is_found_out(change: dict) -> None:
    good = Remembered(
        "object_1", (1.0, 0.0, 0.8), COVARIANCE, 0.0, (0.1, 0.1, 0.1), "table", 1.0, 2.0, 0.5, (("cup", 1.0),), (),
        True, False, False,
    )  # fmt: skip
    assert wrong_memory(good) == "" and to_keep(from_kept(good, 10.0)) == good
    assert wrong_memory(replace(good, **change)) != ""
