"""Image encodings: what a pixel is made of, and how to get from one encoding to another.

Knows names, element types, channels and OpenCV's conversion codes; no messages. The names are those
of `sensor_msgs/image_encodings.hpp`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]

# OpenCV's depth names and numbers, and the element type of each.
DEPTHS = ("8U", "8S", "16U", "16S", "32S", "32F", "64F")
_DTYPES = dict(
    zip(DEPTHS, ("uint8", "int8", "uint16", "int16", "int32", "float32", "float64"), strict=True)
)
_DEPTH_OF_DTYPE = {dtype: depth for depth, dtype in _DTYPES.items()}
_MAX_CHANNELS = 512  # CV_CN_MAX
_GENERIC = re.compile(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([0-9]+))?")

# Colour encodings: name -> (colour family, depth, channels).
_COLOURS: dict[str, tuple[str, str, int]] = {
    f"{family}{bits}": (code, f"{bits}U", channels)
    for bits in (8, 16)
    for family, code, channels in (
        ("mono", "GRAY", 1),
        ("rgb", "RGB", 3),
        ("bgr", "BGR", 3),
        ("rgba", "RGBA", 4),
        ("bgra", "BGRA", 4),
        ("bayer_rggb", "BAYER_RGGB", 1),
        ("bayer_bggr", "BAYER_BGGR", 1),
        ("bayer_gbrg", "BAYER_GBRG", 1),
        ("bayer_grbg", "BAYER_GRBG", 1),
    )
} | {"yuv422": ("UYVY", "8U", 2), "yuv422_yuy2": ("YUY2", "8U", 2)}

# OpenCV names a Bayer pattern by the second row and column, ROS by the first.
_BAYER_OF_OPENCV = {
    "BAYER_RGGB": "BayerBG",
    "BAYER_BGGR": "BayerRG",
    "BAYER_GBRG": "BayerGR",
    "BAYER_GRBG": "BayerGB",
}
_PLAIN = ("GRAY", "RGB", "BGR", "RGBA", "BGRA")


class EncodingError(ValueError):
    """An unknown encoding, or a conversion that makes no sense."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One encoding. `colour` is empty for the generic ones (8UC3, 32FC1, ...)."""

    name: str
    colour: str
    depth: str
    channels: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one element, in the byte order of this machine."""
        return np.dtype(_DTYPES[self.depth])

    @property
    def generic(self) -> str:
        """The encoding with the same layout that says nothing about colour, such as 8UC3."""
        return f"{self.depth}C{self.channels}"


def parse(name: str) -> Encoding:
    """The encoding of a name. Raises EncodingError."""
    if name in _COLOURS:
        colour, depth, channels = _COLOURS[name]
        return Encoding(name, colour, depth, channels)
    match = _GENERIC.fullmatch(name)
    channels = int(match[2] or 1) if match else 0
    if not match or not 1 <= channels <= _MAX_CHANNELS:
        raise EncodingError(f"the image encoding '{name}' is not known")
    return Encoding(name, "", match[1], channels)


def generic_of(dtype: np.dtype[Any], channels: int) -> str:
    """Generic encoding of an array's element type and channels. Raises EncodingError."""
    if dtype.name not in _DEPTH_OF_DTYPE:
        raise EncodingError(f"images with elements of type {dtype.name} have no encoding")
    return f"{_DEPTH_OF_DTYPE[dtype.name]}C{channels}"


def _colour_code(source: str, target: str) -> int | None:
    """OpenCV's code for a change of colour family, None where there is none."""
    import cv2

    if target not in _PLAIN:
        return None
    if source in _BAYER_OF_OPENCV:
        name = f"COLOR_{_BAYER_OF_OPENCV[source]}2{target}"
        return getattr(cv2, name, None) if target in ("GRAY", "RGB", "BGR") else None
    prefix = f"YUV2{target}_{source}" if source in ("UYVY", "YUY2") else f"{source}2{target}"
    return getattr(cv2, f"COLOR_{prefix}", None)


def _change_depth(image: Image, source: Encoding, target: Encoding) -> Image:
    """Elements in the target's type: rounded, saturated, 8 and 16 bits scaled to full range."""
    if source.dtype == target.dtype:
        return image.copy()
    bits = (8 * source.dtype.itemsize, 8 * target.dtype.itemsize)
    scale = {(8, 16): 65535.0 / 255.0, (16, 8): 255.0 / 65535.0}.get(bits, 1.0)
    if target.dtype.kind == "f":
        return image.astype(target.dtype)
    limits = np.iinfo(target.dtype)
    # float64 holds every 32 bit integer exactly; NaN becomes the lowest value as in OpenCV.
    scaled = np.nan_to_num(np.rint(image.astype(np.float64) * scale), nan=limits.min)
    clipped: Image = np.clip(scaled, limits.min, limits.max).astype(target.dtype)
    return clipped


def convert(image: Image, source_name: str, target_name: str) -> Image:
    """`image` in another encoding, always a copy.

    Colours are converted between the mono, rgb, bgr, rgba, bgra, bayer and yuv422 families; the
    generic encodings carry no colour and convert among themselves, or from a colour with the same
    number of channels, in depth only. Raises EncodingError for everything else.
    """
    if source_name == target_name:
        return image.copy()
    source, target = parse(source_name), parse(target_name)
    if not target.colour:
        if source.channels != target.channels:
            raise EncodingError(
                f"[{source_name}] and [{target_name}] do not have the same number of channels"
            )
        return _change_depth(image, source, target)
    if not source.colour:
        raise EncodingError(
            f"[{source_name}] is not a color format but [{target_name}] is: nothing says how its "
            "values are to be read as colours"
        )
    if source.colour == target.colour:
        return _change_depth(image, source, target)
    code = _colour_code(source.colour, target.colour)
    if code is None:
        raise EncodingError(f"conversion from [{source_name}] to [{target_name}] is not supported")
    import cv2

    try:
        coloured = np.asarray(cv2.cvtColor(image, code))
    except cv2.error as error:
        reason = f"conversion from [{source_name}] to [{target_name}] failed: {error}"
        raise EncodingError(reason) from error
    return _change_depth(coloured, source, target)
