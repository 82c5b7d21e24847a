# SPDX-License-Identifier: Apache-2.0
"""The ROS side shared by all nodes: lifecycle base node, heartbeat, parameters, QoS, conversions."""
