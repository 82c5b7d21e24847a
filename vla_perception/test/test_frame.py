# SPDX-License-Identifier: Apache-2.0
"""Which pictures are refused, with which code, and where pixels lie."""

from __future__ import annotations

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.rgbd.frame import Intrinsics, Transform, make_frame

K = Intrinsics(200.0, 200.0, 79.5, 59.5, 160, 120)
HERE = Transform(np.eye(3), np.zeros(3))


def picture(value: int = 90) -> np.ndarray:
    return np.full((120, 160, 3), value, dtype=np.uint8)


def depth(value: float = 1.0) -> np.ndarray:
    return np.full((120, 160), value, dtype=np.float32)


@pytest.mark.parametrize(
    ("rgb", "depths", "intrinsics", "code", "word"),
    [
        (np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.float32), K, Code.BAD_IMAGE, "0x0"),
        (picture()[:, :, 0], depth(), K, Code.BAD_IMAGE, "three channels"),
        (picture().astype(np.float32), depth(), K, Code.BAD_IMAGE, "8 bit"),
        (picture(0), depth(), K, Code.BAD_IMAGE, "black"),
        (picture(255), depth(), K, Code.BAD_IMAGE, "overexposed"),
        (picture(), depth()[:60], K, Code.BAD_IMAGE, "160x60"),
        (picture(), depth(), Intrinsics(200, 200, 1, 1, 640, 480), Code.NO_CAMERA_INFO, "640x480"),
        (picture(), depth(np.nan), K, Code.NO_DEPTH, "depth"),
        (picture(), depth(0.0), K, Code.NO_DEPTH, "depth"),
        (picture(), depth(np.inf), K, Code.NO_DEPTH, "depth"),
        (np.broadcast_to(picture()[:1, :1], (7000, 7200, 3)), np.broadcast_to(depth()[:1, :1], (7000, 7200)), K,
         Code.BAD_IMAGE, "megapixels"),
    ],
)  # fmt: skip
def test_unusable_pictures_are_refused_with_a_reason(rgb, depths, intrinsics, code, word):
    with pytest.raises(VlaError) as caught:
        make_frame(rgb, depths, intrinsics, HERE)
    assert caught.value.code is code
    assert word in caught.value.message


def test_a_good_picture_is_viewed_and_bad_depths_become_unknown():
    rgb, depths = picture(), depth()
    depths[0, :5] = (0.0, np.nan, 9.0, -1.0, np.inf)
    frame = make_frame(rgb, depths, K, HERE)
    assert np.shares_memory(frame.rgb, rgb)
    assert np.isnan(frame.depth[0, :5]).all()
    assert np.isfinite(frame.depth[1:]).all()


def test_points_and_projection_are_inverse():
    turn = Transform.from_quaternion((0.3, -0.2, 1.1), (-0.5, 0.5, -0.5, 0.5))
    frame = make_frame(picture(), depth(1.3), K, turn)
    pixels, depths = frame.project(frame.points[40, 100][None])
    assert pixels[0] == pytest.approx((100, 40), abs=0.01)
    assert depths[0] == pytest.approx(1.3, abs=1e-4)
    # The optical axis (z) of this camera points along the map's x.
    assert frame.points[60, 80][0] == pytest.approx(0.3 + 1.3, abs=0.01)


def test_points_behind_the_camera_have_no_pixel():
    frame = make_frame(picture(), depth(), K, HERE)
    pixels, depths = frame.project(np.array([[0.0, 0.0, -1.0]]))
    assert np.isnan(pixels).all() and depths[0] == -1.0


@pytest.mark.parametrize("yaw", [0.0, 0.7, -2.0, 3.1])
def test_a_pose_on_the_floor(yaw):
    where = Transform.from_quaternion((1.0, -2.0, 0.1), (0, 0, np.sin(yaw / 2), np.cos(yaw / 2)))
    assert where.on_floor() == pytest.approx((1.0, -2.0, yaw))


@pytest.mark.parametrize("q", [(0, 0, 0, 0), (float("nan"), 0, 0, 1), (0, 0, 0, 2)])
def test_what_is_no_rotation_is_refused(q):
    with pytest.raises(VlaError) as caught:
        Transform.from_quaternion((0, 0, 0), q)
    assert caught.value.code is Code.NO_TRANSFORM


@pytest.mark.parametrize("k", [[0.0] * 9, [1.0] * 8, [float("nan")] + [1.0] * 8])
def test_a_matrix_that_makes_no_camera_is_refused(k):
    with pytest.raises(VlaError) as caught:
        Intrinsics.from_matrix(k, 160, 120)
    assert caught.value.code is Code.NO_CAMERA_INFO


LENS = (-0.3, 0.1, 0.001, -0.001, 0.02, 0.0, 0.0, 0.0)
MATRIX = [200.0, 0.0, 79.5, 0.0, 200.0, 59.5, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("count", [4, 5, 8])
def test_points_and_projection_are_inverse_through_a_lens_too(count):
    k = Intrinsics.from_matrix(MATRIX, 160, 120, LENS[:count])
    frame = make_frame(picture(), depth(1.3), k, HERE)
    pixels, _ = frame.project(frame.points.reshape(-1, 3))
    rows, columns = np.mgrid[0:120, 0:160]
    wanted = np.stack([columns.ravel(), rows.ravel()], axis=1)
    assert np.abs(pixels - wanted).max() < 0.01


def test_what_lies_far_outside_the_picture_is_not_folded_back_into_it():
    k = Intrinsics.from_matrix(MATRIX, 160, 120, [-0.28, 0.0, 0.0, 0.0])
    frame = make_frame(picture(), depth(), k, HERE)
    pixels, _ = frame.project(np.array([[1.85, 0.0, 1.0], [0.0, 0.0, 1.0]]))
    assert pixels[0][0] > 160 and pixels[1] == pytest.approx((79.5, 59.5))


def test_no_distortion_is_the_plain_model():
    assert Intrinsics.from_matrix(MATRIX, 160, 120, [0.0] * 5) == K
    assert Intrinsics.from_matrix(MATRIX, 160, 120, [0.0] * 14) == K


@pytest.mark.parametrize("lens", [[0.1], [0.1] * 12, [float("nan")] * 5])
def test_a_lens_that_is_not_known_is_refused(lens):
    with pytest.raises(VlaError) as caught:
        Intrinsics.from_matrix(MATRIX, 160, 120, lens)
    assert caught.value.code is Code.NO_CAMERA_INFO


def test_a_lens_that_can_not_be_undone_is_refused():
    k = Intrinsics.from_matrix(MATRIX, 160, 120, [-1.5, 0.0, 0.0, 0.0])
    with pytest.raises(VlaError) as caught:
        make_frame(picture(), depth(), k, HERE)
    assert caught.value.code is Code.NO_CAMERA_INFO and "distortion" in caught.value.message
