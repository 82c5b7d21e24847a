# SPDX-License-Identifier: Apache-2.0
"""A small room, and a robot of nothing but ROS servers."""
