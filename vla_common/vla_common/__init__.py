# SPDX-License-Identifier: Apache-2.0
"""What all nodes share: outcome codes, parameters from dataclasses, lifecycle base node, QoS, conversions."""
