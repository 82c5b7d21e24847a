# SPDX-License-Identifier: Apache-2.0
"""The file under the journal: its schema, opening and checking it, its one owner, and rotation.

What is written into it is left to `journal`, what is read out of it to `journal_reader`.

Files beside `journal.sqlite`: `-wal` and `-shm` are SQLite's; `journal.lock` says who owns it; `journal.1.sqlite` is
the newest of those rotated away; `journal.corrupt-1.sqlite` could not be read and was set aside, never deleted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.private_files import hide, make_folder, make_private, open_private

APPLICATION_ID = (
    0x564C414A  # "VLAJ" in the header of the file: it is a journal and no other database
)
BUSY_TIMEOUT_S = 2.0
"""Longest wait for another program that holds a lock on the file."""
OWNER_WAIT_S = 1.0
"""Longest wait for an owner that is just ending."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE commands (
             number INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL UNIQUE, goal_id TEXT NOT NULL,
             command TEXT NOT NULL, source TEXT NOT NULL, priority INTEGER NOT NULL,
             dry_run INTEGER NOT NULL, confirmed INTEGER NOT NULL,
             accepted_at REAL NOT NULL, started_at REAL, ended_at REAL,
             code INTEGER, outcome TEXT, message TEXT, times TEXT)""",
        "CREATE INDEX unfinished ON commands (number) WHERE code IS NULL",
        """CREATE TABLE plans (
             trace_id TEXT NOT NULL, attempt INTEGER NOT NULL, at REAL NOT NULL, plan TEXT NOT NULL,
             PRIMARY KEY (trace_id, attempt)) WITHOUT ROWID""",
        """CREATE TABLE steps (
             trace_id TEXT NOT NULL, attempt INTEGER NOT NULL, step_index INTEGER NOT NULL, skill TEXT NOT NULL,
             state INTEGER NOT NULL, code INTEGER NOT NULL, outcome TEXT NOT NULL, message TEXT NOT NULL,
             verified INTEGER NOT NULL, duration_s REAL NOT NULL, began_at REAL NOT NULL, ended_at REAL,
             PRIMARY KEY (trace_id, attempt, step_index)) WITHOUT ROWID""",
        """CREATE TABLE events (
             number INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL, at REAL NOT NULL,
             kind TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX events_of ON events (trace_id)",
    ),
)
"""Statements that lead from schema n to n + 1; `user_version` of the file says how many of them it has had.

Schema 1. `code`, `outcome` (the code's name) and `message` of a command are NULL until it has ended; times of day are
seconds since the epoch; `times` holds the seconds per stage as JSON; `state` is as in vla_interfaces/StepResult.
"""


LATCH_KINDS = ("stop", "reset", "closed")
"""Kinds of events of which the newest stays in the file: it says whether a stop holds."""


