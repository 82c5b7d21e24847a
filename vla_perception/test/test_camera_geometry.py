# SPDX-License-Identifier: Apache-2.0
"""Frames that can't be, depth of another camera, and the part of a sensor that a camera publishes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector
from vla_perception.pipeline import look
from vla_perception.rgbd.frame import Intrinsics, RgbdFrame, Transform, Window, make_frame
from vla_perception.rgbd.geometry_check import BODY_FROM_OPTICAL, FrameWatch
from vla_perception.rgbd.registration import register, same_pose, same_view
from vla_testing.perception.synthetic import (
    BASE,
    CAMERA,
    TABLE,
    camera_at,
    frame_of,
    furniture,
    render,
    standard_things,
)

SOLIDS = [*furniture(TABLE), *standard_things()]
POSES = {
    "at the table": CAMERA,
    "level": camera_at(-0.05, 0.0, 1.3, (3.0, 0.0, 1.3)),
    "down": camera_at(0.0, 0.0, 1.2, (0.4, 0.0, 0.0)),
    "straight down": camera_at(0.0, 0.0, 1.2, (0.01, 0.0, 0.0)),
    "a little up": camera_at(-0.05, 0.0, 0.6, (3.0, 0.0, 1.2)),
}


def seen(camera: Transform, as_from: Transform | None = None, name: str = "optical") -> RgbdFrame:
    rgb, depth, k = render(SOLIDS, camera)
    return make_frame(rgb, depth, k, as_from or camera, 1.0, BASE, frame_id=name)


def body_of(camera: Transform) -> Transform:
    """The frame of the camera's body, which many drivers name in their images."""
    return Transform(camera.rotation @ BODY_FROM_OPTICAL.T, camera.translation)


@pytest.mark.parametrize("pose", POSES)
def test_an_optical_frame_is_believed_and_a_body_frame_is_not(pose: str) -> None:
    camera = POSES[pose]
    FrameWatch().check(seen(camera), (TABLE,))
    with pytest.raises(VlaError) as caught:
        FrameWatch().check(seen(camera, body_of(camera), "camera_link"), (TABLE,))
    assert caught.value.code is Code.NO_TRANSFORM
    assert "'camera_link'" in caught.value.message and "optical" in caught.value.message


@pytest.mark.parametrize("pose", POSES)
def test_a_body_frame_that_is_called_optical_is_not_believed_either(pose: str) -> None:
    camera = POSES[pose]
    with pytest.raises(VlaError):
        FrameWatch().check(seen(camera, body_of(camera), "camera_optical_frame"), (TABLE,))


def test_what_lies_under_the_floor_can_not_be() -> None:
    sunk = Transform(CAMERA.rotation, CAMERA.translation - np.array([0.0, 0.0, 1.2]))
    with pytest.raises(VlaError) as caught:
        FrameWatch().check(seen(CAMERA, sunk), (TABLE,))
    assert "under the floor" in caught.value.message and "'optical'" in caught.value.message


def test_a_frame_that_has_shown_the_floor_may_look_up_and_another_may_not() -> None:
    up = camera_at(0.0, 0.0, 1.0, (1.0, 0.0, 3.0))
    wall = replace(seen(CAMERA), camera=up, depth=np.full((240, 320), 1.5, np.float32))
    with pytest.raises(VlaError):
        FrameWatch().check(wall, ())
    watch = FrameWatch()
    watch.check(seen(CAMERA), (TABLE,))
    watch.check(wall, ())


def test_a_frame_that_was_found_out_is_not_believed_until_it_shows_level_ground() -> None:
    watch = FrameWatch()
    blank = replace(seen(CAMERA), depth=np.full((240, 320), 0.6, np.float32))
    watch.check(blank, ())
    with pytest.raises(VlaError):
        watch.check(seen(CAMERA, body_of(CAMERA)), (TABLE,))
    with pytest.raises(VlaError):
        watch.check(blank, ())
    watch.check(seen(CAMERA), (TABLE,))
    watch.check(blank, ())


# --- depth of a camera beside ---------------------------------------------------------------------

BESIDE = Transform.from_quaternion((0.055, 0.004, 0.0), (0.0, 0.0, 0.0, 1.0))
"""Takes points of the depth camera into the colour camera: 5.5 cm apart, as in usual stereo heads."""


def depth_beside(width: int = 320, height: int = 240) -> tuple[np.ndarray, Intrinsics]:
    """What the depth camera sees, and its intrinsics."""
    there = Transform(CAMERA.rotation, CAMERA.apply(BESIDE.translation[None, :])[0])
    _, depth, k = render(SOLIDS, there, width, height)
    return depth.astype(np.float32), k


