# SPDX-License-Identifier: Apache-2.0
"""Images and messages <-> arrays and dataclasses."""

from __future__ import annotations

import array
import tracemalloc

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError

pytestmark = pytest.mark.ros
conversions = pytest.importorskip("vla_perception.ros.conversions")

from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from vla_perception.config import VisionConfig  # noqa: E402
from vla_perception.detect.backends import make_detector  # noqa: E402
from vla_perception.pipeline import look  # noqa: E402
from vla_testing.perception.synthetic import TABLE, frame_of, standard_things  # noqa: E402


def image(values: np.ndarray, encoding: str, **kwargs) -> Image:
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).tobytes())
    step = values.strides[0] if values.ndim > 1 else 0
    message = Image(
        height=values.shape[0], width=values.shape[1], encoding=encoding, step=step, data=data
    )
    for name, value in kwargs.items():
        setattr(message, name, value)
    return message


RGB = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
ALPHA = np.full((4, 6, 1), 255, np.uint8)


@pytest.mark.parametrize(
    ("values", "encoding"),
    [
        (RGB, "rgb8"),
        (RGB[:, :, ::-1], "bgr8"),
        (np.concatenate([RGB, ALPHA], axis=2), "rgba8"),
        (np.concatenate([RGB[:, :, ::-1], ALPHA], axis=2), "bgra8"),
    ],
)
def test_color_encodings(values, encoding):
    values = np.ascontiguousarray(values)
    message = image(values, encoding)
    out = conversions.color_from_msg(message)
    assert np.array_equal(out, RGB)
    assert np.shares_memory(out, np.frombuffer(message.data, np.uint8))


def test_gray_and_padded_rows():
    gray = conversions.color_from_msg(image(RGB[:, :, 0], "mono8", step=6))
    assert gray.shape == (4, 6, 3) and np.array_equal(gray[:, :, 2], RGB[:, :, 0])
    wide = np.zeros((4, 32), np.uint8)
    wide[:, :18] = RGB.reshape(4, 18)
    padded = image(wide, "rgb8", width=6, step=32)
    assert np.array_equal(conversions.color_from_msg(padded), RGB)


METERS = np.array([[0.5, np.nan, 1.25]], dtype=np.float32)


def test_depth_encodings():
    floats = image(METERS, "32FC1")
    out = conversions.depth_from_msg(floats)
    assert np.array_equal(out, METERS, equal_nan=True)
    assert np.shares_memory(out, np.frombuffer(floats.data, np.uint8))
    millimeters = np.array([[500, 0, 1250]], dtype=np.uint16)
    assert conversions.depth_from_msg(image(millimeters, "16UC1"))[0] == pytest.approx(
        [0.5, 0.0, 1.25]
    )
    big = image(millimeters.astype(">u2"), "16UC1", is_bigendian=1)
    assert conversions.depth_from_msg(big)[0] == pytest.approx([0.5, 0.0, 1.25])
    big = image(METERS.astype(">f4"), "32FC1", is_bigendian=1)
    assert np.array_equal(conversions.depth_from_msg(big), METERS, equal_nan=True)


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        ("color_from_msg", image(RGB, "yuv444")),
        ("color_from_msg", image(RGB, "rgb8", height=5)),
        ("color_from_msg", image(RGB, "rgb8", width=60)),
        ("color_from_msg", image(RGB, "rgb8", step=3)),
        ("color_from_msg", image(RGB, "rgb8", step=2**31)),
        ("color_from_msg", image(RGB, "rgb8", width=2**32 - 1, height=2**32 - 1)),
        ("color_from_msg", Image(encoding="rgb8")),
        ("color_from_msg", Image()),
        ("depth_from_msg", image(METERS, "rgb8")),
        ("depth_from_msg", image(METERS, "32FC1", height=2)),
        ("depth_from_msg", Image(encoding="32FC1")),
    ],
)
def test_images_that_can_not_be_read_are_refused(convert, message):
    with pytest.raises(VlaError) as caught:
        getattr(conversions, convert)(message)
    assert caught.value.code is Code.BAD_IMAGE


