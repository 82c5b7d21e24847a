# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`StaticTransformBroadcaster`: publishes transforms that never change on `/tf_static`."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """Publishes on `/tf_static`, latched, always with all transforms sent so far.

    As upstream, the first transform of a child frame stays: a second one for it is not taken over.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        if qos is None:
            qos = QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=1,
                durability=DurabilityPolicy.TRANSIENT_LOCAL,
            )
        self.pub_tf = node.create_publisher(TFMessage, "/tf_static", qos)
        self.net_message = TFMessage()

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Add one transform or several, and publish them all."""
        sent = {known.child_frame_id for known in self.net_message.transforms}
        for new in as_list(transform):
            if new.child_frame_id not in sent:
                sent.add(new.child_frame_id)
                self.net_message.transforms.append(new)
        self.pub_tf.publish(self.net_message)
