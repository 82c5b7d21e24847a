"""Nodes of the graph."""

from __future__ import annotations

from typing import Any, NamedTuple

from rclpy.node import HIDDEN_NODE_PREFIX
from ros2cli.helpers import wait_for


class NodeName(NamedTuple):
    """A node's name in its parts and as a whole."""

    name: str
    namespace: str
    full_name: str


def get_absolute_node_name(node_name: str | None) -> str | None:
    """The name with a leading slash."""
    if not node_name:
        return None
    return node_name if node_name.startswith("/") else f"/{node_name}"


def parse_node_name(node_name: str) -> NodeName:
    """The parts of a name."""
    full_name = get_absolute_node_name(node_name) or "/"
    namespace, name = full_name.rsplit("/", 1)
    return NodeName(name, namespace or "/", full_name)


def get_node_names(*, node: Any, include_hidden_nodes: bool = False) -> list[NodeName]:
    """All nodes that have been discovered."""
    return [
        NodeName(name, namespace, f"{namespace.rstrip('/')}/{name}")
        for name, namespace in node.get_node_names_and_namespaces()
        if include_hidden_nodes or (name and not name.startswith(HIDDEN_NODE_PREFIX))
    ]


def wait_for_node(
    node: Any, node_name: str | None, include_hidden_nodes: bool = False, timeout: float = 1.0
) -> bool:
    """Whether a node (by its full name) is there within `timeout` seconds."""

    def is_there() -> bool:
        found = get_node_names(node=node, include_hidden_nodes=include_hidden_nodes)
        return node_name in {name.full_name for name in found}

    return wait_for(is_there, timeout)
