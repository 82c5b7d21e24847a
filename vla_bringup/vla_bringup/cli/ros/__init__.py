# SPDX-License-Identifier: Apache-2.0
"""Verbs that start or inspect ROS themselves: demo and doctor."""
