# SPDX-License-Identifier: Apache-2.0
"""Getting records into the journal's file: one transaction each, in order, whatever the disk does.

Decides what a failing disk means, when the file is opened anew, and when it is rotated. What is written is `journal`'s.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from vla_bringup.journal import database
from vla_bringup.journal.reader import open_reading
from vla_common.contracts.outcomes import Code, VlaError

MAX_BACKLOG = 10_000
"""Records that are kept in memory while the disk refuses them."""
LOCK_TIMEOUT_S = 10.0
"""Longest wait for another thread's write; a disk that takes longer counts as failed."""

TROUBLE = "INSERT INTO events (trace_id, at, kind, text) VALUES ('', ?, 'journal', ?)"

Statement = tuple[str, tuple[Any, ...]]


class JournalWriter:
    """Thread-safe; owns the file from its construction until `close`."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        keep: int,
        tell: Callable[[str], None],
        unfinished: Callable[[], Collection[Statement]],
        latched: Callable[[], Collection[Statement]] = tuple,
    ) -> None:
        """`unfinished`, `latched`: what a new file has to begin with when the old one is lost while the system runs.

        Errors: JOURNAL_FAILED, see `Journal`.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._tell = tell
        self._unfinished = unfinished
        self._latched = latched
        self._io = threading.Lock()  # held while SQLite works, by one thread at a time
        self._guard = threading.Lock()  # for the backlog; never held while anybody waits
        self._backlog: deque[Statement] = deque()
        self._lost = 0
        self._closed = False
        self._rotate_above = 0
        self._connection: sqlite3.Connection | None = None
        self._print = database.Fingerprint()
        self._numbers = (0, 0)
        self._older: list[sqlite3.Connection] = []
        self.error = ""
        """Why the last write failed; empty when it worked."""
        self._owner = database.OwnerLock(path)
        try:
            self._open_older()
            self._rotate_when_due(self._ready())  # first of all: into a full file nothing goes
        except BaseException:
            self.close()
            raise

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of the file that is written. Errors: JOURNAL_FAILED."""
        with self._io:
            try:
                return self._ready().execute(text).fetchall()
            except sqlite3.DatabaseError as error:
                raise database.storage_error(error, self._path) from error

    def check(self) -> None:
        """Notice now, and not with the next record, that somebody has changed the file. Never raises."""
        if self._closed or self.error or not self._io.acquire(blocking=False):
            return  # whoever writes looks as well
        try:
            if self._connection is not None:
                self._ready()
        except (VlaError, sqlite3.Error) as error:
            self._failed(
                error if isinstance(error, VlaError) else database.storage_error(error, self._path)
            )
        finally:
            self._io.release()

    def take_lost(self) -> int:
        """How many records the backlog could not hold since the last call."""
        with self._guard:
            lost, self._lost = self._lost, 0
        return lost

    def put_back(self, lost: int) -> None:
        """They are still to be reported."""
        with self._guard:
            self._lost += lost

    def is_rotated_away(self, trace_id: str) -> bool:
        """Whether a rotated journal knows this command. Called from `before`."""
        for connection in self._older:
            try:
                row = connection.execute("SELECT 1 FROM commands WHERE trace_id = ?", (trace_id,))
                if row.fetchone():
                    return True
            except sqlite3.Error:
                continue  # damaged since; the journal itself decides
        return False

    def close(self) -> None:
        """Write what is left and let go of the file. Calling it again does nothing."""
        if self._closed:
            return
        if self._backlog and self._connection is not None:
            try:
                self.write([])
            except VlaError:
                self._tell(f"The journal was closed with unwritten records: {self.error}")
        self._closed = True
        if not self._io.acquire(timeout=LOCK_TIMEOUT_S):
            return  # a thread hangs in the disk; the end of the process lets go of everything
        try:
            for connection in self._older:
                connection.close()
            self._older = []
            self._disconnect()
        finally:
            self._io.release()
        self._owner.release()

    def record(self, *statements: Statement, durable: bool = False) -> None:
        """What has happened: written now, or with the next write that works. Never raises."""
        try:
            # With a backlog the disk is failing: who records steps must not wait for it each time.
            if not self._backlog or durable:
                self.write(statements, durable)
                return
        except VlaError as error:
            if self._closed:
                self._tell(f"{error.message} Not recorded: {statements}")
                return
        with self._guard:
            if len(self._backlog) < MAX_BACKLOG or durable:
                self._backlog.extend(statements)
            else:
                self._lost += len(statements)

    def write(
        self,
        statements: Sequence[Statement],
        durable: bool = True,
        before: Callable[[], None] = lambda: None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """The backlog and these statements, in one transaction. Errors: JOURNAL_FAILED; sqlite3.IntegrityError."""
        if not self._io.acquire(timeout=LOCK_TIMEOUT_S):
            raise self._failed(
                VlaError(
                    Code.JOURNAL_FAILED, f"The disk of the journal {self._path} does not answer."
                )
            )
        try:
            try:
                connection = self._ready()
                before()
                with self._guard:
                    waiting = list(self._backlog)
                level = "FULL" if durable or waiting else "NORMAL"
                connection.execute(f"PRAGMA synchronous={level}")
                connection.execute("BEGIN IMMEDIATE")
                for query, values in [*waiting, *statements]:
                    connection.execute(query, values)
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            with self._guard:
                for _ in waiting:
                    self._backlog.popleft()
            self.error = ""
            then()
            self._rotate_when_due(connection)
            self._remember(connection)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            if isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError)):
                raise  # a defect of ours and not the disk's
            failure = database.storage_error(error, self._path)
            if not any(words in str(error) for words in ("locked", "full")):
                self._disconnect()  # the next write opens the file anew and has a close look at it
            raise self._failed(failure) from error
        except VlaError as error:
            raise (self._failed(error) if error.code is Code.JOURNAL_FAILED else error) from None
        finally:
            self._io.release()

    def _failed(self, error: VlaError) -> VlaError:
        if not self._closed:
            if not self.error:
                self._tell(error.message)
            self.error = error.message
        return error

    def _roll_back(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ready(self) -> sqlite3.Connection:
        """The open file; a new one when somebody has removed it or it is damaged. Errors: JOURNAL_FAILED."""
        if self._closed:
            raise VlaError(Code.JOURNAL_FAILED, "The journal is closed.")
        trouble = self._let_go_of_foreign() if self._connection is not None else ""
        if self._connection is None:
            connection = database.open_file(self._path, self._tell)
            try:
                pages = 4 * self._max_bytes // connection.execute("PRAGMA page_size").fetchone()[0]
                connection.execute(f"PRAGMA max_page_count={pages}")
                if database.last_numbers(connection) < self._numbers:
                    trouble = trouble or "The journal was put back to an earlier state."
                    trouble += " Records of before that are missing in it."
                if trouble:
                    self._tell(f"{self._path}: {trouble}")
                for query, values in (*self._unfinished(), *self._latched()):
                    connection.execute(query, values)
                if trouble:
                    connection.execute(TROUBLE, (time.time(), trouble))
            except sqlite3.Error as error:
                connection.close()
                raise database.storage_error(error, self._path) from error
            self._connection = connection
            self._remember(connection)
        return self._connection

    def _let_go_of_foreign(self) -> str:
        """Close the file where somebody else has changed it; what has happened to it, or ""."""
        assert self._connection is not None
        now, before = database.fingerprint(self._path), self._print
        if now == before:
            return ""
        if now.name != before.name:
            self._disconnect()
            return "The journal was removed or replaced while in use; a new one was begun."
        if not now.log:
            # The log was deleted under SQLite, which still has it open: everything into the file while that works.
            self._disconnect()
            return "The log of the journal was removed while in use."
        database.let_go(self._connection, self._path)
        self._connection = None
        return "The journal was written to by another program while in use."

    def _remember(self, connection: sqlite3.Connection) -> None:
        """What the file is like after a write of ours: any other change to it is somebody else's."""
        self._numbers = database.last_numbers(connection)
        self._print = database.fingerprint(self._path)

    def _rotate_when_due(self, connection: sqlite3.Connection) -> None:
        """When nothing runs or waits; and when that never happens, at twice the size, without what is unfinished."""
        limit = 2 * self._max_bytes if self._unfinished() else self._max_bytes
        try:
            used = database.used_bytes(connection)
            if used < max(limit, self._rotate_above):
                return
            # Not again with every record when it fails, or when unfinished commands alone are that large.
            self._rotate_above = used + self._max_bytes // 10
            database.rotate(connection, self._path, self._keep)
            self._rotate_above = database.used_bytes(connection) + self._max_bytes // 10
        except (sqlite3.Error, OSError) as error:  # what was to be written is written
            self._tell(f"The journal {self._path} could not be rotated: {error}.")
        self._open_older()

    def _open_older(self) -> None:
        """Connections to the rotated journals, in which trace ids are looked up."""
        for connection in self._older:
            connection.close()
        self._older = []
        for path in database.rotated_files(self._path):
            try:
                self._older.append(open_reading(path))
            except (sqlite3.Error, VlaError) as error:
                self._tell(f"The rotated journal {path} can't be read: {error}.")
