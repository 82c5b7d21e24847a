"""Lifecycle nodes of the graph, and calls to them."""

from __future__ import annotations

from typing import Any

from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from ros2cli.node.direct import DirectNode
from ros2node.api import NodeName
from ros2node.api import get_node_names as get_all_node_names

_SERVICE_TIMEOUT_S = 5.0


def get_node_names(*, node: Any, include_hidden_nodes: bool = False) -> list[NodeName]:
    """Nodes that have a lifecycle."""
    services = dict(node.get_service_names_and_types())
    return [
        name
        for name in get_all_node_names(node=node, include_hidden_nodes=include_hidden_nodes)
        if "lifecycle_msgs/srv/GetState" in services.get(f"{name.full_name}/get_state", ())
    ]


def _call(node: DirectNode, kind: Any, service: str, request: Any) -> Any:
    """Response of one call. Raises RuntimeError."""
    client = node.create_client(kind, service)
    try:
        if not client.wait_for_service(timeout_sec=_SERVICE_TIMEOUT_S):
            raise RuntimeError(f"The service '{service}' is not available")
        return node.wait_for_result(client.call_async(request), f"service '{service}'", 60.0)
    finally:
        node.destroy_client(client)


def call_get_state(*, node: DirectNode, node_name: str) -> Any:
    """State (lifecycle_msgs/msg/State) of a node. Raises RuntimeError."""
    service = f"{node_name}/get_state"
    return _call(node, GetState, service, GetState.Request()).current_state


def call_get_transitions(*, node: DirectNode, node_name: str, all_states: bool) -> list[Any]:
    """Transition descriptions, from the present state or of the whole graph."""
    which = "get_transition_graph" if all_states else "get_available_transitions"
    request = GetAvailableTransitions.Request()
    answer = _call(node, GetAvailableTransitions, f"{node_name}/{which}", request)
    return list(answer.available_transitions)


def call_change_state(*, node: DirectNode, node_name: str, transition: Any) -> bool:
    """Whether a transition succeeded. Raises RuntimeError."""
    request = ChangeState.Request(transition=transition)
    return bool(_call(node, ChangeState, f"{node_name}/change_state", request).success)
