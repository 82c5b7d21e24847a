"""The verbs of `ros2 action`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli import completion
from ros2cli.helpers import add_values_arguments, positive_float
from ros2cli.verb import Result, Verb


def _action_names(node: Any) -> list[str]:
    from ros2action.api import get_action_names

    return get_action_names(node=node)


def _add_name(parser: ArgumentParser) -> None:
    complete = completion.from_graph(_action_names)
    completion.add(parser, "action_name", complete, help="action, such as '/fibonacci'")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")
    parser.add_argument("-c", "--count-actions", action="store_true", help="show the number only")


def _list(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2action.api import get_action_names_and_types

    with NodeStrategy(args) as node:
        node.settle()
        actions = get_action_names_and_types(node=node)
    if args.count_actions:
        print(len(actions))
        return 0
    for name, types in actions:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _type(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    with NodeStrategy(args) as node:
        name = args.action_name
        types = node.find(lambda: dict(node.get_action_names_and_types()).get(name))
    for kind in types or ():
        print(kind)
    return 0 if types else 1


def _info_arguments(parser: ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")
    parser.add_argument("-c", "--count", action="store_true", help="show the numbers only")


def _info(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    from ros2action.api import get_action_clients_and_servers

    with NodeStrategy(args) as node:
        clients, servers = get_action_clients_and_servers(node=node, action_name=args.action_name)
    print(f"Action: {args.action_name}")
    for title, ends in (("clients", clients), ("servers", servers)):
        print(f"Action {title}: {len(ends)}")
        for name, types in () if args.count else ends:
            print(f"    {name} [{', '.join(types)}]" if args.show_types else f"    {name}")
    return 0


def _send_goal_arguments(parser: ArgumentParser) -> None:
    _add_name(parser)
    types = completion.from_table(completion.action_types)
    completion.add(
        parser, "action_type", types, help="type, such as 'nav2_msgs/action/NavigateToPose'"
    )
    add_values_arguments(parser, "goal", "{order: 10}")
    parser.add_argument("-f", "--feedback", action="store_true", help="show the feedback")
    parser.add_argument(
        "-t",
        "--timeout",
        metavar="N",
        type=positive_float,
        help="give up when no server is there after N seconds (default: wait without limit)",
    )


def _send_goal(args: Namespace) -> Result:
    from ros2action.send_goal import run

    return run(args)


VERBS = {
    "info": Verb("Show the clients and servers of an action", _info, _info_arguments),
    "list": Verb("List actions", _list, _list_arguments),
    "send_goal": Verb("Send a goal; Ctrl-C cancels it", _send_goal, _send_goal_arguments),
    "type": Verb("Show the type of an action", _type, _add_name),
}
