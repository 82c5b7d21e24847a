# SPDX-License-Identifier: Apache-2.0
"""Which points are the robot."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vla_perception.config import VisionConfig
from vla_perception.rgbd.frame import Transform
from vla_perception.rgbd.robot_mask import robot_mask

CONFIG = VisionConfig()
BASE = Transform(np.eye(3), np.array([1.0, 0.0, 0.0]))
DOWN = Transform.from_quaternion(
    (1.8, 0.0, 0.8), (0.0, math.sin(math.pi / 4), 0.0, math.cos(math.pi / 4))
)


@pytest.mark.parametrize(
    ("point", "base", "hand", "masked"),
    [
        ((1.2, 0.1, 0.5), BASE, None, True),  # the body
        ((1.2, 0.1, 2.5), BASE, None, False),  # the ceiling above it
        ((1.5, 0.0, 0.9), BASE, None, False),  # ahead of it
        ((1.82, 0.0, 0.75), BASE, DOWN, True),  # between the fingers
        ((1.8, 0.05, 0.95), BASE, DOWN, True),  # the palm and the wrist above
        ((1.5, 0.04, 0.97), BASE, DOWN, True),  # the arm behind the wrist
        ((1.5, 0.04, 0.70), BASE, DOWN, False),  # below the arm
        ((1.8, 0.2, 0.75), BASE, DOWN, False),  # beside the hand
        ((2.05, 0.0, 0.75), BASE, DOWN, False),  # beyond the hand
        ((1.5, 0.04, 0.97), None, DOWN, False),  # where the arm begins is not known
        ((1.8, 0.0, 0.8), None, None, False),
        ((math.nan, math.nan, math.nan), BASE, DOWN, False),
    ],
)
def test_points(point, base, hand, masked):
    points = np.array([[point]], dtype=np.float32)
    assert bool(robot_mask(points, base, hand, CONFIG)[0, 0]) is masked


def test_a_radius_of_nothing_masks_nothing():
    config = replace(CONFIG, robot_radius_m=0.0, hand_radius_m=0.0)
    points = np.array([[[1.0, 0.0, 0.5], [1.8, 0.0, 0.8]]], dtype=np.float32)
    assert not robot_mask(points, BASE, DOWN, config).any()
