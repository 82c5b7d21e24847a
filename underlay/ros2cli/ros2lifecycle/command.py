# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 lifecycle`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb


def _get_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser, nargs="?")


def _get(args: Namespace) -> Result:
    from lifecycle_msgs.srv import GetState
    from ros2cli.node import graph

    with graph(args) as node:

        def lifecycle_nodes() -> list[str]:
            services = dict(node.get_service_names_and_types())
            return [name for name in node.node_names() if f"{name}/get_state" in services]

        one = args.node_name and [node.expect_node(args.node_name)]
        for name in one or node.settled(lifecycle_nodes):
            try:
                state = node.call(GetState, f"{name}/get_state", GetState.Request()).current_state
            except RuntimeError as error:
                if one:
                    raise
                print(f"{name}: {error}", file=sys.stderr)
                continue
            print(f"{'' if one else name + ': '}{state.label} [{state.id}]")
    return 0


def _set_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_node_name

    add_node_name(parser)
    parser.add_argument("transition", help="label or number, such as 'configure'")


def _set(args: Namespace) -> Result:
    from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions
    from ros2cli.node import graph

    with graph(args) as node:
        name = node.expect_node(args.node_name)
        answer = node.call(
            GetAvailableTransitions,
            f"{name}/get_available_transitions",
            GetAvailableTransitions.Request(),
        )
        offered = [one.transition for one in answer.available_transitions]
        chosen = [one for one in offered if args.transition in (one.label, str(one.id))]
        if not chosen:
            listed = "".join(f"\n- {one.label} [{one.id}]" for one in offered)
            return f"Unknown transition requested, available ones are:{listed}"
        request = ChangeState.Request(transition=chosen[0])
        if node.call(ChangeState, f"{name}/change_state", request).success:
            print("Transitioning successful")
        else:  # as upstream, the exit status stays 0
            print("Transitioning failed", file=sys.stderr)
    return 0


VERBS = {
    "get": Verb("Show the state of lifecycle nodes", _get, _get_arguments),
    "set": Verb("Carry out a transition", _set, _set_arguments),
}