def positions(frame: RgbdFrame) -> list[tuple[float, ...]]:
    config = VisionConfig(backend="colour")
    return [s.position for s in look(frame, make_detector(config), (TABLE,), config)]


def worst(frame: RgbdFrame) -> float:
    """The largest distance (m) of a thing on the table from the nearest sighting."""
    found = positions(frame)
    return max(
        min(float(np.linalg.norm(np.subtract(thing.position, at))) for at in found)
        if found
        else 9.9
        for thing in standard_things()
    )


@pytest.mark.parametrize("size", [(320, 240), (160, 120), (640, 480)])
def test_depth_of_the_camera_beside_is_registered(size: tuple[int, int]) -> None:
    rgb, true_depth, k = render(SOLIDS, CAMERA)
    depth, of = depth_beside(*size)
    registered = register(depth, of, k, BESIDE)
    assert registered.shape == (240, 320)
    both = np.isfinite(registered) & np.isfinite(true_depth)
    assert np.count_nonzero(both) > 0.8 * true_depth.size
    assert float(np.median(np.abs(registered - true_depth)[both])) < 0.01
    config = make_frame(rgb, registered, k, CAMERA, 1.0, BASE)
    assert worst(config) < 0.03
    if size == (320, 240):  # taken as it is, things are where they are not
        assert worst(make_frame(rgb, depth, k, CAMERA, 1.0, BASE)) > 0.03


def test_where_nothing_was_measured_nothing_is_known() -> None:
    depth, of = depth_beside()
    depth[:, :160] = 0.0
    depth[:, 160:200] = np.nan
    assert np.isnan(register(np.full_like(depth, np.nan), of, of, BESIDE)).all()
    assert np.isnan(register(depth, of, of, BESIDE)[:, :150]).all()


def test_which_cameras_see_the_same() -> None:
    k = Intrinsics(200.0, 200.0, 79.5, 59.5, 160, 120)
    assert same_view(k, replace(k, cx=79.8)) and not same_view(k, replace(k, fx=230.0, fy=230.0))
    assert not same_view(k, replace(k, width=320)) and not same_view(k, replace(k, cy=62.0))
    still = Transform(np.eye(3), np.zeros(3))
    assert same_pose(still) and not same_pose(BESIDE)


# --- binning and regions of interest --------------------------------------------------------------

SENSOR = Intrinsics(600.0, 602.0, 319.5, 239.5, 640, 480, (-0.1, 0.02, 0.0, 0.0))


def test_a_part_of_the_sensor() -> None:
    k = SENSOR.seen_through(Window(40, 20, 400, 300, 2, 2))
    assert (k.fx, k.fy, k.width, k.height, k.distortion) == (
        300.0,
        301.0,
        200,
        150,
        SENSOR.distortion,
    )
    assert (k.cx, k.cy) == pytest.approx((139.75, 109.75))
    assert SENSOR.seen_through(Window(0, 0, 640, 480)) is SENSOR


@pytest.mark.parametrize(
    "window",
    [
        Window(600, 0, 100, 100),
        Window(0, 0, 0, 0),
        Window(0, 0, 640, 480, 0, 1),
        Window(-1, 0, 9, 9),
    ],
)
def test_what_is_no_part_of_it_is_refused(window: Window) -> None:
    with pytest.raises(VlaError) as caught:
        SENSOR.seen_through(window)
    assert caught.value.code is Code.NO_CAMERA_INFO


@pytest.mark.parametrize(
    "matrix",
    [
        [1e300, 0.0, 80.0, 0.0, 1e300, 60.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 1.0],
        [200.0, 0.0, 9000.0, 0.0, 200.0, 60.0, 0.0, 0.0, 1.0],
        [200.0, 0.0, 80.0, 0.0, 200.0, -1e9, 0.0, 0.0, 1.0],
    ],
)
def test_a_matrix_of_no_such_camera_is_refused(matrix: list[float]) -> None:
    with pytest.raises(VlaError) as caught:
        Intrinsics.from_matrix(matrix, 160, 120)
    assert caught.value.code is Code.NO_CAMERA_INFO


def test_a_camera_beyond_any_map_is_refused() -> None:
    with pytest.raises(VlaError) as caught:
        Transform.from_quaternion((1e300, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    assert caught.value.code is Code.NO_TRANSFORM


# --- grey cameras ---------------------------------------------------------------------------------


def test_the_things_of_a_gray_picture_have_no_color() -> None:
    frame = frame_of(standard_things())
    gray = replace(frame, rgb=np.repeat(frame.rgb[:, :, :1], 3, axis=2), colored=False)
    config = VisionConfig(backend="colour")
    found = look(gray, make_detector(config), (TABLE,), config)
    assert len(found) >= 3 and {(s.color, s.color_score) for s in found} == {("", 0.0)}
