"""`DirectNode`: a hidden node that has had time to discover the others."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from types import TracebackType
from typing import Any

import rclpy
import rclpy.action
from rclpy._rclpy_pybind11 import NodeNameNonExistentError
from rclpy.parameter import Parameter

from ros2cli.helpers import wait_for
from ros2cli.node import NODE_NAME_PREFIX
from ros2cli.node.settling import Glimpse, quiet_s, settle

DEFAULT_TIMEOUT = 0.5
# On a busy machine discovery can take longer than that. Who asks for one name waits this long for
# it; only a name that does not exist costs the whole time.
NAME_TIMEOUT_S = 3.0
UNKNOWN_NODE = "_NODE_NAME_UNKNOWN_"
"""What the middleware calls the node of an endpoint until the node itself has been discovered."""


class DirectNode:
    """A node for the time of a `with` block. Attributes that it has not are those of the node.

    `args` may have `spin_time` (seconds to wait for discovery) and `use_sim_time`.
    """

    def __init__(self, args: Namespace, *, node_name: str | None = None) -> None:
        rclpy.init(args=getattr(args, "argv", []))
        use_sim_time = getattr(args, "use_sim_time", False)
        self.node = rclpy.create_node(
            node_name or f"{NODE_NAME_PREFIX}_{os.getpid()}",
            start_parameter_services=False,
            parameter_overrides=[
                Parameter("use_sim_time", value=use_sim_time),
                Parameter("start_type_description_service", value=False),
            ],
            automatically_declare_parameters_from_overrides=True,
        )
        time.sleep(getattr(args, "spin_time", DEFAULT_TIMEOUT))

    def __enter__(self) -> DirectNode:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.node.destroy_node()
        rclpy.try_shutdown()

    def __getattr__(self, name: str) -> Any:
        if name == "node":  # not made yet: `rclpy.init` failed
            raise AttributeError(name)
        return getattr(self.node, name)

    def find(self, ask: Any) -> Any:
        """The first true answer of `ask()`, asked for up to `NAME_TIMEOUT_S`, else the last."""
        answers: list[Any] = []

        def answered() -> bool:
            answers[:] = [ask()]
            return bool(answers[0])

        wait_for(answered, NAME_TIMEOUT_S)
        return answers[0]

    def settle(self) -> bool:
        """Wait until nothing more of the graph comes. False, and a warning, when something is missing."""
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        missing = settle(self._glimpse, time.monotonic, time.sleep, quiet_s(load))
        if missing:
            print(f"WARNING: the list may be incomplete: {missing}", file=sys.stderr)
        return not missing

    def _glimpse(self) -> Glimpse:
        own = (self.node.get_name(), self.node.get_namespace())
        topics = self.node.get_topic_names_and_types()
        services = self.node.get_service_names_and_types()
        nodes = sorted(self.node.get_node_names_and_namespaces())
        others = [one for one in nodes if one != own]
        parts = [self._parts_of(*one) for one in others]
        unknown = sum(
            end.node_name == UNKNOWN_NODE
            for name, _ in topics
            for ends in (
                self.node.get_publishers_info_by_topic,
                self.node.get_subscriptions_info_by_topic,
            )
            for end in ends(name)
        )
        missing = ""
        if unknown:
            missing = (
                f"{unknown} publishers or subscriptions are of nodes that have not been discovered"
            )
        elif bare := sum(sum(counts) == 0 for counts in parts):
            missing = f"of {bare} nodes nothing but the name has been discovered"
        seen = (nodes, parts, sorted(map(str, topics)), sorted(map(str, services)), unknown)
        return Glimpse(repr(seen), not others, missing)

    def _parts_of(self, name: str, namespace: str) -> tuple[int, int, int]:
        """How many topics a node publishes and subscribes, and services it serves."""
        try:
            return (
                len(self.node.get_publisher_names_and_types_by_node(name, namespace)),
                len(self.node.get_subscriber_names_and_types_by_node(name, namespace)),
                len(self.node.get_service_names_and_types_by_node(name, namespace)),
            )
        except NodeNameNonExistentError:
            return (0, 0, 0)  # it has gone meanwhile

    def wait_for_result(self, future: Any, what: str, timeout_s: float = 10.0) -> Any:
        """Spin until a future is done. Raises RuntimeError with a sentence about `what`."""
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=timeout_s)
        if not future.done():
            raise RuntimeError(f"No answer from {what} within {timeout_s:g} s")
        if future.exception() is not None:
            raise RuntimeError(f"Exception while calling {what}: {future.exception()}")
        return future.result()

    def get_action_names_and_types(self) -> list[tuple[str, list[str]]]:
        """Actions of the graph."""
        return list(rclpy.action.get_action_names_and_types(self.node))

    def get_action_client_names_and_types_by_node(
        self, remote_node_name: str, remote_node_namespace: str
    ) -> list[tuple[str, list[str]]]:
        """Actions that a node is a client of."""
        return list(
            rclpy.action.get_action_client_names_and_types_by_node(
                self.node, remote_node_name, remote_node_namespace
            )
        )

    def get_action_server_names_and_types_by_node(
        self, remote_node_name: str, remote_node_namespace: str
    ) -> list[tuple[str, list[str]]]:
        """Actions that a node serves."""
        return list(
            rclpy.action.get_action_server_names_and_types_by_node(
                self.node, remote_node_name, remote_node_namespace
            )
        )


def add_arguments(parser: ArgumentParser) -> None:
    """`--spin-time` and `--use-sim-time`."""
    parser.add_argument(
        "--spin-time",
        type=float,
        default=DEFAULT_TIMEOUT,
        help=f"seconds to wait for discovery (default: {DEFAULT_TIMEOUT})",
    )
    parser.add_argument(
        "-s", "--use-sim-time", action="store_true", help="follow the time of /clock"
    )
