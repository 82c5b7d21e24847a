# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 topic`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any

from ros2cli.helpers import Result, Verb, interface_class


def add_topic_name(parser: ArgumentParser) -> None:
    """The name of a topic, and how to look for it."""
    from ros2cli.node import add_arguments

    add_arguments(parser)
    parser.add_argument("topic_name", help="topic, such as '/chatter'")


def topic_types(node: Any, topic: str) -> list[str]:
    """Types of a topic, which is waited for a little; empty when it is not there."""
    name = topic if topic.startswith("/") else f"/{topic}"
    types: list[str] | None = node.find(lambda: dict(node.get_topic_names_and_types()).get(name))
    return types or []


def message_class(node: Any, topic: str) -> Any:
    """The message class of a topic that is there.

    Raises:
        RuntimeError: when it is not, or has several types.
    """
    from rosidl_runtime_py.utilities import get_message

    types = topic_types(node, topic)
    if not types:
        print(f"WARNING: topic [{topic}] does not appear to be published yet")
        raise RuntimeError("Could not determine the type for the passed topic")
    if len(types) > 1:
        raise RuntimeError(f"Topic '{topic}' has more than one type: [{', '.join(types)}]")
    return interface_class(get_message, types[0], "message")


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_arguments

    add_arguments(parser)
    parser.add_argument("--include-hidden-topics", action="store_true", help="show hidden ones too")
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")


def _list(args: Namespace) -> Result:
    from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
    from ros2cli.node import graph

    with graph(args) as node:
        topics = node.settled(node.get_topic_names_and_types)
    for name, types in topics:
        if args.include_hidden_topics or not topic_or_service_is_hidden(name):
            print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _info_arguments(parser: ArgumentParser) -> None:
    add_topic_name(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show nodes, types and QoS of both ends"
    )


def _info(args: Namespace) -> Result:
    from ros2cli.node import graph

    name = args.topic_name
    end = "\n\n" if args.verbose else "\n"
    with graph(args) as node:
        types = topic_types(node, name)
        if not types:
            return f"Unknown topic '{name}'"
        publishers = node.settled(lambda: node.get_publishers_info_by_topic(name))
        subscriptions = node.get_subscriptions_info_by_topic(name)
    print(f"Type: {types[0] if len(types) == 1 else types}", end=end)
    for title, infos in (("Publisher", publishers), ("Subscription", subscriptions)):
        print(f"{title} count: {len(infos)}", end=end)
        for info in infos if args.verbose else ():
            print(info, end=end)
    return 0


VERBS = {
    "echo": Verb(
        "Print the messages of a topic",
        lambda args: import_module("ros2topic.echo").run(args),
        lambda parser: import_module("ros2topic.echo").add_arguments(parser),
    ),
    "hz": Verb(
        "Show the rate at which messages arrive",
        lambda args: import_module("ros2topic.hz").run(args),
        lambda parser: import_module("ros2topic.hz").add_arguments(parser),
    ),
    "info": Verb("Show type and ends of a topic", _info, _info_arguments),
    "list": Verb("List topics", _list, _list_arguments),
}
