# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The base class of event handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .event import Event
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .launch_context import LaunchContext

Entities = Iterable[LaunchDescriptionEntity]


class BaseEventHandler:
    """Decides which events it takes; `handle` returns the entities to visit for one."""

    def __init__(self, *, matcher: Callable[[Event], bool]) -> None:
        self._matcher = matcher

    def matches(self, event: Event) -> bool:
        """Returns whether it takes `event`."""
        return self._matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> Entities | None:
        """Makes the event known to what is visited next; subclasses call this first."""
        context._event = event
        return None
