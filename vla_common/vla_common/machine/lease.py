# SPDX-License-Identifier: Apache-2.0
"""One process for each node's name: the second one ends before it does anything.

Two state managers in one namespace both answer, two executors both drive. A lock in the user's runtime folder, held by
the kernel for as long as the process lives, says that a name is taken in this ROS domain, on this machine and network.
What another machine runs is seen in the graph (`ownership`). Knows no ROS.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.private_files import open_private
from vla_common.machine.stop_channel import make_folder, runtime_folder

WAIT_S = 2.0
"""A process that is just ending, or being started again, has so long to let go."""
PERIOD_S = 0.05
SUFFIX = ".lease"


class Lease:
    """Held from `take` until `release`, or until the process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take(
        cls, domain: int, node: str, folder: Path | None = None, wait_s: float = WAIT_S
    ) -> Lease:
        """node: full name ("/vla/executor"). Errors: CONFLICT when it runs already; OSError: nobody can tell."""
        folder = runtime_folder() if folder is None else folder
        make_folder(folder)
        fd = open_private(_path(folder, domain, node))
        until_s = time.monotonic() + wait_s
        while not _locked(fd):
            if time.monotonic() >= until_s:
                owner = os.pread(fd, 20, 0).decode(errors="replace").strip()
                os.close(fd)
                raise VlaError(Code.CONFLICT, taken(domain, node, owner))
            time.sleep(PERIOD_S)
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # the number is only for people
        return cls(fd)

    def release(self) -> None:
        """Safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def taken(domain: int, node: str, owner: str) -> str:
    return (
        f"{node} runs already in ROS domain {domain} (process {owner or 'unknown'}). End that one first, or give this "
        "one another namespace or ROS_DOMAIN_ID."
    )


def conflict(domain: int, node: str, folder: Path | None = None) -> str:
    """Why a node of this name can't be started now; empty when it can. Takes nothing, and waits for nobody."""
    folder = runtime_folder() if folder is None else folder
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(_path(folder, domain, node), flags)
    except OSError:
        return ""
    try:
        if _locked(fd, fcntl.LOCK_SH):
            return ""
        return taken(domain, node, os.pread(fd, 20, 0).decode(errors="replace").strip())
    finally:
        os.close(fd)


def _path(folder: Path, domain: int, node: str) -> Path:
    """Names of ROS hold neither commas nor dots. Where networks are apart, so are domains."""
    try:
        network = os.stat("/proc/self/ns/net").st_ino
    except OSError:
        network = 0
    parts = [part for part in node.split("/") if part]
    return folder / f"{domain},{network},{'.'.join(parts)}{SUFFIX}"


def _locked(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