@pytest.mark.parametrize(
    ("convert", "encoding", "size"), [("color_from_msg", "rgb8", 3), ("depth_from_msg", "16UC1", 2)]
)
def test_fifty_megapixels_are_refused_before_anybody_touches_them(convert, encoding, size):
    data = array.array("B", bytes(8660 * 5774 * size))
    message = Image(width=8660, height=5774, encoding=encoding, step=8660 * size, data=data)
    tracemalloc.start()
    with pytest.raises(VlaError) as caught:
        getattr(conversions, convert)(message)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code is Code.BAD_IMAGE and "megapixels" in caught.value.message
    assert most < 1e6, "bytes"


def test_a_picture_survives_the_way_there_and_back():
    message = conversions.color_to_msg(RGB, Header(frame_id="cam"))
    assert message.header.frame_id == "cam"
    assert np.array_equal(conversions.color_from_msg(message), RGB)


def test_intrinsics():
    info = CameraInfo(
        width=320, height=240, k=[225.0, 0.0, 159.5, 0.0, 226.0, 119.5, 0.0, 0.0, 1.0]
    )
    k = conversions.intrinsics_from_msg(info)
    assert (k.fx, k.fy, k.cx, k.cy, k.width, k.height) == (225.0, 226.0, 159.5, 119.5, 320, 240)
    with pytest.raises(VlaError) as caught:
        conversions.intrinsics_from_msg(CameraInfo(width=320, height=240))
    assert caught.value.code is Code.NO_CAMERA_INFO


def lens_info(model: str = "plumb_bob", **values) -> CameraInfo:
    k = [225.0, 0.0, 159.5, 0.0, 226.0, 119.5, 0.0, 0.0, 1.0]
    p = [200.0, 0.0, 160.0, 0.0, 0.0, 201.0, 120.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    d = [-0.2, 0.05, 0.0, 0.0, 0.0]
    values = {"k": k, "p": p, "d": d, **values}
    return CameraInfo(width=320, height=240, distortion_model=model, **values)


def test_the_lens_of_a_camera_info():
    assert conversions.intrinsics_from_msg(lens_info()).distortion == (-0.2, 0.05, 0.0, 0.0, 0.0)
    k = conversions.intrinsics_from_msg(lens_info(), rectified=True)
    assert (k.fx, k.fy, k.cx, k.cy, k.distortion) == (200.0, 201.0, 160.0, 120.0, ())
    assert conversions.intrinsics_from_msg(lens_info(p=[0.0] * 12), rectified=True).fx == 225.0
    assert conversions.intrinsics_from_msg(lens_info("equidistant", d=[0.0] * 4)).distortion == ()


def test_a_fisheye_is_refused_rather_than_taken_for_something_else():
    with pytest.raises(VlaError) as caught:
        conversions.intrinsics_from_msg(lens_info("equidistant"))
    assert caught.value.code is Code.NO_CAMERA_INFO and "equidistant" in caught.value.message
    assert conversions.intrinsics_from_msg(lens_info("equidistant"), rectified=True).fx == 200.0


def test_detections_carry_header_box_position_and_id():
    frame = frame_of(standard_things())
    sightings = look(frame, make_detector(VisionConfig()), (TABLE,), VisionConfig())
    header = Header(frame_id="optical")
    flat = conversions.detections_2d(sightings, {0: "object_7"}, header)
    solid = conversions.detections_3d(sightings, {0: "object_7"}, Header(frame_id="map"))
    assert flat.header.frame_id == flat.detections[0].header.frame_id == "optical"
    assert solid.header.frame_id == "map"
    for message in (flat, solid):
        assert [d.id for d in message.detections] == ["object_7", "", "", ""]
        assert [d.results[0].hypothesis.class_id for d in message.detections] == [
            s.label for s in sightings
        ]
    x0, y0, x1, y1 = sightings[0].detection.box
    box = flat.detections[0].bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (
        (x0 + x1) / 2,
        (y0 + y1) / 2,
        x1 - x0,
        y1 - y0,
    )
    place = solid.detections[0].bbox.center.position
    assert (place.x, place.y, place.z) == pytest.approx(sightings[0].position)
    assert list(solid.detections[0].results[0].pose.covariance) == pytest.approx(
        sightings[0].location.covariance
    )
