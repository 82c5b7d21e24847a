# SPDX-License-Identifier: Apache-2.0
"""Bytes of a camera's picture to RGB, or to distances in metres, by the name of their encoding.

Decides which encodings can be used, whether a picture shows colours at all, and where its bytes do not fit what it says
of itself. Names are those of sensor_msgs/image_encodings and their usual relatives, in upper or lower case. OpenCV
demosaics and converts; what is laid out as RGB already is viewed, not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.rgbd.frame import F32, MAX_PIXELS

_PACKED: dict[str, tuple[int, tuple[int, int, int]]] = {
    "rgb": (3, (0, 1, 2)),
    "bgr": (3, (2, 1, 0)),
    "rgba": (4, (0, 1, 2)),
    "bgra": (4, (2, 1, 0)),
}
"""Channels, and which of them are red, green and blue."""
_GENERIC = {"8uc1": "mono8", "8uc3": "bgr8", "8uc4": "bgra8", "16uc3": "bgr16", "16uc4": "bgra16"}
"""Encodings that name no colours are in OpenCV's order."""
_YUV422 = {
    "yuv422": cv2.COLOR_YUV2RGB_UYVY,
    "uyvy": cv2.COLOR_YUV2RGB_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
    "yuyv": cv2.COLOR_YUV2RGB_YUY2,
    "yuy2": cv2.COLOR_YUV2RGB_YUY2,
}
_YUV420 = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21}
# OpenCV names a pattern by its second row and column, ROS by the first.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
_DEPTHS = {"32fc1": "f4", "16uc1": "u2", "mono16": "u2"}
USABLE = (
    "rgb8, bgr8, rgba8, bgra8 and these with 16 bits, mono8, mono16, yuv422 (uyvy), yuv422_yuy2 (yuyv), nv12, nv21 "
    "and bayer_*"
)
COLOR_STEP = 97
"""Every so many pixels are looked at to see whether a picture has colours; no divisor of usual widths."""


@dataclass(frozen=True)
class Raw:
    """A picture as it came. step: bytes a row, 0 for no padding."""

    data: Any  # bytes, or what has a buffer of them
    encoding: str
    width: int
    height: int
    step: int
    big_endian: bool = False


def to_rgb(raw: Raw) -> NDArray[np.uint8]:
    """(h, w, 3) uint8, a view where the bytes are RGB already. Errors: BAD_IMAGE."""
    name = raw.encoding.lower()
    name = _GENERIC.get(name, name)
    w, h = raw.width, raw.height
    family, bits = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    if family in _PACKED and bits in ("8", "16"):
        channels, order = _PACKED[family]
        packed = _eight_bits(raw, bits, channels).reshape(h, w, channels)
        if order == (0, 1, 2):
            return packed[:, :, :3]
        return packed[:, :, 2::-1]
    if family == "mono" and bits in ("8", "16"):
        return np.broadcast_to(_eight_bits(raw, bits, 1)[:, :, None], (h, w, 3))
    if family.startswith("bayer_") and family[6:] in _BAYER and bits in ("8", "16"):
        _even(raw)
        return _convert(_eight_bits(raw, bits, 1), _BAYER[family[6:]])
    if name in _YUV422:
        _even(raw)
        return _convert(_rows(raw, "u1", 2, "colour").reshape(h, w, 2), _YUV422[name])
    if name in _YUV420:
        _even(raw)
        return _convert(_rows(raw, "u1", 1, "colour", h * 3 // 2), _YUV420[name])
    raise VlaError(
        Code.BAD_IMAGE,
        f"The colour image has the encoding '{raw.encoding[:30]}', which can't be used. These can: {USABLE}.",
    )


def shows_colors(encoding: str, rgb: NDArray[np.uint8]) -> bool:
    """Whether colours can be told: not of a grey camera, nor of one whose picture is grey in all channels."""
    name = encoding.lower()
    if name in ("8uc1", "mono8", "mono16"):
        return False
    sample = rgb.reshape(-1, 3)[::COLOR_STEP] if rgb.flags.c_contiguous else rgb[::7, ::13]
    return bool(np.any(sample != sample[..., :1]))


def to_meters(raw: Raw) -> F32:
    """(h, w) float32, NaN or 0 where not known; a view for 32FC1. Errors: BAD_IMAGE."""
    kind = _DEPTHS.get(raw.encoding.lower())
    if kind is None:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The depth image has the encoding '{raw.encoding[:30]}', which can't be used. It has to be 32FC1 (metres) "
            "or 16UC1 (millimetres).",
        )
    rows = _rows(raw, kind, 1, "depth")
    # Makes a copy only of integers, and where the bytes stand in the other order.
    depths: F32 = rows.astype(np.float32, copy=False)
    return depths * np.float32(0.001) if kind == "u2" else depths


def _eight_bits(raw: Raw, bits: str, channels: int) -> NDArray[np.uint8]:
    """(h, w * channels); of 16 bits the upper ones."""
    if bits == "8":
        return _rows(raw, "u1", channels, "colour")
    return (_rows(raw, "u2", channels, "colour") >> 8).astype(np.uint8)


def _even(raw: Raw) -> None:
    if raw.width % 2 or raw.height % 2:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The colour image is {raw.width}x{raw.height} pixels; in the encoding '{raw.encoding[:30]}' both have to "
            "be even.",
        )


def _convert(image: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    try:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), code), dtype=np.uint8)
    except cv2.error as error:
        raise VlaError(
            Code.BAD_IMAGE, f"OpenCV can't convert the colour image: {error.err}."
        ) from error


def _rows(raw: Raw, kind: str, channels: int, name: str, height: int | None = None) -> NDArray[Any]:
    """(height, w * channels) numbers of a kind, without the padding. height: rows in the data, None: the picture's."""
    dtype = np.dtype((">" if raw.big_endian else "<") + kind)
    needed = raw.width * channels * dtype.itemsize
    if raw.width < 1 or raw.height < 1:
        raise VlaError(Code.BAD_IMAGE, f"The {name} image is empty.")
    if raw.width * raw.height > MAX_PIXELS:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The {name} image of {raw.width}x{raw.height} pixels is larger than {MAX_PIXELS // 10**6} megapixels.",
        )
    height = raw.height if height is None else height
    step = raw.step or needed
    data = np.frombuffer(raw.data, dtype=np.uint8)
    if step < needed or data.size < step * height:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The {name} image says {raw.width}x{raw.height} pixels in {raw.encoding[:30]} and {step} bytes a row, but "
            f"holds {data.size} bytes.",
        )
    rows = data[: step * height].reshape(height, step)[:, :needed]
    if dtype.itemsize == 1:
        return rows
    return np.ascontiguousarray(rows).view(dtype)
