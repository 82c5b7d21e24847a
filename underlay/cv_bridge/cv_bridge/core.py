# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`CvBridge`: pictures out of ROS image messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image as ImageMessage

Image = npt.NDArray[Any]

_CHANNELS = {
    "mono8": 1,
    "rgb8": 3,
    "bgr8": 3,
    "rgba8": 4,
    "bgra8": 4,
    "yuv422": 2,
    "yuv422_yuy2": 2,
    **{f"bayer_{pattern}8": 1 for pattern in ("rggb", "bggr", "gbrg", "grbg")},
}
_FAMILY = {
    "mono8": "GRAY",
    "rgb8": "RGB",
    "bgr8": "BGR",
    "rgba8": "RGBA",
    "bgra8": "BGRA",
    # OpenCV names a Bayer pattern by the second row and column, ROS by the first.
    "bayer_rggb8": "BayerBG",
    "bayer_bggr8": "BayerRG",
    "bayer_gbrg8": "BayerGR",
    "bayer_grbg8": "BayerGB",
}
_YUV = {"yuv422": "UYVY", "yuv422_yuy2": "YUY2"}
"""OpenCV's names in the names of its conversions."""


class CvBridgeError(TypeError):
    """An image that can't be converted, and why."""


class CvBridge:
    """Converts images. It has no state: one may serve the whole process."""

    def imgmsg_to_cv2(self, img_msg: ImageMessage, desired_encoding: str = "passthrough") -> Image:
        """The picture of a message.

        Args:
            img_msg: with 8 bits per channel: mono, rgb, bgr, rgba, bgra, bayer or yuv422.
            desired_encoding: mono8, rgb8, bgr8, rgba8 or bgra8; `passthrough` for that of the message.

        Returns:
            (height, width) for one channel and (height, width, channels) for more.

        Raises:
            CvBridgeError: when the message is malformed, or there is no such conversion.
        """
        image = _pixels(img_msg)
        if desired_encoding in ("passthrough", img_msg.encoding):
            return image
        target = _FAMILY.get(desired_encoding, "")
        source = img_msg.encoding
        name = (
            f"COLOR_YUV2{target}_{_YUV[source]}"
            if source in _YUV
            else f"COLOR_{_FAMILY[source]}2{target}"
        )
        import cv2

        code = getattr(cv2, name, None)
        if code is None or target.startswith("Bayer"):
            raise CvBridgeError(
                f"a conversion from [{source}] to [{desired_encoding}] is outside the subset of "
                "this underlay"
            )
        return np.asarray(cv2.cvtColor(image, code))


def _pixels(message: ImageMessage) -> Image:
    """A view of a message's data, without what pads its rows."""
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        raise CvBridgeError(
            f"the image encoding '{message.encoding}' is outside the subset of this underlay"
        )
    height, width, step = message.height, message.width, message.step
    data = np.frombuffer(message.data, dtype=np.uint8)
    if step < width * channels or data.size < height * step:
        raise CvBridgeError(
            f"the image is malformed: {height} rows of {width} pixels in {message.encoding} do not "
            f"fit a step of {step} bytes and {data.size} bytes of data"
        )
    rows: Image = np.ascontiguousarray(
        data[: height * step].reshape(height, step)[:, : width * channels]
    )
    return rows if channels == 1 else rows.reshape(height, width, channels)
