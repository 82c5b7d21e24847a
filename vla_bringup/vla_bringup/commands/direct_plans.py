# SPDX-License-Identifier: Apache-2.0
"""Plans that somebody sends to the executor past the state manager: on record and in the status like commands.

`execute_plan` is open to whoever knows the interface, and it moves the robot. Nothing here can keep it from that; but
nobody who looks at the status or reads the journal shall be told that the robot was idle. Knows no ROS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vla_bringup.commands.command_run import Recorder
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.trace import new_trace_id, short

SOURCE = "execute_plan"
UNKNOWN_END = Result(
    Code.INTERRUPTED, "The executor no longer carries it out, and did not say how it ended."
)


@dataclass(frozen=True)
class Seen:
    """What the executor says. trace_id: of the plan that runs, empty when none does."""

    trace_id: str = ""
    command: str = ""
    step_count: int = 0
    ended_trace_id: str = ""
    ended: Result = OK


@dataclass(frozen=True)
class DirectPlan:
    """record: the trace id in the journal, another one where the plan's own was used before."""

    trace_id: str
    command: str
    record: str


class DirectPlans:
    """later: runs what may wait for the disk, one after the other. changed(whether one runs): when that changes."""

    def __init__(
        self,
        recorder: Recorder,
        later: Callable[[Callable[[], None]], object],
        tell: Callable[[str], None],
        changed: Callable[[bool], None],
    ) -> None:
        self._recorder, self._later, self._tell, self._changed = recorder, later, tell, changed
        self._lock = threading.Lock()
        self._now: DirectPlan | None = None

    @property
    def now(self) -> DirectPlan | None:
        return self._now

    def observe(self, seen: Seen, own: Callable[[str], bool]) -> None:
        """own(trace id): whether it is a plan of a command. Called with every message of the executor."""
        with self._lock:
            before = self._now
            if before is not None and seen.trace_id == before.trace_id:
                return
            self._now = None
            if seen.trace_id and not own(seen.trace_id):
                command = " ".join(seen.command.split())[:200]
                self._now = DirectPlan(
                    seen.trace_id,
                    command or f"(a plan of {seen.step_count} steps without a command)",
                    new_trace_id(),
                )
            now = self._now
        if before is not None:
            known = seen.ended_trace_id == before.trace_id
            self._end(before, seen.ended if known else UNKNOWN_END)
        if now is not None:
            self._begin(now)
        if (before is None) != (now is None):
            self._changed(now is not None)

    def lost(self) -> None:
        """The executor is gone."""
        with self._lock:
            before, self._now = self._now, None
        if before is not None:
            self._end(before, Result(Code.COMPONENT_FAILED, "The executor died."))
            self._changed(False)

    def _begin(self, plan: DirectPlan) -> None:
        self._tell(
            f"[{short(plan.trace_id)}] a plan was sent to the executor directly: '{plan.command}'"
        )

        def record() -> None:
            self._recorder.accept(plan.record, plan.command, SOURCE, 0, "")
            self._recorder.start(plan.record)
            self._recorder.event(
                plan.record,
                "direct",
                f"Sent to the executor past the state manager, with the trace id {plan.trace_id}.",
            )

        self._attempt(record)

    def _end(self, plan: DirectPlan, result: Result) -> None:
        self._tell(f"[{short(plan.trace_id)}] the plan sent directly ended: {result}")
        self._attempt(lambda: self._recorder.end(plan.record, result, {}))

    def _attempt(self, work: Callable[[], None]) -> None:
        def safely() -> None:
            try:
                work()
            except (VlaError, ValueError) as error:  # not on record because the disk refused it
                self._tell(f"a plan sent directly is not on record: {error}")

        self._later(safely)
