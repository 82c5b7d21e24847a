# SPDX-License-Identifier: Apache-2.0
"""Reading the journal and those rotated away from it, while the system runs or without it. Never writes.

Files are read from the newest to the oldest, and of equal records the first counts, so that a rotation in between
neither hides nor doubles anything.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from vla_bringup.journal.database import (
    APPLICATION_ID,
    MIGRATIONS,
    rotated_files,
    storage_error,
    too_new,
)
from vla_common.contracts.outcomes import Code, VlaError

T = TypeVar("T")


@dataclass(frozen=True)
class CommandRecord:
    """One command. Times of day are seconds since the epoch; `code` is None until it has ended."""

    number: int
    trace_id: str
    goal_id: str
    command: str
    source: str
    priority: int
    dry_run: bool
    confirmed: bool
    accepted_at: float
    started_at: float | None
    ended_at: float | None
    code: int | None
    outcome: str
    message: str
    times: Mapping[str, float]

    @property
    def duration_s(self) -> float | None:
        """Seconds from acceptance to the end; None when nobody knows."""
        if self.ended_at is None or self.code == Code.INTERRUPTED:
            return None
        if "total" in self.times:
            return self.times["total"] + self.times.get("queued", 0.0)
        return max(0.0, self.ended_at - self.accepted_at)


@dataclass(frozen=True)
class PlanEntry:
    """One plan that was made for a command, as the journal has it."""

    attempt: int
    at: float
    plan: Mapping[str, Any]


@dataclass(frozen=True)
class StepEntry:
    """`state` as in vla_interfaces/StepResult; `ended_at` is None when its end was never heard of."""

    attempt: int
    index: int
    skill: str
    state: int
    code: int
    outcome: str
    message: str
    verified: bool
    duration_s: float
    began_at: float
    ended_at: float | None


@dataclass(frozen=True)
class EventEntry:
    """`trace_id` is empty for what belongs to no command."""

    at: float
    kind: str
    text: str
    trace_id: str


@dataclass(frozen=True)
class CommandDetails:
    """Everything that the journal knows of one command."""

    record: CommandRecord
    plans: tuple[PlanEntry, ...]
    steps: tuple[StepEntry, ...]
    events: tuple[EventEntry, ...]
    """Its own, and those of the system while it was there, in order."""


COMMAND_COLUMNS = (
    "number, trace_id, goal_id, command, source, priority, dry_run, confirmed, accepted_at, started_at, ended_at, "
    "code, outcome, message, times"
)


class JournalReader:
    """Opens the files anew for each question, so that it holds nothing up in between."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []
        """Sentences on rotated files that could not be read and were left out."""

    @property
    def exists(self) -> bool:
        return self._path.exists() or bool(rotated_files(self._path))

    def commands(
        self, limit: int = 20, since: float | None = None, failed: bool = False
    ) -> list[CommandRecord]:
        """The newest `limit` commands, newest last. `since`: accepted at or after; `failed`: ended, and not with OK.

        Errors: JOURNAL_FAILED when the journal can't be read.
        """
        conditions, values = ["1"], []
        if since is not None:
            conditions.append("accepted_at >= ?")
            values.append(since)
        if failed:
            conditions.append("code != 0")
        query = f"SELECT {COMMAND_COLUMNS} FROM commands WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?"
        seen: dict[str, CommandRecord] = {}
        for connection in self._files():
            for row in connection.execute(query, (*values, limit)):
                record = command_record(row)
                seen.setdefault(record.trace_id, record)
            if len(seen) >= limit:
                break
        return list(islice(seen.values(), limit))[::-1]

    def details(self, trace_id: str) -> CommandDetails:
        """Everything about the one command whose trace id begins like that.

        Errors: INVALID_REQUEST for none or several; JOURNAL_FAILED when the journal can't be read.
        """
        prefix = trace_id.strip().lower()
        found: dict[str, tuple[CommandRecord, list[PlanEntry], list[StepEntry]]] = {}
        for connection in self._files():
            query = f"SELECT {COMMAND_COLUMNS} FROM commands WHERE substr(trace_id, 1, ?) = ?"
            for row in connection.execute(query, (len(prefix), prefix)):
                record = command_record(row)
                if record.trace_id not in found:
                    found[record.trace_id] = (record, *_plan_and_steps(connection, record.trace_id))
        if not prefix or not found:
            raise VlaError(
                Code.INVALID_REQUEST, f"No trace id in the journal begins with '{prefix[:40]}'."
            )
        if len(found) > 1:
            several = ", ".join(sorted(found)[:3])
            raise VlaError(
                Code.INVALID_REQUEST,
                f"{len(found)} trace ids begin with '{prefix[:40]}': {several}{', ...' if len(found) > 3 else ''}.",
            )
        ((record, plans, steps),) = found.values()
        last = float("inf") if record.ended_at is None else record.ended_at
        events = self._events(
            "trace_id = ? OR (trace_id = '' AND at BETWEEN ? AND ?)",
            (record.trace_id, record.accepted_at, last),
            limit=1000,
        )
        return CommandDetails(record, tuple(plans), tuple(steps), tuple(events))

    def events(self, limit: int = 20, since: float | None = None) -> list[EventEntry]:
        """The newest events that belong to no command, newest last. Errors: JOURNAL_FAILED."""
        return self._events("trace_id = '' AND at >= ?", (since or 0.0,), limit)

    def _events(self, condition: str, values: tuple[Any, ...], limit: int) -> list[EventEntry]:
        seen: dict[tuple[Any, ...], EventEntry] = {}
        for connection in self._files():
            query = (
                f"SELECT number, at, kind, text, trace_id FROM events WHERE {condition} "
                "ORDER BY number DESC LIMIT ?"
            )
            for row in connection.execute(query, (*values, limit)):
                seen.setdefault(tuple(row), EventEntry(*row[1:]))
        return list(islice(seen.values(), limit))[::-1]

    def _files(self) -> Iterator[sqlite3.Connection]:
        """Connections from the newest file to the oldest, each closed before the next one is opened."""
        current = [self._path] if self._path.exists() else []
        for path in [*current, *rotated_files(self._path)]:
            try:
                with closing(open_reading(path)) as connection:
                    yield connection
            except (sqlite3.Error, OSError, VlaError) as error:
                problem = error if isinstance(error, VlaError) else storage_error(error, path)
                if path == self._path:
                    raise problem from error
                if problem.message not in self.problems and path.exists():
                    self.problems.append(problem.message)


