# SPDX-License-Identifier: Apache-2.0
"""The scene memory on disk: what is known is kept over a restart, for each map by itself.

Decides when something is written, and what becomes of a file that can't be used. What is worth keeping is decided in
`memory`, which map it belongs to in `scene_keeper`.

Nobody who looks waits for the disk: `save` leaves the newest snapshot for a thread of its own, which writes at most
every WRITE_PERIOD_S; older ones are dropped. A snapshot is one transaction in SQLite's write-ahead log, so that a kill
loses at most that period and never damages the file. A disk that refuses is told once and tried again every RETRY_S;
meanwhile the memory goes on without it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vla_common.machine.private_files import make_folder, make_private
from vla_perception.memory.known_object import HIGHEST_NUMBER, Remembered, wrong_memory
from vla_perception.memory.scene_memory import Snapshot

APPLICATION_ID = 0x564C4153
""""VLAS" in the header of the file: it is a scene memory and no other database."""
SCHEMA = 1
OFF = "none"
WRITE_PERIOD_S = 5.0
RETRY_S = 30.0
BUSY_TIMEOUT_S = 1.0
MAX_MAPS = 8
"""So many maps are kept, those used last: a robot that changes floors keeps them, worlds that never come back go."""
LONGEST_BODY = 20_000
"""Characters; an object takes one thousand."""
SPARE_NUMBERS = 1000
"""Numbers of objects that a run may give away between two writes; after a kill none of them is used again."""

_TABLES = (
    """CREATE TABLE maps (map TEXT PRIMARY KEY, used REAL NOT NULL, stamp_s REAL NOT NULL)""",
    """CREATE TABLE objects (
         map TEXT NOT NULL, id TEXT NOT NULL, last_seen_s REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (map, id))""",
    "CREATE TABLE numbers (next INTEGER NOT NULL)",
    "INSERT INTO numbers VALUES (1)",
)


def memory_path(file: str, namespace: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of `vision.memory_file`; namespace: the node's, with or without slashes around it."""
    if file:
        return Path(file).expanduser()
    home = environment.get("ROS_HOME", "")
    folder = Path(home) if home else Path(environment.get("HOME") or Path.home()) / ".ros"
    parts = [part for part in namespace.split("/") if part not in ("", ".", "..")]
    return folder.joinpath("vla", *parts, "scene.sqlite")


