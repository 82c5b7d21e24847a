# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Pictures out of messages. Holds for upstream's cv_bridge as well; CvBridgeError is a TypeError."""

from __future__ import annotations

import array

import cv2
import numpy as np
import pytest
from cv_bridge import CvBridge
from sensor_msgs.msg import Image

BRIDGE = CvBridge()
RANDOM = np.random.default_rng(0)
CHANNELS = {"mono8": 1, "rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "yuv422": 2, "bayer_rggb8": 1}


def picture(encoding: str) -> np.ndarray:
    channels = CHANNELS[encoding]
    shape = (4, 6) if channels == 1 else (4, 6, channels)
    return (RANDOM.random(shape) * 250).astype(np.uint8)


def message(encoding: str, image: np.ndarray, padding: int = 0) -> Image:
    rows = image.reshape(4, -1)
    padded = np.hstack([rows, np.full((4, padding), 255, np.uint8)])
    return Image(
        encoding=encoding,
        height=4,
        width=6,
        step=padded.shape[1],
        data=array.array("B", padded.tobytes()),
    )


@pytest.mark.parametrize("encoding", CHANNELS)
@pytest.mark.parametrize("pixels_of_padding", [0, 2])
def test_what_is_in_the_message_comes_out(encoding: str, pixels_of_padding: int) -> None:
    image = picture(encoding)
    sent = message(encoding, image, pixels_of_padding * CHANNELS[encoding])
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent), image)
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(sent, encoding), image)


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("rgb8", "bgr8", cv2.COLOR_RGB2BGR),
        ("bgr8", "rgb8", cv2.COLOR_BGR2RGB),
        ("bgra8", "bgr8", cv2.COLOR_BGRA2BGR),
        ("rgba8", "bgr8", cv2.COLOR_RGBA2BGR),
        ("rgb8", "mono8", cv2.COLOR_RGB2GRAY),
        ("mono8", "bgr8", cv2.COLOR_GRAY2BGR),
        ("bayer_rggb8", "bgr8", cv2.COLOR_BayerBG2BGR),
        ("yuv422", "bgr8", cv2.COLOR_YUV2BGR_UYVY),
    ],
)
def test_colors_are_converted(source: str, target: str, code: int) -> None:
    image = picture(source)
    got = BRIDGE.imgmsg_to_cv2(message(source, image), target)
    np.testing.assert_array_equal(got, cv2.cvtColor(image, code))


def test_colors_by_hand() -> None:
    red = np.full((4, 6, 3), (255, 0, 0), np.uint8)
    assert BRIDGE.imgmsg_to_cv2(message("rgb8", red), "bgr8")[0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("encoding", "desired"),
    [("rgb8", "no_such"), ("no_such", "bgr8"), ("no_such", "passthrough"), ("rgb8", "bayer_rggb8")],
)
def test_unknown_encodings_are_refused(encoding: str, desired: str) -> None:
    sent = message("rgb8", picture("rgb8"))
    sent.encoding = encoding
    with pytest.raises(TypeError):
        BRIDGE.imgmsg_to_cv2(sent, desired)


@pytest.mark.parametrize("spoil", [{"step": 17}, {"height": 5}, {"data": array.array("B", [0])}])
def test_malformed_messages_are_refused(spoil: dict[str, object]) -> None:
    sent = message("rgb8", picture("rgb8"))
    for name, value in spoil.items():
        setattr(sent, name, value)
    with pytest.raises(TypeError):
        BRIDGE.imgmsg_to_cv2(sent, "bgr8")
