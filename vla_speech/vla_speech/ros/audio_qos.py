# SPDX-License-Identifier: Apache-2.0
"""The QoS profile of sound: nothing may be missing in the middle of a word; who comes late gets nothing old."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

AUDIO = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=200,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
"""200 blocks are 6 s of sound."""
