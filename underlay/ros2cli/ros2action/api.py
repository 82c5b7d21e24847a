"""Actions of the graph."""

from __future__ import annotations

from typing import Any

import rclpy.exceptions
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name

NamesAndTypes = list[tuple[str, list[str]]]


def get_action_names_and_types(*, node: Any) -> NamesAndTypes:
    """(name, types) of every action."""
    return list(node.get_action_names_and_types())


def get_action_names(*, node: Any) -> list[str]:
    """Names of the actions."""
    return [name for name, _ in get_action_names_and_types(node=node)]


def get_action_clients_and_servers(
    *, node: Any, action_name: str
) -> tuple[NamesAndTypes, NamesAndTypes]:
    """(node, types) of every client and of every server of an action.

    Raises RuntimeError when the name can be no action's.
    """
    try:
        wanted = expand_topic_name(action_name, node.get_name(), node.get_namespace())
        validate_full_topic_name(wanted)
    except (ValueError, rclpy.exceptions.InvalidTopicNameException) as error:
        raise RuntimeError(str(error)) from error
    clients: NamesAndTypes = []
    servers: NamesAndTypes = []
    for name, namespace in node.get_node_names_and_namespaces():
        full_name = f"{namespace.rstrip('/')}/{name}"
        for found, ask in (
            (clients, node.get_action_client_names_and_types_by_node),
            (servers, node.get_action_server_names_and_types_by_node),
        ):
            found += [
                (full_name, types) for action, types in ask(name, namespace) if action == wanted
            ]
    return clients, servers
