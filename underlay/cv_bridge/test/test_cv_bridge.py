"""Images to messages and back. Wrong input must raise a TypeError (CvBridgeError is one)."""

from __future__ import annotations

import array
import importlib.util

import cv2
import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

BRIDGE = CvBridge()
RANDOM = np.random.default_rng(0)


def picture(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return (RANDOM.random(shape) * 250).astype(dtype)


def message(
    encoding: str, height: int, width: int, step: int, data: bytes, bigendian: int = 0
) -> Image:
    return Image(
        encoding=encoding,
        height=height,
        width=width,
        step=step,
        data=array.array("B", data),
        is_bigendian=bigendian,
    )


ENCODINGS = [
    ("mono8", (4, 6), "uint8"),
    ("rgb8", (4, 6, 3), "uint8"),
    ("bgr8", (4, 6, 3), "uint8"),
    ("rgba8", (4, 6, 4), "uint8"),
    ("bgra8", (4, 6, 4), "uint8"),
    ("mono16", (4, 6), "uint16"),
    ("rgb16", (4, 6, 3), "uint16"),
    ("bayer_rggb8", (4, 6), "uint8"),
    ("yuv422", (4, 6, 2), "uint8"),
    ("8UC1", (4, 6), "uint8"),
    ("8UC2", (4, 6, 2), "uint8"),
    ("8UC3", (4, 6, 3), "uint8"),
    ("8UC4", (4, 6, 4), "uint8"),
    ("8SC1", (4, 6), "int8"),
    ("16UC1", (4, 6), "uint16"),
    ("16SC2", (4, 6, 2), "int16"),
    ("32SC1", (4, 6), "int32"),
    ("32FC1", (4, 6), "float32"),
    ("64FC3", (4, 6, 3), "float64"),
]


@pytest.mark.parametrize(("encoding", "shape", "dtype"), ENCODINGS)
def test_round_trip(encoding: str, shape: tuple[int, ...], dtype: str) -> None:
    image = picture(shape, dtype)
    header = Header(frame_id="camera")
    sent = BRIDGE.cv2_to_imgmsg(image, encoding, header)
    assert (sent.height, sent.width, sent.encoding) == (4, 6, encoding)
    assert sent.step * sent.height == len(sent.data) == image.nbytes
    assert sent.header.frame_id == "camera"
    back = BRIDGE.imgmsg_to_cv2(sent)
    assert back.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(back, image)


@pytest.mark.parametrize(
    ("shape", "dtype", "encoding"),
    [((2, 3), "uint8", "8UC1"), ((2, 3, 3), "uint8", "8UC3"), ((2, 3), "float32", "32FC1")],
)
def test_passthrough_names_the_layout(shape: tuple[int, ...], dtype: str, encoding: str) -> None:
    assert BRIDGE.cv2_to_imgmsg(picture(shape, dtype)).encoding == encoding


def test_a_part_of_an_image_can_be_sent() -> None:
    image = picture((10, 12, 3), "uint8")[2:6, 1:9:2, ::-1]
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, "bgr8")), image)


def test_passthrough_is_a_view() -> None:
    sent = BRIDGE.cv2_to_imgmsg(np.zeros((4, 6, 3), np.uint8), "rgb8")
    view = BRIDGE.imgmsg_to_cv2(sent)
    view[0, 0, 1] = 7
    assert sent.data[1] == 7
    converted = BRIDGE.imgmsg_to_cv2(sent, "rgb8")
    converted[0, 0, 1] = 9
    assert sent.data[1] == 7


@pytest.mark.parametrize(("encoding", "shape", "dtype"), ENCODINGS)
def test_padding_is_left_out(encoding: str, shape: tuple[int, ...], dtype: str) -> None:
    image = picture(shape, dtype)
    pixel_bytes = image[0, 0].nbytes
    rows = image.reshape(4, -1).view(np.uint8)
    padded = np.hstack([rows, np.full((4, 2 * pixel_bytes), 255, np.uint8)])
    sent = message(encoding, 4, 6, padded.shape[1], padded.tobytes())
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent), image)


@pytest.mark.skipif(
    importlib.util.find_spec("cv_bridge.boost") is not None
    and not hasattr(np.ndarray, "newbyteorder"),
    reason="upstream's swapping of bytes came before NumPy 2",
)
def test_big_endian() -> None:
    image = picture((3, 5), "uint16") * 200
    sent = message("mono16", 3, 5, 10, image.astype(">u2").tobytes(), bigendian=1)
    back = BRIDGE.imgmsg_to_cv2(sent)
    np.testing.assert_array_equal(back, image)
    assert back.dtype.isnative
    assert BRIDGE.cv2_to_imgmsg(image.astype(">u2"), "mono16").is_bigendian


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("rgb8", "bgr8", cv2.COLOR_RGB2BGR),
        ("rgb8", "mono8", cv2.COLOR_RGB2GRAY),
        ("bgr8", "rgba8", cv2.COLOR_BGR2RGBA),
        ("bgra8", "rgb8", cv2.COLOR_BGRA2RGB),
        ("rgba8", "bgra8", cv2.COLOR_RGBA2BGRA),
        ("mono8", "bgr8", cv2.COLOR_GRAY2BGR),
        ("mono16", "rgb16", cv2.COLOR_GRAY2RGB),
        ("bayer_rggb8", "bgr8", cv2.COLOR_BayerBG2BGR),
        ("bayer_grbg8", "rgb8", cv2.COLOR_BayerGB2RGB),
        ("yuv422", "bgr8", cv2.COLOR_YUV2BGR_UYVY),
        ("yuv422_yuy2", "mono8", cv2.COLOR_YUV2GRAY_YUY2),
    ],
)
def test_colours(source: str, target: str, code: int) -> None:
    dtype, channels = BRIDGE.encoding_to_dtype_with_channels(source)
    image = picture((6, 8) if channels == 1 else (6, 8, channels), dtype)
    converted = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, source), target)
    np.testing.assert_array_equal(converted, cv2.cvtColor(image, code))


