# SPDX-License-Identifier: Apache-2.0
"""The simulated sensors: cameras, lidar, and their noise."""
