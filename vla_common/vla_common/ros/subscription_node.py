# SPDX-License-Identifier: Apache-2.0
"""A small companion node with an executor of its own for topics that come many times a second.

rclpy builds its wait set anew, in Python, out of everything an executor looks after, for every single message.
A node with services and actions that also takes tf, odometry or images spends most of a core on that, and its
commands wait behind it. Here such topics have an executor that looks after nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from vla_common.ros.spin import spin_on

JOIN_TIMEOUT_S = 2.0


class SubscriptionNode:
    """`node` is for subscriptions only; callbacks come one at a time, on a thread of their own, and must be short."""

    def __init__(self, owner: Any, cli_args: Sequence[str] = ()) -> None:
        """cli_args: those that the owner was made with, such as remappings."""
        name = f"_{owner.get_name()}_streams"
        self.node = rclpy.create_node(
            name,
            namespace=owner.get_namespace(),
            context=owner.context,
            # A node name given on the command line is the owner's; the first rule that fits counts.
            cli_args=["--ros-args", "-r", f"__node:={name}", "--", *cli_args],
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=owner.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(
            target=spin_on, args=(self._executor,), name="streams", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the thread and destroy the node; safe to call twice."""
        self._executor.shutdown(timeout_sec=JOIN_TIMEOUT_S)
        self._thread.join(JOIN_TIMEOUT_S)
        self.node.destroy_node()
