# SPDX-License-Identifier: Apache-2.0
"""Clients over ROS: commands and status, camera images, ground truth, spoken commands."""
