# SPDX-License-Identifier: Apache-2.0
"""Files that are nobody else's business: what was said to the robot, what it saw, what it cost.

Decides how such a file is opened: for its user alone (mode 0600), never through a link that somebody has put in its
place, and never one that is not an ordinary file of this user with one name. Knows no ROS.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
PRIVATE_UMASK = 0o077


def be_private() -> None:
    """From now on whatever this process and its children create is for this user alone."""
    os.umask(PRIVATE_UMASK)


def make_folder(folder: Path) -> None:
    """Make it with its parents, those that are new for this user alone. Errors: OSError."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        try:
            new.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:
            continue
        new.chmod(PRIVATE_FOLDER)  # whatever the umask is


def open_private(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int:
    """A descriptor of the file, which is made for this user alone; one that was there is made so too.

    Errors: OSError: a link, no ordinary file, another user's, or one with a second name, which may be a program's.
    """
    flags |= (
        os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    )  # opening a pipe would wait for its other end
    try:
        fd = os.open(path, flags, PRIVATE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link", str(path)) from None
        raise
    try:
        _check(fd, path)
        if stat.S_IMODE(os.fstat(fd).st_mode) != PRIVATE and flags & (os.O_RDWR | os.O_WRONLY):
            os.fchmod(fd, PRIVATE)
    except BaseException:
        os.close(fd)
        raise
    return fd


def make_private(path: Path) -> None:
    """As `open_private`, for a file that another library opens by its name: made, checked, and closed again."""
    os.close(open_private(path))


def hide(path: Path) -> None:
    """Take the file away from others where it is there and ours. Errors: OSError, but not for one that is missing."""
    try:
        os.close(open_private(path, os.O_RDWR))
    except FileNotFoundError:
        pass


def _check(fd: int, path: Path) -> None:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it belongs to another user", str(path))
    if found.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has a second name (a hard link)", str(path))
