# SPDX-License-Identifier: Apache-2.0
"""Noticing that the process that everything hangs on is gone: the launch of a node, the owner of a launch.

A launch names itself to its nodes in the environment (`LAUNCH`), and whoever starts a launch of its own names itself to
it (`OWNER`). A node that was started by hand has neither, and lives on without the shell it came from. The signal that
Linux sends at the death of a parent (PR_SET_PDEATHSIG) is no substitute: it comes once for each thread of the parent.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Mapping

from vla_common.machine.processes import (
    ProcessIdentity,
    ProcessState,
    own_identity,
    process_state,
    same_machine,
)

LAUNCH = "VLA_LAUNCH_PROCESS"
OWNER = "VLA_OWNER_PROCESS"
LOOK_PERIOD_S = 0.2
"""Between two looks where the system can't wait for the end of a process (before Linux 5.3)."""


def own_name() -> str:
    """The calling process for the environment of others: `<pid>:<start time>`."""
    own = own_identity()
    return f"{own.pid}:{own.start}"


def named(variable: str, environment: Mapping[str, str] = os.environ) -> ProcessIdentity | None:
    """Whom the environment names; None when it names nobody, or not properly."""
    pid, _, start = environment.get(variable, "").partition(":")
    if not (pid.isdecimal() and start.isdecimal()):
        return None
    identity = same_machine(own_identity(), int(pid), int(start))
    return identity if identity.pid not in (0, os.getpid()) else None


def watch_end(identity: ProcessIdentity, gone: Callable[[], None]) -> threading.Thread:
    """Calls `gone` once, on a thread of its own, when the process has ended; at once when it already has."""
    thread = threading.Thread(
        target=_wait, args=(identity, gone), name=f"end of {identity.pid}", daemon=True
    )
    thread.start()
    return thread


def _wait(identity: ProcessIdentity, gone: Callable[[], None]) -> None:
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        handle = -1  # seen as gone at once
    except (OSError, AttributeError):
        handle = -1
    while process_state(identity) is not ProcessState.GONE:
        if handle >= 0:
            # Looked at once more after it was opened: the id may have been given to another process before that.
            select.select([handle], [], [])
            break
        threading.Event().wait(LOOK_PERIOD_S)
    if handle >= 0:
        os.close(handle)
    gone()
