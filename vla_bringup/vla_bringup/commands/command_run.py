# SPDX-License-Identifier: Apache-2.0
"""One command from its acceptance to its end: its token, its progress, its question, its record.

Knows no ROS: the goal behind it is an `ResultSink`. Which command runs when is decided by `coordinator`.
"""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

from vla_bringup.commands.answering import unsaid
from vla_bringup.commands.command_pipeline import (
    CommandPhase,
    CommandPipeline,
    CommandReport,
    Progress,
    Times,
)
from vla_bringup.commands.dialogue import DialogueTurn
from vla_bringup.supervision.system_state import Activity
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import Plan, StepRecord
from vla_common.contracts.trace import short
from vla_common.language.foreign_text import line


class Kind(IntEnum):
    """Same numbers as vla_interfaces/msg/Feedback."""

    INFO = 0
    SUCCESS = 1
    PROBLEM = 2
    QUESTION = 3


class Policy(IntEnum):
    """Same numbers as vla_interfaces/action/ExecuteCommand."""

    DEFAULT = 0
    QUEUE = 1
    REPLACE = 2
    REFUSE = 3


@dataclass(frozen=True)
class Command:
    """What was asked for. key: the goal's own id."""

    key: bytes
    trace_id: str
    text: str
    source: str = "text"
    priority: int = 0
    policy: int = Policy.DEFAULT
    dry_run: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Ending:
    """canceled: the command's own client asked for its end, and that is how it ended."""

    report: CommandReport
    canceled: bool = False


class ResultSink(Protocol):
    """The goal of a client."""

    def start(self, job: Callable[[], Ending]) -> None:
        """Run the job on a worker and end the goal with what it returns. Does not wait."""
        ...

    def progress(self, progress: Progress) -> None: ...


class Recorder(Protocol):
    """The journal, as a command needs it; `journal.Journal` is one. Errors: JOURNAL_FAILED."""

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
    ) -> None: ...

    def start(self, trace_id: str) -> None: ...

    def plan(self, trace_id: str, attempt: int, plan: Plan) -> None: ...

    def step(self, trace_id: str, attempt: int, record: StepRecord) -> None: ...

    def event(self, trace_id: str, kind: str, text: str) -> None: ...

    def end(self, trace_id: str, result: Result, times: dict[str, float]) -> None: ...


class Notifier(Protocol):
    """Where a command speaks to the person, to the log and to the world."""

    def say(
        self,
        kind: Kind,
        text: str,
        trace_id: str = "",
        speak: bool = True,
        choices: tuple[str, ...] = (),
        question_id: str = "",
    ) -> None: ...

    def show_plan(self, plan: Plan) -> None: ...

    def changed(self) -> None:
        """The status is another one now."""
        ...

    def ended(self, times_s: dict[str, float]) -> None:
        """A command has ended; seconds by stage."""
        ...

    def log(self, level: str, text: str) -> None: ...


TOLD = "told"
"""Kind of the event in the journal that keeps what the person asked to know."""

QUESTION_ID_LENGTH = 8
"""Short enough to be typed; nobody hits one by chance."""

_ACTIVITIES = {
    CommandPhase.PERCEIVING: Activity.PLANNING,
    CommandPhase.PLANNING: Activity.PLANNING,
    CommandPhase.CONFIRMING: Activity.PLANNING,
}


