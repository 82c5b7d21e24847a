"""The events of launch itself; those of processes are in `launch.events.process`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..event import Event
from . import process

if TYPE_CHECKING:
    from ..action import Action
    from ..launch_description import LaunchDescription

__all__ = [
    "ExecutionComplete",
    "IncludeLaunchDescription",
    "Shutdown",
    "TimerEvent",
    "matches_action",
    "process",
]


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Return a matcher for exactly this action."""
    return lambda action: action == target_action


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


class ExecutionComplete(Event):
    """An action has done its work."""

    name = "launch.events.ExecutionComplete"

    def __init__(self, *, action: Action) -> None:
        self.action = action


class TimerEvent(Event):
    """The time of a TimerAction is over."""

    name = "launch.events.TimerEvent"

    def __init__(self, *, timer_action: Any) -> None:
        self.timer_action = timer_action
