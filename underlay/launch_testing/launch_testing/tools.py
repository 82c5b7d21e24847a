"""Launching single processes inside a test, and comparing output."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
from launch.events import IncludeLaunchDescription, matches_action
from launch.events.process import ProcessExited, ProcessStarted, ShutdownProcess
from launch.utilities import ensure_argument_type

from .io_handler import ActiveIoHandler
from .proc_info_handler import ActiveProcInfoHandler
from .text_search import find_in_lines, find_in_text, without_ansi_escapes

__all__ = [
    "ProcessProxy",
    "basic_output_filter",
    "expect_output",
    "expected_output_from_file",
    "launch_process",
]

OutputFilter = Callable[[str], str]


def basic_output_filter(
    filtered_prefixes: Sequence[str] | None = None,
    filtered_patterns: Iterable[str | re.Pattern[str]] | None = None,
) -> OutputFilter:
    """Return a filter that takes out lines with a prefix (pid, rc) or that match a pattern."""
    prefixes = tuple(("pid", "rc") if filtered_prefixes is None else filtered_prefixes)
    patterns = [re.compile(pattern) for pattern in filtered_patterns or ()]

    def keep(line: str) -> bool:
        return not line.startswith(prefixes) and not any(p.match(line) for p in patterns)

    return lambda output: "".join(filter(keep, output.splitlines(keepends=True)))


def expected_output_from_file(
    path: str, encoding: str | None = None
) -> list[str] | list[re.Pattern[str]]:
    """Return the lines of `path`.txt, or those of `path`.regex compiled; RuntimeError if none."""
    for suffix in (".txt", ".regex"):
        if os.path.isfile(path + suffix):
            with open(path + suffix, encoding=encoding) as file:
                lines = file.read().splitlines()
            return lines if suffix == ".txt" else [re.compile(line) for line in lines]
    raise RuntimeError(f"there is neither {path}.txt nor {path}.regex")


def expect_output(
    text: str | None = None,
    *,
    lines: Sequence[str] | None = None,
    expected_text: Any = None,
    expected_lines: Any = None,
    strip_ansi_escape_sequences: bool = True,
    strict: bool = False,
) -> bool:
    """Return whether output, a text or lines, holds what is expected, as text or by lines."""
    if (text is None) == (lines is None):
        raise ValueError("either lines or text must be given")
    if (expected_text is None) == (expected_lines is None):
        raise ValueError("either expected_lines or expected_text must be given")
    actual = "\n".join(lines) if lines is not None else text
    assert actual is not None
    if strip_ansi_escape_sequences:
        actual = without_ansi_escapes(actual)
    if expected_text is not None:
        return find_in_text(expected_text, actual, strict=strict) is not None
    return find_in_lines(expected_lines, actual.splitlines(), strict=strict) is not None


class ProcessProxy:
    """One process under test: its output, its state, and waiting for them."""

    def __init__(
        self,
        process_action: ExecuteProcess,
        proc_info: ActiveProcInfoHandler,
        proc_output: ActiveIoHandler,
        *,
        output_filter: OutputFilter | None = None,
    ) -> None:
        ensure_argument_type(process_action, ExecuteProcess, "process_action")
        ensure_argument_type(proc_info, ActiveProcInfoHandler, "proc_info")
        ensure_argument_type(proc_output, ActiveIoHandler, "proc_output")
        if output_filter is not None and not callable(output_filter):
            raise TypeError(f"output_filter must be callable, got {output_filter!r}")
        self.target_process_action = process_action
        self._proc_info = proc_info
        self._proc_output = proc_output
        self._filter = output_filter

    def _text(self, stream: str | None) -> str:
        text = b"".join(
            event.text
            for event in self._proc_output[self.target_process_action]
            if stream is None or getattr(event, f"from_{stream}")
        ).decode(errors="replace")
        return text if self._filter is None else self._filter(text)

    @property
    def stdout(self) -> str:
        """What it has written to stdout."""
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        """What it has written to stderr."""
        return self._text("stderr")

    @property
    def output(self) -> str:
        """What it has written to both."""
        return self._text(None)

    def _latest_is(self, event_class: type) -> bool:
        try:
            return isinstance(self._proc_info[self.target_process_action], event_class)
        except KeyError:
            return False

    @property
    def running(self) -> bool:
        """Whether it has started and not ended."""
        return self._latest_is(ProcessStarted)

    @property
    def terminated(self) -> bool:
        """Whether it has ended."""
        return self._latest_is(ProcessExited)

    @property
    def exit_code(self) -> int:
        """The exit code; AttributeError before the end."""
        code: int = self._proc_info[self.target_process_action].returncode  # type: ignore[attr-defined]
        return code

    def wait_for_shutdown(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it came within `timeout` seconds."""
        with self._proc_info.proc_event:
            return self._proc_info.proc_event.wait_for(lambda: self.terminated, timeout=timeout)

    def wait_for_output(
        self, condition: Callable[[str], bool] | None = None, timeout: float | None = None
    ) -> bool:
        """Wait until the process runs and its output fulfils `condition`; return whether so."""
        if condition is not None and not callable(condition):
            raise TypeError(f"condition must be callable, got {condition!r}")

        def is_so() -> bool:
            return self.running and (condition is None or bool(condition(self.output)))

        with self._proc_output.io_event:
            return self._proc_output.io_event.wait_for(is_so, timeout=timeout)


@contextlib.contextmanager
def launch_process(
    launch_service: LaunchService,
    process_action: ExecuteProcess,
    proc_info: ActiveProcInfoHandler,
    proc_output: ActiveIoHandler,
    **kwargs: Any,
) -> Iterator[ProcessProxy]:
    """Run a process in a running launch; it is asked to stop at the end of the context."""
    ensure_argument_type(process_action, ExecuteProcess, "process_action")
    proxy = ProcessProxy(process_action, proc_info, proc_output, **kwargs)
    launch_service.emit_event(IncludeLaunchDescription(LaunchDescription([process_action])))
    try:
        yield proxy
    finally:
        if not proxy.terminated:
            launch_service.emit_event(
                ShutdownProcess(process_matcher=matches_action(process_action))
            )
