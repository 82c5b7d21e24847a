"""The verbs of `ros2 topic`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ros2cli import completion
from ros2cli.verb import Result, Verb


def arguments(parser: ArgumentParser) -> None:
    """What stands between `topic` and its verb."""
    parser.add_argument(
        "--include-hidden-topics", action="store_true", help="show hidden topics as well"
    )


def _add_graph_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)


def _add_listing_arguments(parser: ArgumentParser) -> None:
    _add_graph_arguments(parser)
    # Here too, without a default, so that it counts in both places.
    parser.add_argument(
        "--include-hidden-topics", action="store_true", default=None, help="show hidden ones too"
    )


def _topic_names(node: Any) -> list[str]:
    from ros2topic.api import get_topic_names

    return get_topic_names(node=node)


def add_topic_name(parser: ArgumentParser, name: str = "topic_name") -> None:
    """The name of a topic, with completion."""
    completion.add(
        parser, name, completion.from_graph(_topic_names), help="topic, such as '/chatter'"
    )


def _topics(args: Namespace, look: Callable[[Any, list[tuple[str, list[str]]]], None]) -> None:
    from ros2cli.node.strategy import NodeStrategy

    from ros2topic.api import get_topic_names_and_types

    with NodeStrategy(args) as node:
        node.settle()
        hidden = bool(args.include_hidden_topics)
        look(node, get_topic_names_and_types(node=node, include_hidden_topics=hidden))


def _list_arguments(parser: ArgumentParser) -> None:
    _add_listing_arguments(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")
    parser.add_argument("-c", "--count-topics", action="store_true", help="show the number only")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show publishers and subscribers as well"
    )


def _list(args: Namespace) -> Result:
    def look(node: Any, topics: list[tuple[str, list[str]]]) -> None:
        if args.count_topics:
            print(len(topics))
        elif topics and args.verbose:
            _print_ends("Published", "publisher", topics, node.count_publishers)
            _print_ends("Subscribed", "subscriber", topics, node.count_subscribers)
        else:
            for name, types in topics:
                print(f"{name} [{', '.join(types)}]" if args.show_types else name)

    _topics(args, look)
    return 0


def _print_ends(
    title: str, end: str, topics: list[tuple[str, list[str]]], count_of: Callable[[str], int]
) -> None:
    print(f"{title} topics:")
    for name, types in topics:
        if count := count_of(name):
            print(f" * {name} [{', '.join(types)}] {count} {end}{'s' if count > 1 else ''}")
    print()


def _find_arguments(parser: ArgumentParser) -> None:
    _add_listing_arguments(parser)
    completion.add(
        parser,
        "topic_type",
        completion.from_table(completion.message_types),
        help="type, such as 'std_msgs/msg/String'",
    )
    parser.add_argument("-c", "--count-topics", action="store_true", help="show the number only")


def _find(args: Namespace) -> Result:
    def look(_node: Any, topics: list[tuple[str, list[str]]]) -> None:
        found = [name for name, types in topics if args.topic_type in types]
        print(len(found) if args.count_topics else "\n".join(found), end="\n" if found else "")

    _topics(args, look)
    return 0


def _one_topic_arguments(parser: ArgumentParser) -> None:
    _add_graph_arguments(parser)
    add_topic_name(parser)


def _type(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2topic.api import get_topic_types

    with NodeStrategy(args) as node:
        types = get_topic_types(node, args.topic_name, args.include_hidden_topics)
    for kind in types:
        print(kind)
    return 0 if types else 1


def _info_arguments(parser: ArgumentParser) -> None:
    _one_topic_arguments(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show nodes, types and QoS of both ends"
    )


def _info(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2topic.api import get_topic_types

    name = args.topic_name
    end = "\n\n" if args.verbose else "\n"
    with NodeStrategy(args) as node:
        types = get_topic_types(node, name)
        if not types:
            return f"Unknown topic '{name}'"
        print(f"Type: {types[0] if len(types) == 1 else types}", end=end)
        for title, count_of, infos_of in (
            ("Publisher", node.count_publishers, node.get_publishers_info_by_topic),
            ("Subscription", node.count_subscribers, node.get_subscriptions_info_by_topic),
        ):
            print(f"{title} count: {count_of(name)}", end=end)
            for info in infos_of(name) if args.verbose else ():
                print(info, end=end)
    return 0


def _elsewhere(summary: str, module: str) -> Verb:
    """A verb with a module of its own, which has `add_arguments` and `run`."""
    return Verb(
        summary,
        lambda args: import_module(module).run(args),
        lambda parser: import_module(module).add_arguments(parser),
    )


VERBS = {
    "bw": _elsewhere("Show the bandwidth that a topic takes", "ros2topic.rates.bw"),
    "echo": _elsewhere("Print the messages of a topic", "ros2topic.echo"),
    "find": Verb("List the topics of a type", _find, _find_arguments),
    "hz": _elsewhere("Show the rate at which messages arrive", "ros2topic.rates.hz"),
    "info": Verb("Show type and ends of a topic", _info, _info_arguments),
    "list": Verb("List topics", _list, _list_arguments),
    "pub": _elsewhere("Publish messages on a topic", "ros2topic.pub"),
    "type": Verb("Show the type of a topic", _type, _one_topic_arguments),
}
