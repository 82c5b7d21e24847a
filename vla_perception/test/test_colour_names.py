# SPDX-License-Identifier: Apache-2.0
"""Colour names against the CSS colours, under shading and noise."""

from __future__ import annotations

import numpy as np
import pytest

from vla_perception.detect.color_names import NAMES, color_of, exposure_gain, name_of, oklab

CSS = {
    "red": [(255, 0, 0), (220, 20, 60), (178, 34, 34), (139, 0, 0)],
    "orange": [(255, 165, 0), (255, 140, 0), (255, 120, 30)],
    "yellow": [(255, 255, 0), (255, 215, 0), (240, 230, 60)],
    "green": [(0, 128, 0), (50, 205, 50), (34, 139, 34), (0, 100, 0), (107, 142, 35)],
    "blue": [(0, 0, 255), (30, 144, 255), (0, 0, 139), (70, 130, 180), (135, 206, 235)],
    "purple": [(128, 0, 128), (148, 0, 211), (75, 0, 130), (147, 112, 219)],
    "pink": [(255, 192, 203), (255, 105, 180), (255, 20, 147)],
    "brown": [(139, 69, 19), (101, 67, 33), (120, 80, 50)],
    "white": [(255, 255, 255), (245, 245, 245), (250, 248, 240)],
    "grey": [(128, 128, 128), (105, 105, 105), (150, 150, 150)],
    "black": [(0, 0, 0), (25, 25, 25), (20, 20, 26)],
}


@pytest.mark.parametrize(("name", "rgb"), [(n, c) for n, colors in CSS.items() for c in colors])
def test_css_colors_have_their_names(name, rgb):
    assert color_of(np.full((50, 3), rgb, dtype=np.uint8))[0] == name


@pytest.mark.parametrize("name", ["red", "green", "blue", "yellow", "orange", "white"])
def test_shading_and_noise_keep_the_name(name):
    random = np.random.default_rng(1)
    base = {"red": (190, 25, 25), "green": (30, 140, 50), "blue": (30, 55, 185), "yellow": (225, 200, 30),
            "orange": (230, 115, 20), "white": (225, 225, 222)}[name]  # fmt: skip
    light = np.linspace(0.45, 1.0, 400)[:, None]
    pixels = np.clip(np.array(base) * light + random.normal(0, 6, (400, 3)), 0, 255).astype(
        np.uint8
    )
    assert color_of(pixels)[0] == name


def test_a_dark_picture_does_not_turn_white_things_gray():
    room = np.full((60, 80, 3), 110, dtype=np.uint8)
    white = np.full((100, 3), 150, dtype=np.uint8)
    assert color_of(white, 1.0)[0] == "grey"
    assert color_of(white, exposure_gain(room))[0] == "white"


def test_no_pixels_have_no_color():
    assert color_of(np.zeros((0, 3), np.uint8)) == ("", 0.0)


def test_every_color_has_one_of_the_names_and_a_certainty():
    grid = (
        np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(-1, 3).astype(np.uint8)
    )
    seen = set()
    for light, a, b in oklab(grid):
        name, sure = name_of(float(light), float(a), float(b))
        assert 0.5 <= sure <= 1.0
        seen.add(name)
    assert seen == set(NAMES)


def test_certainty_falls_towards_a_boundary():
    middle, edge = (255, 0, 0), (255, 95, 10)
    sure = [color_of(np.full((9, 3), rgb, np.uint8))[1] for rgb in (middle, edge)]
    assert sure[0] > sure[1] + 0.1


CASTS = ((1.0, 1.0, 1.0), (1.08, 1.0, 0.9), (0.93, 1.0, 1.08), (1.0, 1.05, 0.97))
"""Daylight, a warm lamp, an overcast sky, a fluorescent tube: what is left after a camera's white balance."""


def lit(rgb, light, cast, random, count=200) -> np.ndarray:
    """Pixels of a thing of that colour, shaded to less than half at its dark side, with noise."""
    linear = np.where(
        np.array(rgb) <= 10,
        np.array(rgb) / 255 / 12.92,
        ((np.array(rgb) / 255 + 0.055) / 1.055) ** 2.4,
    )
    seen = linear * random.uniform(0.45, 1.0, (count, 1)) * light * np.array(cast)
    coded = np.where(
        seen <= 0.0031, 12.92 * seen, 1.055 * np.maximum(seen, 1e-9) ** (1 / 2.4) - 0.055
    )
    return np.clip(255 * coded + random.normal(0, 4, (count, 3)), 0, 255).astype(np.uint8)


def test_under_common_lights_97_in_100_patches_have_their_name():
    random = np.random.default_rng(0)
    right: list[bool] = []
    for light in (0.35, 0.5, 0.7, 1.0):
        for cast in CASTS:
            wall = lit((215, 215, 213), light, cast, random, 2000).reshape(40, 50, 3)
            gain = exposure_gain(wall)
            right += [
                color_of(lit(rgb, light, cast, random), gain)[0] == name
                for name, colors in CSS.items()
                for rgb in colors
            ]
    assert len(right) > 500 and np.mean(right) >= 0.97
