"""Launch arguments as they are written on a command line."""

from __future__ import annotations

from collections.abc import Iterable


def parse_launch_arguments(launch_arguments: Iterable[str]) -> list[tuple[str, str]]:
    """Return names and values of `name:=value`; the last of a name wins.

    RuntimeError for anything else; an empty value cannot be given.
    """
    parsed: dict[str, str] = {}
    for argument in launch_arguments:
        name, separator, value = argument.partition(":=")
        if not (name and separator and value):
            raise RuntimeError(
                f"malformed launch argument '{argument}', expected format '<name>:=<value>'"
            )
        parsed[name] = value
    return list(parsed.items())
