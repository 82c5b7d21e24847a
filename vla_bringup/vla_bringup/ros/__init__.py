# SPDX-License-Identifier: Apache-2.0
"""The state manager node and the ROS clients and conversions it is composed of."""
