# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 action`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module

from ros2cli.helpers import Result, Verb


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-t", "--show-types", action="store_true", help="show types as well")


def _list(args: Namespace) -> Result:
    from rclpy.action import get_action_names_and_types
    from ros2cli.node import SPIN_S, GraphNode

    with GraphNode(SPIN_S) as node:
        actions = node.settled(lambda: get_action_names_and_types(node.node))
    for name, types in actions:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _send_goal_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action_name", help="action, such as '/fibonacci'")
    parser.add_argument("action_type", help="type, such as 'nav2_msgs/action/NavigateToPose'")
    parser.add_argument("goal", nargs="?", default="{}", help="YAML, such as '{order: 10}'")
    parser.add_argument("-f", "--feedback", action="store_true", help="show the feedback")


VERBS = {
    "list": Verb("List actions", _list, _list_arguments),
    "send_goal": Verb(
        "Send a goal and wait for its result; Ctrl-C cancels it",
        lambda args: import_module("ros2action.send_goal").run(args),
        _send_goal_arguments,
    ),
}
