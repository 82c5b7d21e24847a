# SPDX-License-Identifier: Apache-2.0
"""Boxes of a network: overlap, suppression, letterbox geometry and the layouts of YOLO's output."""

from __future__ import annotations

import numpy as np
import pytest

from vla_perception.detect.boxes import Boxes, keep_best, overlap
from vla_perception.detect.letterbox import GRAY, fill, fit
from vla_perception.detect.yolo_output import Layout, decode, layout_of


def boxes_of(*rows):
    """Rows of x0, y0, x1, y1, score, class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (2, 2, 4, 4), 0.04),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_overlap(a, b, expected):
    assert overlap(np.array([a]), np.array([b]))[0, 0] == pytest.approx(expected)


def test_of_boxes_on_one_thing_the_best_stays():
    found = boxes_of(
        (1, 0, 11, 10, 0.6, 0),
        (0, 0, 10, 10, 0.9, 0),
        (0, 0, 10, 10, 0.5, 1),
        (50, 50, 60, 60, 0.3, 0),
    )
    kept = keep_best(found, 0.5)
    assert kept.scores.tolist() == pytest.approx([0.9, 0.5, 0.3])
    assert kept.classes.tolist() == [0, 1, 0]
    assert keep_best(found, 0.5, across_classes=True).scores.tolist() == pytest.approx([0.9, 0.3])
    assert len(keep_best(found, 0.95)) == 4
    assert len(keep_best(boxes_of(), 0.5)) == 0


def test_a_box_that_was_dropped_drops_no_other():
    # The middle one overlaps both; without it the outer two do not touch each other enough.
    found = boxes_of((0, 0, 10, 10, 0.9, 0), (4, 0, 14, 10, 0.8, 0), (8, 0, 18, 10, 0.7, 0))
    assert keep_best(found, 0.3).scores.tolist() == pytest.approx([0.9, 0.7])


@pytest.mark.parametrize(
    ("size", "level", "fixed", "expected"),
    [  # input width and height, left, top, scale
        ((320, 240), 320, None, (320, 256, 0, 8, 1.0)),
        ((640, 480), 320, None, (320, 256, 0, 8, 0.5)),
        ((320, 240), 640, None, (640, 480, 0, 0, 2.0)),
        ((320, 240), 416, None, (416, 320, 0, 4, 1.3)),
        ((1280, 720), 320, None, (320, 192, 0, 6, 0.25)),
        ((240, 320), 320, None, (256, 320, 8, 0, 1.0)),
        ((3000, 10), 320, None, (320, 32, 0, 15, 320 / 3000)),
        ((320, 240), 320, (640, 640), (640, 640, 0, 80, 2.0)),
    ],
)
def test_a_picture_lies_in_the_middle_of_the_input(size, level, fixed, expected):
    box = fit(*size, level, fixed)  # type: ignore[call-arg]
    assert (box.input_width, box.input_height, box.left, box.top) == expected[:4]
    assert box.scale == pytest.approx(expected[4])
    across, down = box.inner
    assert box.left + across <= box.input_width and box.top + down <= box.input_height


@pytest.mark.parametrize("level", [320, 416, 640])
@pytest.mark.parametrize("size", [(320, 240), (640, 480), (333, 217)])
def test_boxes_come_back_to_where_they_were_in_the_picture(size, level):
    width, height = size
    box = fit(width, height, level)
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[40:120, 60:200] = (255, 128, 0)
    bright = fill(rgb, box)[0, 0] > 0.9
    rows, columns = np.nonzero(bright.any(axis=1))[0], np.nonzero(bright.any(axis=0))[0]
    found = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.float32)
    assert box.to_picture(found)[0] == pytest.approx([60, 40, 200, 120], abs=1.2 / box.scale)


def test_the_input_is_red_first_between_0_and_1_with_gray_borders():
    rgb = np.full((240, 320, 3), (255, 51, 0), np.uint8)
    out = fill(rgb, fit(320, 240, 320))
    assert out.shape == (1, 3, 256, 320) and out.dtype == np.float32
    assert out[0, :, 128, 100].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert out[0, :, 0, 0].tolist() == pytest.approx([GRAY / 255] * 3)


def test_what_sticks_out_of_the_picture_is_cut():
    box = fit(320, 240, 320)
    assert box.to_picture(np.array([[-20.0, 0.0, 400.0, 256.0]]))[0].tolist() == [0, 0, 320, 240]


@pytest.mark.parametrize(
    ("shape", "classes", "expected"),
    [
        ((1, 9, 5120), 5, Layout.COLUMNS),
        ((1, 84, 8400), 80, Layout.COLUMNS),
        ((1, 5, 8400), 1, Layout.COLUMNS),
        ((1, 300, 6), 80, Layout.FINISHED),
        ((1, 300, 6), 2, Layout.FINISHED),
        ((1, 25200, 85), 80, Layout.ROWS_WITH_OBJECTNESS),
        ((1, 25200, 10), 5, Layout.ROWS_WITH_OBJECTNESS),
        ((1, 1000), 1000, None),
        ((1, 84, 8400), 5, None),
        ((2, 9, 5120), 5, None),
        ((1, 32, 160, 160), 5, None),
    ],
)
def test_the_layout_is_known_by_its_shape(shape, classes, expected):
    assert layout_of(shape, classes) is expected


def outputs():
    """The same two boxes in every layout, for an input of 320 x 256: a cup and, weaker, a bowl."""
    plain = fit(320, 240, 320)
    things = [((100, 58, 140, 118), 0.9, 0), ((200, 58, 260, 88), 0.4, 2)]
    columns = np.zeros((1, 7, 10), np.float32)
    rows = np.zeros((1, 10, 8), np.float32)
    finished = np.zeros((1, 10, 6), np.float32)
    for k, ((x0, y0, x1, y1), score, kind) in enumerate(things):
        middle = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
        columns[0, :4, k], columns[0, 4 + kind, k] = middle, score
        rows[0, k, :4], rows[0, k, 4], rows[0, k, 5 + kind] = middle, 0.95, score / 0.95
        finished[0, k] = (x0, y0, x1, y1, score, kind)
    # A second, worse box on the cup; what is finished has none.
    columns[0, :4, 5], columns[0, 4, 5] = (121, 88, 40, 60), 0.7
    rows[0, 5, :4], rows[0, 5, 4], rows[0, 5, 5] = (121, 88, 40, 60), 1.0, 0.7
    return plain, {
        Layout.COLUMNS: columns,
        Layout.ROWS_WITH_OBJECTNESS: rows,
        Layout.FINISHED: finished,
    }


@pytest.mark.parametrize("layout", list(Layout))
def test_every_layout_gives_the_same_boxes(layout):
    plain, numbers = outputs()
    found = decode(numbers[layout], plain, 3, 0.3, layout)
    assert found.boxes.tolist() == [[100, 50, 140, 110], [200, 50, 260, 80]]
    assert found.scores.tolist() == pytest.approx([0.9, 0.4])
    assert found.classes.tolist() == [0, 2]
    assert len(decode(numbers[layout], plain, 3, 0.5, layout)) == 1
    assert len(decode(numbers[layout], plain, 3, 0.95, layout)) == 0


def test_numbers_that_are_none_give_no_box():
    plain, numbers = outputs()
    broken = numbers[Layout.COLUMNS]
    broken[0, 2, 0] = np.nan
    broken[0, 2:4, 1] = 0.0
    assert decode(broken, plain, 3, 0.3).scores.tolist() == pytest.approx([0.7])
