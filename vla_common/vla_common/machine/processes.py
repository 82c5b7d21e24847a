# SPDX-License-Identifier: Apache-2.0
"""Processes of this machine: which one a node runs in, whether it still runs, and ending one that hangs.

A process id alone may be given to another process later; together with the time at which the process began it
names one for good. Linux only; elsewhere, and for processes of other machines, nothing is known.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PROC = Path("/proc")


class ProcessState(Enum):
    """What is known of a process."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    """Stopped by a signal or a debugger: it exists and does nothing."""
    GONE = "gone"
    UNKNOWN = "unknown"
    """On another machine, or the system does not tell."""


@dataclass(frozen=True)
class ProcessIdentity:
    """pid 0: not known. start: clock ticks from boot to the start of the process."""

    host: str = ""
    pid: int = 0
    start: int = 0


def own_identity(proc: Path = PROC) -> ProcessIdentity:
    """That of the calling process."""
    pid = os.getpid()
    found = _state_and_start(pid, proc)
    return ProcessIdentity(_machine(), pid, found[1] if found else 0)


def same_machine(other: ProcessIdentity, pid: int, start: int) -> ProcessIdentity:
    """A process beside another one."""
    return ProcessIdentity(other.host, pid, start)


def process_state(identity: ProcessIdentity, proc: Path = PROC) -> ProcessState:
    """What the process does now; some ten microseconds."""
    if not identity.pid or not identity.start or identity.host != _machine():
        return ProcessState.UNKNOWN
    found = _state_and_start(identity.pid, proc)
    if found is None:
        return ProcessState.GONE if (proc / "self").exists() else ProcessState.UNKNOWN
    letter, start = found
    if start != identity.start or letter in "ZX":
        return ProcessState.GONE
    return ProcessState.SUSPENDED if letter in "Tt" else ProcessState.RUNNING


def is_ours(identity: ProcessIdentity, name: str = "", launch: int = 0, proc: Path = PROC) -> bool:
    """Whether it is proven to run a node of this system: another process of this user, on this machine, started at the
    time it is said to have been started at, by our launch, with the node's name in its command line.

    name: of the node; empty: any. launch: pid of the launch; 0: whoever started us, or we ourselves.
    """
    if identity.pid in (0, os.getpid()):
        return False
    if process_state(identity, proc) not in (ProcessState.RUNNING, ProcessState.SUSPENDED):
        return False
    folder = proc / str(identity.pid)
    try:
        parent = int(_stat_fields(identity.pid, proc)[1])
        if folder.stat().st_uid != os.getuid():
            return False
        words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except (OSError, ValueError, IndexError):
        return False
    if parent not in ((launch,) if launch else (os.getppid(), os.getpid())):
        return False
    programs = [Path(word).name for word in words[:4]]
    return (
        not name
        or f"__node:={name}" in words
        or any(name in program or "composed_node" in program for program in programs)
    )


def kill(identity: ProcessIdentity, name: str = "", launch: int = 0) -> bool:
    """SIGKILL to exactly this process; False when it is gone, or not proven to be a node of ours (see `is_ours`)."""
    if not is_ours(identity, name, launch):
        return False
    try:
        os.kill(identity.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _stat_fields(pid: int, proc: Path) -> list[str]:
    """/proc/<pid>/stat from its third field on (proc(5)). Errors: OSError, ValueError."""
    text = (proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    # The name of the command may itself hold spaces and brackets.
    return text[text.rindex(")") + 1 :].split()


def _state_and_start(pid: int, proc: Path) -> tuple[str, int] | None:
    """State letter and start time, fields 3 and 22; None when there is none."""
    try:
        fields = _stat_fields(pid, proc)
        return fields[0], int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _machine() -> str:
    """Where process ids mean the same: a container may share the host's name and have processes of its own."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()
