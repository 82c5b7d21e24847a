# SPDX-License-Identifier: Apache-2.0
"""From synthetic pictures to objects in the map: what is found, where, and what is not taken for an object."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.detect.detector import Detection2D
from vla_perception.drawing import annotate
from vla_perception.localize.localizer import localize
from vla_perception.localize.surfaces import support_surfaces
from vla_perception.pipeline import look
from vla_perception.rgbd.frame import Intrinsics, RgbdFrame, Transform, make_frame, rays_of
from vla_testing.perception.synthetic import (
    BASE,
    BIN,
    CAMERA,
    TABLE,
    Solid,
    camera_at,
    frame_of,
    furniture,
    on_table,
    render,
    standard_things,
)  # fmt: skip

CONFIG = VisionConfig(backend="colour")
CUP = (0.075, 0.075, 0.09)
BLOCK = (0.055, 0.055, 0.055)


def see(things, places=(TABLE,), config=CONFIG, hand=None, **kwargs):
    frame = frame_of(things, places=places, **kwargs)
    return look(frame, make_detector(config), places, config, hand)


def nearest(sightings, thing):
    return min(sightings, key=lambda s: math.dist(s.position, thing.position))


def test_each_form_is_found_named_and_located():
    things = standard_things()
    sightings = see(things)
    assert len(sightings) == len(things)
    for thing, label in zip(things, ("cup", "ball", "block", "bowl"), strict=True):
        found = nearest(sightings, thing)
        assert (found.label, found.color, found.place) == (label, thing.color, "table")
        assert math.dist(found.position[:2], thing.position[:2]) < 0.008
        assert abs(found.position[2] - thing.position[2]) < 0.006
        assert found.location.size[2] == pytest.approx(thing.size[2], abs=0.01)


def test_a_bottle_is_a_bottle():
    body = on_table("cylinder", "green", 1.2, 0.0, (0.06, 0.06, 0.11))
    neck = Solid("cylinder", "green", (1.2, 0.0, 0.7 + 0.11 + 0.035), (0.03, 0.03, 0.07))
    (found,) = see([body, neck])
    assert (found.label, found.color) == ("bottle", "green")
    assert math.dist(found.position[:2], (1.2, 0.0)) < 0.008
    assert found.location.size[0] == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize("yaw", [0.0, 0.3, 0.7])
def test_the_middle_of_a_block_is_behind_its_front(yaw):
    block = on_table("box", "blue", 1.25, 0.1, (0.06, 0.06, 0.06), yaw)
    (found,) = see([block])
    assert math.dist(found.position[:2], block.position[:2]) < 0.008
    turn = (found.location.yaw - yaw) % (math.pi / 2)
    assert min(turn, math.pi / 2 - turn) < 0.25


def test_twice_the_pixels_see_the_same():
    for thing in standard_things():
        (found,) = see([thing], width=640, height=480)
        assert found.color == thing.color
        assert math.dist(found.position[:2], thing.position[:2]) < 0.006


def test_an_empty_table_has_nothing_on_it():
    assert see([]) == []


def test_things_of_two_colors_that_touch_are_two():
    left = on_table("box", "red", 1.2, 0.028, BLOCK)
    right = on_table("box", "blue", 1.2, -0.028, BLOCK)
    sightings = see([left, right])
    assert sorted(s.color for s in sightings) == ["blue", "red"]
    for thing in (left, right):
        assert math.dist(nearest(sightings, thing).position[:2], thing.position[:2]) < 0.015


def test_a_block_on_a_block_stands_on_it():
    lower = on_table("box", "red", 1.1, 0.0, (0.06, 0.06, 0.06))
    upper = Solid("box", "blue", (1.1, 0.0, 0.7 + 0.06 + 0.03), (0.06, 0.06, 0.06))
    sightings = see([lower, upper])
    assert sorted(s.color for s in sightings) == ["blue", "red"]
    for thing in (lower, upper):
        assert math.dist(nearest(sightings, thing).position, thing.position) < 0.02


def test_what_hangs_over_the_table_is_not_on_it():
    assert see([Solid("box", "red", (1.2, 0.0, 0.95), (0.06, 0.06, 0.06))]) == []


def test_the_hand_and_the_arm_are_not_objects():
    arm = Solid("box", "dark", (0.7, 0.0, 0.80), (1.0, 0.06, 0.06))
    hand = Solid("box", "dark", (1.2, 0.0, 0.76), (0.05, 0.10, 0.10))
    cup = on_table("cup", "red", 1.25, 0.35, CUP)
    pointing_down = Transform.from_quaternion(
        (1.2, 0.0, 0.73), (0.0, math.sin(math.pi / 4), 0.0, math.cos(math.pi / 4))
    )
    with_mask = see([arm, hand, cup], hand=pointing_down)
    assert [s.color for s in with_mask] == ["red"]
    assert len(see([arm, hand, cup])) > 1, "without the hand's pose the arm is taken for something"


def test_things_in_a_bin_are_in_the_bin():
    camera = camera_at(0.35, 1.0, 1.3, (1.0, 1.0, 0.2))
    ball = Solid("ball", "yellow", (1.05, 1.03, 0.018 + 0.033), (0.066, 0.066, 0.066))
    (found,) = see([ball], places=(TABLE, BIN), camera=camera)
    assert (found.color, found.place) == ("yellow", "bin")
    assert math.dist(found.position[:2], ball.position[:2]) < 0.015
    assert see([], places=(TABLE, BIN), camera=camera) == []


def test_a_bin_that_can_not_be_looked_into_is_not_a_thing_on_the_floor():
    camera = camera_at(-0.6, 1.0, 0.6, (1.0, 1.0, 0.2))
    assert see([], places=(BIN,), camera=camera) == []
    assert len(see(furniture(BIN), places=(), camera=camera)) == 1, (
        "it would be one, were it no place"
    )


def test_a_ball_on_the_floor_is_found_and_small_things_are_not():
    camera = camera_at(-0.05, -1.2, 1.3, (1.0, -1.2, 0.0))
    ball = Solid("ball", "orange", (1.1, -1.2, 0.035), (0.07, 0.07, 0.07))
    crumb = Solid("box", "blue", (1.0, -1.0, 0.012), (0.024, 0.024, 0.024))
    sightings = see([ball, crumb], camera=camera)
    assert [(s.color, s.place) for s in sightings] == [("orange", "")]
    assert math.dist(sightings[0].position, ball.position) < 0.02
    assert see([ball], camera=camera, config=replace(CONFIG, floor_objects=False)) == []


def test_a_wall_or_a_cupboard_is_not_an_object():
    cupboard = Solid("box", "white", (1.4, -1.2, 0.6), (0.5, 0.6, 1.2))
    assert see([cupboard], camera=camera_at(-0.05, -1.2, 1.3, (1.0, -1.2, 0.2))) == []


def test_without_places_surfaces_are_found_by_themselves():
    cup = on_table("cup", "red", 1.25, 0.1, CUP)
    sightings = look(frame_of([cup]), make_detector(CONFIG), (), CONFIG)
    (found,) = [s for s in sightings if s.color == "red"]
    assert found.place == ""
    assert math.dist(found.position, cup.position) < 0.02


def test_a_camera_that_is_tilted_a_little_wrong_still_sees_flat_things_and_no_table_as_thing():
    things = standard_things()
    solids = furniture(TABLE) + things
    rgb, depth, k = render(solids, CAMERA)
    angle = math.radians(0.8)
    nod = np.array(
        [[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]]
    )
    believed = Transform(CAMERA.rotation @ nod, CAMERA.translation)
    frame = make_frame(rgb, depth, k, believed, 1.0, BASE)
    sightings = look(frame, make_detector(CONFIG), (TABLE,), CONFIG)
    assert sorted(s.color for s in sightings) == sorted(t.color for t in things)
    for thing in things:
        assert abs(nearest(sightings, thing).position[2] - thing.position[2]) < 0.01


def test_a_thing_half_behind_another_is_marked_and_less_certain():
    front = on_table("box", "red", 1.10, 0.0, (0.06, 0.10, 0.12))
    behind = on_table("ball", "yellow", 1.30, 0.065, (0.07, 0.07, 0.07))
    sightings = see([front, behind])
    hidden = nearest(sightings, behind)
    free = see([behind])[0]
    assert hidden.color == "yellow" and hidden.detection.truncated and not free.detection.truncated
    assert hidden.location.covariance[0] > 2 * free.location.covariance[0]


def test_a_box_without_a_mask_is_located_by_what_is_in_front():
    cup = on_table("cup", "red", 1.2, 0.1, CUP)
    frame = frame_of([cup])
    surfaces = support_surfaces(frame, (TABLE,), 0.06)
    x0, y0, x1, y1 = make_detector(CONFIG).detect(frame, surfaces)[0].box
    loose = Detection2D((x0 - 6, y0 - 6, x1 + 6, y1 + 6), 0.9, "cup")
    location = localize(frame, loose, surfaces)
    assert math.dist(location.position, cup.position) < 0.02


def test_a_detection_without_depth_has_no_place():
    frame = frame_of([])
    frame.depth[10:40, 10:40] = np.nan
    with pytest.raises(VlaError) as caught:
        localize(frame, Detection2D((12, 12, 30, 30), 0.9, "cup"))
    assert caught.value.code is Code.NO_DEPTH


def test_the_covariance_covers_the_error_and_is_one():
    chi2 = []
    for seed in range(12):
        thing = on_table("ball", "yellow", 1.25, 0.02 * seed - 0.1, (0.066, 0.066, 0.066))
        (found,) = see([thing], seed=seed, noise_m=0.0015)
        covariance = np.array(found.location.covariance).reshape(6, 6)
        assert np.all(np.linalg.eigvalsh(covariance) > 0)
        error = np.array(found.position[:2]) - thing.position[:2]
        chi2.append(error @ np.linalg.solve(covariance[:2, :2], error))
    assert np.mean(np.array(chi2) < 6.18) > 0.8


def test_a_threshold_drops_what_is_less_certain():
    far = on_table("ball", "yellow", 1.55, 0.1, (0.04, 0.04, 0.04))
    (found,) = see([far])
    assert found.score < 1.0
    assert (
        see([far], config=replace(CONFIG, detection_threshold=min(1.0, found.score + 0.02))) == []
    )


def test_an_area_is_no_surface():
    area = Place("kitchen", PlaceKind.AREA, (1.3, 0.0, 0.0), 0.0, (3.0, 3.0))
    cup = on_table("cup", "red", 1.2, 0.1, CUP)
    frame = frame_of([cup])
    (found,) = look(frame, make_detector(CONFIG), (TABLE, area), CONFIG)
    assert found.place == "table"


def test_the_annotated_picture_is_a_copy_with_something_drawn():
    frame = frame_of(standard_things())
    before = frame.rgb.copy()
    sightings = look(frame, make_detector(CONFIG), (TABLE,), CONFIG)
    drawn = annotate(frame.rgb, sightings, 2)
    assert drawn.shape == (480, 640, 3)
    assert np.array_equal(frame.rgb, before)
    assert np.any(drawn != before.repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize(
    ("stand", "turn", "shift"),
    [
        ((-1.3, -0.6), 0.0, (0.0, 0.0)),
        ((-1.3, -0.6), -0.012, (0.02, -0.02)),
        ((-0.8, 0.2), -0.012, (0.02, 0.02)),
        ((1.2, -1.4), 0.012, (0.0, 0.02)),
    ],
)
def test_the_walls_of_a_container_are_no_things_in_it_when_the_robot_is_a_little_wrong(
    stand, turn, shift
):
    camera = camera_at(*stand, 1.3, (1.0, 1.0, 0.2))  # type: ignore[call-arg]
    frame = frame_of([], places=(BIN,), camera=camera)
    c, s = math.cos(turn), math.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    where = rotation @ camera.translation + np.array([*shift, 0.0])
    believed = Transform(rotation @ camera.rotation, where)
    wrong = RgbdFrame(frame.rgb, frame.depth, frame.intrinsics, believed, 1.0, BASE)
    assert look(wrong, make_detector(CONFIG), (BIN,), CONFIG) == []


LENS = (-0.28, 0.09, 0.001, -0.0008, 0.0)
"""Of a common wide-angle module."""


def through_a_lens(things, lens, width=320, height=240):
    """A frame's picture, depth and plain intrinsics as a camera with that lens would take them."""
    rgb, depth, wide = render(furniture(TABLE) + things, CAMERA, 1280, 960, noise_m=0.0005)
    # A little narrower than the plain picture, which a barrel has to stay within.
    k = Intrinsics(
        wide.fx / 3.2, wide.fy / 3.2, (width - 1) / 2, (height - 1) / 2, width, height, lens
    )
    right, down = rays_of(k)
    columns = np.rint(np.broadcast_to(right * wide.fx + wide.cx, (height, width))).astype(int)
    rows = np.rint(np.broadcast_to(down * wide.fy + wide.cy, (height, width))).astype(int)
    assert rows.min() >= 0 and rows.max() < 960 and columns.min() >= 0 and columns.max() < 1280
    return np.ascontiguousarray(rgb[rows, columns]), depth[rows, columns], k


