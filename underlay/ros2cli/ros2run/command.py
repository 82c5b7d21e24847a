# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 run`."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from argparse import REMAINDER, ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb

_PREFIX = "[ros2run]:"


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--prefix", help="command to run it with, such as 'gdb -ex run --args'")
    parser.add_argument("package_name", help="package")
    parser.add_argument("executable_name", help="executable")
    parser.add_argument("argv", nargs=REMAINDER, help="arguments for the executable")


def _run(args: Namespace) -> Result:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        folder = os.path.join(get_package_prefix(args.package_name), "lib", args.package_name)
    except (PackageNotFoundError, ValueError):
        return f"Package '{args.package_name}' not found"
    paths = [
        os.path.join(parent, args.executable_name)
        for parent, _, names in os.walk(folder)
        if args.executable_name in names
        and os.access(os.path.join(parent, args.executable_name), os.X_OK)
    ]
    if not paths:
        return "No executable found"
    if len(paths) > 1:
        return "\n- ".join(["Multiple executables found:", *sorted(paths)])
    try:
        process = subprocess.Popen([*shlex.split(args.prefix or ""), paths[0], *args.argv])
    except OSError as error:
        return f"{paths[0]} cannot be run: {error}"
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:  # the terminal has sent it to the executable as well
            continue
    if status < 0:
        print(_PREFIX, signal.strsignal(-status))
    elif status > 0:
        print(_PREFIX, f"Process exited with failure {status}")
    return status


COMMAND = Verb("Start an executable of a package", _run, _arguments)
