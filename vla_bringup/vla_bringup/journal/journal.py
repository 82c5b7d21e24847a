# SPDX-License-Identifier: Apache-2.0
"""The journal: what was asked of the robot and what became of it, on disk before it takes effect.

Decides what is written and when it is durable. Failing disks and rotation are left to `journal_writer`, the file itself
to `journal_file`, reading to `journal_reader`, and what to do with a refused command to the state manager.

How durable a record is. Every write is a transaction of its own in SQLite's write-ahead log, so the end of the process
(kill -9, a crash) loses nothing that was written: the log is in the kernel's hands. A loss of power is another matter:
the kernel may not have put it on the disk yet. `accept`, `plan` and `end` therefore synchronise the log before they
return (synchronous=FULL); they are what a robot acts on. `start`, `step` and `event` don't (synchronous=NORMAL): a slow
disk must not hold up a running robot. A loss of power can take the last of these, never damages the file, and the next
synchronised write makes them durable too. All this is as true as the disk's own answer to fsync.
"""

from __future__ import annotations

import math
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_bringup.journal.database import LATCH_KINDS
from vla_bringup.journal.reader import (
    COMMAND_COLUMNS,
    CommandDetails,
    CommandRecord,
    JournalReader,
    command_record,
)
from vla_bringup.journal.writer import JournalWriter, Statement
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import Plan, StepRecord
from vla_common.language.foreign_text import to_json, whole

MAX_TEXT = 4000
"""Characters of one text that are kept; the rest is cut off, and the text says so."""
_FINAL = 2
"""States of a step from this one on are final, see vla_interfaces/StepResult."""

_ACCEPT = (
    "{} INTO commands (trace_id, goal_id, command, source, priority, dry_run, confirmed, accepted_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_STEP = f"""
INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trace_id, attempt, step_index) DO UPDATE SET
  skill = excluded.skill, state = excluded.state, code = excluded.code, outcome = excluded.outcome,
  message = excluded.message, verified = excluded.verified, duration_s = excluded.duration_s,
  ended_at = coalesce(steps.ended_at, excluded.ended_at)
