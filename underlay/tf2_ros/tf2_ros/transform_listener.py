# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`TransformListener`: fills a buffer from `/tf` and `/tf_static`."""

from __future__ import annotations

from threading import Thread

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.buffer import Buffer

_AUTHORITY = "default_authority"


class TransformListener:
    """Subscribes `/tf` and `/tf_static` with `node` and puts what arrives into `buffer`.

    `spin_thread` spins the node in a thread of its own; leave it False when something else spins
    the node. `qos` and `static_qos` are profiles or depths. Keep a reference to the listener: it
    unsubscribes when it is deleted.
    """

    def __init__(
        self,
        buffer: Buffer,
        node: Node,
        *,
        spin_thread: bool = False,
        qos: QoSProfile | int | None = None,
        static_qos: QoSProfile | int | None = None,
    ) -> None:
        if qos is None:
            qos = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100)
        if static_qos is None:
            static_qos = QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=100,
                durability=DurabilityPolicy.TRANSIENT_LOCAL,
            )
        self.buffer = buffer
        self.node = node
        # Reentrant, so that another callback of the node may wait for a transform.
        self.group = ReentrantCallbackGroup()
        self.tf_sub = node.create_subscription(
            TFMessage, "/tf", self.callback, qos, callback_group=self.group
        )
        self.tf_static_sub = node.create_subscription(
            TFMessage, "/tf_static", self.static_callback, static_qos, callback_group=self.group
        )
        if spin_thread:
            self.executor = SingleThreadedExecutor(context=node.context)
            self.executor.add_node(node)
            # The thread holds no reference to the listener, so that `del` can end it.
            self.dedicated_listener_thread = Thread(
                target=_spin, args=(self.executor,), name="tf_listener", daemon=True
            )
            self.dedicated_listener_thread.start()

    def __del__(self) -> None:
        if hasattr(self, "dedicated_listener_thread"):
            self.executor.shutdown()
            self.dedicated_listener_thread.join()
        if hasattr(self, "tf_static_sub"):
            self.unregister()

    def unregister(self) -> None:
        """Unsubscribe."""
        self.node.destroy_subscription(self.tf_sub)
        self.node.destroy_subscription(self.tf_static_sub)

    def callback(self, data: TFMessage) -> None:
        """Take over dynamic transforms."""
        for transform in data.transforms:
            self.buffer.set_transform(transform, _AUTHORITY)

    def static_callback(self, data: TFMessage) -> None:
        """Take over static transforms."""
        for transform in data.transforms:
            self.buffer.set_transform_static(transform, _AUTHORITY)


def _spin(executor: SingleThreadedExecutor) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        pass
