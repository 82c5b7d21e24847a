"""The verbs of `ros2 node`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli import completion
from ros2cli.verb import Result, Verb


def _node_names(node: Any) -> list[str]:
    from ros2node.api import get_node_names

    return [name.full_name for name in get_node_names(node=node)]


def add_node_name(parser: ArgumentParser, **options: Any) -> None:
    """The name of a node, with completion, and `--include-hidden-nodes`."""
    complete = completion.from_graph(_node_names)
    completion.add(parser, "node_name", complete, help="node, such as '/talker'", **options)
    parser.add_argument(
        "--include-hidden-nodes", action="store_true", help="consider hidden nodes as well"
    )


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="show hidden nodes as well")
    parser.add_argument("-c", "--count-nodes", action="store_true", help="show the number only")


def _list(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2node.api import get_node_names

    with NodeStrategy(args) as node:
        node.settle()
        found = get_node_names(node=node, include_hidden_nodes=args.all)
    names = sorted(name.full_name for name in found)
    if args.count_nodes:
        print(len(names))
        return 0
    if len(set(names)) < len(names):
        print("WARNING: several nodes have the same name", file=sys.stderr)
    for name in names:
        print(name)
    return 0


def _info_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    complete = completion.from_graph(_node_names)
    completion.add(parser, "node_name", complete, help="node, such as '/talker'")
    parser.add_argument(
        "--include-hidden", action="store_true", help="show hidden topics, services and actions"
    )


def _info(args: Namespace) -> Result:
    from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
    from ros2cli.node.strategy import NodeStrategy

    from ros2node.api import get_node_names, parse_node_name

    wanted = args.node_name
    with NodeStrategy(args) as node:

        def count_nodes() -> int:
            found = get_node_names(node=node, include_hidden_nodes=args.include_hidden)
            return sum(name.full_name == wanted for name in found)

        count = node.find(count_nodes)
        if not count:
            return f"Unable to find node '{wanted}'"
        if count > 1:
            print(
                f"There are {count} nodes named '{wanted}'; this is about one of them.",
                file=sys.stderr,
            )
        print(wanted)
        parts = parse_node_name(wanted)
        for title, ask in (
            ("Subscribers", node.get_subscriber_names_and_types_by_node),
            ("Publishers", node.get_publisher_names_and_types_by_node),
            ("Service Servers", node.get_service_names_and_types_by_node),
            ("Service Clients", node.get_client_names_and_types_by_node),
            ("Action Servers", node.get_action_server_names_and_types_by_node),
            ("Action Clients", node.get_action_client_names_and_types_by_node),
        ):
            print(f"  {title}:")
            lines = [
                f"    {name}: {', '.join(types)}"
                for name, types in ask(parts.name, parts.namespace)
                if args.include_hidden or not topic_or_service_is_hidden(name)
            ]
            print("\n".join(lines))  # an empty line for none, as upstream
    return 0


VERBS = {
    "info": Verb("Show what a node publishes, subscribes and serves", _info, _info_arguments),
    "list": Verb("List nodes", _list, _list_arguments),
}
