# SPDX-License-Identifier: Apache-2.0
"""Parameters of the journal, and where its file is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vla_common.configuration.config import setting


@dataclass(frozen=True)
class JournalConfig:
    """Group `journal`: where commands are recorded and how much room that may take."""

    file: str = setting(
        "",
        "SQLite file of the journal; empty: `vla/<namespace>/journal.sqlite` in `$ROS_HOME`, else in `~/.ros`",
    )
    max_size_mb: float = setting(
        16.0,
        "Size from which the journal is rotated; it is refused to grow beyond four times that",
        unit="MB",
        minimum=0.1,
        maximum=10000.0,
    )
    keep: int = setting(
        5, "Rotated journals that are kept; the oldest goes first", minimum=1, maximum=1000
    )

    @property
    def max_bytes(self) -> int:
        return int(self.max_size_mb * 1e6)


def journal_path(file: str, namespace: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The journal's file. `namespace` is the system's, with or without slashes around it."""
    if file:
        return Path(file).expanduser()
    home = environment.get("ROS_HOME", "")
    folder = Path(home) if home else Path(environment.get("HOME") or Path.home()) / ".ros"
    parts = [part for part in namespace.split("/") if part not in ("", ".", "..")]
    return folder.joinpath("vla", *parts, "journal.sqlite")
