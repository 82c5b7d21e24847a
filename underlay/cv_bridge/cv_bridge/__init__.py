# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A stand-in for a part of cv_bridge of ROS 2 Jazzy; not upstream's package. See README.md."""

from typing import NoReturn

from cv_bridge.core import CvBridge, CvBridgeError

__all__ = ["CvBridge", "CvBridgeError"]


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(f"module 'cv_bridge' of this underlay has no attribute '{name}'")
