"""Completions for the shell: names of the graph and of installed packages."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

Ask = Callable[[Any], list[str]]


def from_graph(ask: Ask) -> Callable[..., list[str]]:
    """Completer that asks a node: `from_graph(lambda node: [...])`."""

    def complete(parsed_args: Namespace, **_: Any) -> list[str]:
        from ros2cli.node.strategy import NodeStrategy

        with NodeStrategy(parsed_args) as node:
            return ask(node)

    return complete


def from_table(ask: Callable[[], dict[str, list[str]]]) -> Callable[..., list[str]]:
    """Completer of `package/name` from a function that gives names by package."""

    def complete(**_: Any) -> list[str]:
        return [f"{package}/{name}" for package, names in ask().items() for name in names]

    return complete


def message_types() -> dict[str, list[str]]:
    """Messages by package."""
    from rosidl_runtime_py import get_message_interfaces

    return get_message_interfaces()


def service_types() -> dict[str, list[str]]:
    """Services by package."""
    from rosidl_runtime_py import get_service_interfaces

    return get_service_interfaces()


def action_types() -> dict[str, list[str]]:
    """Actions by package."""
    from rosidl_runtime_py import get_action_interfaces

    return get_action_interfaces()


def package_names(**_: Any) -> list[str]:
    """Installed packages."""
    from ros2pkg.api import get_package_names

    return list(get_package_names())


def add(parser: Any, name: str, completer: Any, **options: Any) -> None:
    """Add an argument that completes."""
    parser.add_argument(name, **options).completer = completer
