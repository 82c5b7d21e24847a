"""Definitions of interfaces as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rosidl_runtime_py import get_interface_path, message_to_yaml, utilities

# "pkg/Type[<=3] name", "Type name", but no constant ("int32 X=1") and no "---".
_FIELD = re.compile(
    r"\s*(?:([A-Za-z]\w*)/)?(\w+)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w+\s*(?!\s*=)(?:\s|$)"
)
_PRIMITIVES = {"bool", "byte", "char", "string", "wstring", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def interface_to_yaml(identifier: str) -> str:
    """Default values of a message, a request or a goal, as YAML."""
    interface = utilities.get_interface(identifier)
    if utilities.is_action(interface):
        return message_to_yaml(interface.Goal())
    if utilities.is_service(interface):
        return message_to_yaml(interface.Request())
    return message_to_yaml(interface())


def nested_type(line: str, package: str) -> str | None:
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


def definition_lines(
    identifier: str, *, comments: bool, nested_comments: bool, level: int = 0
) -> Iterator[str]:
    """Lines of a definition, each message field followed by the message's own, one tab deeper.

    Without comments, empty lines are left out too. Raises ValueError or LookupError for a name
    that is none.
    """
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
        if nested := nested_type(line, package):
            yield from definition_lines(
                nested, comments=nested_comments, nested_comments=nested_comments, level=level + 1
            )