WHERE excluded.state >= {_FINAL} OR steps.state < {_FINAL}"""
_EVENT = "INSERT INTO events (trace_id, at, kind, text) VALUES (?, ?, ?, ?)"
_LATCH = (
    "INSERT INTO events (trace_id, at, kind, text) SELECT ?, ?, ?, ? "
    "WHERE NOT EXISTS (SELECT 1 FROM events WHERE at = ? AND kind = ?)"
)
_END = (
    "UPDATE commands SET ended_at = ?, code = ?, outcome = ?, message = ?, times = ? "
    "WHERE trace_id = ? AND code IS NULL"
)


class Journal:
    """Thread-safe. One process writes a file, which a lock guarantees; any number may read it at the same time.

    `accept` and `plan` raise, and then nothing may happen. What already has happened (`start`, `step`, `event`, `end`)
    is kept in memory when the disk refuses it, and written with the next write that works. No call belongs in the way
    of a stop: stop first, record then. A call may wait for the disk: none belongs into a callback that has to be quick.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        keep: int,
        now: Callable[[], float],
        tell: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
    ) -> None:
        """`now`: seconds since the epoch. `tell` is given what a person has to know, such as a damaged file.

        Marks what an earlier process has left unfinished as INTERRUPTED; see `interrupted`.
        Errors: JOURNAL_FAILED: another state manager owns it, folder not writable, disk full, locked, a newer schema,
        a database of another program. A damaged file is set aside instead, and a new one begun.
        """
        self._path = path
        self._now = now
        self._guard = threading.Lock()  # never held while anybody waits
        self._open: dict[str, tuple[Any, ...]] = {}  # accepted here and not ended
        self._latch: tuple[Any, ...] = ()  # the newest event that says whether a stop holds
        self._writer = JournalWriter(path, max_bytes, keep, tell, self._unfinished, self._latched)
        self._interrupted: tuple[CommandRecord, ...] = ()
        try:
            self._interrupted = self._mark_interrupted()
        except BaseException:
            self.close()
            raise

    @property
    def healthy(self) -> bool:
        """Whether the last write worked. While it is False, commands will most likely be refused."""
        return not self._writer.error

    @property
    def last_error(self) -> str:
        """The sentence that belongs to it; empty while healthy."""
        return self._writer.error

    def accept(
        self,
        trace_id: str,
        command: str,
        source: str,
        priority: int,
        goal_id: str,
        *,
        dry_run: bool = False,
        confirmed: bool = False,
    ) -> None:
        """The command is going to be carried out, or to wait for that. Durable, also against loss of power, on return.

        Errors: DUPLICATE for a trace id that the journal, or one rotated away from it, knows; JOURNAL_FAILED.
        """
        trace, at = _text(trace_id), self._now()
        row = (
            trace,
            _text(goal_id),
            _text(command),
            _text(source),
            int(priority),
            int(dry_run),
            int(confirmed),
            at,
        )

        def accepted() -> None:
            with self._guard:
                self._open[trace] = row

        try:
            self._writer.write(
                [(_ACCEPT.format("INSERT"), row)],
                before=lambda: self._refuse_known(trace),
                then=accepted,
            )
        except sqlite3.IntegrityError:
            raise _duplicate(trace) from None

    def start(self, trace_id: str) -> None:
        """It has left the queue. Errors: ValueError when it is not accepted, or has ended."""
        self._accepted(trace_id)
        query = "UPDATE commands SET started_at = ? WHERE trace_id = ? AND started_at IS NULL"
        self._writer.record((query, (self._now(), _text(trace_id))))

    def plan(self, trace_id: str, attempt: int, plan: Plan) -> None:
        """The whole plan, before it is sent to the executor; `attempt` counts from 0. Durable on return.

        Errors: JOURNAL_FAILED; ValueError when the command is not open or this attempt has a plan already.
        """
        self._accepted(trace_id)
        values = (_text(trace_id), int(attempt), self._now(), _json(plan_to_json(plan)))
        try:
            self._writer.write([("INSERT INTO plans VALUES (?, ?, ?, ?)", values)])
        except sqlite3.IntegrityError:
            raise ValueError(f"attempt {attempt} of {trace_id} has a plan already") from None

    def step(self, trace_id: str, attempt: int, record: StepRecord) -> None:
        """How far a step is: as it begins, and as it ends. What is final is not overtaken by what came before.

        Left out when the command has ended already: in ROS, feedback may arrive after the result.
        """
        with self._guard:
            if _text(trace_id) not in self._open:
                return
        at, result, final = self._now(), record.result, int(record.state) >= _FINAL
        values = (
            _text(trace_id),
            int(attempt),
            int(record.index),
            _text(record.skill),
            int(record.state),
            int(result.code),
            result.code.name,
            _text(result.message),
            int(record.verified),
            float(record.duration_s) if math.isfinite(record.duration_s) else 0.0,
            at,
            at if final else None,
        )
        self._writer.record((_STEP, values))

    def event(self, trace_id: str, kind: str, text: str) -> None:
        """Something else that happened; the trace id is empty when it belongs to no command. Never raises."""
        row = (_text(trace_id), self._now(), _text(kind), _text(text))
        if kind in LATCH_KINDS:
            with self._guard:
                self._latch = row
        self._writer.record((_EVENT, row))

    def check(self) -> None:
        """Notice that somebody else has changed the file, also while nothing is recorded. Never raises."""
        self._writer.check()

    def end(self, trace_id: str, result: Result, times: Mapping[str, float]) -> None:
        """The final outcome, exactly once. Durable on return, unless `healthy` says no.

        `times`: seconds per stage; `total`, from leaving the queue to the end, and `queued` together are its duration.
        Errors: ValueError when it is not accepted, or has ended already.
        """
        accepted = self._accepted(trace_id, take_out=True)
        values = (
            self._now(),
            int(result.code),
            result.code.name,
            _text(result.message),
            _json(dict(times)),
            _text(trace_id),
        )
        # With the acceptance again, for a file that was lost since then.
        self._writer.record(
            (_ACCEPT.format("INSERT OR IGNORE"), accepted), (_END, values), durable=True
        )

    def interrupted(self) -> tuple[CommandRecord, ...]:
        """The commands that an earlier process accepted and never ended, once; they have ended as INTERRUPTED.

        Nothing resumes them. They were marked, durably, when the journal was opened.
        """
        with self._guard:
            found, self._interrupted = self._interrupted, ()
        return found

    def probe(self) -> bool:
        """When unhealthy: try to write again, and record the trouble. Returns `healthy`; may wait for the disk."""
        error = self._writer.error
        if error:
            text = f"Writable again. Before that: {error}"
            lost = self._writer.take_lost()
            if lost:
                text += f" {lost} records of steps and events were lost."
            try:
                self._writer.write([(_EVENT, ("", self._now(), "journal", _text(text)))])
            except VlaError:
                self._writer.put_back(lost)
        return self.healthy

    def commands(
        self, limit: int = 20, since: float | None = None, failed: bool = False
    ) -> list[CommandRecord]:
        """See `JournalReader.commands`."""
        return JournalReader(self._path).commands(limit, since, failed)

    def details(self, trace_id: str) -> CommandDetails:
        """See `JournalReader.details`."""
        return JournalReader(self._path).details(trace_id)

    def last_event(self, kinds: Sequence[str]) -> str:
        """Kind of the newest event of one of these kinds in the current file; empty when there is none."""
        marks = ", ".join("'" + kind.replace("'", "''") + "'" for kind in kinds)
        rows = self._writer.query(
            f"SELECT kind FROM events WHERE kind IN ({marks}) ORDER BY number DESC LIMIT 1"
        )
        return str(rows[0][0]) if rows else ""

    def close(self) -> None:
        """Write what is left and let go of the file. Calling it again does nothing."""
        self._writer.close()

    def _unfinished(self) -> list[Statement]:
        with self._guard:
            return [(_ACCEPT.format("INSERT OR IGNORE"), row) for row in self._open.values()]

    def _latched(self) -> list[Statement]:
        """For a file that was lost since then: a stop that holds is in the new one as well."""
        with self._guard:
            return [(_LATCH, (*self._latch, *self._latch[1:3]))] if self._latch else []

    def _refuse_known(self, trace_id: str) -> None:
        if self._writer.is_rotated_away(trace_id):
            raise _duplicate(trace_id)

    def _accepted(self, trace_id: str, take_out: bool = False) -> tuple[Any, ...]:
        with self._guard:
            row = self._open.get(_text(trace_id))
            if row is None:
                raise ValueError(f"command {trace_id} is not open in the journal")
            if take_out:
                del self._open[_text(trace_id)]
            return row

    def _mark_interrupted(self) -> tuple[CommandRecord, ...]:
        """End everything that is unfinished. Only before this process accepts its first command."""
        rows = self._writer.query(
            f"SELECT {COMMAND_COLUMNS} FROM commands WHERE code IS NULL ORDER BY number"
        )
        steps = dict(  # of equal keys the last one counts
            self._writer.query(
                "SELECT trace_id, step_index FROM steps WHERE trace_id IN "
                f"(SELECT trace_id FROM commands WHERE code IS NULL) AND state < {_FINAL} "
                "ORDER BY attempt, step_index"
            )
        )
        statements, found, at = [], [], self._now()
        for row in rows:
            record = command_record(row)
            message = _interruption(record, steps.get(record.trace_id))
            code = Code.INTERRUPTED
            statements.append((_END, (at, int(code), code.name, message, None, record.trace_id)))
            found.append(command_record((*row[:10], at, int(code), code.name, message, None)))
        if statements:
            self._writer.write(statements)
        return tuple(found)


