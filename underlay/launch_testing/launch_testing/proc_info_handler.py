"""What is known of the processes: the latest event, started or exited, of each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from launch.actions import ExecuteLocal
from launch.events.process import ProcessExited, RunningProcessEvent

from .util import NoMatchingProcessException, resolveProcesses


def _name(action: ExecuteLocal) -> str:
    return str(action.process_details["name"]) if action.process_details else ""


class ProcInfoHandler:
    """The latest event of each process."""

    def __init__(self) -> None:
        self._events: dict[ExecuteLocal, RunningProcessEvent] = {}

    def append(self, process_info: RunningProcessEvent) -> None:
        """Take in an event."""
        self._events[process_info.action] = process_info

    def __iter__(self) -> Iterator[RunningProcessEvent]:
        return iter(list(self._events.values()))

    def processes(self) -> list[ExecuteLocal]:
        """Return the processes' actions."""
        return list(self._events)

    def process_names(self) -> list[str]:
        """Return the processes' names."""
        return [_name(action) for action in self._events]

    def __getitem__(self, key: ExecuteLocal | str) -> RunningProcessEvent:
        if not isinstance(key, str):
            return self._events[key]
        for action, event in self._events.items():
            if key in _name(action):
                return event
        raise KeyError(key)


class ActiveProcInfoHandler:
    """The same while processes run: safe from all threads, and it can wait."""

    def __init__(self) -> None:
        self.proc_event = threading.Condition()
        self._proc_info_handler = ProcInfoHandler()

    def append(self, process_info: RunningProcessEvent) -> None:
        """Take in an event."""
        with self.proc_event:
            self._proc_info_handler.append(process_info)
            self.proc_event.notify_all()

    def __iter__(self) -> Iterator[RunningProcessEvent]:
        with self.proc_event:
            return iter(self._proc_info_handler)

    def processes(self) -> list[ExecuteLocal]:
        """Return the processes' actions."""
        with self.proc_event:
            return self._proc_info_handler.processes()

    def process_names(self) -> list[str]:
        """Return the processes' names."""
        with self.proc_event:
            return self._proc_info_handler.process_names()

    def __getitem__(self, key: ExecuteLocal | str) -> RunningProcessEvent:
        with self.proc_event:
            return self._proc_info_handler[key]

    def _wait(
        self,
        process: ExecuteLocal | str,
        cmd_args: Any,
        timeout: float | None,
        *,
        exited: bool,
    ) -> None:
        def is_so() -> bool:
            info = self._proc_info_handler
            try:
                action = resolveProcesses(info, process=process, cmd_args=cmd_args)[0]
            except NoMatchingProcessException:
                return False
            return not exited or isinstance(info[action], ProcessExited)

        with self.proc_event:
            success = self.proc_event.wait_for(is_so, timeout=timeout)
        what = "finish" if exited else "start"
        assert success, f"Timed out waiting for process '{process}' to {what}"

    def assertWaitForShutdown(
        self, process: ExecuteLocal | str, cmd_args: Any = None, *, timeout: float | None = 10
    ) -> None:
        """Wait until the process has ended; AssertionError after `timeout` seconds."""
        self._wait(process, cmd_args, timeout, exited=True)

    def assertWaitForStartup(
        self, process: ExecuteLocal | str, cmd_args: Any = None, *, timeout: float | None = 10
    ) -> None:
        """Wait until the process was started; AssertionError after `timeout` seconds."""
        self._wait(process, cmd_args, timeout, exited=False)