class SceneStore:
    """Never raises: who can't keep anything says so through `tell` and works without.

    One process owns a file; a second one is told and keeps nothing. now_s: seconds since the epoch.
    """

    def __init__(
        self, path: Path, tell: Callable[[str], Any], now_s: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._tell = tell
        self._now_s = now_s
        self._io = threading.Lock()  # held while SQLite works
        self._changed = threading.Condition()
        self._waiting: tuple[str, Snapshot] | None = None
        self._written: tuple[str, Snapshot] | None = None
        self._closing = False
        self._error = ""
        self.first_number = 1
        """Of the first object that is new in this run."""
        self._connection = self._open()
        self._thread = threading.Thread(target=self._run, name="scene store", daemon=True)
        if self._connection is not None:
            self._thread.start()

    @property
    def working(self) -> bool:
        """Whether what is saved gets to the disk, as far as is known."""
        return self._connection is not None and not self._error

    def load(self, map_id: str) -> Snapshot:
        """What was known of a map; empty for one that is new. Entries that make no sense are left out, and told."""
        with self._io:
            nothing = Snapshot(next_number=self.first_number)
            if self._connection is None:
                return nothing
            try:
                rows = self._connection.execute(
                    "SELECT body FROM objects WHERE map = ? ORDER BY last_seen_s DESC", (map_id,)
                ).fetchall()
                stamps = self._connection.execute(
                    "SELECT stamp_s FROM maps WHERE map = ?", (map_id,)
                ).fetchall()
            except sqlite3.Error as error:
                self._tell(f"The scene memory {self._path} can't be read: {error}.")
                return nothing
        found = [_from_body(body) for (body,) in rows]
        good = tuple(one for one in found if one is not None)
        if len(good) < len(found):
            self._tell(
                f"{len(found) - len(good)} of {len(found)} objects in the scene memory {self._path} "
                "make no sense and were left out."
            )
        return Snapshot(good, self.first_number, float(stamps[0][0]) if stamps else 0.0)

    def save(self, map_id: str, snapshot: Snapshot) -> None:
        """To be written soon, in place of what waits. Does not wait for the disk."""
        with self._changed:
            self._waiting = (map_id, snapshot)
            self._changed.notify_all()

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits and let go of the file. Calling it again does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._thread.is_alive() or not self._io.acquire(timeout=timeout_s):
            self._tell(f"The disk under the scene memory {self._path} does not answer.")
            return
        try:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        finally:
            self._io.release()

    # --- writing ------------------------------------------------------------------------------------

    def _run(self) -> None:
        due = 0.0
        while True:
            with self._changed:
                while not self._closing and (
                    self._waiting is None or (time.monotonic() < due and not self._closing)
                ):
                    left = due - time.monotonic()
                    self._changed.wait(left if self._waiting is not None and left > 0 else None)
                waiting, self._waiting = self._waiting, None
                last = self._closing
            if waiting is not None and (last or waiting != self._written):
                self._write(*waiting, last)
            if last:
                return
            due = time.monotonic() + (RETRY_S if self._error else WRITE_PERIOD_S)

    def _write(self, map_id: str, snapshot: Snapshot, last: bool) -> None:
        number = max(self.first_number, snapshot.next_number) + (0 if last else SPARE_NUMBERS)
        number = min(number, HIGHEST_NUMBER)
        rows = [
            (map_id, one.id, one.last_seen_s, json.dumps(asdict(one), allow_nan=False))
            for one in snapshot.objects
            if not wrong_memory(one)
        ]
        with self._io:
            assert self._connection is not None
            try:
                with self._connection as now:
                    now.execute("BEGIN IMMEDIATE")
                    now.execute("DELETE FROM objects WHERE map = ?", (map_id,))
                    now.executemany("INSERT INTO objects VALUES (?, ?, ?, ?)", rows)
                    now.execute(
                        "INSERT OR REPLACE INTO maps VALUES (?, ?, ?)",
                        (map_id, self._now_s(), snapshot.stamp_s),
                    )
                    now.execute("UPDATE numbers SET next = ?", (number,))
                    now.execute(
                        "DELETE FROM maps WHERE map NOT IN (SELECT map FROM maps ORDER BY used DESC LIMIT ?)",
                        (MAX_MAPS,),
                    )
                    now.execute("DELETE FROM objects WHERE map NOT IN (SELECT map FROM maps)")
            except (sqlite3.Error, ValueError, OverflowError) as error:
                if not self._error:
                    self._tell(
                        f"The scene memory {self._path} can't be written ({error}); what is seen from now on may be "
                        "lost at the next restart."
                    )
                self._error = str(error)
                return
        self._written = (map_id, snapshot)
        if self._error:
            self._error = ""
            self._tell(f"The scene memory {self._path} is written again.")

    # --- opening ------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection | None:
        try:
            make_folder(self._path.parent)
            try:
                return self._connect()
            except sqlite3.OperationalError:
                raise  # locked, full, not writable: nothing is wrong with what is in it
            except sqlite3.DatabaseError as error:
                aside = self._set_aside()
                self._tell(
                    f"The scene memory {self._path} is damaged ({error}). It was set aside as {aside.name}, and the "
                    "memory is empty."
                )
                return self._connect()
        except (sqlite3.Error, OSError, ValueError, OverflowError, TypeError) as error:
            self._error = str(error)
            self._tell(
                f"The scene memory {self._path} can't be used ({error}); what is seen is not kept over a restart."
            )
        return None

    def _connect(self) -> sqlite3.Connection | None:
        """Errors: sqlite3.OperationalError: in use, or the disk's fault; another sqlite3.DatabaseError: damaged."""
        make_private(self._path)
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            # First of all: the lock says that nobody else writes here, and is let go of by the kernel after a kill.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and (application, schema) != (APPLICATION_ID, SCHEMA):
                whose = (
                    "written by a newer version"
                    if application == APPLICATION_ID
                    else "a database of another program"
                )
                self._tell(
                    f"{self._path} is {whose} and is left as it is; what is seen is not kept over a restart. Give "
                    "vision.memory_file another name."
                )
                connection.close()
                return None
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise sqlite3.DatabaseError(damage)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if not tables:
                    for statement in _TABLES:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version={SCHEMA}")
                with closing(connection.execute("SELECT next FROM numbers")) as cursor:
                    row = cursor.fetchone()
                if row is None:
                    raise sqlite3.DatabaseError("the number of the next object is missing")
                if not isinstance(row[0], int) or not 0 <= row[0] <= HIGHEST_NUMBER:
                    raise sqlite3.DatabaseError("the number of the next object is none")
                self.first_number = max(1, row[0])
                connection.execute(
                    "UPDATE numbers SET next = ?", (self.first_number + SPARE_NUMBERS,)
                )
            return connection
        except BaseException:
            connection.close()
            raise

    def _set_aside(self) -> Path:
        """Rename the file and what belongs to it; never over another one."""
        number = 1
        while True:
            aside = self._path.with_name(f"{self._path.stem}.damaged-{number}{self._path.suffix}")
            if not aside.exists():
                break
            number += 1
        self._path.rename(aside)
        for end in ("-wal", "-shm"):
            beside = Path(f"{self._path}{end}")
            if beside.exists():
                beside.rename(f"{aside}{end}")
        return aside


def _from_body(body: str) -> Remembered | None:
    """None for what can't be an object."""
    if not isinstance(body, str) or len(body) > LONGEST_BODY:
        return None
    try:
        raw = json.loads(body)
        one = Remembered(
            id=str(raw["id"]),
            position=_floats(raw["position"], 3),  # type: ignore[arg-type]
            covariance=_floats(raw["covariance"], 36),
            yaw=float(raw["yaw"]),
            size=_floats(raw["size"], 3),  # type: ignore[arg-type]
            place=str(raw["place"]),
            first_seen_s=float(raw["first_seen_s"]),
            last_seen_s=float(raw["last_seen_s"]),
            score=float(raw["score"]),
            labels=tuple((str(name), float(votes)) for name, votes in raw["labels"]),
            colors=tuple((str(name), float(votes)) for name, votes in raw["colors"]),
            whole=bool(raw["whole"]),
            yaw_known=bool(raw["yaw_known"]),
            held=bool(raw["held"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return None
    return None if wrong_memory(one) else one


def _floats(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers in place of {count}")
    return numbers
