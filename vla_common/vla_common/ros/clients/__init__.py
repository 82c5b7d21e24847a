# SPDX-License-Identifier: Apache-2.0
"""Waiting for ROS services and actions from worker threads, always with a timeout."""
