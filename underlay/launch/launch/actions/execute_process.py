# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The action that runs a process, from its start to its end."""

from __future__ import annotations

import asyncio
import codecs
import itertools
import os
import signal
import traceback
from collections.abc import Callable, Iterable
from logging import Logger
from typing import Any

from ..action import Action
from ..event_handler import BaseEventHandler
from ..event_handlers import OnProcessExit, OnProcessIO, OnShutdown
from ..events import Shutdown
from ..events.process import (
    ProcessExited,
    ProcessIO,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
)
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger, get_output_loggers
from ..subprocess_io import ChildProcess, start_child
from ..substitution import SomeSubstitutionsType
from ..substitutions import LaunchConfiguration
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

_process_numbers = itertools.count(1)


class _OutputLines:
    """Turns one output stream of a process into log lines."""

    def __init__(self, log_line: Callable[[str], None]) -> None:
        self._log_line = log_line
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._log_line(line)

    def flush(self) -> None:
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        self._decoder.reset()
        if rest:
            self._log_line(rest)


class ExecuteProcess(Action):
    """Runs a command. At the system's end it gets SIGINT, then SIGTERM, then SIGKILL, as long as it runs.

    Emits ProcessStarted, ProcessStdout, ProcessStderr and ProcessExited.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None = None,
        sigterm_timeout: SomeSubstitutionsType | None = None,
        sigkill_timeout: SomeSubstitutionsType | None = None,
        output: SomeSubstitutionsType = "log",
        on_exit: Any = None,
        respawn: bool = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(respawn, bool):
            raise TypeError(f"respawn must be a bool in this underlay, got {respawn!r}")
        self._cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        self._name = None if name is None else normalize_to_list_of_substitutions(name)
        self._sigterm_timeout = normalize_to_list_of_substitutions(
            sigterm_timeout or LaunchConfiguration("sigterm_timeout", default=5)
        )
        self._sigkill_timeout = normalize_to_list_of_substitutions(
            sigkill_timeout or LaunchConfiguration("sigkill_timeout", default=5)
        )
        self._output = normalize_to_list_of_substitutions(output)
        self._on_exit = on_exit
        self._respawn = respawn
        self._respawn_delay_s = respawn_delay or 0.0
        self._respawn_max_retries = respawn_max_retries
        self._details: dict[str, Any] | None = None
        self._child: ChildProcess | None = None
        self._completed: asyncio.Future[None] | None = None
        self._stop_wanted: asyncio.Future[None] | None = None
        self._sigint_wanted = False
        """Whether launch itself has to send SIGINT once it is asked to stop."""
        self._escalation: asyncio.Task[None] | None = None

    @property
    def process_details(self) -> dict[str, Any] | None:
        """action, name, cmd, cwd, env and, once started, pid; None before execution."""
        return self._details

    @property
    def return_code(self) -> int | None:
        """The exit code, negative for a signal, None before the process has ended."""
        return None if self._child is None else self._child.returncode

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Returns what is done when the process has ended for good."""
        return self._completed

    # Execution.

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Begins to run the process, unless the system is stopping already."""
        if self._details is not None:
            raise RuntimeError(f"action '{self._details['name']}' executed more than once")
        cmd = [perform_substitutions(context, part) for part in self._cmd]
        name = (
            os.path.basename(cmd[0])
            if self._name is None
            else perform_substitutions(context, self._name)
        )
        name = f"{name}-{next(_process_numbers)}"
        env = dict(context.environment)
        self._details = {"action": self, "name": name, "cmd": cmd, "cwd": None, "env": env}
        if context.is_shutdown:
            return None
        loop = context.asyncio_loop
        if loop is None:
            raise RuntimeError(f"action '{name}' executed without a running launch service")
        self._logger = get_logger(name)
        output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT") or perform_substitutions(
            context, self._output
        )
        stdout, stderr = (
            self._lines_to(logger, name) for logger in get_output_loggers(name, output)
        )
        self._completed = loop.create_future()
        self._stop_wanted = loop.create_future()
        for handler in self._handlers(stdout, stderr):
            context.register_event_handler(handler)
        self._task = loop.create_task(self._run(context))
        return None

    def _lines_to(self, logger: Logger, name: str) -> _OutputLines:
        return _OutputLines(lambda line: logger.info(f"[{name}] {line}"))

    def _handlers(self, stdout: _OutputLines, stderr: _OutputLines) -> list[BaseEventHandler]:
        def flush(_: ProcessExited, __: LaunchContext) -> None:
            stdout.flush()
            stderr.flush()

        def log(event: ProcessIO) -> None:
            (stdout if event.from_stdout else stderr).add(event.text)

        return [
            OnShutdown(on_shutdown=self._on_shutdown),
            OnProcessIO(target_action=self, on_stdout=log, on_stderr=log),
            OnProcessExit(target_action=self, on_exit=self._on_exit),
            OnProcessExit(target_action=self, on_exit=flush),
        ]

    async def _run(self, context: LaunchContext) -> None:
        assert self._completed is not None and self._stop_wanted is not None
        retries = 0
        try:
            while await self._run_once(context):
                if context.is_shutdown or self._stop_wanted.done() or not self._respawn:
                    break
                if 0 <= self._respawn_max_retries <= retries:
                    break
                retries += 1
                await asyncio.wait([self._stop_wanted], timeout=self._respawn_delay_s)
                if self._stop_wanted.done():
                    break
        finally:
            if self._escalation is not None:
                self._escalation.cancel()
            if self._child is not None:
                self._child.close()
            if not self._completed.done():
                self._completed.set_result(None)

    async def _run_once(self, context: LaunchContext) -> bool:
        """Runs the process to its end; returns whether it could be started."""
        details = self._details
        assert details is not None and self._stop_wanted is not None
        if self._stop_wanted.done():
            return False
        if self._child is not None:
            self._child.close()

        def on_start(pid: int) -> None:
            details["pid"] = pid
            self._logger.info(f"process started with pid [{pid}]")
            context.emit_event_sync(ProcessStarted(**details))

        def on_output(fd: int, data: bytes) -> None:
            event_class = ProcessStdout if fd == 1 else ProcessStderr
            context.emit_event_sync(event_class(text=data, **details))

        try:
            child = await start_child(
                details["cmd"], on_start=on_start, on_output=on_output, env=details["env"]
            )
        except Exception:
            self._logger.error(
                f"exception occurred while executing process:\n{traceback.format_exc()}"
            )
            return False
        self._child = child
        if self._stop_wanted.done():  # asked to stop while it was being started
            self._begin_escalation(context)
        code = await child.wait()
        if code == 0:
            self._logger.info(f"process has finished cleanly [pid {child.pid}]")
        else:
            command = " ".join(part for part in details["cmd"] if part.strip())
            self._logger.error(
                f"process has died [pid {child.pid}, exit code {code}, cmd '{command}']."
            )
        context.emit_event_sync(ProcessExited(returncode=code, **details))
        return True

    # Stopping.

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        """Begins to stop the process; a second call changes nothing."""
        if self._stop_wanted is None or self._stop_wanted.done():
            return
        self._stop_wanted.set_result(None)
        # After Ctrl-C in a terminal, the terminal has sent SIGINT to the processes already.
        self._sigint_wanted = not event.due_to_sigint or context.noninteractive
        if self._child is not None and self._child.running:
            self._begin_escalation(context)

    def _begin_escalation(self, context: LaunchContext) -> None:
        assert context.asyncio_loop is not None
        if self._sigint_wanted:
            self._send_signal(signal.SIGINT)
        to_sigterm = perform_substitutions(context, self._sigterm_timeout)
        to_sigkill = perform_substitutions(context, self._sigkill_timeout)
        self._escalation = context.asyncio_loop.create_task(self._escalate(to_sigterm, to_sigkill))

    async def _escalate(self, to_sigterm: str, to_sigkill: str) -> None:
        sigterm_s, sigkill_s = float(to_sigterm), float(to_sigkill)
        await asyncio.sleep(sigterm_s)
        self._log_escalation(to_sigterm, "SIGINT", "SIGTERM")
        self._send_signal(signal.SIGTERM)
        await asyncio.sleep(sigkill_s)
        self._log_escalation(str(sigterm_s + sigkill_s), "SIGTERM", "SIGKILL")
        self._send_signal(signal.SIGKILL)

    def _log_escalation(self, waited_s: str, received: str, following: str) -> None:
        assert self._details is not None
        self._logger.error(
            f"process[{self._details['name']}] failed to terminate '{waited_s}' seconds after "
            f"receiving '{received}', escalating to '{following}'"
        )

    def _send_signal(self, number: signal.Signals) -> None:
        assert self._details is not None and self._child is not None
        name = self._details["name"]
        if not self._child.running:
            return
        self._logger.info(f"sending signal '{number.name}' to process[{name}]")
        try:
            self._child.send_signal(number)
        except ProcessLookupError:
            self._logger.debug(f"signal '{number.name}' not sent to '{name}': it has ended")
