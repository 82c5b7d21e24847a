# SPDX-License-Identifier: Apache-2.0
"""What one attack is, for `./vla eval attack` and the modules in `attacks/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Context:
    """What an attack may use. folder: for its files. system: an OwnSystem that is ready, for live attacks only."""

    folder: Path
    system: Any


@dataclass(frozen=True)
class Attack:
    """One thing that must not work.

    kind: the part of the system it is about; name: what is tried, unique. run: tries it, and returns how it
    broke, empty when it held. arguments: launch arguments of the system it needs; None: it needs no ROS.
    """

    kind: str
    name: str
    run: Callable[[Context], str]
    arguments: Mapping[str, str] | None = None

    @property
    def live(self) -> bool:
        return self.arguments is not None
