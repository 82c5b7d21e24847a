# SPDX-License-Identifier: Apache-2.0
"""Checks a parameter file before anything starts: unknown keys and values out of range, with the file's own key.

The nodes check again what they are given; this finds what no node would ever look at, such as a misspelt group.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_common.configuration.config import settings_of, unknown_key
from vla_common.configuration.parameter_file import load
from vla_common.contracts.outcomes import VlaError

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
