# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What entities see while launching: launch configurations, environment and events."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution


class LaunchContext:
    """The state of one launch; used from the thread that runs the launch only."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or ())
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self._event_handlers: deque[BaseEventHandler] = deque()
        self._events: deque[Event] = deque()
        self._event: Event | None = None
        """The event whose entities are being visited."""
        self._on_event: Callable[[], None] | None = None
        """Set by the launch service while it runs."""
        self.is_shutdown = False
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None

    def emit_event_sync(self, event: Event) -> None:
        """Queues an event; it is handled after what is being visited now."""
        self._events.append(event)
        if self._on_event is not None:
            self._on_event()

    def register_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Adds a handler before those that are there."""
        self._event_handlers.appendleft(event_handler)

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment of this process, which new processes inherit."""
        return os.environ

    def perform_substitution(self, substitution: Substitution) -> str:
        """Returns the text of `substitution` in this context."""
        return substitution.perform(self)
