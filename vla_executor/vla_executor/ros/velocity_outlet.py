# SPDX-License-Identifier: Apache-2.0
"""The topic `cmd_vel` in the type that the base listens for: Twist, or TwistStamped, found out from the graph.

A topic of one name can have two types, and then nobody hears anybody: who publishes Twist drives no base that waits for
TwistStamped. With `auto` the type follows the base, also when it comes later. Within one process a topic can have one
type only (a rule of the middleware), so that two outlets of one process change over together: each lets go of its
publisher first, and makes the new one as soon as that can be made.
"""

from __future__ import annotations

import threading
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped

from vla_common.ros.graph.wiring import node_name
from vla_common.ros.qos import COMMAND
from vla_executor.robot.robot import Velocity

TOPIC = "cmd_vel"
AUTO, TWIST, STAMPED = "auto", "twist", "twist_stamped"
TYPES = {TWIST: Twist, STAMPED: TwistStamped}
_NAMES = {TWIST: "geometry_msgs/msg/Twist", STAMPED: "geometry_msgs/msg/TwistStamped"}


class VelocityOutlet:
    """Thread-safe. `look` is to be called several times a second; `close` lets go of the publisher."""

    def __init__(self, node: Any, kind: str = AUTO, frame_id: str = "base_link") -> None:
        self._node = node
        self._auto = kind == AUTO
        self._frame_id = frame_id
        self._lock = threading.RLock()
        self._closed = False
        self._publisher: Any = None
        self._kind = (self._wanted() or TWIST) if self._auto else kind
        self._make()

    @property
    def kind(self) -> str:
        """The type that is published now, as the parameter names it."""
        return self._kind

    def publish(self, velocity: Velocity) -> None:
        twist = Twist()
        twist.linear.x = float(velocity.vx_mps)
        twist.linear.y = float(velocity.vy_mps)
        twist.angular.z = float(velocity.wz_radps)
        with self._lock:
            if self._publisher is None:
                return  # while changing over; who listens does not understand the old type anyway
            if self._kind == TWIST:
                self._publisher.publish(twist)
                return
            message = TwistStamped(twist=twist)
            message.header.frame_id = self._frame_id
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._publisher.publish(message)

    def look(self) -> None:
        """Change over where the base listens for the other type."""
        wanted = (
            self._wanted() if self._auto else None
        )  # without the lock: a stop does not wait for the graph
        with self._lock:
            if self._closed:
                return
            if wanted is not None and wanted != self._kind:
                self._node.get_logger().info(
                    f"'{TOPIC}' is {_NAMES[wanted]} from now on, as the base wants it"
                )
                self._let_go()
                self._kind = wanted
            if self._publisher is None:
                self._make()

    def heard(self) -> bool:
        """Whether anybody listens who understands it."""
        with self._lock:
            return self._publisher is not None and self._publisher.get_subscription_count() > 0

    def why_unheard(self) -> str:
        """A sentence; empty when somebody understands what is published."""
        if self.heard():
            return ""
        others = sorted(
            {
                f"{node_name(info)} ({info.topic_type})"
                for info in self._infos()
                if info.topic_type != _NAMES[self._kind]
            }
        )
        if not others:
            return f"Nobody listens on '{TOPIC}', so that the base hears no velocity."
        return (
            f"'{TOPIC}' is {_NAMES[self._kind]} here, and only {', '.join(others)} listens: the base hears "
            "no velocity (executor.cmd_vel_type)."
        )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._let_go()

    def _infos(self) -> list[Any]:
        found: list[Any] = self._node.get_subscriptions_info_by_topic(
            self._node.resolve_topic_name(TOPIC)
        )
        return found

    def _wanted(self) -> str | None:
        """The type that those who listen wait for; None when that is not known, or both are."""
        types = {info.topic_type for info in self._infos()}
        found = [kind for kind, name in _NAMES.items() if name in types]
        return found[0] if len(found) == 1 else None

    def _make(self) -> None:
        try:
            self._publisher = self._node.create_publisher(TYPES[self._kind], TOPIC, COMMAND)
        except (
            Exception
        ) as error:  # rclpy's RCLError: another outlet of this process has the other type still
            self._publisher = None
            self._node.get_logger().warning(
                f"'{TOPIC}' can't be {_NAMES[self._kind]} yet: {str(error)[:200]}",
                throttle_duration_sec=5.0,
            )

    def _let_go(self) -> None:
        if self._publisher is not None:
            self._node.destroy_publisher(self._publisher)
            self._publisher = None
