# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 launch`."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from ros2cli.helpers import Result, Verb


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--noninteractive",
        action="store_true",
        default=not sys.stdin.isatty(),
        help="there is no terminal that sends Ctrl-C to the processes",
    )
    parser.add_argument("-d", "--debug", action="store_true", help="say more")
    parser.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", help="show its arguments"
    )
    parser.add_argument("package_name", help="package, or path of a launch file")
    parser.add_argument("launch_file_name", nargs="?", help="launch file")
    parser.add_argument("launch_arguments", nargs="*", help="'<name>:=<value>'")


def _run(args: Namespace) -> Result:
    given = list(args.launch_arguments)
    if os.path.isfile(args.package_name):
        path = args.package_name
        if args.launch_file_name is not None:
            given.insert(0, args.launch_file_name)  # after a path, this is an argument already
    elif args.launch_file_name is None:
        return f"'{args.package_name}' is no file, and no launch file of a package is given"
    else:
        path = _path_in_package(args.package_name, args.launch_file_name)
    if args.show_args:
        _show_arguments(path)
        return 0
    return _launch(path, given, noninteractive=args.noninteractive, debug=args.debug)


def _path_in_package(package: str, file_name: str) -> str:
    """Path of a file anywhere in a package's share directory."""
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    try:
        share = get_package_share_directory(package)
    except (PackageNotFoundError, ValueError) as error:
        raise RuntimeError(f"Package '{package}' not found: {error}") from error
    paths = [
        os.path.join(folder, file_name) for folder, _, files in os.walk(share) if file_name in files
    ]
    if len(paths) == 1:
        return paths[0]
    found = f"more than once: {paths}" if paths else "not found"
    raise RuntimeError(
        f"file '{file_name}' was {found} in the share directory of package '{package}' which is "
        f"at '{share}'"
    )


def _pairs(launch_arguments: Iterable[str]) -> list[tuple[str, str]]:
    """`name:=value` texts as pairs; of several for one name the last counts."""
    parsed: dict[str, str] = {}
    for argument in launch_arguments:
        name, separator, value = argument.partition(":=")
        if not name or not separator or not value:
            raise RuntimeError(
                f"malformed launch argument '{argument}', expected format '<name>:=<value>'"
            )
        parsed[name] = value
    return list(parsed.items())


def _show_arguments(path: str) -> None:
    from launch.launch_description_sources import get_launch_description_from_any_launch_file

    arguments = get_launch_description_from_any_launch_file(path).get_launch_arguments()
    print("Arguments (pass arguments as '<name>:=<value>'):")
    for argument in arguments:
        print(f"\n    '{argument.name}':")
        print(f"        {argument.description}")
        if argument.default_value is not None:
            default = " + ".join(token.describe() for token in argument.default_value)
            print(f"        (default: {default})")
    if not arguments:
        print("\n  No arguments.")


def _launch(path: str, given: list[str], *, noninteractive: bool, debug: bool) -> int:
    pairs = _pairs(given)
    import launch
    from launch.actions import IncludeLaunchDescription

    service = launch.LaunchService(argv=given, noninteractive=noninteractive, debug=debug)
    include = IncludeLaunchDescription(path, launch_arguments=pairs)
    service.include_launch_description(launch.LaunchDescription([include]))
    return service.run()


COMMAND = Verb("Start a launch file", _run, _arguments)
