# SPDX-License-Identifier: Apache-2.0
"""A network's boxes and the depth's groups together: names, parts, what only one of them sees."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.boxes import Boxes
from vla_perception.detect.color_detector import ColorDetector
from vla_perception.detect.fused_detector import FusedDetector
from vla_perception.localize.localizer import localize
from vla_perception.localize.surfaces import support_surfaces
from vla_perception.pipeline import look
from vla_testing.perception.synthetic import (
    BIN,
    TABLE,
    Solid,
    camera_at,
    frame_of,
    on_table,
    standard_things,
)

CONFIG = VisionConfig()
NAMES = ("cup", "bottle", "sports ball", "vase", "jar", "person")
MAP = {"sports ball": "ball", "person": ""}
BLOCK = (0.055, 0.055, 0.055)


class Told:
    """A network that finds what it is told: entries of x0, y0, x1, y1, score, name."""

    name, device, names = "told", "cpu", NAMES

    def __init__(self, *entries):
        self.entries, self.words = entries, None

    def find(self, rgb, threshold):
        rows = [e for e in self.entries if e[4] >= threshold]
        return Boxes(
            np.array([e[:4] for e in rows], np.float32).reshape(-1, 4),
            np.array([e[4] for e in rows], np.float32),
            np.array([NAMES.index(e[5]) for e in rows], np.int64),
        )

    def set_words(self, words):
        self.words = tuple(words)
        return True


def fused(*entries):
    return FusedDetector(Told(*entries), ColorDetector(), CONFIG.detection_threshold, MAP, "m.onnx")


def box_of(frame, thing, grow=0.0):
    """About the box in which a thing shows."""
    x, y, z = thing.position
    w, d, h = (s / 2 + grow for s in thing.size)
    corners = [(x + a * w, y + b * d, z + c * h) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    pixels, _ = frame.project(np.array(corners))
    return (*pixels.min(axis=0), *(pixels.max(axis=0) + 1))


def see(things, *entries, places=(TABLE,), frame=None):
    """Entries: a thing or a box, score, name."""
    frame = frame or frame_of(things)
    told = [(*(e[0] if isinstance(e[0], tuple) else box_of(frame, e[0])), *e[1:]) for e in entries]
    return look(frame, fused(*told), places, CONFIG)


def nearest(sightings, thing):
    return min(sightings, key=lambda s: math.dist(s.position, thing.position))


def test_the_network_names_and_the_depth_places():
    things = standard_things()
    alone = look(frame_of(things), ColorDetector(), (TABLE,), CONFIG)
    both = see(
        things, (things[0], 0.8, "cup"), (things[1], 0.9, "sports ball"), (things[3], 0.7, "vase")
    )
    assert len(both) == len(alone) == 4
    for thing, label in zip(things, ("cup", "ball", "block", "vase"), strict=True):
        found = nearest(both, thing)
        assert found.label == label
        assert found.position == pytest.approx(nearest(alone, thing).position, abs=1e-9)
        assert found.detection.mask is not None
    assert nearest(both, things[0]).label_score > 0.8  # form and network agree
    assert nearest(both, things[3]).label_score == pytest.approx(0.7)


def test_what_the_network_does_not_know_is_still_there():
    things = standard_things()
    found = see(things)
    assert len(found) == 4 and all(s.score >= 0.5 for s in found)


def test_where_network_and_form_differ_the_surer_one_names():
    bowl = standard_things()[3]
    frame = frame_of([bowl])
    plain = look(frame, ColorDetector(), (TABLE,), CONFIG)[0]
    assert plain.label == "bowl" and plain.label_score > 0.8
    (unsure,) = see([bowl], (bowl, 0.35, "cup"))
    assert (unsure.label, unsure.label_score) == ("bowl", plain.label_score)
    (sure,) = see([bowl], (bowl, plain.label_score + 0.005, "cup"))
    assert sure.label == "cup"
    (foreign,) = see([bowl], (bowl, 0.35, "vase"))  # no form is a vase
    assert foreign.label == "vase"


def test_in_a_container_a_plain_form_names():
    ball = Solid("ball", "red", (1.0, 1.0, 0.018 + 0.035), (0.07, 0.07, 0.07))
    camera = camera_at(0.35, 1.0, 1.3, (1.0, 1.0, 0.1))
    frame = frame_of([ball], places=(BIN,), camera=camera)
    (alone,) = look(frame_of([ball], places=(BIN,), camera=camera), ColorDetector(), (BIN,), CONFIG)
    assert alone.label == "ball"
    for name, label in (("cup", "ball"), ("vase", "vase")):
        told = fused((*box_of(frame, ball), 0.99, name))
        found = look(frame_of([ball], places=(BIN,), camera=camera), told, (BIN,), CONFIG)
        assert [s.label for s in found] == [label]


def test_things_of_one_color_that_touch_come_apart():
    left = on_table("box", "red", 1.15, 0.030, BLOCK)
    right = on_table("box", "red", 1.15, -0.030, BLOCK)
    assert len(see([left, right])) == 1
    found = see([left, right], (left, 0.8, "vase"), (right, 0.7, "jar"))
    assert sorted(s.label for s in found) == ["jar", "vase"]
    for thing, label in ((left, "vase"), (right, "jar")):
        one = nearest(found, thing)
        assert one.label == label
        assert math.dist(one.position, thing.position) < 0.012
        assert one.location.size[1] < 0.085


def test_a_thing_before_another_of_its_color_takes_its_own_pixels():
    near = on_table("box", "red", 1.10, 0.0, BLOCK)
    far = on_table("cylinder", "red", 1.172, 0.0, (0.06, 0.06, 0.17))
    found = see([near, far], (near, 0.8, "vase"), (far, 0.8, "bottle"))
    assert sorted(s.label for s in found) == ["bottle", "vase"]
    bottle, block = nearest(found, far), nearest(found, near)
    assert (bottle.label, block.label) == ("bottle", "vase")
    assert math.dist(block.position[:2], near.position[:2]) < 0.02
    assert math.dist(bottle.position[:2], far.position[:2]) < 0.025
    assert bottle.detection.truncated and not block.detection.truncated


def test_a_part_of_a_thing_is_no_thing_of_its_own():
    bottle = on_table("cylinder", "red", 1.15, 0.0, (0.06, 0.06, 0.17))
    frame = frame_of([bottle])
    x0, y0, x1, y1 = box_of(frame, bottle)
    neck = (x0, y0, x1, y0 + 0.4 * (y1 - y0))
    assert [s.label for s in see([bottle], (bottle, 0.8, "bottle"), (neck, 0.7, "jar"))] == [
        "bottle"
    ]


def test_a_box_below_the_threshold_divides_nothing():
    left = on_table("box", "red", 1.15, 0.030, BLOCK)
    right = on_table("box", "red", 1.15, -0.030, BLOCK)
    assert len(see([left, right], (left, 0.8, "vase"), (right, 0.45, "jar"))) == 1


def test_what_stands_on_a_thing_of_its_color_has_its_own_height():
    low = on_table("box", "red", 1.15, 0.0, (0.07, 0.07, 0.07))
    high = on_table("box", "red", 1.15, 0.0, BLOCK)
    high = type(high)(high.kind, high.color, (1.15, 0.0, 0.7 + 0.07 + BLOCK[2] / 2), high.size)
    found = see([low, high], (low, 0.8, "vase"), (high, 0.7, "jar"))
    assert sorted(s.label for s in found) == ["jar", "vase"]
    jar, vase = nearest(found, high), nearest(found, low)
    assert jar.label == "jar" and abs(jar.position[2] - high.position[2]) < 0.015
    assert vase.label == "vase" and abs(vase.position[2] - low.position[2]) < 0.015


def test_two_boxes_on_one_thing_make_one_thing_with_the_better_name():
    cup = standard_things()[0]
    frame = frame_of([cup])
    box = box_of(frame, cup)
    moved = (box[0] + 1, box[1], box[2] + 1, box[3])
    found = see([cup], (box, 0.9, "cup"), (moved, 0.6, "vase"), (moved, 0.5, "cup"))
    assert [s.label for s in found] == ["cup"]


def test_a_box_off_all_known_surfaces_is_placed_by_its_own_depth():
    ball = on_table("ball", "yellow", 1.10, 0.0, (0.12, 0.12, 0.12))
    # Nobody told that there is a table, and its own plane is not looked for: an area is no furniture.
    frame = frame_of([ball])
    told = fused((*box_of(frame, ball), 0.9, "sports ball"))
    groups = ColorDetector().detect(frame, [])
    assert groups == []
    (found,) = told.detect(frame, [])
    assert (found.label, found.mask) == ("ball", None)
    assert fused((*box_of(frame, ball), 0.45, "sports ball")).detect(frame, []) == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(np.nan, "no depth"), (0.0, "robot's own pixels are blanked as NaN too")],
    ids=["no depth", "hole"],
)
def test_a_box_without_depth_gives_no_pose(spoil, why):
    ball = on_table("ball", "yellow", 1.10, 0.0, (0.12, 0.12, 0.12))
    frame = frame_of([ball])
    x0, y0, x1, y1 = (round(v) for v in box_of(frame, ball))
    hole = np.zeros(frame.shape, bool)
    hole[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2] = True
    frame.ignore(hole)
    assert see([], ((x0, y0, x1, y1), 0.95, "sports ball"), frame=frame) == [], why


def test_a_box_whose_depth_is_only_its_rim_gives_no_pose():
    ball = on_table("ball", "yellow", 1.10, 0.0, (0.12, 0.12, 0.12))
    frame = frame_of([ball])
    x0, y0, x1, y1 = (round(v) for v in box_of(frame, ball))
    hole = np.zeros(frame.shape, bool)
    hole[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] = True  # what shows of the table round the ball is left
    frame.ignore(hole)
    assert fused((x0, y0, x1, y1, 0.95, "sports ball")).detect(frame, []) == []


def test_what_is_as_large_as_furniture_is_no_object_whatever_it_is_called():
    large = Solid("box", "blue", (2.0, 0.0, 0.7), (0.6, 0.8, 1.4))
    assert see([large], (large, 0.95, "vase"), places=()) == []
    small = Solid("box", "blue", (2.0, 0.0, 0.9), (0.2, 0.2, 0.3))
    assert [s.label for s in see([small], (small, 0.95, "vase"), places=())] == ["vase"]


def test_what_stands_on_no_known_surface_is_not_put_onto_one_below():
    cup = Solid("cup", "red", (1.4, 0.0, 0.40 + 0.045), (0.075, 0.075, 0.09))
    board = Solid("box", "brown", (1.4, 0.0, 0.39), (0.3, 0.8, 0.02))
    frame = frame_of([cup, board], places=())
    floor = support_surfaces(frame, [], 0.06)
    assert len(floor) == 1 and ColorDetector().detect(frame, floor) == []
    (found,) = fused((*box_of(frame, cup), 0.95, "cup")).detect(frame, floor)
    location = localize(frame, found, floor)
    assert location.surface is None
    assert math.dist(location.position, cup.position) < 0.04
    assert location.size[2] < 0.13


def test_furniture_and_people_are_no_objects():
    frame = frame_of([])
    table = (20, 90, 300, 200)
    assert see([], (table, 0.95, "vase"), frame=frame) == []
    cup = standard_things()[0]
    found = see([cup], (cup, 0.95, "person"))
    assert [s.label for s in found] == ["cup"]  # by its form; the network's "person" is left out


def test_a_box_with_support_in_depth_counts_below_the_threshold_and_one_without_does_not():
    cup = standard_things()[0]
    (found,) = see([cup], (cup, 0.4, "vase"))
    assert found.label == "vase" or found.label_score > 0.8
    assert see([], ((10, 180, 40, 210), 0.4, "cup"), frame=frame_of([])) == []


def test_boxes_at_and_beyond_the_edge_do_no_harm():
    cup = standard_things()[0]
    odd = [
        ((-50, -50, -10, -10), 0.9, "cup"),
        ((318, 238, 400, 300), 0.9, "cup"),
        ((5, 5, 5.4, 5.4), 0.9, "cup"),
    ]
    assert [s.label for s in see([cup], *odd, (cup, 0.9, "cup"))] == ["cup"]


def test_status_comes_from_the_network():
    detector = fused()
    assert (detector.name, detector.model, detector.device) == ("told", "m.onnx", "cpu")
    detector.detect(frame_of([]), [])
    assert detector.latency_ms > 0.0 and detector.note == ""


def test_words_that_are_asked_for_reach_the_network_with_the_next_picture():
    network, frame = Told(), frame_of([])
    detector = FusedDetector(network, ColorDetector(), 0.5, MAP)
    for word in ("cup", "object", ""):  # the usual ones, and none
        detector.look_for(word)
    detector.detect(frame, [])
    assert network.words is None
    detector.look_for(" Screwdriver ")
    assert network.words is None
    detector.detect(frame, [])
    assert network.words == ("cup", "bottle", "block", "ball", "bowl", "screwdriver")
    for number in range(30):
        detector.look_for(f"thing {number}")
    detector.detect(frame, [])
    assert len(network.words) == 25 and network.words[-1] == "thing 29"
    assert "screwdriver" not in network.words


def test_a_network_that_can_not_take_words_goes_on_and_says_so():
    class Deaf(Told):
        def set_words(self, words):
            raise VlaError(Code.PERCEPTION_UNAVAILABLE, "It could not be told.")

    cup = standard_things()[0]
    frame = frame_of([cup])
    detector = FusedDetector(Deaf((*box_of(frame, cup), 0.9, "cup")), ColorDetector(), 0.5, MAP)
    detector.look_for("screwdriver")
    assert [s.label for s in look(frame, detector, (TABLE,), CONFIG)] == ["cup"]
    assert detector.note == "It could not be told."


def test_a_network_that_fails_is_an_outcome_not_an_empty_table():
    class Broken(Told):
        def find(self, rgb, threshold):
            raise VlaError(Code.PERCEPTION_UNAVAILABLE, "The network failed: so it did.")

    detector = FusedDetector(Broken(), ColorDetector(), 0.5, MAP)
    with pytest.raises(VlaError) as caught:
        look(frame_of([]), detector, (TABLE,), CONFIG)
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE
