# SPDX-License-Identifier: Apache-2.0
"""Places and objects that can't be, by their numbers and words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_common.contracts.plausible import FARTHEST_M, wrong_object, wrong_place
from vla_common.contracts.scene import Place, PlaceKind, SceneObject

TABLE = Place("table", PlaceKind.SURFACE, (1.0, 2.0, 0.7), 0.3, (0.7, 1.2), ("desk",))
CUP = SceneObject("object_1", "cup", (1.0, 2.0, 0.75), "red", ("small",), 0.9, 0.1, (0.1, 0.1, 0.1))
ODD = [float("nan"), float("inf"), float("-inf"), 1e300, -1e300]


def test_usual_ones_are_fine() -> None:
    assert wrong_place(TABLE) == "" and wrong_object(CUP) == ""
    assert (
        wrong_place(replace(TABLE, size=(0.0, 0.0))) == ""
        and wrong_object(replace(CUP, size=(0.0,) * 3)) == ""
    )


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_positions_beyond_any_map(value: float, axis: int) -> None:
    position = tuple(value if index == axis else 0.0 for index in range(3))
    assert wrong_place(replace(TABLE, position=position)) and wrong_object(
        replace(CUP, position=position)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"size": (-5.0, 1.0)}, {"size": (1.0, 1e9)}, {"size": (float("nan"), 1.0)}, {"yaw": float("inf")},
        {"name": ""}, {"name": "  "}, {"name": "x" * 201}, {"aliases": ("x" * 201,)}, {"aliases": ("x",) * 51},
    ],
)  # fmt: skip
def test_places_that_can_not_be(change: dict) -> None:
    assert wrong_place(replace(TABLE, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"size": (0.1, -5.0, 0.1)}, {"size": (0.1, 0.1, 1e300)}, {"yaw": float("nan")}, {"confidence": float("nan")},
        {"covariance": (float("inf"),) * 36}, {"last_seen_s": float("nan")}, {"first_seen_s": -1.0},
        {"last_seen_s": 1e300}, {"label": "x" * 201}, {"id": "x" * 10**6}, {"attributes": ("x",) * 51},
    ],
)  # fmt: skip
def test_objects_that_can_not_be(change: dict) -> None:
    assert wrong_object(replace(CUP, **change))


NUMBER = st.one_of(st.floats(), st.sampled_from(ODD))


@given(st.tuples(NUMBER, NUMBER, NUMBER), st.tuples(NUMBER, NUMBER, NUMBER))
def test_what_passes_can_be_reckoned_with(position, size) -> None:
    if not wrong_object(replace(CUP, position=position, size=size)):
        assert all(abs(value) <= FARTHEST_M for value in position)
        assert all(0.0 <= value <= FARTHEST_M for value in size)
