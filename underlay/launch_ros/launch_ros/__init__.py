# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A stand-in for a subset of the launch_ros package of ROS 2 Jazzy; not upstream's package. See README.md."""

from launch.outside_subset import missing_names

from . import actions, substitutions

__all__ = ["actions", "substitutions"]
__getattr__ = missing_names(__name__)