def test_a_lens_that_bends_is_undone():
    # Near the picture's corners, where it bends most.
    things = [on_table("ball", "red", 1.02, y, (0.066, 0.066, 0.066)) for y in (-0.42, 0.42)]
    rgb, depth, k = through_a_lens(things, LENS)
    for lens, most_m, least_m in ((LENS, 0.004, 0.0), ((), 1.0, 0.01)):
        believed = replace(k, distortion=lens)
        frame = make_frame(rgb.copy(), depth.copy(), believed, CAMERA, 1.0, BASE)
        sightings = look(frame, make_detector(CONFIG), (TABLE,), CONFIG)
        for thing in things:
            error = math.dist(nearest(sightings, thing).position, thing.position)
            assert least_m <= error < most_m, f"lens {lens}"
    pixels, _ = frame.project(frame.points[20:22, 30:31])
    assert pixels[:, 0] == pytest.approx([30, 30], abs=0.01), "and the way back is the same"


def test_a_sliver_is_no_thing():
    pole = on_table("box", "white", 1.3, 0.0, (0.012, 0.012, 0.30))
    bottle = on_table("cylinder", "green", 1.2, 0.3, (0.06, 0.06, 0.22))
    (found,) = see([pole, bottle])
    assert found.color == "green"


@pytest.mark.parametrize(("y", "count"), [(-0.5, 1), (-1.3, 0)])
def test_containers_are_looked_into_from_near_by_only(y, count):
    bottle = Solid("cylinder", "green", (1.0, 1.06, 0.14), (0.06, 0.06, 0.24))
    sightings = see([bottle], places=(BIN,), camera=camera_at(1.0, y, 1.3, (1.0, 1.0, 0.2)))
    assert len(sightings) == count
