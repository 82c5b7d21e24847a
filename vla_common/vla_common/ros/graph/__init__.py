# SPDX-License-Identifier: Apache-2.0
"""Reading the ROS graph: who serves and publishes which name, and with which type."""
