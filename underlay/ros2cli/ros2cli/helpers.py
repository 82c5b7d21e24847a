"""Kinds of arguments, YAML that somebody typed, and waiting."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

import yaml


def unsigned_int(text: str) -> int:
    """Argument kind: a whole number from 0."""
    if not text.isdigit():
        raise ArgumentTypeError(f"'{text}' is no whole number from 0")
    return int(text)


def positive_int(text: str) -> int:
    """Argument kind: a whole number from 1."""
    if unsigned_int(text) == 0:
        raise ArgumentTypeError("0 is not positive")
    return int(text)


def positive_float(text: str) -> float:
    """Argument kind: a number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no number") from None
    if not number > 0.0:
        raise ArgumentTypeError(f"{text} is not positive")
    return number


def add_values_arguments(parser: ArgumentParser, name: str, example: str) -> Any:
    """Add the YAML argument `name`, and `--stdin` in its place. Returns the argument."""
    group = parser.add_mutually_exclusive_group()
    argument = group.add_argument(name, nargs="?", default="{}", help=f"YAML, such as '{example}'")
    group.add_argument("--stdin", action="store_true", help=f"read the {name} from standard input")
    return argument


def read_values(text: str, from_stdin: bool) -> dict[str, Any]:
    """The mapping that a YAML text (or standard input) holds. Raises RuntimeError."""
    try:
        values = yaml.safe_load(sys.stdin.read() if from_stdin else text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise RuntimeError(f"The values are not valid YAML{where}: {problem}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise RuntimeError(
            f"The passed value needs to be a dictionary in YAML format, as in '{{data: 1}}', "
            f"not {values!r}"
        )
    return values


def fill(message: Any, values: dict[str, Any], **options: bool) -> list[Callable[[Any], None]]:
    """`set_message_fields`, with RuntimeError for everything that does not fit."""
    from rosidl_runtime_py import set_message_fields

    try:
        return set_message_fields(message, values, **options)
    except (AttributeError, TypeError, ValueError) as error:
        raise RuntimeError(f"Failed to populate field: {error}") from error


def interface_class(getter: Callable[[str], Any], name: str, kind: str) -> Any:
    """Class of an interface from its name. Raises RuntimeError."""
    try:
        return getter(name)
    except (AttributeError, ModuleNotFoundError, ValueError) as error:
        raise RuntimeError(f"The passed {kind} type is invalid: '{name}' ({error})") from error


def wait_for(predicate: Callable[[], bool], timeout: float, period: float = 0.05) -> bool:
    """Whether a condition comes true within `timeout` seconds (negative: wait without limit)."""
    deadline = time.monotonic() + (timeout if timeout >= 0 else float("inf"))
    while not predicate():
        if time.monotonic() > deadline:
            return predicate()
        time.sleep(period)
    return True