@pytest.mark.parametrize(
    ("source", "target", "values", "expected"),
    [
        ("mono8", "mono16", [0, 1, 255], [0, 257, 65535]),
        ("mono16", "mono8", [0, 257, 65535], [0, 1, 255]),
        ("16UC1", "8UC1", [0, 128, 65535], [0, 0, 255]),
        ("16UC1", "32FC1", [0, 1500, 65535], [0.0, 1500.0, 65535.0]),
        ("32FC1", "16UC1", [-1.0, 1.6, 1e6], [0, 2, 65535]),
        ("mono8", "8UC1", [1, 2, 3], [1, 2, 3]),
    ],
)
def test_depths(source: str, target: str, values: list[float], expected: list[float]) -> None:
    dtype, _ = BRIDGE.encoding_to_dtype_with_channels(source)
    sent = BRIDGE.cv2_to_imgmsg(np.array([values], dtype), source)
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent, target), [expected])


def test_colour_and_depth_at_once() -> None:
    image = picture((4, 6, 3), "uint8")
    converted = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, "rgb8"), "bgr16")
    np.testing.assert_array_equal(converted, image[:, :, ::-1].astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("8UC3", "rgb8"),
        ("32FC1", "mono8"),
        ("rgb8", "8UC1"),
        ("8UC3", "8UC1"),
        ("rgb8", "no_such_encoding"),
        ("rgb8", "bayer_rggb8"),
        ("mono8", "yuv422"),
    ],
)
def test_senseless_conversions(source: str, target: str) -> None:
    dtype, channels = BRIDGE.encoding_to_dtype_with_channels(source)
    image = picture((4, 6) if channels == 1 else (4, 6, channels), dtype)
    with pytest.raises(CvBridgeError, match=r"\w+ .*\w+"):
        BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(image, source), target)


def test_unknown_encoding_in_a_message() -> None:
    with pytest.raises(CvBridgeError):
        BRIDGE.imgmsg_to_cv2(message("jpeg", 1, 1, 1, b"\0"))


@pytest.mark.parametrize(
    ("height", "step", "size"), [(4, 18, 71), (4, 18, 0), (5, 18, 72)], ids=str
)
def test_too_little_data(height: int, step: int, size: int) -> None:
    with pytest.raises(TypeError):
        BRIDGE.imgmsg_to_cv2(message("rgb8", height, 6, step, bytes(size)))


@pytest.mark.parametrize(
    ("image", "encoding"),
    [
        ([[0]], "mono8"),
        (np.zeros((2, 2), np.uint8), "rgb8"),
        (np.zeros((2, 2, 3), np.uint8), "mono8"),
        (np.zeros((2, 2), np.float32), "16UC1"),
        (np.zeros((2, 2, 3), np.uint8), "no_such_encoding"),
    ],
)
def test_images_that_do_not_fit(image: object, encoding: str) -> None:
    with pytest.raises(TypeError):
        BRIDGE.cv2_to_imgmsg(image, encoding)


def test_types_by_number() -> None:
    assert BRIDGE.encoding_to_cvtype2("bgr8") == cv2.CV_8UC3
    assert BRIDGE.encoding_to_cvtype2("32FC1") == cv2.CV_32FC1
    assert tuple(BRIDGE.cvtype2_to_dtype_with_channels(cv2.CV_16UC4)) == ("uint16", 4)
    assert BRIDGE.dtype_with_channels_to_cvtype2(np.dtype("float64"), 2) == "64FC2"


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_compressed(image_format: str) -> None:
    image = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    sent = BRIDGE.cv2_to_compressed_imgmsg(image, image_format)
    assert image_format in sent.format
    back = BRIDGE.compressed_imgmsg_to_cv2(sent)
    assert np.abs(back.astype(int) - image).max() <= 3
    swapped = BRIDGE.compressed_imgmsg_to_cv2(sent, "rgb8")
    np.testing.assert_array_equal(swapped, back[:, :, ::-1])


def test_compressed_depth() -> None:
    image = picture((8, 8), "uint16") * 100
    sent = BRIDGE.cv2_to_compressed_imgmsg(image, "png")
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(sent), image)


def test_compressed_needs_an_array() -> None:
    with pytest.raises(TypeError):
        BRIDGE.cv2_to_compressed_imgmsg([1, 2, 3])


def test_compressed_message_type() -> None:
    assert isinstance(BRIDGE.cv2_to_compressed_imgmsg(np.zeros((2, 2), np.uint8)), CompressedImage)
