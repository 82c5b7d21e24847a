# SPDX-License-Identifier: Apache-2.0
"""Counts the messages of topics without reading them, and without an executor.

Building a wait set for every message costs more than taking it (see `vla_common.ros.subscription_node`). Here nothing
waits: the messages are collected from time to time, as bytes, with the time at which the middleware received them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import rclpy
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosidl_runtime_py.utilities import get_message

from vla_bringup.monitor.measurements import TopicFigure, TopicFigures

DEPTH = 50
"""Messages between two calls of `collect`; what is more is not counted."""
LARGE_DEPTH = 5
LARGE_TYPES = frozenset({"sensor_msgs/msg/Image", "sensor_msgs/msg/PointCloud2"})


def _qos(depth: int) -> QoSProfile:
    """Best effort and volatile: fits every publisher, and never makes one wait or send again."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.VOLATILE,
    )


class TopicClient:
    """Watches topics by name from a companion node that belongs to no executor. For one thread."""

    def __init__(
        self, owner: Any, names: Iterable[str], window_s: float, cli_args: Sequence[str] = ()
    ) -> None:
        """names: relative to the owner's namespace. cli_args: those that the owner was made with."""
        name = f"_{owner.get_name()}_monitor"
        self.node = rclpy.create_node(
            name,
            namespace=owner.get_namespace(),
            context=owner.context,
            # A node name given on the command line is the owner's; the first rule that fits counts.
            cli_args=["--ros-args", "-r", f"__node:={name}", "--", *cli_args],
            enable_rosout=False,
            start_parameter_services=False,
            # Nobody would answer it: no executor turns this node.
            parameter_overrides=[Parameter("start_type_description_service", value=False)],
        )
        self._figures = {topic: TopicFigures(topic, window_s) for topic in names}
        self._subscriptions: dict[str, Any] = {}
        self._unreadable: set[str] = set()

    def discover(self, now_s: float) -> None:
        """See who publishes; subscribe where a publisher has come for the first time."""
        for topic, figures in self._figures.items():
            figures.published(
                self.node.count_publishers(self.node.resolve_topic_name(topic)), now_s
            )
            if topic not in self._subscriptions and topic not in self._unreadable:
                self._subscribe(topic)

    def _subscribe(self, topic: str) -> None:
        infos = self.node.get_publishers_info_by_topic(self.node.resolve_topic_name(topic))
        if not infos:
            return
        kind = infos[0].topic_type
        try:
            message_type = get_message(kind)
        except (ValueError, AttributeError, ImportError) as error:
            self._unreadable.add(topic)
            self.node.get_logger().warning(
                f"the topic {topic} can't be watched, since its type {kind} is not installed: {error}"
            )
            return
        depth = LARGE_DEPTH if kind in LARGE_TYPES else DEPTH
        self._subscriptions[topic] = self.node.create_subscription(
            message_type, topic, lambda _: None, _qos(depth), raw=True
        )

    def collect(self, now_s: float) -> None:
        """Take what came in since the last call."""
        wall_ns = time.time_ns()
        for topic, subscription in self._subscriptions.items():
            figures = self._figures[topic]
            handle, kind = subscription.handle, subscription.msg_type
            with handle:
                while (taken := handle.take_message(kind, True)) is not None:
                    # The middleware gives the time of day; only how long ago that was is used.
                    received_ns = taken[1].get("received_timestamp", 0)
                    ago_s = (wall_ns - received_ns) * 1e-9 if received_ns else 0.0
                    figures.arrived(now_s - ago_s if 0.0 <= ago_s <= 1.0 else now_s)

    def figures(self, now_s: float) -> tuple[TopicFigure, ...]:
        """In the order of the names; what can't be watched is left out."""
        return tuple(
            figures.figure(now_s)
            for topic, figures in self._figures.items()
            if topic not in self._unreadable
        )

    def close(self) -> None:
        self.node.destroy_node()