def _plan_and_steps(
    connection: sqlite3.Connection, trace_id: str
) -> tuple[list[PlanEntry], list[StepEntry]]:
    plans = [
        PlanEntry(attempt, at, json.loads(plan))
        for attempt, at, plan in connection.execute(
            "SELECT attempt, at, plan FROM plans WHERE trace_id = ? ORDER BY attempt", (trace_id,)
        )
    ]
    steps = [
        replace(StepEntry(*row), verified=bool(row[7]))
        for row in connection.execute(
            "SELECT attempt, step_index, skill, state, code, outcome, message, verified, duration_s, "
            "began_at, ended_at FROM steps WHERE trace_id = ? ORDER BY attempt, step_index",
            (trace_id,),
        )
    ]
    return plans, steps


def open_reading(path: Path) -> sqlite3.Connection:
    """A connection that can't write. Errors: sqlite3.Error; JOURNAL_FAILED for a file that is no journal of ours."""
    # Without a -wal file nothing is pending, and immutable lets a reader in who may not write in that folder.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=2.0, check_same_thread=False
    )
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise VlaError(Code.JOURNAL_FAILED, f"{path} is not a journal of this system.")
        if version > len(MIGRATIONS):
            raise VlaError(Code.JOURNAL_FAILED, too_new(path, version))
    except BaseException:
        connection.close()
        raise
    return connection


def command_record(row: tuple[Any, ...]) -> CommandRecord:
    number, trace, goal, command, source, priority, dry_run, confirmed, *rest = row
    accepted, started, ended, code, outcome, message, times = rest
    return CommandRecord(
        number,
        trace,
        goal,
        command,
        source,
        priority,
        bool(dry_run),
        bool(confirmed),
        accepted,
        started,
        ended,
        code,
        outcome or "",
        message or "",
        json.loads(times) if times else {},
    )
