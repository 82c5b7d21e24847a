# SPDX-License-Identifier: Apache-2.0
"""Encodings of cameras: what is decoded, what is refused, and which pictures show colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.rgbd.pixel_formats import Raw, shows_colors, to_meters, to_rgb

H, W = 24, 32
PATCHES = np.zeros((H, W, 3), np.uint8)
PATCHES[:, :16], PATCHES[:, 16:] = (200, 30, 40), (20, 60, 190)
RED, BLUE = (slice(4, 20), slice(4, 12)), (slice(4, 20), slice(20, 28))


def raw(values: np.ndarray, encoding: str, **more) -> Raw:
    step = more.pop("step", values.strides[0])
    return Raw(values.tobytes(), encoding, W, H, step, **more)


def yuv(code: int) -> np.ndarray:
    """Packed 4:2:2 by hand: OpenCV before 4.10 only decodes it."""
    planes = cv2.cvtColor(PATCHES, cv2.COLOR_RGB2YUV).astype(np.float64)
    y = 16 + planes[..., 0] * 219 / 255
    # BT.601 of limited range, as cameras send it.
    rgb = PATCHES.astype(np.float64) / 255
    cb = 128 + 224 * (-0.168736 * rgb[..., 0] - 0.331264 * rgb[..., 1] + 0.5 * rgb[..., 2])
    cr = 128 + 224 * (0.5 * rgb[..., 0] - 0.418688 * rgb[..., 1] - 0.081312 * rgb[..., 2])
    out = np.zeros((H, W, 2), np.uint8)
    luma, chroma = (1, 0) if code == 0 else (0, 1)
    out[..., luma] = np.rint(y)
    out[:, 0::2, chroma], out[:, 1::2, chroma] = np.rint(cb[:, 0::2]), np.rint(cr[:, 0::2])
    return out


def nv(second_first: bool) -> np.ndarray:
    packed = yuv(1)
    out = np.zeros((H * 3 // 2, W), np.uint8)
    out[:H] = packed[..., 0]
    cb, cr = packed[::2, 0::2, 1], packed[::2, 1::2, 1]
    out[H:, 0::2], out[H:, 1::2] = (cr, cb) if second_first else (cb, cr)
    return out


def bayer(pattern: str) -> np.ndarray:
    out = np.zeros((H, W), np.uint8)
    for index, letter in enumerate(pattern):
        row, column = divmod(index, 2)
        out[row::2, column::2] = PATCHES[row::2, column::2, "rgb".index(letter)]
    return out


WIDE = PATCHES.astype(np.uint16) * 257
SEVERAL = [
    ("uyvy", yuv(0)), ("yuv422", yuv(0)), ("UYVY", yuv(0)),
    ("yuyv", yuv(1)), ("yuv422_yuy2", yuv(1)), ("YUYV", yuv(1)),
    ("nv12", nv(False)), ("nv21", nv(True)),
    *((f"bayer_{p}8", bayer(p)) for p in ("rggb", "bggr", "gbrg", "grbg")),
    ("bayer_grbg16", bayer("grbg").astype(np.uint16) * 257),
    ("rgb16", WIDE), ("bgr16", np.ascontiguousarray(WIDE[..., ::-1])),
    ("rgba8", np.dstack([PATCHES, np.zeros((H, W), np.uint8)])),
    ("bgra8", np.dstack([PATCHES[..., ::-1], np.zeros((H, W), np.uint8)])),
    ("8UC4", np.dstack([PATCHES[..., ::-1], np.zeros((H, W), np.uint8)])),
    ("BGR8", np.ascontiguousarray(PATCHES[..., ::-1])),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "values"), SEVERAL, ids=[name for name, _ in SEVERAL])
def test_each_encoding_shows_the_same_colors(encoding: str, values: np.ndarray) -> None:
    rgb = to_rgb(raw(values, encoding))
    assert (rgb.shape, rgb.dtype) == ((H, W, 3), np.uint8)
    assert shows_colors(encoding, rgb)
    for where in (RED, BLUE):
        off = np.abs(rgb[where].astype(int) - PATCHES[where].astype(int))
        assert off.max() <= 12, (encoding, rgb[where][0, 0])


def test_padding_and_the_other_byte_order_change_nothing() -> None:
    wide = np.zeros((H, W * 2 + 10), np.uint8)
    wide[:, : W * 2] = yuv(1).reshape(H, W * 2)
    assert np.array_equal(to_rgb(raw(wide, "yuyv")), to_rgb(raw(yuv(1), "yuyv")))
    big = raw(WIDE.astype(">u2"), "rgb16", big_endian=True)
    assert np.array_equal(to_rgb(big), PATCHES)


@pytest.mark.parametrize("encoding", ["mono8", "mono16", "8UC1"])
def test_a_gray_camera_shows_no_colors(encoding: str) -> None:
    kind = np.uint16 if encoding == "mono16" else np.uint8
    gray = (np.arange(H * W).reshape(H, W) * (80 if kind is np.uint16 else 1)).astype(kind)
    rgb = to_rgb(raw(gray, encoding))
    assert rgb.shape == (H, W, 3) and not shows_colors(encoding, rgb)


def test_a_picture_that_is_gray_in_all_channels_shows_none_either() -> None:
    gray = np.repeat(np.arange(H * W, dtype=np.uint8).reshape(H, W, 1), 3, axis=2)
    assert not shows_colors("rgb8", gray)
    assert not shows_colors("bgr8", gray[:, :, ::-1])
    assert shows_colors("rgb8", PATCHES) and shows_colors("bgr8", PATCHES[:, :, ::-1])


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("jpeg", "These can"),
        ("32FC3", "These can"),
        ("8UC2", "These can"),
        ("", "These can"),
        ("rgb32", "bayer"),
    ],
)
def test_what_can_not_be_decoded_is_refused_with_what_can(encoding: str, word: str) -> None:
    with pytest.raises(VlaError) as caught:
        to_rgb(raw(PATCHES, encoding))
    assert caught.value.code is Code.BAD_IMAGE and word in caught.value.message


@pytest.mark.parametrize("encoding", ["yuyv", "nv21", "bayer_rggb8"])
def test_odd_sizes_are_refused_where_colors_are_shared_by_pixels(encoding: str) -> None:
    with pytest.raises(VlaError) as caught:
        to_rgb(Raw(bytes(8000), encoding, 31, 24, 0))
    assert caught.value.code is Code.BAD_IMAGE and "even" in caught.value.message


@pytest.mark.parametrize("encoding", ["nv12", "yuyv", "bayer_rggb16", "rgba16"])
def test_too_few_bytes_are_refused(encoding: str) -> None:
    with pytest.raises(VlaError) as caught:
        to_rgb(Raw(bytes(W * H), encoding, W, H, 0))
    assert caught.value.code is Code.BAD_IMAGE and "holds" in caught.value.message


def test_what_holds_no_distances_is_no_depth() -> None:
    for encoding in ("mono8", "rgb8", "64FC1"):
        with pytest.raises(VlaError) as caught:
            to_meters(raw(PATCHES, encoding))
        assert "32FC1" in caught.value.message and "16UC1" in caught.value.message
