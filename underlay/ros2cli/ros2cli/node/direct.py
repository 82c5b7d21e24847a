"""`DirectNode`: a hidden node that has had time to discover the others."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from types import TracebackType
from typing import Any

import rclpy
import rclpy.action
from rclpy.parameter import Parameter

from ros2cli.helpers import wait_for
from ros2cli.node import NODE_NAME_PREFIX

DEFAULT_TIMEOUT = 0.5
# On a busy machine discovery can take longer than that. Who asks for one name waits this long for
# it; only a name that does not exist costs the whole time.
NAME_TIMEOUT_S = 3.0


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
