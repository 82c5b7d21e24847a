# SPDX-License-Identifier: Apache-2.0
"""The monitor's ROS side: topic counters, /diagnostics and the system status."""
