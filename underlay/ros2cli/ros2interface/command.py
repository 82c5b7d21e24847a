"""The verbs of `ros2 interface`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from ros2cli import completion
from ros2cli.verb import Result, Verb


def _kind_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-m", "--only-msgs", action="store_true", help="messages only")
    parser.add_argument("-s", "--only-srvs", action="store_true", help="services only")
    parser.add_argument("-a", "--only-actions", action="store_true", help="actions only")


def _chosen_kinds(args: Namespace) -> list[tuple[str, Callable[..., dict[str, list[str]]]]]:
    """(title, getter) of each kind that was asked for; of all when none was."""
    from rosidl_runtime_py import (
        get_action_interfaces,
        get_message_interfaces,
        get_service_interfaces,
    )

    kinds = [
        (args.only_msgs, "Messages", get_message_interfaces),
        (args.only_srvs, "Services", get_service_interfaces),
        (args.only_actions, "Actions", get_action_interfaces),
    ]
    any_chosen = any(chosen for chosen, _, _ in kinds)
    return [(title, getter) for chosen, title, getter in kinds if chosen or not any_chosen]


def _list(args: Namespace) -> Result:
    for title, getter in _chosen_kinds(args):
        print(f"{title}:")
        for package, names in sorted(getter().items()):
            for name in sorted(names):
                print(f"    {package}/{name}")
    return 0


def _package_arguments(parser: ArgumentParser) -> None:
    _kind_arguments(parser)
    completion.add(parser, "package_name", completion.package_names, help="package")


def _package(args: Namespace) -> Result:
    try:
        for _, getter in _chosen_kinds(args):
            for package, names in getter([args.package_name]).items():
                for name in sorted(names):
                    print(f"{package}/{name}")
    except LookupError as error:
        return str(error)
    return 0


def _packages(args: Namespace) -> Result:
    from rosidl_runtime_py import get_interface_packages

    one_kind = args.only_msgs or args.only_srvs or args.only_actions
    found = _chosen_kinds(args)[0][1]() if one_kind else get_interface_packages()
    for name in sorted(found):
        print(name)
    return 0


def _types(**_: Any) -> list[str]:
    from rosidl_runtime_py import get_interfaces

    return [f"{package}/{name}" for package, names in get_interfaces().items() for name in names]


def _show_arguments(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--all-comments", action="store_true", help="comments of nested ones too")
    group.add_argument("--no-comments", action="store_true", help="no comments, no empty lines")
    completion.add(
        parser, "type", _types, help="type, such as 'std_msgs/msg/String'; - reads a line of input"
    )


def _show(args: Namespace) -> Result:
    from ros2interface.api import definition_lines

    name = sys.stdin.readline().strip() if args.type == "-" else args.type
    if not name:
        return "the passed value is empty"
    try:
        for line in definition_lines(
            name, comments=not args.no_comments, nested_comments=args.all_comments
        ):
            print(line)
    except (ValueError, LookupError) as error:
        return str(error)
    return 0


def _proto_arguments(parser: ArgumentParser) -> None:
    completion.add(parser, "type", _types, help="type, such as 'std_msgs/msg/String'")
    parser.add_argument("--no-quotes", action="store_true", help="no quotes around the output")


def _proto(args: Namespace) -> Result:
    from ros2cli.helpers import interface_class

    from ros2interface.api import interface_to_yaml

    text = interface_class(interface_to_yaml, args.type, "interface")
    print(text if args.no_quotes else f'"{text}"')
    return 0


VERBS = {
    "list": Verb("List all interfaces", _list, _kind_arguments),
    "package": Verb("List the interfaces of a package", _package, _package_arguments),
    "packages": Verb("List packages with interfaces", _packages, _kind_arguments),
    "proto": Verb("Show default values as YAML", _proto, _proto_arguments),
    "show": Verb("Show the definition of an interface", _show, _show_arguments),
}
