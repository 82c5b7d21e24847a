# SPDX-License-Identifier: Apache-2.0
"""Faults on request.

Decides which faults exist, which values they take, and draws the random ones. What a fault does to the world is done by
the parts that read this state.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from vla_common.contracts.outcomes import Code, VlaError

GRASP_FAILURE = "grasp_failure"
CAMERA_DROPOUT = "camera_dropout"
NAVIGATION_BLOCKED = "navigation_blocked"
ODOMETRY_DRIFT = "odometry_drift"
MOVE_OBJECT = "move_object"
VALUE_FAULTS = (GRASP_FAILURE, CAMERA_DROPOUT, NAVIGATION_BLOCKED, ODOMETRY_DRIFT)


@dataclass
class Faults:
    """Current faults; all zero means a healthy robot."""

    grasp_failure: float = 0.0
    """Probability 0..1 that a grasp slips."""
    camera_dropout: float = 0.0
    """1: no images."""
    navigation_blocked: float = 0.0
    """1: every goal is blocked."""
    odometry_drift: float = 0.0
    """Sideways error, metres per metre driven, -1..1."""
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(f"vla_sim faults {self.seed}")
        for name in VALUE_FAULTS:
            self.set(name, float(getattr(self, name)))

    def set(self, fault: str, value: float) -> None:
        """Set a fault's value.

        Raises:
            VlaError: INVALID_REQUEST for an unknown fault or a value out of range.
        """
        ranges = {
            GRASP_FAILURE: (0.0, 1.0), CAMERA_DROPOUT: (0.0, 1.0), NAVIGATION_BLOCKED: (0.0, 1.0),
            ODOMETRY_DRIFT: (-1.0, 1.0),
        }  # fmt: skip
        if fault not in ranges:
            known = ", ".join((*ranges, MOVE_OBJECT))
            raise VlaError(Code.INVALID_REQUEST, f"unknown fault {fault!r}; known are {known}")
        low, high = ranges[fault]
        if not math.isfinite(value) or not low <= value <= high:
            raise VlaError(
                Code.INVALID_REQUEST, f"{fault} lies between {low:g} and {high:g}, not at {value:g}"
            )
        if fault in (CAMERA_DROPOUT, NAVIGATION_BLOCKED) and value not in (0.0, 1.0):
            raise VlaError(Code.INVALID_REQUEST, f"{fault} is 0 or 1, not {value:g}")
        setattr(self, fault, value)

    def grasp_slips(self) -> bool:
        """Draw whether the present grasp slips."""
        return self.grasp_failure > 0.0 and self._random.random() < self.grasp_failure
