"""What the processes have written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from launch.actions import ExecuteLocal
from launch.events.process import ProcessIO

from .asserts import assertInStream
from .util import NoMatchingProcessException, resolveProcesses


class IoHandler:
    """All output events in order, of all processes and of each."""

    def __init__(self) -> None:
        self._all: list[ProcessIO] = []
        self._by_name: dict[str, list[ProcessIO]] = {}

    def track(self, process_name: str) -> None:
        """Know a process that has not written anything yet."""
        self._by_name.setdefault(process_name, [])

    def append(self, process_io: ProcessIO) -> None:
        """Take in an event."""
        self._all.append(process_io)
        self._by_name.setdefault(process_io.process_name, []).append(process_io)

    def __iter__(self) -> Iterator[ProcessIO]:
        return iter(list(self._all))

    def processes(self) -> list[ExecuteLocal]:
        """Return the actions of the processes that have written something."""
        return [events[0].action for events in self._by_name.values() if events]

    def process_names(self) -> list[str]:
        """Return the names of all processes."""
        return list(self._by_name)

    def __getitem__(self, key: ExecuteLocal | str) -> list[ProcessIO]:
        if isinstance(key, str):
            return list(self._by_name[key])
        if key.process_details is None:
            raise KeyError(key)
        return list(self._by_name[key.process_details["name"]])


class ActiveIoHandler:
    """The same while processes run: safe from all threads, and it can wait."""

    def __init__(self) -> None:
        self.io_event = threading.Condition()
        self._io_handler = IoHandler()

    def track(self, process_name: str) -> None:
        """Know a process that has not written anything yet."""
        with self.io_event:
            self._io_handler.track(process_name)
            self.io_event.notify_all()

    def append(self, process_io: ProcessIO) -> None:
        """Take in an event."""
        with self.io_event:
            self._io_handler.append(process_io)
            self.io_event.notify_all()

    def __iter__(self) -> Iterator[ProcessIO]:
        with self.io_event:
            return iter(self._io_handler)

    def processes(self) -> list[ExecuteLocal]:
        """Return the actions of the processes that have written something."""
        with self.io_event:
            return self._io_handler.processes()

    def process_names(self) -> list[str]:
        """Return the names of all processes."""
        with self.io_event:
            return self._io_handler.process_names()

    def __getitem__(self, key: ExecuteLocal | str) -> list[ProcessIO]:
        with self.io_event:
            return self._io_handler[key]

    def waitFor(
        self,
        expected_output: Any,
        process: ExecuteLocal | str | None = None,
        cmd_args: Any = None,
        *,
        strict_proc_matching: bool = True,
        output_filter: Callable[[str], str] | None = None,
        timeout: float | None = 10,
        strip_ansi_escape_sequences: bool = True,
        stream: str = "stderr",
    ) -> bool:
        """Wait until the output is there; return whether it came within `timeout` seconds."""

        def is_there() -> bool:
            try:
                assertInStream(
                    self._io_handler,
                    expected_output,
                    process,
                    cmd_args,
                    output_filter=output_filter,
                    strict_proc_matching=strict_proc_matching,
                    strip_ansi_escape_sequences=strip_ansi_escape_sequences,
                    stream=stream,
                )
            except (NoMatchingProcessException, AssertionError):
                return False
            return True

        with self.io_event:
            success = self.io_event.wait_for(is_there, timeout=timeout)
            if not success:  # a process that does not exist is an error of the test
                resolveProcesses(
                    self._io_handler,
                    process=process,
                    cmd_args=cmd_args,
                    strict_proc_matching=False,
                )
        return success

    def assertWaitFor(self, *args: Any, **kwargs: Any) -> None:
        """Wait as waitFor does; AssertionError when the output does not come."""
        assert self.waitFor(*args, **kwargs), "Waiting for output timed out"
