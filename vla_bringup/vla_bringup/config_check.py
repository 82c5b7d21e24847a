"""Checks a parameter file before anything starts: unknown keys and values out of range, with the file's own key.

The nodes check again what they are given; this finds what no node would ever look at, such as a misspelt group.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from vla_common.config import settings_of, unknown_key
from vla_common.outcomes import Code, VlaError

CONFIG_MODULES = (
    "vla_planner.config",
    "vla_perception.config",
    "vla_executor.config",
    "vla_sim.config",
    "vla_speech.config",
    "vla_bringup.config",
)
ROS_KEYS = frozenset({"use_sim_time"})
"""Parameters that every ROS node has."""


def all_groups() -> dict[str, type[Any]]:
    """Every group of parameters of the workspace, by name."""
    groups: dict[str, type[Any]] = {}
    for name in CONFIG_MODULES:
        groups.update(importlib.import_module(name).GROUPS)
    return groups


def load(path: str | Path) -> dict[str, Any]:
    """Parameters of a ROS parameter file as `group.name -> value`, over all its nodes.

    Errors: INVALID_CONFIG for a file that can't be read or has another shape.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} can't be read: {error}."
        ) from None
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} is not valid YAML: {where}."
        ) from None
    if not isinstance(content, dict):
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} has no node names such as '/**:'."
        )
    values: dict[str, Any] = {}
    for node, entry in content.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("ros__parameters"), dict):
            raise VlaError(
                Code.INVALID_CONFIG,
                f"'{node}' in the parameter file {path} has no 'ros__parameters' with values.",
            )
        values.update(_flat(entry["ros__parameters"]))
    return values


def check(values: Mapping[str, Any]) -> None:
    """Errors: INVALID_CONFIG for the first key that is unknown or has an impossible value."""
    known = {
        f"{group}.{name}": (default, info)
        for group, config in all_groups().items()
        for name, (default, info) in settings_of(config).items()
    }
    for key, value in values.items():
        if key in ROS_KEYS:
            continue
        if key not in known:
            raise unknown_key(key, known)
        default, info = known[key]
        info.check(key, value, default)


def check_file(path: str | Path) -> dict[str, Any]:
    """Load and check; returns the values."""
    values = load(path)
    try:
        check(values)
    except VlaError as error:
        raise VlaError(error.code, f"{path}: {error.message}") from None
    return values


def _flat(entry: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, name + ".")
        else:
            yield name, value
