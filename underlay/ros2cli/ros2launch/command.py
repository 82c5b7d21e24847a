"""`ros2 launch`."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from ros2cli import completion
from ros2cli.verb import Result, Verb


def _launch_files(parsed_args: Namespace, **_: Any) -> list[str]:
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    try:
        share = get_package_share_directory(parsed_args.package_name)
    except PackageNotFoundError:
        return []
    files = [name for _, _, names in os.walk(share) for name in names]
    return [name for name in files if name.endswith("launch.py")]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--noninteractive",
        action="store_true",
        default=not sys.stdin.isatty(),
        help="there is no terminal",
    )
    parser.add_argument("-d", "--debug", action="store_true", help="say more")
    look = parser.add_mutually_exclusive_group()
    look.add_argument(
        "-p",
        "--print",
        "--print-description",
        action="store_true",
        help="show what the file would start, and start nothing",
    )
    look.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", help="show its arguments"
    )
    parser.add_argument(
        "-a",
        "--show-all-subprocesses-output",
        action="store_true",
        help="show the output of all processes here, whatever the file says",
    )
    completion.add(
        parser, "package_name", completion.package_names, help="package, or path of a launch file"
    )
    completion.add(parser, "launch_file_name", _launch_files, nargs="?", help="launch file")
    parser.add_argument("launch_arguments", nargs="*", help="'<name>:=<value>'")


def _run(args: Namespace) -> Result:
    from ament_index_python.packages import PackageNotFoundError

    from ros2launch import api

    given = list(args.launch_arguments)
    if os.path.isfile(args.package_name):
        path = args.package_name
        if args.launch_file_name is not None:
            given.insert(0, args.launch_file_name)  # after a path, this is an argument already
    elif args.launch_file_name is None:
        return f"'{args.package_name}' is no file, and no launch file of a package is given"
    else:
        try:
            path = api.get_share_file_path_from_package(
                package_name=args.package_name, file_name=args.launch_file_name
            )
        except PackageNotFoundError as error:
            return f"Package '{args.package_name}' not found: {error}"
        except (FileNotFoundError, api.MultipleLaunchFilesError) as error:
            return str(error)
    if args.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    if args.print:
        api.print_a_launch_file(launch_file_path=path)
        return 0
    if args.show_args:
        api.print_arguments_of_launch_file(launch_file_path=path)
        return 0
    return api.launch_a_launch_file(
        launch_file_path=path,
        launch_file_arguments=given,
        noninteractive=args.noninteractive,
        debug=args.debug,
    )


COMMAND = Verb("Start a launch file", _run, _arguments)
