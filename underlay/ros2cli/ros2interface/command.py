# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 interface`."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from ros2cli.helpers import Result, Verb

_FIELD = re.compile(
    r"\s*(?:([A-Za-z]\w*)/)?(\w+)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w+\s*(?!\s*=)(?:\s|$)"
)
"""`pkg/Type[<=3] name` or `Type name`, but no constant (`int32 X=1`) and no `---`."""
_PRIMITIVES = {"bool", "byte", "char", "string", "wstring", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def _show_arguments(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--all-comments", action="store_true", help="comments of nested ones too")
    group.add_argument("--no-comments", action="store_true", help="no comments, no empty lines")
    parser.add_argument("type", help="type, such as 'std_msgs/msg/String'")


def _show(args: Namespace) -> Result:
    try:
        for line in _lines(args.type, not args.no_comments, args.all_comments):
            print(line)
    except (ValueError, LookupError) as error:
        return str(error)
    return 0


def _lines(identifier: str, comments: bool, nested_comments: bool, level: int = 0) -> Iterator[str]:
    """Lines of a definition; behind a field that is a message the message's own, one tab deeper.

    Without comments, empty lines are left out too.
    """
    from rosidl_runtime_py import get_interface_path

    if identifier.count("/") != 2:
        raise ValueError(
            f"Invalid name '{identifier}'. Expected three parts separated by '/', "
            "as in 'std_msgs/msg/String'"
        )
    package = identifier.split("/")[0]
    for raw in Path(get_interface_path(identifier)).read_text(encoding="utf-8").splitlines():
        line = raw.rstrip()
        if not comments:
            line = line.split("#", 1)[0].strip()
        if line or comments:
            yield "\t" * level + line if line else ""
        if nested := _nested_type(line, package):
            yield from _lines(nested, nested_comments, nested_comments, level + 1)


def _nested_type(line: str, package: str) -> str | None:
    """Full name of the message that a line of a definition has a field of, if any."""
    match = _FIELD.match(line.split("#", 1)[0])
    if not match or "=" in line.split("#", 1)[0].replace("<=", ""):
        return None
    owner, name = match.groups()
    if owner is None and name in _PRIMITIVES:
        return None
    if owner is None and name == "Header":
        owner = "std_msgs"
    return f"{owner or package}/msg/{name}"


VERBS = {"show": Verb("Show the definition of an interface", _show, _show_arguments)}
