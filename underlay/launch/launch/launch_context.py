"""What entities see while launching: configurations, environment, locals, events."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution


class LocalValues:
    """Read-only attribute access to the locals of a context."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", values)

    def __getattr__(self, key: str) -> Any:
        values: Mapping[str, Any] = object.__getattribute__(self, "_values")
        if key not in values:
            raise AttributeError(
                f"context.locals has no '{key}', only: {', '.join(sorted(values)) or 'nothing'}"
            )
        return values[key]

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"context.locals is read-only, '{key}' cannot be set")


class LaunchContext:
    """The state of one launch; used from the thread that runs the launch only."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = argv if argv is not None else []
        self.noninteractive = noninteractive
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._locals_stack: list[dict[str, Any]] = []
        self.launch_configurations: dict[str, Any] = {}
        self._configurations_stack: list[dict[str, Any]] = []
        self._initial_environment = dict(os.environ)
        self._environment_stack: list[dict[str, str]] = []
        self._event_handlers: deque[BaseEventHandler] = deque()
        self._events: deque[Event] = deque()
        self._on_work: Callable[[asyncio.Future[Any] | None], None] | None = None
        self._early_futures: list[asyncio.Future[Any]] = []
        self.is_shutdown = False
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None

    def _set_is_shutdown(self, state: bool) -> None:
        self.is_shutdown = state

    def _set_asyncio_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.asyncio_loop = loop

    # Work: the launch service sets _on_work while it runs and is told of events and futures.

    def add_completion_future(self, completion_future: asyncio.Future[Any]) -> None:
        """Let the launch wait for this future before it counts as idle."""
        if self._on_work is None:
            self._early_futures.append(completion_future)
        else:
            self._on_work(completion_future)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event; it is handled after what is being visited now."""
        self._events.append(event)
        if self._on_work is not None:
            self._on_work(None)

    async def emit_event(self, event: Event) -> None:
        """Queue an event, from a coroutine."""
        self.emit_event_sync(event)

    def would_handle_event(self, event: Event) -> bool:
        """Return whether any handler takes `event`."""
        return any(handler.matches(event) for handler in self._event_handlers)

    def register_event_handler(self, event_handler: BaseEventHandler, append: bool = False) -> None:
        """Add a handler before those already there, or after them with `append`."""
        if append:
            self._event_handlers.append(event_handler)
        else:
            self._event_handlers.appendleft(event_handler)

    def unregister_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Remove a handler; ValueError if it is not registered."""
        self._event_handlers.remove(event_handler)

    # Locals: scoped to one event; globals: until the end, hidden by locals of the same name.

    def extend_globals(self, extensions: Mapping[str, Any]) -> None:
        """Add to the locals for good."""
        self._globals.update(extensions)

    def extend_locals(self, extensions: Mapping[str, Any]) -> None:
        """Add to the locals until the event at hand is done."""
        self._locals.update(extensions)

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return globals and locals as one new dictionary."""
        return {**self._globals, **self._locals}

    @property
    def locals(self) -> LocalValues:
        """Globals and locals as attributes."""
        return LocalValues(self.get_locals_as_dict())

    def _push_locals(self) -> None:
        self._locals_stack.append(dict(self._locals))

    def _pop_locals(self) -> None:
        if not self._locals_stack:
            raise RuntimeError("there are no locals to restore")
        self._locals = self._locals_stack.pop()

    # Configurations and environment, both with a stack for groups.

    def _push_launch_configurations(self) -> None:
        self._configurations_stack.append(dict(self.launch_configurations))

    def _pop_launch_configurations(self) -> None:
        if not self._configurations_stack:
            raise RuntimeError("there are no launch configurations to restore")
        self.launch_configurations = self._configurations_stack.pop()

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment of this process, which new processes inherit."""
        return os.environ

    def _push_environment(self) -> None:
        self._environment_stack.append(dict(os.environ))

    def _pop_environment(self) -> None:
        if not self._environment_stack:
            raise RuntimeError("there is no environment to restore")
        self._restore_environment(self._environment_stack.pop())

    def _reset_environment(self) -> None:
        self._restore_environment(self._initial_environment)

    @staticmethod
    def _restore_environment(wanted: dict[str, str]) -> None:
        for name in set(os.environ) - set(wanted):
            del os.environ[name]
        os.environ.update(wanted)

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return the text of `substitution` in this context."""
        return substitution.perform(self)
