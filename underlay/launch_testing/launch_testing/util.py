"""Finding processes, and one that does nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Protocol

from launch.actions import ExecuteLocal, ExecuteProcess
from launch.substitutions import TextSubstitution

__all__ = ["NO_CMD_ARGS", "KeepAliveProc", "NoMatchingProcessException", "resolveProcesses"]

NO_CMD_ARGS = object()
"""As `cmd_args`: only processes without arguments match."""


class NoMatchingProcessException(Exception):
    """No process that was started matches."""


class KnowsProcesses(Protocol):
    """Output or information of processes, by their actions."""

    def processes(self) -> Iterable[ExecuteLocal]: ...


def KeepAliveProc() -> ExecuteProcess:
    """Return an action that runs until it is stopped."""
    script = (
        "import signal\n"
        "signal.signal(signal.SIGINT, lambda *_: exit(0))\n"
        "while True: signal.pause()\n"
    )
    return ExecuteProcess(cmd=[sys.executable, "-c", script])


def _in_words(process: ExecuteLocal) -> str:
    details = process.process_details
    if details is None:
        parts = [part for argument in process.process_description.cmd for part in argument]
        if not all(isinstance(part, TextSubstitution) for part in parts):
            return "Unknown - Process not launched yet"
        return " ".join(part.text for part in parts if isinstance(part, TextSubstitution))
    return " ".join([details["name"], *details["cmd"][1:]])


def _arguments_match(process: ExecuteLocal, cmd_args: Any) -> bool:
    assert process.process_details is not None
    arguments = process.process_details["cmd"][1:]
    if cmd_args is None:
        return True
    if cmd_args is NO_CMD_ARGS:
        return not arguments
    wanted = [cmd_args] if isinstance(cmd_args, str) else cmd_args
    return all(argument in arguments for argument in wanted)


def resolveProcesses(
    info_obj: KnowsProcesses,
    *,
    process: ExecuteLocal | str | None = None,
    cmd_args: Any = None,
    strict_proc_matching: bool = True,
) -> list[ExecuteLocal]:
    """Return the processes meant by an action, by part of a name and arguments, or all (None).

    NoMatchingProcessException when there is none; an exception too when there are several that
    a text matches, unless `strict_proc_matching` is false.
    """
    known = list(info_obj.processes())
    if process is None:
        if not known:
            raise NoMatchingProcessException("No data recorded for any process")
        return known
    if isinstance(process, ExecuteLocal):
        if process not in known:
            raise NoMatchingProcessException(f"No data recorded for proc {_in_words(process)}")
        return [process]
    if not isinstance(process, str):
        raise TypeError(f"a process is given as its action or a text, got {process!r}")
    matches = [
        candidate
        for candidate in known
        if candidate.process_details is not None
        and process in candidate.process_details["name"]
        and _arguments_match(candidate, cmd_args)
    ]
    words = ", ".join(sorted(_in_words(candidate) for candidate in known))
    if not matches:
        raise NoMatchingProcessException(
            f"Did not find any processes matching name '{process}' and args '{cmd_args}'. "
            f"Procs: {words}"
        )
    if strict_proc_matching and len(matches) > 1:
        raise Exception(
            f"Found multiple processes matching name '{process}' and cmd_args '{cmd_args}'. "
            f"Procs: {words}"
        )
    return matches
