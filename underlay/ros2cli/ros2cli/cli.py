"""Entry point of `ros2`: finds the command, builds the parser that it needs, runs it."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from ros2cli.verb import Result, Verb

# Command -> what it is for. The module `ros2<command>.command` has either `VERBS` or `COMMAND`.
COMMANDS = {
    "action": "actions: list, info, type, send_goal",
    "interface": "definitions of messages, services and actions",
    "launch": "start a launch file",
    "lifecycle": "lifecycle nodes: states and transitions",
    "node": "running nodes",
    "param": "parameters of running nodes",
    "pkg": "installed packages",
    "run": "start an executable of a package",
    "service": "services: list, call, type, find, info",
    "topic": "topics: list, echo, pub, hz, bw, info, type, find",
}
# Upstream's commands and verbs that this underlay does not have.
OUTSIDE_SUBSET = {
    "bag": (),
    "component": (),
    "control": (),
    "daemon": ("start",),
    "doctor": (),
    "extension_points": (),
    "extensions": (),
    "interface": (),
    "multicast": (),
    "pkg": ("create",),
    "plugin": (),
    "security": (),
    "service": ("echo",),
    "test": (),
    "topic": ("delay",),
    "trace": (),
    "wtf": (),
}


def main(argv: Sequence[str] | None = None) -> Result:
    """Carry out one command line; `sys.exit` understands the result."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that can't write all characters
    words = list(sys.argv[1:] if argv is None else argv)
    if not words and os.environ.get("_ARGCOMPLETE") == "1":
        words = os.environ.get("COMP_LINE", "").split()[1:]
    command, verb = _first_two_names(words)
    if sentence := _outside_subset(command, verb):
        return sentence
    if command == "daemon":
        print("The daemon is not running")  # there is none: every command discovers by itself
        return 0
    parser = _build_parser(command, verb)
    _complete(parser)
    args = parser.parse_args(words)
    run = getattr(args, "_run", None)
    if run is None:
        getattr(args, "_parser", parser).print_help()
        return 0
    if not args.use_python_default_buffering and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    return _guarded(run, args)


def _guarded(run: Any, args: argparse.Namespace) -> Result:
    """Run a verb; signals and errors become exit statuses as upstream's."""
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
        if type(error).__name__ == "ExternalShutdownException":  # rclpy's; not imported for this
            return int(signal.SIGTERM)
        if any(kind.__name__ == "OutsideSubsetError" for kind in type(error).__mro__):  # launch's
            return str(error)
        raise
    return result


def _first_two_names(words: Sequence[str]) -> tuple[str, str]:
    """Command and verb of a command line; options may stand before and between them."""
    names = [word for word in words if not word.startswith("-")]
    return (names[0] if names else ""), (names[1] if len(names) > 1 else "")


def _outside_subset(command: str, verb: str) -> str:
    """The sentence for what upstream has and this underlay has not, or an empty string."""
    if command not in OUTSIDE_SUBSET:
        return ""
    verbs = OUTSIDE_SUBSET[command]
    if not verbs and command not in COMMANDS:
        return f"'ros2 {command}' is outside the subset of this underlay"
    if verb in verbs:
        return f"'ros2 {command} {verb}' is outside the subset of this underlay"
    return ""


def _build_parser(command: str, verb: str) -> argparse.ArgumentParser:
    """Parser for all commands, of which only the chosen one is filled in."""
    parser = argparse.ArgumentParser(
        prog="ros2", description="Command line of ROS 2 (the subset of this underlay)."
    )
    parser.add_argument(
        "--use-python-default-buffering",
        action="store_true",
        help="leave the buffering of the output to Python instead of writing line by line",
    )
    commands = parser.add_subparsers(title="commands", metavar="command")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(_parser=sub)
        if name == command:
            module = importlib.import_module(f"ros2{name}.command")
            if hasattr(module, "COMMAND"):
                _fill(sub, module.COMMAND)
            else:
                _add_verbs(sub, module, verb)
    return parser


def _add_verbs(parser: argparse.ArgumentParser, module: Any, chosen: str) -> None:
    if hasattr(module, "arguments"):
        module.arguments(parser)
    verbs = parser.add_subparsers(title="verbs", metavar="verb")
    for name, verb in module.VERBS.items():
        sub = verbs.add_parser(name, help=verb.summary, description=verb.summary)
        if name == chosen:
            _fill(sub, verb)


def _fill(parser: argparse.ArgumentParser, verb: Verb) -> None:
    verb.arguments(parser)
    parser.set_defaults(_run=verb.run)


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell's question for completions, where argcomplete is installed."""
    if os.environ.get("_ARGCOMPLETE") != "1":
        return
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser, exclude=["-h", "--help"])
