"""Runs launch descriptions: visits, handles events, waits for work, stops on signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from .actions import ExecuteLocal
from .event import Event
from .event_handlers import OnIncludeLaunchDescription, OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .logging import get_logger, launch_config, log_launch_config
from .utilities import visit_all_entities_and_collect_futures

# After an orderly shutdown was impossible, killed processes are awaited this long.
KILL_GRACE_S = 5.0


class LaunchService:
    """One launched system, run in the main thread.

    The first SIGINT stops it in order, further ones are ignored. SIGTERM and SIGQUIT stop it in
    order too, and the second one kills its processes; no process outlives the run either way.
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
        self.event_loop: asyncio.AbstractEventLoop | None = None
        self._thread_id: int | None = None
        self.task: asyncio.Task[Any] | None = None
        self._work = asyncio.Event()
        self._pending: dict[asyncio.Future[Any], LaunchDescriptionEntity | None] = {}
        self._failures: list[BaseException] = []
        self._shutting_down = False
        self._sigint_seen = False
        self._sigterm_seen = False
        self._return_code = 0

    # From any thread.

    def emit_event(self, event: Event) -> None:
        """Emit an event; before a run it is kept for it."""
        with self._lock:
            if self.event_loop is None or threading.get_ident() == self._thread_id:
                self.context.emit_event_sync(event)
            else:
                self.event_loop.call_soon_threadsafe(self.context.emit_event_sync, event)

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Have a launch description visited."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def shutdown(self, force_sync: bool = False) -> Awaitable[None] | None:
        """Stop the launched system; nothing happens when it does not run.

        Called from the loop's thread it returns something that may be awaited.
        """
        with self._lock:
            loop = self.event_loop
            if loop is None:
                return None
            reason = "LaunchService.shutdown() called"
            if threading.get_ident() != self._thread_id:
                loop.call_soon_threadsafe(self._begin_shutdown, reason)
                return None
        self._begin_shutdown(reason)
        if force_sync:
            return None
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    # Running.

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until stopped, or until idle; return 0, or 1 if something went wrong."""
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self.run_async(shutdown_when_idle=shutdown_when_idle))
            while True:
                try:
                    return loop.run_until_complete(task)
                except KeyboardInterrupt:  # before or after the signal handlers were in place
                    if task.done():
                        raise
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Do what `run` does on the running loop of the main thread."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("LaunchService can only be run in the main thread.")
        self._return_code = 0
        with self._running():
            log_launch_config(logger=self._logger)
            try:
                while await self._step(shutdown_when_idle):
                    pass
            except asyncio.CancelledError:
                self._logger.error("run task was canceled")
                self._return_code = 1
            finally:
                await self._kill_what_is_left()
        return self._return_code

    async def _step(self, shutdown_when_idle: bool) -> bool:
        """Handle the events at hand, or wait for work; return whether to go on."""
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
        self._logger.debug(f"processing event: '{event}'")
        for handler in tuple(self.context._event_handlers):
            if not handler.matches(event):
                continue
            self._logger.debug(f"processing event: '{event}' ✓ '{handler}'")
            self.context._push_locals()
            try:
                answer = handler.handle(event, self.context)
                entities = (
                    (answer,)
                    if answer is None or isinstance(answer, LaunchDescriptionEntity)
                    else answer
                )
                for entity in entities:
                    if entity is None:
                        continue
                    if not isinstance(entity, LaunchDescriptionEntity):
                        raise RuntimeError(
                            f"an event handler must return entities to visit, got {entity!r}"
                        )
                    found = visit_all_entities_and_collect_futures(entity, self.context)
                    for source, future in found:
                        self._wait_for(future, source)
            finally:
                self.context._pop_locals()

    def _wait_for(
        self, future: asyncio.Future[Any], source: LaunchDescriptionEntity | None = None
    ) -> None:
        if future not in self._pending:
            self._pending[future] = source
            future.add_done_callback(self._on_future_done)

    def _on_future_done(self, future: asyncio.Future[Any]) -> None:
        self._pending.pop(future, None)
        if not future.cancelled() and future.exception() is not None:
            self._failures.append(future.exception())  # type: ignore[arg-type]
        self._work.set()

    def _on_work(self, future: asyncio.Future[Any] | None) -> None:
        if future is not None:
            self._wait_for(future)
        self._work.set()

    async def _kill_what_is_left(self) -> None:
        """Kill processes that still run, which is so only when the run was cut short."""
        left = [
            (future, source)
            for future, source in self._pending.items()
            if isinstance(source, ExecuteLocal) and not future.done()
        ]
        for _, source in left:
            source._kill()
        if left:
            await asyncio.wait([future for future, _ in left], timeout=KILL_GRACE_S)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self.event_loop is not None:
                raise RuntimeError("LaunchService cannot be run multiple times concurrently.")
            self.event_loop = loop
            self._thread_id = threading.get_ident()
        if self._debug:
            loop.set_debug(True)
        self.task = asyncio.current_task()
        self._work = asyncio.Event()
        self._shutting_down = self._sigint_seen = self._sigterm_seen = False
        context = self.context
        context._set_asyncio_loop(loop)
        context._on_work = self._on_work
        for future in context._early_futures:
            self._wait_for(future)
        context._early_futures.clear()
        loop.set_exception_handler(self._on_loop_exception)
        try:
            with self._signals(loop):
                yield
        finally:
            with self._lock:
                context._on_work = None
                context._set_asyncio_loop(None)
                self.event_loop = None
                self._thread_id = None
            loop.set_exception_handler(None)

    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        self._return_code = 1
        loop.default_exception_handler(details)

    @contextlib.contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        handlers: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGINT: self._on_sigint,
            signal.SIGTERM: lambda: self._on_sigterm("SIGTERM"),
            signal.SIGQUIT: lambda: self._on_sigterm("SIGQUIT"),
        }
        before = {number: signal.getsignal(number) for number in handlers}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number, previous in before.items():
                loop.remove_signal_handler(number)
                if previous is not None:
                    signal.signal(number, previous)

    def _on_sigint(self) -> None:
        message = "user interrupted with ctrl-c (SIGINT)"
        if self._sigint_seen:
            self._logger.warning(f"{message} again, ignoring...")
            return
        self._sigint_seen = True
        self._logger.warning(message)
        self._begin_shutdown("ctrl-c (SIGINT)", due_to_sigint=True)

    def _on_sigterm(self, name: str) -> None:
        self._return_code = 1
        if self._sigterm_seen:
            self._logger.error(f"{name} again, killing the processes that still run")
            for source in list(self._pending.values()):
                if isinstance(source, ExecuteLocal):
                    source._kill()
            return
        self._sigterm_seen = True
        self._logger.error(f"user interrupted with ctrl-\\ ({name}), terminating...")
        self._begin_shutdown(name)

    # Stopping.

    def _begin_shutdown(self, reason: str, *, due_to_sigint: bool = False) -> None:
        if not self._shutting_down:
            self._on_shutdown()
            self.context.emit_event_sync(Shutdown(reason=reason, due_to_sigint=due_to_sigint))

    def _on_shutdown(self, *_: Any) -> None:
        self._shutting_down = True
        self.context._set_is_shutdown(True)
