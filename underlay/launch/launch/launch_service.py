# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Runs launch descriptions: visits them, handles events, waits for work, stops on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from .event import Event
from .event_handlers import OnIncludeLaunchDescription, OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .logging import get_logger, launch_config, log_launch_config
from .utilities import visit_all_entities_and_collect_futures


class LaunchService:
    """One launched system, run in the main thread.

    The first SIGINT stops it in order, further ones are ignored. SIGTERM and SIGQUIT are not
    handled: they end this process at once, and its processes stay.
    """

    def __init__(
        self,
        *,
        argv: Iterable[str] | None = None,
        noninteractive: bool = False,
        debug: bool = False,
    ) -> None:
        launch_config.level = logging.DEBUG if debug else logging.INFO
        self._debug = debug
        self._logger = get_logger("launch")
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.context.register_event_handler(OnIncludeLaunchDescription())
        self.context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))
        self._lock = threading.RLock()  # guards _loop, which other threads read
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work = asyncio.Event()
        self._pending: set[asyncio.Future[Any]] = set()
        self._failures: list[BaseException] = []
        self._shutting_down = False
        self._sigint_seen = False
        self._return_code = 0

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Has a launch description visited."""
        self.context.emit_event_sync(IncludeLaunchDescription(launch_description))

    def shutdown(self) -> None:
        """Stops the launched system, from any thread; nothing happens when it does not run."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(
                    self._begin_shutdown, "LaunchService.shutdown() called"
                )

    # Running.

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Runs until stopped, or until idle; returns 0, or 1 if something went wrong."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("LaunchService can only be run in the main thread.")
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self._run(shutdown_when_idle))
            while True:
                try:
                    return loop.run_until_complete(task)
                except KeyboardInterrupt:  # before or after the signal handler was in place
                    if task.done():
                        raise
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _run(self, shutdown_when_idle: bool) -> int:
        with self._running():
            log_launch_config(logger=self._logger)
            while await self._step(shutdown_when_idle):
                pass
        return self._return_code

    async def _step(self, shutdown_when_idle: bool) -> bool:
        """Handles the events at hand, or waits for work; returns whether to go on."""
        self._work.clear()
        try:
            while self.context._events:
                self._process_event(self.context._events.popleft())
            if self._failures:
                failure, *others = self._failures
                self._failures = []
                for other in others:
                    self._logger.error(str(other))
                raise failure
        except Exception as error:  # launch files and handlers may raise anything
            reason = f"Caught exception in launch (see debug for traceback): {error}"
            self._logger.debug(traceback.format_exc())
            self._logger.error(reason)
            self._begin_shutdown(reason)
            self._return_code = 1
            return True
        if not self._pending:
            if self._shutting_down:
                return False
            if shutdown_when_idle:
                self._begin_shutdown("idle")
                return True
        await self._work.wait()
        return True

    def _process_event(self, event: Event) -> None:
        for handler in tuple(self.context._event_handlers):
            if not handler.matches(event):
                continue
            self._logger.debug(f"processing event: '{event}' ✓ '{handler}'")
            for entity in handler.handle(event, self.context) or ():
                if not isinstance(entity, LaunchDescriptionEntity):
                    raise RuntimeError(
                        f"an event handler must return entities to visit, got {entity!r}"
                    )
                for _, future in visit_all_entities_and_collect_futures(entity, self.context):
                    self._wait_for(future)

    def _wait_for(self, future: asyncio.Future[Any]) -> None:
        if future not in self._pending:
            self._pending.add(future)
            future.add_done_callback(self._on_future_done)

    def _on_future_done(self, future: asyncio.Future[Any]) -> None:
        self._pending.discard(future)
        if not future.cancelled() and (failure := future.exception()) is not None:
            self._failures.append(failure)
        self._work.set()

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        with self._lock:
            self._loop = loop
        if self._debug:
            loop.set_debug(True)
        self._work = asyncio.Event()
        self._return_code = 0
        self._shutting_down = self._sigint_seen = False
        self.context.asyncio_loop = loop
        self.context._on_event = self._work.set
        loop.set_exception_handler(self._on_loop_exception)
        before = signal.getsignal(signal.SIGINT)
        loop.add_signal_handler(signal.SIGINT, self._on_sigint)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)
            with self._lock:
                self.context._on_event = None
                self.context.asyncio_loop = None
                self._loop = None

    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self._return_code = 1
        loop.default_exception_handler(details)

    # Stopping.

    def _on_sigint(self) -> None:
        message = "user interrupted with ctrl-c (SIGINT)"
        if self._sigint_seen:
            self._logger.warning(f"{message} again, ignoring...")
            return
        self._sigint_seen = True
        self._logger.warning(message)
        self._begin_shutdown("ctrl-c (SIGINT)", due_to_sigint=True)

    def _begin_shutdown(self, reason: str, *, due_to_sigint: bool = False) -> None:
        if not self._shutting_down:
            self._on_shutdown()
            self.context.emit_event_sync(Shutdown(reason=reason, due_to_sigint=due_to_sigint))

    def _on_shutdown(self, *_: Any) -> None:
        self._shutting_down = True
        self.context.is_shutdown = True
