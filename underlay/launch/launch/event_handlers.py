# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Handlers for the events of launch and its processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .event import Event
from .event_handler import BaseEventHandler, Entities
from .events import IncludeLaunchDescription, Shutdown
from .events.process import ProcessExited, ProcessIO, ProcessStarted
from .launch_description_entity import LaunchDescriptionEntity
from .outside_subset import missing_names

if TYPE_CHECKING:
    from .actions import ExecuteProcess
    from .launch_context import LaunchContext

__all__ = [
    "OnIncludeLaunchDescription",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
]
__getattr__ = missing_names(__name__)


class _OnEvent(BaseEventHandler):
    """Takes events of one class, and visits entities or calls a function that may return some."""

    def __init__(self, event_class: type[Event], on_event: Any, action: object = None) -> None:
        if isinstance(on_event, LaunchDescriptionEntity):
            on_event = [on_event]
        if not callable(on_event):
            on_event = list(on_event or ())
            for entity in on_event:
                if not isinstance(entity, LaunchDescriptionEntity):
                    raise TypeError(f"an event handler needs entities to visit, got {entity!r}")
        self._event_class = event_class
        self._action = action
        self._on_event = on_event
        super().__init__(matcher=self._takes)

    def _takes(self, event: Event) -> bool:
        return isinstance(event, self._event_class) and (
            self._action is None or getattr(event, "action", None) is self._action
        )

    def handle(self, event: Event, context: LaunchContext) -> Entities | None:
        """Returns the entities, or what the function returns."""
        super().handle(event, context)
        answer = self._on_event(event, context) if callable(self._on_event) else self._on_event
        return [answer] if isinstance(answer, LaunchDescriptionEntity) else answer


class OnProcessStart(_OnEvent):
    """Acts when a process has started."""

    def __init__(self, *, target_action: ExecuteProcess | None = None, on_start: Any) -> None:
        super().__init__(ProcessStarted, on_start, target_action)


class OnProcessExit(_OnEvent):
    """Acts when a process has ended, however it did."""

    def __init__(self, *, target_action: ExecuteProcess | None = None, on_exit: Any) -> None:
        super().__init__(ProcessExited, on_exit, target_action)


class OnProcessIO(_OnEvent):
    """Calls a function with each piece of output of a process."""

    def __init__(
        self,
        *,
        target_action: ExecuteProcess | None = None,
        on_stdout: Callable[[ProcessIO], Entities | None] | None = None,
        on_stderr: Callable[[ProcessIO], Entities | None] | None = None,
    ) -> None:
        def pass_on(event: ProcessIO, _: LaunchContext) -> Entities | None:
            function = on_stdout if event.from_stdout else on_stderr
            return None if function is None else function(event)

        super().__init__(ProcessIO, pass_on, target_action)


class OnShutdown(_OnEvent):
    """Acts when the launched system is asked to stop."""

    def __init__(self, *, on_shutdown: Any) -> None:
        super().__init__(Shutdown, on_shutdown)


class OnIncludeLaunchDescription(_OnEvent):
    """Visits the launch description that an IncludeLaunchDescription event carries."""

    def __init__(self) -> None:
        super().__init__(
            IncludeLaunchDescription,
            lambda event, _: [event.launch_description],
        )
