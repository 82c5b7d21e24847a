# SPDX-License-Identifier: Apache-2.0
"""Colour names that a person would use: red, orange, yellow, green, blue, purple, pink, brown, white, grey, black.

Works in OKLab (B. Ottosson, 2020), whose hue hardly changes with shading. The hue and chroma decide among the
chromatic names; lightness only where the language does: brown is a dark orange, pink a light red, and white, grey and
black differ in nothing else. Lightness is relative to the picture's exposure (`exposure_gain`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

NAMES = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "white",
    "grey",
    "black",
)

# Least chroma of a chromatic colour, growing a little for dark pixels, whose hue is mostly noise.
MIN_CHROMA = 0.045
# Where each name's hues begin, degrees from _FIRST_HUE on; from the sRGB primaries and the CSS colours of these names.
_FIRST_HUE = 340.0
_HUES = (
    (0.0, "pink"),
    (32.0, "red"),
    (60.0, "orange"),
    (99.0, "yellow"),
    (138.0, "green"),
    (210.0, "blue"),
    (305.0, "purple"),
)
_HUE_BLUR = 16.0  # degrees from a boundary at which a name is certain

_SRGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_VALUES = np.arange(256) / 255.0
_LINEAR = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.uint8]) -> F64:
    """(..., 3) uint8 sRGB to OKLab: L 0..1, a and b about -0.4..0.4."""
    lms = np.cbrt(_LINEAR[rgb] @ _SRGB_TO_LMS.T)
    out: F64 = lms @ _LMS_TO_LAB.T
    return out


def exposure_gain(rgb: NDArray[np.uint8]) -> float:
    """By what factor lightness has to be multiplied so that the brightest tenth of the picture is near white.

    Walls, ceilings and windows are the brightest parts of a room; the gain is limited: a dark room may have none.
    """
    step = max(1, rgb.shape[0] // 60)
    light = oklab(rgb[::step, ::step])[..., 0]
    return float(np.clip(0.80 / max(float(np.percentile(light, 90)), 0.05), 0.9, 1.35))


def name_of(lightness: float, a: float, b: float) -> tuple[str, float]:
    """Name of an OKLab colour and how sure that is (0.5 at a boundary, up to 1)."""
    chroma = math.hypot(a, b)
    limit = MIN_CHROMA + 0.03 * max(0.0, 0.35 - lightness)
    if chroma < limit:
        sure = min(1.0, 0.5 + (limit - chroma) / limit)
        if lightness < 0.30:
            return "black", _sure(0.30 - lightness, 0.1, sure)
        if lightness < 0.72:
            return "grey", _sure(min(lightness - 0.30, 0.72 - lightness), 0.1, sure)
        return "white", _sure(lightness - 0.72, 0.1, sure)
    hue = (math.degrees(math.atan2(b, a)) - _FIRST_HUE) % 360.0
    index = max(i for i, (start, _) in enumerate(_HUES) if start <= hue)
    name = _HUES[index][1]
    end = _HUES[index + 1][0] if index + 1 < len(_HUES) else 360.0
    to_boundary = min(hue - _HUES[index][0], end - hue)
    sure = min(1.0, 0.5 + to_boundary / (2 * _HUE_BLUR), 0.5 + (chroma - limit) / limit)
    if name == "red" and lightness > 0.70 and chroma < 0.17:
        return "pink", _sure(lightness - 0.70, 0.1, sure)
    if name == "pink" and lightness < 0.45:
        return "purple" if hue < 16.0 else "red", 0.5
    if name in ("orange", "yellow") and lightness < 0.50 and chroma < 0.125:
        return "brown", _sure(min(0.50 - lightness, 0.125 - chroma), 0.03, sure)
    if name == "orange" and chroma < 0.085 and lightness < 0.68:
        return "brown", _sure(0.085 - chroma, 0.03, sure)
    return name, sure


def _sure(margin: float, scale: float, limit: float) -> float:
    return max(0.5, min(limit, 0.5 + 0.5 * margin / scale))


def color_of(pixels: NDArray[np.uint8], gain: float = 1.0) -> tuple[str, float]:
    """Name and certainty of the colour of a thing's pixels (n, 3), uint8.

    Shaded pixels keep their hue: a and b are medians over the pixels that are lit (the brighter two thirds), lightness
    is that of the lit part. ("", 0) for no pixels.
    """
    if len(pixels) == 0:
        return "", 0.0
    lab = oklab(pixels)
    light = lab[:, 0]
    lit = lab[(light >= np.percentile(light, 33)) & (light <= np.percentile(light, 98) + 1e-9)]
    lightness = min(1.0, float(np.percentile(light, 75)) * gain)
    return name_of(lightness, float(np.median(lit[:, 1])), float(np.median(lit[:, 2])))
