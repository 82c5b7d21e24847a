# SPDX-License-Identifier: Apache-2.0
"""Shared memory that dead processes have left behind.

Fast DDS keeps its messages in files in /dev/shm, 4 MB and more for each process, and a process that is killed leaves
them there until the memory is full of them. Decides which of them are nobody's any more: of this user, not quite new,
mapped or held open by no process, and not locked (which also holds across containers that share the memory).
Knows no ROS.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Collection, Iterable
from pathlib import Path

FOLDER = Path("/dev/shm")
NAME = re.compile(
    r"(?:sem\.)?fastrtps_[0-9A-Za-z]+(?:_el|_sl|_mutex)?|fast_datasharing_[0-9a-f._]+"
)
NEW_S = 10.0
"""Who has just made a file may not have mapped it yet."""
LOCKS = ("_el", "_sl")


def clear_dead(
    folder: Path = FOLDER, proc: Path = Path("/proc"), now_s: float | None = None
) -> int:
    """Remove them; how many bytes that was. Never raises: what can't be told stays."""
    now_s = time.time() if now_s is None else now_s
    found = _own(folder, now_s)
    if not found:
        return 0
    used = _used(proc, found)
    freed = 0
    for paths in _families(found):
        locks = [path for path in paths if path.name.endswith(LOCKS)]
        if used.isdisjoint(paths) and not any(_is_locked(path) for path in locks):
            freed += sum(_remove(path) for path in paths)
    return freed


def _own(folder: Path, now_s: float) -> list[Path]:
    """Files of this user that are old enough to be judged."""
    out = []
    try:
        paths = list(folder.iterdir())
    except OSError:
        return []
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()
        if ours and NAME.fullmatch(path.name) and now_s - status.st_mtime > NEW_S:
            out.append(path)
    return out


def _families(paths: Iterable[Path]) -> Collection[list[Path]]:
    """A segment with its locks, a port with its mutex: they go together or not at all."""
    out: dict[str, list[Path]] = {}
    for path in paths:
        base = path.name.removeprefix("sem.")
        for ending in (*LOCKS, "_mutex"):
            base = base.removesuffix(ending)
        out.setdefault(base, []).append(path)
    return out.values()


def _used(proc: Path, paths: Iterable[Path]) -> set[Path]:
    """Those that a process of this user has mapped or open."""
    by_name = {str(path): path for path in paths}
    used: set[Path] = set()
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid != os.getuid():
                continue
            for line in (entry / "maps").read_text(errors="replace").splitlines():
                _, slash, name = line.partition("/")
                path = by_name.get(slash + name)
                if path is not None:
                    used.add(path)
            for link in (entry / "fd").iterdir():
                path = by_name.get(os.readlink(link))
                if path is not None:
                    used.add(path)
        except OSError:
            continue  # it has ended, or does not let itself be asked: its locks count all the same
    return used


def _is_locked(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(fd)


def _remove(path: Path) -> int:
    try:
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size
