# SPDX-License-Identifier: Apache-2.0
"""The executor node and the robot behind ROS interfaces."""
