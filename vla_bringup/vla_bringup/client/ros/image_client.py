# SPDX-License-Identifier: Apache-2.0
"""Keeps the newest picture of a topic, for the strip."""

from __future__ import annotations

import threading
from typing import Any

from cv_bridge import CvBridge
from sensor_msgs.msg import Image

from vla_common.ros.qos import SENSOR


class NewestImage:
    """Subscribes one image topic (best effort, depth 1)."""

    def __init__(self, node: Any, topic: str, group: Any) -> None:
        self._bridge = CvBridge()
        self._arrived = threading.Condition()
        self._message: Image | None = None
        node.create_subscription(Image, topic, self._on_image, SENSOR, callback_group=group)

    def _on_image(self, message: Image) -> None:
        with self._arrived:
            self._message = message
            self._arrived.notify_all()

    def take(self, timeout_s: float) -> Any:
        """The next picture as HxWx3 BGR, the newest one when none comes in time, None when there never was one."""
        with self._arrived:
            before = self._message
            self._arrived.wait_for(lambda: self._message is not before, timeout_s)
            message = self._message
        return None if message is None else self._bridge.imgmsg_to_cv2(message, "bgr8")
