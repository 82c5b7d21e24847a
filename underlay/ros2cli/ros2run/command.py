"""`ros2 run`."""

from __future__ import annotations

import shlex
from argparse import REMAINDER, ArgumentParser, Namespace
from typing import Any

from ros2cli import completion
from ros2cli.verb import Result, Verb


def _executable_names(parsed_args: Namespace, **_: Any) -> list[str]:
    import os

    from ros2pkg.api import PackageNotFound, get_executable_paths

    try:
        paths = get_executable_paths(package_name=parsed_args.package_name)
    except PackageNotFound:
        return []
    return [os.path.basename(path) for path in paths]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--prefix", help="command to run it with, such as 'gdb -ex run --args'")
    completion.add(parser, "package_name", completion.package_names, help="package")
    completion.add(parser, "executable_name", _executable_names, help="executable")
    parser.add_argument("argv", nargs=REMAINDER, help="arguments for the executable")


def _run(args: Namespace) -> Result:
    from ros2pkg.api import PackageNotFound

    from ros2run.api import MultipleExecutables, get_executable_path, run_executable

    package = args.package_name
    try:
        path = get_executable_path(package_name=package, executable_name=args.executable_name)
    except PackageNotFound:
        return f"Package '{package}' not found"
    except MultipleExecutables as error:
        return "\n- ".join(["Multiple executables found:", *error.paths])
    if path is None:
        return "No executable found"
    prefix = shlex.split(args.prefix) if args.prefix else None
    try:
        return run_executable(path=path, argv=args.argv, prefix=prefix)
    except OSError as error:
        return f"{path} cannot be run: {error}"


COMMAND = Verb("Start an executable of a package", _run, _arguments)