class CommandRun:
    """Implements `command_pipeline.Caller`."""

    def __init__(
        self,
        command: Command,
        outlet: ResultSink,
        teller: Notifier,
        recorder: Recorder,
        accepted_at_s: float = 0.0,
    ) -> None:
        self.command = command
        self.outlet = outlet
        self.token = CancelToken()
        self.activity = Activity.NONE
        self.cancel_requested = False
        """By the goal's own client; only then may the goal end as CANCELED."""
        self.accepted = False
        """It is in the journal and owes it an end."""
        self.accepted_at_s = accepted_at_s
        self.over = threading.Event()
        """It has had its end."""
        self.remark: DialogueTurn | None = None
        """What is kept of it for commands that go on from it."""
        self._teller = teller
        self._recorder = recorder
        self._attempt = 0
        self._recorded: dict[int, StepRecord] = {}
        self._last = Progress(CommandPhase.QUEUED, "Waiting.")
        self._lock = threading.Lock()
        self._answer: str | None = None
        self._answered = threading.Event()

    @property
    def trace_id(self) -> str:
        return self.command.trace_id

    @property
    def question(self) -> str:
        """What it waits for an answer to; empty when it does not."""
        return self._last.question

    @property
    def question_id(self) -> str:
        """Of that question; another one for each time that something is asked."""
        return self._last.question_id

    # --- as the caller of the pipeline --------------------------------------------------------------

    def progress(self, progress: Progress) -> None:
        before, self._last = self._last, progress
        self.outlet.progress(progress)
        for record in progress.records:
            self._record_step(record)
        activity = _ACTIVITIES.get(progress.stage, Activity.EXECUTING)
        if activity is not self.activity or progress.question != before.question:
            self.activity = activity
            self._teller.changed()
        if progress.plan is not None:
            self._teller.show_plan(progress.plan)
        if progress.question:
            self._teller.say(
                Kind.QUESTION,
                progress.question,
                self.trace_id,
                choices=progress.choices,
                question_id=progress.question_id,
            )
        elif progress.plan is not None or progress.is_notice:
            self._teller.say(Kind.INFO, progress.message, self.trace_id)
        elif progress.stage is CommandPhase.EXECUTING and progress.message not in (
            "",
            before.message,
        ):
            self._teller.say(Kind.INFO, progress.message, self.trace_id, speak=False)

    def ask(
        self, question: str, choices: tuple[str, ...], timeout_s: float, token: CancelToken
    ) -> str:
        """Put a question to the person and wait; see `command_pipeline.Caller`."""
        with self._lock:
            self._answer = None
            self._answered.clear()
        question_id = uuid.uuid4().hex[:QUESTION_ID_LENGTH]
        self._record_event("question", question)
        token.add_callback(self._answered.set)
        try:
            self.progress(
                Progress(
                    CommandPhase.CONFIRMING,
                    question,
                    question=question,
                    question_id=question_id,
                    choices=choices,
                )
            )
            self._answered.wait(timeout_s)
        finally:
            token.remove_callback(self._answered.set)
            self._last = replace(self._last, question="", question_id="", choices=())
        token.raise_if_canceled()
        with self._lock:
            answer, self._answer = self._answer or "", None
        return answer

    def answer(self, text: str, source: str, question_id: str) -> bool:
        """Somebody answers; False when nothing was asked, something else was, or somebody else was faster."""
        with self._lock:
            if not self._last.question or self._answered.is_set():
                return False
            if not question_id or question_id != self._last.question_id:
                return False
            self._answer = line(text, 200)
            self._answered.set()
        self._record_event("answer", f"{source}: {self._answer}")
        return True

    def planned(self, attempt: int, plan: Plan) -> None:
        self._attempt = attempt
        self._recorded.clear()
        self._recorder.plan(self.trace_id, attempt, plan)

    # --- from start to end --------------------------------------------------------------------------

    def say_queued(self, before_it: int, paused: bool = False) -> None:
        source = self.command.source or "text"
        self._teller.log(
            "info", f"[{short(self.trace_id)}] accepted from {source}: {self.command.text!r}"
        )
        if paused:
            sentence = "Paused: the command waits until somebody resumes (./vla manage resume)."
            self.outlet.progress(Progress(CommandPhase.QUEUED, sentence))
        if before_it:
            noun = "command is" if before_it == 1 else "commands are"
            self.outlet.progress(
                Progress(CommandPhase.QUEUED, f"{before_it} {noun} before this one.")
            )

    def carry_out(
        self, pipeline: CommandPipeline, limit_s: float, interval_s: float, begin_s: float
    ) -> Ending:
        """Run the pipeline on this thread."""
        self.activity = Activity.PLANNING
        self._teller.changed()
        timer = threading.Timer(limit_s, self.token.cancel, (Code.EXECUTION_TIMEOUT,))
        timer.daemon = True
        over = threading.Event()
        reminder = threading.Thread(target=self._remind, args=(over, interval_s), daemon=True)
        command = self.command
        try:
            self._recorder.start(self.trace_id)
            timer.start()
            reminder.start()
            report = pipeline.run(
                command.text,
                self.trace_id,
                self.token,
                self,
                command.dry_run,
                command.confirmed,
                self.remark,
            )
            for record in report.records:
                self._record_step(record)
        except VlaError as error:
            report = CommandReport(error.result)
        except Exception as error:
            self._teller.log("error", f"[{short(self.trace_id)}] {traceback.format_exc()}")
            report = CommandReport(Result(Code.INTERNAL_ERROR, f"An unexpected error: {error!r}."))
        finally:
            timer.cancel()
            over.set()
        queued_s = max(0.0, begin_s - self.accepted_at_s)
        return self.end(replace(report, times=replace(report.times, queued=queued_s)))

    def finish(self, result: Result) -> Ending:
        """End without having run."""
        return self.end(CommandReport(result))

    def end(self, report: CommandReport) -> Ending:
        """The one end of the command: recorded first, told second."""
        self.activity = Activity.NONE
        result = report.result
        if self.accepted:
            if report.answer:
                self._record_event(TOLD, report.answer)
            try:
                self._recorder.end(self.trace_id, result, times_of(report.times))
            except Exception as error:
                # It has happened; all that is left is to say that the record lacks it.
                self._teller.log("error", f"[{short(self.trace_id)}] not on record: {error!r}")
        self._teller.log(
            "info",
            f"[{short(self.trace_id)}] ended after {report.times.total:.2f} s: {result}",
        )
        self._teller.ended(times_of(report.times))
        kind = (
            Kind.SUCCESS
            if result.ok
            else Kind.QUESTION
            if result.code is Code.AMBIGUOUS
            else Kind.PROBLEM
        )
        text = result.message
        if not text and report.plan is not None:
            summary = report.plan.summary if self.command.dry_run else ""
            text = summary or unsaid(report.plan, report.records)
        text = text or "Done."
        self._teller.say(kind, report.question or text, self.trace_id)
        self.over.set()
        return Ending(report, result.code is Code.CANCELED and self.cancel_requested)

    # --- pieces -------------------------------------------------------------------------------------

    def _remind(self, over: threading.Event, interval_s: float) -> None:
        """Never silent for longer than feedback_interval."""
        while not over.wait(interval_s):
            self.outlet.progress(replace(self._last, plan=None))

    def _record_step(self, record: StepRecord) -> None:
        if self._recorded.get(record.index) == record:
            return
        self._recorded[record.index] = record
        try:
            self._recorder.step(self.trace_id, self._attempt, record)
        except VlaError as error:
            # The plan is on record; a step under way is safer carried on than broken off.
            self._teller.log("error", f"[{short(self.trace_id)}] {error}")

    def _record_event(self, kind: str, text: str) -> None:
        try:
            self._recorder.event(self.trace_id, kind, text)
        except VlaError as error:
            self._teller.log("error", f"[{short(self.trace_id)}] {error}")


def times_of(times: Times) -> dict[str, float]:
    """Seconds by stage, for the record."""
    return {
        name: getattr(times, name)
        for name in ("queued", "perceiving", "planning", "confirming", "executing", "total")
    }