class OwnerLock:
    """Only one process writes a journal. The kernel lets go when that process ends, however it ends."""

    def __init__(self, journal: Path) -> None:
        """Errors: JOURNAL_FAILED when another one owns it, or when the folder can't be written."""
        path = lock_path(journal)
        try:
            make_folder(journal.parent)
            self._fd = open_private(path)
            self._check(path)
        except OSError as error:
            raise unwritable(path, error) from error
        deadline = time.monotonic() + OWNER_WAIT_S
        while not _try_lock(self._fd, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                owner = os.pread(self._fd, 40, 0).decode(errors="replace").strip()
                os.close(self._fd)
                raise VlaError(
                    Code.JOURNAL_FAILED,
                    f"The journal {journal} belongs to another state manager (process {owner or 'unknown'}); "
                    "give one of the two another namespace or another journal.file.",
                )
            time.sleep(0.02)
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # the number is only for people; the lock itself needs no room on the disk

    def _check(self, path: Path) -> None:
        """Errors: OSError for a file that holds anything but the number of a process: it would be written over."""
        if not re.fullmatch(rb"\d{0,20}\s*", os.pread(self._fd, 40, 0)):
            os.close(self._fd)
            raise OSError(errno.EEXIST, "it is no lock of a journal and stays as it is", str(path))

    def release(self) -> None:
        os.close(self._fd)


def lock_path(journal: Path) -> Path:
    return journal.with_name(journal.stem + ".lock")


def is_owned(journal: Path) -> bool:
    """Whether a process has this journal open for writing at this moment."""
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = os.open(lock_path(journal), flags)
    except OSError:
        return False
    try:
        return not _try_lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def _try_lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def open_file(path: Path, tell: Callable[[str], None]) -> sqlite3.Connection:
    """The journal, ready to be written; `tell` hears what a person has to know. The caller owns the lock.

    A file that is damaged, or no database at all, is set aside and a new journal is begun.
    Errors: JOURNAL_FAILED: a newer schema, a database of another program, and all that `storage_error` knows.
    """
    remove(rotating_path(path))  # an unfinished copy; all that it held is still in the journal
    try:
        make_folder(path.parent)
        if path.exists() and not os.access(path, os.W_OK):
            # SQLite would open it for reading, and leave files beside it that are as little writable.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        connection = _connect(path)
    except (sqlite3.Error, OSError) as error:
        raise storage_error(error, path) from error
    try:
        try:
            damage = _damage(connection, path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            damage = str(error)
        if damage:
            connection.close()
            aside = set_aside(path)
            tell(
                f"The journal {path} is damaged ({damage}). It was set aside as {aside.name}, and a new one begun: "
                "commands in it are neither listed nor reported as interrupted."
            )
            connection = _connect(path)
        _migrate(connection)
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise VlaError(
                Code.JOURNAL_FAILED,
                f"The file system of {path} can't hold a journal (no shared memory); choose another journal.file.",
            )
        connection.execute("PRAGMA journal_size_limit=1000000")
        sync_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise storage_error(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    """Errors: sqlite3.Error, OSError. Only where this process has the file open nowhere else: see `fingerprint`."""
    make_private(path)
    for suffix in (
        "-wal",
        "-shm",
    ):  # made by SQLite with the mode of the file, but older ones keep theirs
        hide(Path(f"{path}{suffix}"))
    return sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


@dataclass(frozen=True)
class Fingerprint:
    """What the file system says of the journal and of its write-ahead log. It changes with what we write, only."""

    main: tuple[int, ...] = ()
    log: tuple[int, ...] = ()

    @property
    def name(self) -> tuple[int, ...]:
        """Which file it is, whatever is in it."""
        return self.main[:2]


def fingerprint(path: Path) -> Fingerprint:
    """Without opening the file: closing it again would take SQLite's own locks from it."""
    return Fingerprint(_print_of(path), _print_of(Path(f"{path}-wal")))


def _print_of(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def last_numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many commands and events the journal has ever had. Errors: sqlite3.Error."""
    rows = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    return int(rows.get("commands", 0)), int(rows.get("events", 0))


def let_go(connection: sqlite3.Connection, path: Path) -> None:
    """Close without writing what SQLite still has in its log into the file: somebody else has written there.

    The last connection that closes does that, unless it may only read.
    """
    reader = None
    try:
        reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        pass
    connection.close()
    if reader is not None:
        reader.close()


def _damage(connection: sqlite3.Connection, path: Path) -> str:
    """What is wrong with the file, or "". Errors: JOURNAL_FAILED when it is not ours to write."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and tables:
        raise VlaError(
            Code.JOURNAL_FAILED,
            f"{path} is a database of another program and stays as it is; choose another journal.file.",
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise VlaError(Code.JOURNAL_FAILED, too_new(path, version))
    answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if answer == "ok" else " ".join(answer.split())


def too_new(path: Path, version: int) -> str:
    return (
        f"The journal {path} has schema {version}, and this version knows schemas up to {len(MIGRATIONS)}: "
        "it was written by a newer version. Update this one, or choose another journal.file."
    )


def _migrate(connection: sqlite3.Connection) -> None:
    """All steps and the new version number in one transaction."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    # Also when nothing has changed: only at its first write does SQLite say that it can't write.
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
    connection.execute("COMMIT")


def is_damage(error: Exception) -> bool:
    return any(words in str(error) for words in ("malformed", "not a database"))


def storage_error(error: Exception, path: Path) -> VlaError:
    """SQLite's and the system's errors as JOURNAL_FAILED with a sentence for a person."""
    text = str(error)
    if isinstance(error, OSError):
        return unwritable(path, error)
    if is_damage(error):
        what = f"The journal {path} is damaged ({text})"
    elif "locked" in text:
        what = f"The journal {path} is locked by another program"
    elif "full" in text:
        what = f"The journal {path} can't grow: the disk, or the journal itself, is full"
    elif "readonly" in text or "unable to open" in text:
        what = f"The journal {path} can't be written ({text})"
    else:
        what = f"The journal {path} failed ({text})"
    return VlaError(Code.JOURNAL_FAILED, what + ".")


def unwritable(path: Path, error: OSError) -> VlaError:
    return VlaError(
        Code.JOURNAL_FAILED,
        f"The journal can't be written: {path}: {error.strerror or error}; see the parameter journal.file.",
    )


def rotating_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.rotating{path.suffix}")


def rotated_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")


def rotated_files(path: Path) -> list[Path]:
    """The journals that were rotated away, newest first."""
    pattern = re.compile(re.escape(path.stem) + r"\.([1-9]\d*)" + re.escape(path.suffix))
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    numbers = sorted(int(found[1]) for name in names if (found := pattern.fullmatch(name)))
    return [rotated_path(path, number) for number in numbers]


def set_aside(path: Path) -> Path:
    """Rename a file that can't be used, together with SQLite's own files beside it; returns its new name."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.corrupt-{number}{path.suffix}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(f"{path}{suffix}"):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    return aside


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes that records take, without those that are free inside of the file."""
    size, pages, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


def rotate(connection: sqlite3.Connection, path: Path, keep: int) -> None:
    """Move everything of commands that have ended to `journal.1.sqlite`; unfinished commands stay.

    The live file is never renamed, because readers may have it open. It is copied, the copy becomes durable and gets
    its name, and only then the originals are deleted, in one transaction. A crash at any point leaves each record in at
    least one of the files; whoever reads goes from the newest to the oldest and takes the first of equal trace ids.
    Errors: sqlite3.Error, OSError; the journal is then as usable as before.
    """
    copy = rotating_path(path)
    remove(copy)
    connection.execute("VACUUM INTO ?", (str(copy),))
    hide(copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as other:
        other.execute("BEGIN")
        for table in ("plans", "steps", "events", "commands"):
            other.execute(
                f"DELETE FROM {table} WHERE trace_id IN (SELECT trace_id FROM commands WHERE code IS NULL)"
            )
        other.execute("COMMIT")
    sync(copy)
    # A gap, left by a crash in the middle of renaming, is filled before anything is dropped.
    last = next((n for n in range(1, keep) if not rotated_path(path, n).exists()), keep)
    for number in range(last - 1, 0, -1):
        os.replace(rotated_path(path, number), rotated_path(path, number + 1))
    os.replace(copy, rotated_path(path, 1))
    sync_folder(path.parent)
    for old in rotated_files(path)[keep:]:
        remove(old)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM commands WHERE code IS NOT NULL")
        kinds = ", ".join(f"'{kind}'" for kind in LATCH_KINDS)
        newest = f"(SELECT max(number) FROM events WHERE kind IN ({kinds}))"
        for table, kept in (
            ("plans", ""),
            ("steps", ""),
            ("events", f" AND number IS NOT {newest}"),
        ):
            connection.execute(
                f"DELETE FROM {table} WHERE trace_id NOT IN (SELECT trace_id FROM commands){kept}"
            )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("VACUUM")  # little is left, so this is quick
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def remove(path: Path) -> None:
    """Delete a file of ours and what SQLite left beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        try:
            os.unlink(f"{path}{suffix}")
        except FileNotFoundError:
            pass


def sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


sync_folder = sync
"""New names in a folder are durable only after the folder itself was synchronised."""
