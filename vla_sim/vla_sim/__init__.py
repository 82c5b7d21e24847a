# SPDX-License-Identifier: Apache-2.0
"""MuJoCo world and robot that speak the ROS interfaces of a real mobile manipulator."""
