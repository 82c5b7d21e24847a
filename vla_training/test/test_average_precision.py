# SPDX-License-Identifier: Apache-2.0
"""Average precision, against cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vla_testing.perception.rows import boxes_of
from vla_training.average_precision import TrueBoxes, average_precision

NAMES = ("cup", "ball")
A, B, C = (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)


def truth(*entries):
    """Entries of a box and its class."""
    return TrueBoxes(
        np.array([box for box, _ in entries], float).reshape(-1, 4),
        np.array([kind for _, kind in entries], np.int64),
    )


def test_all_found_is_one():
    result = average_precision(
        [truth((A, 0), (B, 1))], [boxes_of((*A, 0.9, 0), (*B, 0.8, 1))], NAMES
    )
    for name in ("cup", "ball", "all"):
        assert result[name].ap50 == pytest.approx(1.0)
        assert result[name].ap50_95 == pytest.approx(1.0)
        assert result[name].recall50 == 1.0
    assert (result["cup"].count, result["all"].count) == (1, 2)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Two truths. Precision at recall 0..0.5, then at 0.5..1: 51 and 50 of the 101 points.
        ([], 0.0),
        ([(*A, 0.9, 0)], 51 / 101),
        ([(*A, 0.9, 0), (*C, 0.8, 0), (*B, 0.7, 0)], (51 * 1.0 + 50 * 2 / 3) / 101),
        ([(*C, 0.9, 0), (*A, 0.8, 0), (*B, 0.7, 0)], 2 / 3),
        ([(*A, 0.9, 0), (*A, 0.8, 0), (*B, 0.7, 0)], (51 * 1.0 + 50 * 2 / 3) / 101),
        ([(*A, 0.9, 1), (*B, 0.7, 0)], 51 / 101),
    ],
    ids=["nothing", "half", "a false one between", "a false one first", "one twice", "wrong class"],
)
def test_what_is_missed_false_or_twice_costs(found, expected):
    result = average_precision([truth((A, 0), (B, 0))], [boxes_of(*found)], NAMES)
    assert result["cup"].ap50 == pytest.approx(expected)


def test_a_shifted_box_counts_at_the_overlaps_that_it_reaches():
    # An overlap of 0.7 reaches 0.50, 0.55, 0.60, 0.65 and 0.70.
    shifted = (0, 0, 10, 7.001)
    result = average_precision([truth((A, 0))], [boxes_of((*shifted, 0.9, 0))], NAMES)
    assert result["cup"].ap50 == pytest.approx(1.0)
    assert result["cup"].ap50_95 == pytest.approx(0.5)


def test_what_is_ignored_need_not_be_found_and_is_not_wrong():
    there = [truth((A, 0), (B, -1))]
    for found in ([(*A, 0.8, 0)], [(*B, 0.9, 0), (*A, 0.8, 0)]):
        result = average_precision(there, [boxes_of(*found)], NAMES)
        assert result["cup"].ap50 == pytest.approx(1.0)
        assert result["cup"].count == 1


def test_pictures_are_kept_apart_and_scores_are_compared_across_them():
    truths = [truth((A, 0)), truth((B, 0))]
    found = [boxes_of((*B, 0.95, 0), (*A, 0.9, 0)), boxes_of((*B, 0.5, 0))]
    result = average_precision(truths, found, NAMES)
    assert result["cup"].ap50 == pytest.approx(2 / 3)


def test_classes_that_do_not_occur_are_left_out_of_the_mean():
    result = average_precision([truth((A, 0))], [boxes_of((*A, 0.9, 0), (*B, 0.9, 1))], NAMES)
    assert set(result) == {"cup", "all"}
    assert average_precision([truth()], [boxes_of()], NAMES) == {}
