"""Services of the graph."""

from __future__ import annotations

from typing import Any

from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

NamesAndTypes = list[tuple[str, list[str]]]


def get_service_names_and_types(
    *, node: Any, include_hidden_services: bool = False
) -> NamesAndTypes:
    """(name, types) of every service."""
    return [
        (name, types)
        for name, types in node.get_service_names_and_types()
        if include_hidden_services or not topic_or_service_is_hidden(name)
    ]


def get_service_names(*, node: Any, include_hidden_services: bool = False) -> list[str]:
    """Names of the services."""
    found = get_service_names_and_types(node=node, include_hidden_services=include_hidden_services)
    return [name for name, _ in found]


def get_service_types(node: Any, service: str, include_hidden_services: bool = True) -> list[str]:
    """Types of a service, waiting a little for it to be discovered; empty when it is not there."""
    if not include_hidden_services and topic_or_service_is_hidden(service):
        return []
    types: list[str] = node.find(lambda: dict(node.get_service_names_and_types()).get(service))
    return types or []
