# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A node that looks at the ROS graph for the command line. There is no daemon that knows the graph already."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import rclpy
from rclpy.node import HIDDEN_NODE_PREFIX

T = TypeVar("T", bound=Hashable)

SPIN_S = 0.5
NAME_TIMEOUT_S = 3.0
"""What was asked for by its name is waited for this long: only a name that does not exist costs the whole time."""
QUIET_S = 1.0
"""A list is complete when nothing new has come for so long: announcements come every few tenths of a second."""
LONGEST_S = 10.0
PERIOD_S = 0.05


class GraphNode:
    """A hidden node for the time of a `with` block. Attributes that it has not are those of the node."""

    def __init__(self, spin_s: float = 0.0) -> None:
        rclpy.init(args=[])
        self.node = rclpy.create_node(
            f"{HIDDEN_NODE_PREFIX}ros2cli_{os.getpid()}", start_parameter_services=False
        )
        time.sleep(spin_s)

    def __enter__(self) -> GraphNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.node.destroy_node()
        rclpy.try_shutdown()

    def __getattr__(self, name: str) -> Any:
        if name == "node":  # not made yet: `rclpy.init` failed
            raise AttributeError(name)
        return getattr(self.node, name)

    def find(self, ask: Callable[[], T]) -> T:
        """The first answer that is true, or the last one after some seconds."""
        deadline = time.monotonic() + NAME_TIMEOUT_S
        while not (answer := ask()) and time.monotonic() < deadline:
            time.sleep(PERIOD_S)
        return answer

    def settled(self, ask: Callable[[], list[T]]) -> list[T]:
        """A list, once it has stayed the same for a while."""
        begin = changed = time.monotonic()
        answer = ask()
        while (now := time.monotonic()) - changed < QUIET_S and now - begin < LONGEST_S:
            time.sleep(PERIOD_S)
            if (newer := ask()) != answer:
                answer, changed = newer, now
        return answer

    def node_names(self, hidden: bool = False) -> list[str]:
        """Full names of all nodes that have been discovered, sorted."""
        return sorted(
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self.node.get_node_names_and_namespaces()
            if hidden or not name.startswith(HIDDEN_NODE_PREFIX)
        )

    def expect_node(self, name: str) -> str:
        """The full name of a node that is there.

        Raises:
            RuntimeError: when it is not.
        """
        full_name = name if name.startswith("/") else f"/{name}"
        if not self.find(lambda: full_name in self.node_names(hidden=True)):
            raise RuntimeError("Node not found")
        return full_name

    def call(self, kind: Any, service: str, request: Any) -> Any:
        """The response to one request.

        Raises:
            RuntimeError: when the service is not there or does not answer.
        """
        client = self.node.create_client(kind, service)
        if not client.wait_for_service(timeout_sec=5.0):
            raise RuntimeError(f"The service '{service}' is not available")
        return self.result_of(client.call_async(request), f"service '{service}'")

    def result_of(self, future: Any, what: str, timeout_s: float | None = 60.0) -> Any:
        """The result of a future, spinning until it is there. A `timeout_s` of None waits without limit.

        Raises:
            RuntimeError: with a sentence about `what`, when it does not come.
        """
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=timeout_s)
        if not future.done():
            raise RuntimeError(f"No answer from {what} within {timeout_s:g} s")
        if future.exception() is not None:
            raise RuntimeError(f"Exception while calling {what}: {future.exception()}")
        return future.result()


def add_arguments(parser: ArgumentParser) -> None:
    """`--spin-time`, and `--no-daemon`, which changes nothing."""
    parser.add_argument(
        "--spin-time", type=float, default=SPIN_S, help=f"seconds to wait for discovery ({SPIN_S})"
    )
    parser.add_argument("--no-daemon", action="store_true", help="accepted; there is no daemon")


def graph(args: Namespace) -> GraphNode:
    """The node for arguments that `add_arguments` has declared."""
    return GraphNode(args.spin_time)


def add_node_name(parser: ArgumentParser, **options: Any) -> None:
    """The name of a node."""
    add_arguments(parser)
    parser.add_argument("node_name", help="node, such as '/talker'", **options)
