# SPDX-License-Identifier: Apache-2.0
"""The journal as the state manager uses it: opened when it can be, and a clear refusal while it can't.

A system whose journal can't be opened still comes up, stops and says why; it takes no commands (`accept` fails
closed). `look` tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from vla_bringup.journal.database import LATCH_KINDS
from vla_bringup.journal.journal import Journal
from vla_bringup.journal.reader import CommandRecord
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import Plan, StepRecord

STOP, RESET, CLOSED = LATCH_KINDS
"""Kinds of events from which a stop that was never lifted is known again after a crash."""


class JournalGate:
    """Implements `command_run.Recorder`; thread-safe."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        on_open: Callable[[tuple[CommandRecord, ...], bool], None],
    ) -> None:
        """on_open(interrupted commands, whether a stop holds from before a crash), once, when it is open."""
        self._open_journal = open_journal
        self._on_open = on_open
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._closed = False
        self._journal: Journal | None = None
        self._error = VlaError(Code.JOURNAL_FAILED, "The journal is not open yet.")

    def open(self) -> bool:
        """Try to open it; True when it is open."""
        with self._lock:
            if self._journal is not None:
                return True
            if self._closed:
                return False
            try:
                journal = self._open_journal()
            except VlaError as error:
                self._error = error
                return False
            # Told before anything can be accepted: a stop that still holds comes first.
            try:
                stopped = journal.last_event((STOP, RESET, CLOSED)) == STOP
            except VlaError:
                stopped = True
            self._on_open(journal.interrupted(), stopped)
            self._journal = journal
        return True

    def look(self) -> None:
        """To be called now and then: opens what could not be opened, tries whether a full disk has room again."""
        if not self._looking.acquire(blocking=False):
            return  # the last look still waits for the disk
        try:
            journal = self._journal
            if journal is None:
                self.open()
            elif not journal.healthy:
                journal.probe()
            else:
                journal.check()
        finally:
            self._looking.release()

    @property
    def problem(self) -> str:
        """Why it does not record; empty when it does."""
        journal = self._journal
        return self._error.message if journal is None else journal.last_error

    def _ready(self) -> Journal:
        journal = self._journal
        if journal is None:
            raise self._error
        return journal

    def close(self) -> None:
        """Nothing is left unfinished: a stop does not outlive an orderly end."""
        with self._lock:
            journal, self._journal = self._journal, None
            self._closed = True
            self._error = VlaError(Code.JOURNAL_FAILED, "The journal is closed.")
        if journal is not None:
            try:
                journal.event("", CLOSED, "The state manager went down in order.")
            except VlaError:
                pass  # a stop that comes up again is no harm
            journal.close()

    # --- Recorder -----------------------------------------------------------------------------------

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
        self._ready().accept(
            trace_id, command, source, priority, goal_id, dry_run=dry_run, confirmed=confirmed
        )

    def start(self, trace_id: str) -> None:
        self._ready().start(trace_id)

    def plan(self, trace_id: str, attempt: int, plan: Plan) -> None:
        self._ready().plan(trace_id, attempt, plan)

    def step(self, trace_id: str, attempt: int, record: StepRecord) -> None:
        self._ready().step(trace_id, attempt, record)

    def event(self, trace_id: str, kind: str, text: str) -> None:
        self._ready().event(trace_id, kind, text)

    def end(self, trace_id: str, result: Result, times: Mapping[str, float]) -> None:
        self._ready().end(trace_id, result, times)
