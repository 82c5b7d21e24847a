# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What a verb is, and YAML that somebody typed."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Result = int | str | None
"""0 or None: done; a number: exit status; a text: an error, printed, with exit status 1."""


@dataclass(frozen=True, slots=True)
class Verb:
    """`ros2 topic list` is the verb `list` of the command `topic`.

    `arguments` declares its arguments and `run` carries it out. Both import what is slow to import
    themselves, so that the start of one verb does not pay for the others.
    """

    summary: str
    run: Callable[[Namespace], Result]
    arguments: Callable[[ArgumentParser], None]


def positive_float(text: str) -> float:
    """Argument kind: a number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no number") from None
    if not number > 0.0:
        raise ArgumentTypeError(f"{text} is not positive")
    return number


def filled(message: Any, text: str) -> Any:
    """The message with the fields that a YAML text names.

    Raises:
        RuntimeError: with a sentence, when the text is not YAML or does not fit the message.
    """
    import yaml
    from rosidl_runtime_py import set_message_fields

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuntimeError(f"The values are not valid YAML: {error}") from error
    if not isinstance(values, dict | None):
        raise RuntimeError(
            f"The passed value needs to be a dictionary in YAML format, as in '{{data: 1}}', "
            f"not {values!r}"
        )
    try:
        set_message_fields(message, values or {})
    except (AttributeError, TypeError, ValueError) as error:
        raise RuntimeError(f"Failed to populate field: {error}") from error
    return message


def interface_class(getter: Callable[[str], Any], name: str, kind: str) -> Any:
    """The class of an interface.

    Args:
        getter: one of `rosidl_runtime_py.utilities`.
        name: the interface's name.
        kind: what it is, for the sentence of the error.

    Raises:
        RuntimeError: when there is no such interface.
    """
    try:
        return getter(name)
    except (AttributeError, ModuleNotFoundError, ValueError) as error:
        raise RuntimeError(f"The passed {kind} type is invalid: '{name}' ({error})") from error
