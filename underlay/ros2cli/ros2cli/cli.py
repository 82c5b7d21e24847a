# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Entry point of `ros2`: finds the command, builds the parser that it needs, runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from ros2cli.helpers import Result, Verb

COMMANDS = {
    "action": "actions: list, send_goal",
    "interface": "definitions of messages, services and actions: show",
    "launch": "start a launch file",
    "lifecycle": "lifecycle nodes: get, set",
    "node": "running nodes: list",
    "param": "parameters of running nodes: describe, get, list, set",
    "pkg": "installed packages: prefix",
    "run": "start an executable of a package",
    "service": "services: call, list",
    "topic": "topics: echo, hz, info, list",
}
"""Command -> what it is for. The module `ros2<command>.command` has either `VERBS` or `COMMAND`."""
ELSEWHERE = "is unknown or outside the subset of this underlay (see underlay/ros2cli/README.md)"


def main(argv: Sequence[str] | None = None) -> Result:
    """Carries out one command line; `sys.exit` understands the result."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may not be able to write all characters
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    command, verb = _first_two_names(words)
    if command and command not in COMMANDS:
        return f"'ros2 {command}' {ELSEWHERE}"
    parser = argparse.ArgumentParser(
        prog="ros2", description="Command line of ROS 2 (the subset of this underlay)."
    )
    commands = parser.add_subparsers(title="commands", metavar="command")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(_parser=sub)
        if name != command:
            continue
        module = importlib.import_module(f"ros2{name}.command")
        if hasattr(module, "COMMAND"):
            _fill(sub, module.COMMAND)
            continue
        if verb and verb not in module.VERBS:
            return f"'ros2 {command} {verb}' {ELSEWHERE}"
        _add_verbs(sub, module.VERBS, verb)
    args = parser.parse_args(words)
    run = getattr(args, "_run", None)
    if run is None:
        getattr(args, "_parser", parser).print_help()
        return 0
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    return _guarded(run, args)


def _guarded(run: Any, args: argparse.Namespace) -> Result:
    """Runs a verb; signals and errors become exit statuses as upstream's."""
    try:
        result: Result = run(args)
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        # The reader went away (`ros2 topic echo ... | head`); nothing may be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RuntimeError as error:
        return str(error)
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "ExternalShutdownException" in kinds:  # rclpy's; not imported for this
            return int(signal.SIGTERM)
        if "OutsideSubsetError" in kinds:  # launch's
            return str(error)
        raise
    return result


def _first_two_names(words: Sequence[str]) -> tuple[str, str]:
    """Command and verb of a command line; options may stand before and between them."""
    names = [word for word in words if not word.startswith("-")]
    return (names[0] if names else ""), (names[1] if len(names) > 1 else "")


def _add_verbs(parser: argparse.ArgumentParser, verbs: dict[str, Verb], chosen: str) -> None:
    subs = parser.add_subparsers(title="verbs", metavar="verb")
    for name, verb in verbs.items():
        sub = subs.add_parser(name, help=verb.summary, description=verb.summary)
        if name == chosen:
            _fill(sub, verb)


def _fill(parser: argparse.ArgumentParser, verb: Verb) -> None:
    verb.arguments(parser)
    parser.set_defaults(_run=verb.run)
