# SPDX-License-Identifier: Apache-2.0
"""Messages into plain data: what is taken, and what is refused instead of being guessed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import LaserScan

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.conversions import time_to_msg
from vla_executor.ros.conversions import MAX_SCAN_POINTS, scan_from_msg

NAN, INF = math.nan, math.inf


def laser(**more: Any) -> LaserScan:
    """Ahead, left, behind, right."""
    fields: dict[str, Any] = {
        "angle_min": 0.0, "angle_increment": math.pi / 2, "range_min": 0.1, "range_max": 5.0,
        "ranges": [1.0, 2.0, 3.0, 4.0],
    }  # fmt: skip
    message = LaserScan(**{**fields, **more})
    message.header.stamp = time_to_msg(12.5)
    return message


def mounted(x: float = 0.0, y: float = 0.0, rotation: tuple[float, ...] = (0, 0, 0, 1)) -> Any:
    message = TransformStamped()
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = x, y, 0.2
    r.x, r.y, r.z, r.w = (float(value) for value in rotation)
    return message


HALF = math.sqrt(0.5)


@pytest.mark.parametrize(
    ("transform", "points"),
    [
        (mounted(), [(1, 0), (0, 2), (-3, 0), (0, -4)]),
        (mounted(0.1, -0.2), [(1.1, -0.2), (0.1, 1.8), (-2.9, -0.2), (0.1, -4.2)]),
        (mounted(rotation=(0, 0, HALF, HALF)), [(0, 1), (-2, 0), (0, -3), (4, 0)]),
        (mounted(rotation=(1, 0, 0, 0)), [(1, 0), (0, -2), (-3, 0), (0, 4)]),  # upside down
    ],
)
def test_a_scan_is_seen_from_the_base_however_it_is_mounted(
    transform: Any, points: list[tuple[float, float]]
) -> None:
    scan = scan_from_msg(laser(), transform)
    assert scan.stamp_s == 12.5
    np.testing.assert_allclose(scan.points, points, atol=1e-6)


def test_what_is_no_return_is_left_out_and_what_is_too_near_is_there() -> None:
    scan = scan_from_msg(laser(ranges=[INF, NAN, -INF, 0.05]), mounted())
    np.testing.assert_allclose(scan.points, [(-0.1, 0.0)], atol=1e-6)
    assert scan_from_msg(laser(ranges=[6.0, INF]), mounted()).points.shape == (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": []},
        {"angle_increment": 0.0},
        {"angle_increment": NAN},
        {"angle_min": INF},
        {"range_min": NAN},
        {"range_max": INF},
        {"range_max": 0.05},
        {"ranges": [1.0] * (MAX_SCAN_POINTS + 1)},
    ],
)
def test_scans_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(VlaError) as raised:
        scan_from_msg(laser(**change), mounted())
    assert raised.value.code is Code.INVALID_REQUEST


@pytest.mark.parametrize("rotation", [(0, 0, 0, 0), (0, 0, 0, NAN), (0, 0, 2, 0)])
def test_a_rotation_that_is_none_is_refused(rotation: tuple[float, ...]) -> None:
    with pytest.raises(VlaError):
        scan_from_msg(laser(), mounted(rotation=rotation))
