# SPDX-License-Identifier: Apache-2.0
"""Bringing nodes up and down, noticing dead or hung ones, and the state of the system."""
