"""Assertions on exit codes and output of processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from launch.actions import ExecuteLocal
from launch.events.process import ProcessExited

from .text_search import find_in_text, without_ansi_escapes
from .util import NO_CMD_ARGS, resolveProcesses

__all__ = [
    "EXIT_OK",
    "EXIT_SIGINT",
    "EXIT_SIGKILL",
    "EXIT_SIGQUIT",
    "EXIT_SIGSEGV",
    "NO_CMD_ARGS",
    "SequentialTextChecker",
    "assertDefaultStream",
    "assertExitCodes",
    "assertInStderr",
    "assertInStdout",
    "assertInStream",
    "assertSequentialStdout",
]

EXIT_OK = 0
# What a shell answers for a command that a signal has ended.
EXIT_SIGINT = 130
EXIT_SIGQUIT = 131
EXIT_SIGKILL = 137
EXIT_SIGSEGV = 139


def assertExitCodes(
    proc_info: Any,
    allowable_exit_codes: Sequence[int] = (EXIT_OK,),
    process: ExecuteLocal | str | None = None,
    cmd_args: Any = None,
    *,
    strict_proc_matching: bool = True,
) -> None:
    """Assert that the processes, all by default, have ended with one of the codes."""
    for code in allowable_exit_codes:
        assert isinstance(code, int), f"Provided exit code {code} is not an int"
    processes = resolveProcesses(
        proc_info, process=process, cmd_args=cmd_args, strict_proc_matching=strict_proc_matching
    )
    for action in processes:
        event = proc_info[action]
        assert isinstance(event, ProcessExited), f"Proc {event.process_name} has not exited"
        assert event.returncode in allowable_exit_codes, (
            f"Proc {event.process_name} exited with code {event.returncode}"
        )


def assertDefaultStream() -> str:
    """Return the stream that is looked at when none is given."""
    return "stderr"


def assertInStream(
    proc_output: Any,
    expected_output: Any,
    process: ExecuteLocal | str | None,
    cmd_args: Any = None,
    *,
    output_filter: Callable[[str], str] | None = None,
    strict_proc_matching: bool = True,
    strip_ansi_escape_sequences: bool = True,
    stream: str = "stderr",
) -> None:
    """Assert that one of the processes has written a text, a regular expression or several."""
    if stream not in ("stdout", "stderr"):
        raise ValueError(f"stream must be 'stdout' or 'stderr', got {stream!r}")
    if output_filter is not None and not callable(output_filter):
        raise ValueError("output_filter is not callable")
    processes = resolveProcesses(
        proc_output, process=process, cmd_args=cmd_args, strict_proc_matching=strict_proc_matching
    )
    for action in processes:
        text = b"".join(
            event.text
            for event in proc_output[action]
            if (event.from_stdout if stream == "stdout" else event.from_stderr)
        ).decode(errors="replace")
        if strip_ansi_escape_sequences:
            text = without_ansi_escapes(text)
        if output_filter is not None:
            text = output_filter(text)
        if find_in_text(expected_output, text) is not None:
            return
    names = ", ".join(sorted(_name(action) for action in processes))
    raise AssertionError(
        f"Did not find '{expected_output}' in {stream} of any of the matching processes: {names}"
    )


def _name(action: ExecuteLocal) -> str:
    return str(action.process_details["name"]) if action.process_details else "(not started)"


def assertInStdout(
    proc_output: Any,
    expected_output: Any,
    process: ExecuteLocal | str | None,
    cmd_args: Any = None,
    **options: Any,
) -> None:
    """Assert as assertInStream does, on stdout."""
    assertInStream(proc_output, expected_output, process, cmd_args, stream="stdout", **options)


def assertInStderr(
    proc_output: Any,
    expected_output: Any,
    process: ExecuteLocal | str | None,
    cmd_args: Any = None,
    **options: Any,
) -> None:
    """Assert as assertInStream does, on stderr."""
    assertInStream(proc_output, expected_output, process, cmd_args, stream="stderr", **options)


class SequentialTextChecker:
    """Looks for texts one behind the other in pieces of output; none may span two pieces."""

    def __init__(self, output: Iterable[str]) -> None:
        self._pieces = list(output)
        self._piece = 0
        self._offset = 0

    def assertInText(self, msg: str) -> None:
        """Assert that `msg` comes behind what was found before, and go on behind it."""
        offset = self._offset
        for index in range(self._piece, len(self._pieces)):
            found = self._pieces[index].find(msg, offset)
            if found >= 0:
                self._piece, self._offset = index, found + len(msg)
                return
            offset = 0
        raise AssertionError(
            f"'{msg}' not found in sequence after previous match.  "
            f"The output near the last matched line:\n{self.get_nearby_lines()}"
        )

    assertInStdout = assertInText

    def get_nearby_lines(self) -> str:
        """Return the line that was matched last with up to two lines on each side."""
        text = "".join(self._pieces).rstrip("\n")
        at = sum(len(piece) for piece in self._pieces[: self._piece]) + self._offset
        lines = text.split("\n")
        line = text.count("\n", 0, at + 1)  # behind a match up to the line's end is the next line
        return "\n".join(lines[max(0, line - 2) : line + 3])


@contextlib.contextmanager
def assertSequentialStdout(
    proc_output: Any, process: ExecuteLocal | str, cmd_args: Any = None
) -> Iterator[SequentialTextChecker]:
    """Give a checker for the output of exactly one process."""
    (action,) = resolveProcesses(proc_output, process=process, cmd_args=cmd_args)
    yield SequentialTextChecker(
        event.text.decode(errors="replace") for event in proc_output[action]
    )
