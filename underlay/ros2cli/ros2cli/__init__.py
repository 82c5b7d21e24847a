# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A stand-in for a subset of the ros2 command of ROS 2 Jazzy; not upstream's package. See README.md."""
