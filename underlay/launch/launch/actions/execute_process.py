"""Actions that run a process, from its start to its certain end."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Mapping
from logging import Logger
from typing import Any

from ..action import Action
from ..conditions import evaluate_condition_expression
from ..descriptions import Executable, SomeEnvironment
from ..event import Event
from ..event_handler import BaseEventHandler
from ..event_handlers import OnProcessExit, OnProcessIO
from ..events import Shutdown
from ..events.process import (
    ProcessExited,
    ProcessIO,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ProcessTargetedEvent,
    ShutdownProcess,
    SignalProcess,
)
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger, get_output_loggers
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType
from ..subprocess_io import ChildProcess, start_child
from ..substitutions import LaunchConfiguration
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution

# After Ctrl-C where no terminal can have passed the signal on, processes that still run get it
# from here, after this time.
UNHEARD_SIGINT_S = 2.0


def _terminal_passes_signals_on() -> bool:
    """Return whether this process is in the foreground of a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


class _OutputLines:
    """Turns one output stream of a process into log lines; keeps the text if asked to."""

    def __init__(self, log_line: Callable[[str], None], keep: bool) -> None:
        self._log_line = log_line
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._kept: list[str] | None = [] if keep else None

    def add(self, data: bytes) -> None:
        text = self._decoder.decode(data)
        if self._kept is not None:
            self._kept.append(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._log_line(line.removesuffix("\r"))  # as it comes from a terminal

    def flush(self) -> None:
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        self._decoder.reset()
        if rest:
            self._log_line(rest)

    @property
    def text(self) -> str | None:
        return None if self._kept is None else "".join(self._kept)


class _ProcessRequests(BaseEventHandler):
    """Passes requests to stop or to signal the process, and the general shutdown, to its action."""

    def __init__(self, action: ExecuteLocal) -> None:
        self._action = action
        super().__init__(matcher=self._concerns_action)

    def _concerns_action(self, event: Event) -> bool:
        if isinstance(event, Shutdown):
            return True
        return (
            isinstance(event, (ShutdownProcess, SignalProcess))
            and isinstance(event, ProcessTargetedEvent)
            and event.process_matcher(self._action)
        )

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        if isinstance(event, SignalProcess):
            self._action._send_signal_event(event)
        elif isinstance(event, Shutdown):
            by_terminal = event.due_to_sigint and not context.noninteractive
            self._action._stop(context, send_sigint=not by_terminal)
        else:
            self._action._stop(context, send_sigint=True)
        return None


class ExecuteLocal(Action):
    """Runs a process; stops it with SIGINT, then SIGTERM, then SIGKILL.

    Emits ProcessStarted, ProcessStdout, ProcessStderr and ProcessExited; obeys ShutdownProcess,
    SignalProcess and Shutdown. Ends when the process has ended and is not started again.
    """

    def __init__(
        self,
        *,
        process_description: Executable,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType | None = None,
        sigkill_timeout: SomeSubstitutionsType | None = None,
        emulate_tty: bool = False,
        output: SomeSubstitutionsType | Mapping[str, Any] = "log",
        output_format: str = "[{this.process_description.final_name}] {line}",
        cached_output: bool = False,
        log_cmd: bool = False,
        on_exit: SomeEntitiesType | Callable[[ProcessExited, LaunchContext], Any] | None = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._description = process_description
        self._shell = shell
        self._sigterm_timeout = normalize_to_list_of_substitutions(
            LaunchConfiguration("sigterm_timeout", default=5)
            if sigterm_timeout is None
            else sigterm_timeout
        )
        self._sigkill_timeout = normalize_to_list_of_substitutions(
            LaunchConfiguration("sigkill_timeout", default=5)
            if sigkill_timeout is None
            else sigkill_timeout
        )
        self._emulate_tty = emulate_tty
        output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT") or output
        self._output: Any = (
            output if isinstance(output, Mapping) else normalize_to_list_of_substitutions(output)
        )
        self._output_format = output_format
        self._cached_output = cached_output
        self._log_cmd = log_cmd
        self._on_exit = on_exit
        self._respawn = normalize_typed_substitution(respawn, bool)
        self._respawn_delay_s = respawn_delay or 0.0
        self._respawn_max_retries = respawn_max_retries
        self._executed = False
        self._details: dict[str, Any] | None = None
        self._child: ChildProcess | None = None
        self._returncode: int | None = None
        self._completed: asyncio.Future[None] | None = None
        self._stop_wanted: asyncio.Future[None] | None = None
        self._escalation: asyncio.Task[None] | None = None
        self._stdout: _OutputLines | None = None
        self._stderr: _OutputLines | None = None

    @property
    def process_description(self) -> Executable:
        """The command, its name, directory and environment."""
        return self._description

    @property
    def shell(self) -> bool:
        """Whether a shell runs the command."""
        return self._shell

    @property
    def emulate_tty(self) -> bool:
        """Whether the process writes to pseudo terminals."""
        return self._emulate_tty

    @property
    def sigterm_timeout(self) -> Any:
        """Seconds from SIGINT to SIGTERM, as substitutions."""
        return self._sigterm_timeout

    @property
    def sigkill_timeout(self) -> Any:
        """Seconds from SIGTERM to SIGKILL, as substitutions."""
        return self._sigkill_timeout

    @property
    def output(self) -> Any:
        """Where output goes, see `launch.logging.get_output_loggers`."""
        return self._output

    @property
    def process_details(self) -> dict[str, Any] | None:
        """action, name, cmd, cwd, env and, once started, pid; None before execution."""
        return self._details

    @property
    def return_code(self) -> int | None:
        """The exit code, negative for a signal, None before the process has ended."""
        return self._returncode if self._child is None else self._child.returncode

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities given as on_exit."""
        return self._on_exit if isinstance(self._on_exit, list) else []

    def get_stdout(self) -> str:
        """Return all of stdout; RuntimeError without `cached_output`."""
        return self._kept_text(self._stdout, "stdout")

    def get_stderr(self) -> str:
        """Return all of stderr; RuntimeError without `cached_output`."""
        return self._kept_text(self._stderr, "stderr")

    def _kept_text(self, lines: _OutputLines | None, stream: str) -> str:
        if not self._cached_output:
            raise RuntimeError(f"cached_output must be true to get {stream}")
        return (lines.text if lines is not None else None) or ""

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return what is done when the process has ended for good."""
        return self._completed

    # Execution.

    def prepare(self, context: LaunchContext) -> None:
        """Perform all substitutions."""
        self._description.prepare(context, self)
        self._details = {
            "action": self,
            "name": self._description.final_name,
            "cmd": self._description.final_cmd,
            "cwd": self._description.final_cwd,
            "env": self._description.final_env,
        }
        self._respawn = perform_typed_substitution(context, self._respawn, bool)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Begin to run the process, unless the system is stopping already."""
        self.prepare(context)
        name = self._description.final_name
        assert name is not None
        if self._executed:
            raise RuntimeError(f"action '{name}' executed more than once: {self.describe()}")
        self._executed = True
        if context.is_shutdown:
            return None
        loop = context.asyncio_loop
        if loop is None:
            raise RuntimeError(f"action '{name}' executed without a running launch service")
        output = self._output
        if not isinstance(output, Mapping):
            output = perform_substitutions(context, output)
        self._logger = get_logger(name)
        stdout_logger, stderr_logger = get_output_loggers(name, output)
        self._stdout = self._lines_to(stdout_logger)
        self._stderr = self._lines_to(stderr_logger)
        self._completed = loop.create_future()
        self._stop_wanted = loop.create_future()
        for handler in self._handlers():
            context.register_event_handler(handler)
        self._task = loop.create_task(self._run(context, loop))
        return None

    def _lines_to(self, logger: Logger) -> _OutputLines:
        return _OutputLines(
            lambda line: logger.info(self._output_format.format(line=line, this=self)),
            self._cached_output,
        )

    def _handlers(self) -> list[BaseEventHandler]:
        stdout, stderr = self._stdout, self._stderr
        assert stdout is not None and stderr is not None

        def flush(_: ProcessExited, __: LaunchContext) -> None:
            stdout.flush()
            stderr.flush()

        def log(event: ProcessIO) -> None:
            (stdout if event.from_stdout else stderr).add(event.text)

        return [
            _ProcessRequests(self),
            OnProcessIO(target_action=self, on_stdout=log, on_stderr=log),
            OnProcessExit(target_action=self, on_exit=self._on_exit),
            OnProcessExit(target_action=self, on_exit=flush),
        ]

    async def _run(self, context: LaunchContext, loop: asyncio.AbstractEventLoop) -> None:
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
        """Run the process to its end; return whether it could be started."""
        details, stop_wanted = self._details, self._stop_wanted
        assert details is not None and stop_wanted is not None
        if stop_wanted.done():
            return False
        if self._child is not None:
            self._child.close()
        if self._log_cmd:
            self._logger.info(
                f"process details: cmd='{' '.join(details['cmd'])}', cwd='{details['cwd']}', "
                f"custom_env?={details['env'] is not None}"
            )
        emulate_tty = self._emulate_tty
        if "emulate_tty" in context.launch_configurations:
            emulate_tty = evaluate_condition_expression(
                context,
                normalize_to_list_of_substitutions(context.launch_configurations["emulate_tty"]),
            )

        def on_start(pid: int) -> None:
            details["pid"] = pid
            self._logger.info(f"process started with pid [{pid}]")
            context.emit_event_sync(ProcessStarted(**details))

        def on_output(fd: int, data: bytes) -> None:
            event_class = ProcessStdout if fd == 1 else ProcessStderr
            context.emit_event_sync(event_class(text=data, **details))

        try:
            child = await start_child(
                details["cmd"],
                on_start=on_start,
                on_output=on_output,
                cwd=details["cwd"],
                env=details["env"],
                shell=self._shell,
                emulate_tty=emulate_tty,
            )
        except Exception:
            self._logger.error(
                f"exception occurred while executing process:\n{traceback.format_exc()}"
            )
            return False
        self._child = child
        if stop_wanted.done():  # asked to stop while it was being started
            self._begin_escalation(context, send_sigint=True)
        self._returncode = code = await child.wait()
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

    def _send_signal_event(self, event: SignalProcess) -> None:
        if self._details is None or self._child is None:
            raise RuntimeError("a signal was sent to a process that has not been started")
        self._send_signal(signal.Signals[event.signal_name])

    def _send_signal(self, number: signal.Signals) -> None:
        assert self._details is not None and self._child is not None
        name = self._details["name"]
        if not self._child.running:
            self._logger.debug(f"signal '{number.name}' not sent to '{name}': it has ended")
            return
        self._logger.info(f"sending signal '{number.name}' to process[{name}]")
        try:
            self._child.send_signal(number)
        except ProcessLookupError:
            self._logger.debug(f"signal '{number.name}' not sent to '{name}': it has ended")

    def _stop(self, context: LaunchContext, *, send_sigint: bool) -> None:
        """Begin to stop the process; a second call changes nothing."""
        if self._stop_wanted is None or self._stop_wanted.done():
            return
        self._stop_wanted.set_result(None)
        if self._child is not None and self._child.running:
            self._begin_escalation(context, send_sigint)

    def _begin_escalation(self, context: LaunchContext, send_sigint: bool) -> None:
        assert context.asyncio_loop is not None
        if send_sigint:
            self._send_signal(signal.SIGINT)
        to_sigterm = perform_substitutions(context, self._sigterm_timeout)
        to_sigkill = perform_substitutions(context, self._sigkill_timeout)
        self._escalation = context.asyncio_loop.create_task(
            self._escalate(float(to_sigterm), float(to_sigkill), not send_sigint)
        )

    async def _escalate(self, sigterm_s: float, sigkill_s: float, sigint_by_terminal: bool) -> None:
        waited_s = 0.0
        if sigint_by_terminal and sigterm_s > UNHEARD_SIGINT_S:
            if not _terminal_passes_signals_on():
                await asyncio.sleep(UNHEARD_SIGINT_S)
                waited_s = UNHEARD_SIGINT_S
                self._send_signal(signal.SIGINT)
        await asyncio.sleep(sigterm_s - waited_s)
        self._log_escalation(sigterm_s, "SIGINT", "SIGTERM")
        self._send_signal(signal.SIGTERM)
        await asyncio.sleep(sigkill_s)
        self._log_escalation(sigterm_s + sigkill_s, "SIGTERM", "SIGKILL")
        self._send_signal(signal.SIGKILL)

    def _log_escalation(self, waited_s: float, received: str, following: str) -> None:
        assert self._details is not None
        self._logger.error(
            f"process[{self._details['name']}] failed to terminate '{waited_s:g}' seconds after "
            f"receiving '{received}', escalating to '{following}'"
        )

    def _kill(self) -> None:
        """Kill the process now; for a launch that must not wait any longer."""
        if self._child is not None and self._child.running:
            self._send_signal(signal.SIGKILL)


class ExecuteProcess(ExecuteLocal):
    """Runs a command."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: SomeEnvironment | None = None,
        additional_env: SomeEnvironment | None = None,
        **kwargs: Any,
    ) -> None:
        executable = Executable(
            cmd=cmd, prefix=prefix, name=name, cwd=cwd, env=env, additional_env=additional_env
        )
        super().__init__(process_description=executable, **kwargs)

    @property
    def name(self) -> Any:
        """The final name, or what it will be made of before execution."""
        return self._description.final_name or self._description.name

    @property
    def cmd(self) -> Any:
        """The final command, or what it will be made of before execution."""
        return self._description.final_cmd or self._description.cmd

    @property
    def cwd(self) -> Any:
        """The final directory, or what it will be made of before execution."""
        return self._description.final_cwd or self._description.cwd

    @property
    def env(self) -> Any:
        """The final environment, or what it will be made of before execution."""
        return self._description.final_env or self._description.env

    @property
    def additional_env(self) -> Any:
        """What is added to the environment."""
        return self._description.additional_env
