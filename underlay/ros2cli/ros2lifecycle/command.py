"""The verbs of `ros2 lifecycle`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli.verb import Result, Verb
from ros2node.command import add_node_name


def _node_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    add_node_name(parser)


def _found_names(node: Any, wanted: str | None, hidden: bool) -> list[str]:
    """Lifecycle nodes, sorted; of one name, after waiting a little for it."""
    from ros2lifecycle.api import get_node_names

    def names() -> list[str]:
        found = get_node_names(node=node, include_hidden_nodes=hidden)
        full_names = sorted({name.full_name for name in found})
        return [name for name in full_names if wanted is None or name == wanted]

    found: list[str] = node.find(names) if wanted else names()
    return found


def _nodes_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="show hidden nodes as well")
    parser.add_argument("-c", "--count-nodes", action="store_true", help="show the number only")


def _nodes(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy

    with NodeStrategy(args) as node:
        node.settle()
        names = _found_names(node, None, args.all)
    if args.count_nodes:
        print(len(names))
        return 0
    for name in names:
        print(name)
    return 0


def _get_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node.strategy import add_arguments

    add_arguments(parser)
    add_node_name(parser, nargs="?")


def _get(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy
    from ros2node.api import get_absolute_node_name

    from ros2lifecycle.api import call_get_state

    wanted = get_absolute_node_name(args.node_name)
    with NodeStrategy(args) as node:
        names = _found_names(node, wanted, args.include_hidden_nodes)
        if wanted and not names:
            return "Node not found"
        for name in names:
            try:
                state = call_get_state(node=node, node_name=name)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                if wanted:
                    return 1
                continue
            prefix = "" if wanted else f"{name}: "
            print(f"{prefix}{state.label} [{state.id}]")
    return 0


def _list_arguments(parser: ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="those from other states as well")


def _list(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy
    from ros2node.api import get_absolute_node_name

    from ros2lifecycle.api import call_get_transitions

    name = get_absolute_node_name(args.node_name) or ""
    with NodeStrategy(args) as node:
        if not _found_names(node, name, args.include_hidden_nodes):
            return "Node not found"
        found = call_get_transitions(node=node, node_name=name, all_states=args.all)
    for one in found:
        print(f"- {one.transition.label} [{one.transition.id}]")
        print(f"\tStart: {one.start_state.label}")
        print(f"\tGoal: {one.goal_state.label}")
    return 0


def _set_arguments(parser: ArgumentParser) -> None:
    _node_arguments(parser)
    parser.add_argument("transition", help="label or number, such as 'configure'")


def _set(args: Namespace) -> Result:
    from ros2cli.node.strategy import NodeStrategy
    from ros2node.api import get_absolute_node_name

    from ros2lifecycle.api import call_change_state, call_get_transitions

    name = get_absolute_node_name(args.node_name) or ""
    with NodeStrategy(args) as node:
        if not _found_names(node, name, args.include_hidden_nodes):
            return "Node not found"
        described = call_get_transitions(node=node, node_name=name, all_states=False)
        offered = [one.transition for one in described]
        chosen = [one for one in offered if args.transition in (one.label, str(one.id))]
        if not chosen:
            listed = "".join(f"\n- {one.label} [{one.id}]" for one in offered)
            return f"Unknown transition requested, available ones are:{listed}"
        if call_change_state(node=node, node_name=name, transition=chosen[0]):
            print("Transitioning successful")
        else:  # as upstream, the exit status stays 0
            print("Transitioning failed", file=sys.stderr)
    return 0


VERBS = {
    "get": Verb("Show the state of lifecycle nodes", _get, _get_arguments),
    "list": Verb("List the transitions of a node", _list, _list_arguments),
    "nodes": Verb("List lifecycle nodes", _nodes, _nodes_arguments),
    "set": Verb("Carry out a transition", _set, _set_arguments),
}
