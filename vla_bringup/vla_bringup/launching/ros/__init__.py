# SPDX-License-Identifier: Apache-2.0
"""The part of launching that asks the ROS installation."""