def _interruption(record: CommandRecord, step: int | None) -> str:
    if record.started_at is None:
        where, then = "while this command waited", "it was not carried out"
    elif step is None:
        where, then = "while this command ran", "it is not resumed"
    else:
        where, then = f"while this command ran, at step {step + 1}", "it is not resumed"
    return f"The state manager ended {where}; {then}."


def _duplicate(trace_id: str) -> VlaError:
    return VlaError(
        Code.DUPLICATE, f"A command with the trace id {trace_id} was accepted before; it runs once."
    )


def plan_to_json(plan: Plan) -> dict[str, Any]:
    return {
        "command": plan.command,
        "planner": plan.planner,
        "summary": plan.summary,
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": plan.completion_tokens,
        "repairs": plan.repairs,
        "steps": [step.to_json() for step in plan.steps],
    }


def _text(value: str) -> str:
    """What SQLite can hold, of a bounded length."""
    text = whole(str(value))
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]} ... ({len(text)} characters)"
    return text


def _json(value: Any) -> str:
    """JSON that every reader understands: what is not finite becomes a text."""

    def finite(item: Any) -> Any:
        if isinstance(item, float) and not math.isfinite(item):
            return str(item)
        if isinstance(item, Mapping):
            return {_text(key): finite(entry) for key, entry in item.items()}
        if isinstance(item, (list, tuple)):
            return [finite(entry) for entry in item]
        return _text(item) if isinstance(item, str) else item

    return to_json(finite(value), allow_nan=False)
