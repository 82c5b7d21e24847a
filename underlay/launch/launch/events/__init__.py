# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The events of launch itself; those of processes are in `launch.events.process`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..event import Event
from ..outside_subset import missing_names
from . import process

if TYPE_CHECKING:
    from ..launch_description import LaunchDescription

__all__ = ["IncludeLaunchDescription", "Shutdown", "process"]
__getattr__ = missing_names(__name__)


class Shutdown(Event):
    """The launched system is to stop."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


class IncludeLaunchDescription(Event):
    """A launch description is to be visited."""

    name = "launch.events.IncludeLaunchDescription"

    def __init__(self, launch_description: LaunchDescription) -> None:
        self.launch_description = launch_description
