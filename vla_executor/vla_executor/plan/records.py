# SPDX-License-Identifier: Apache-2.0
"""How the steps of a plan went, and the messages about it on the way."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.contracts.skills import StepRecord
from vla_common.language.foreign_text import line
from vla_executor.plan.rounds import Round


class StepState(IntEnum):
    """Same numbers as vla_interfaces/msg/StepResult."""

    PENDING = 0
    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELED = 4
    SKIPPED = 5


@dataclass(frozen=True)
class Progress:
    """One message on the way. progress: 0..1 of the whole plan."""

    step_index: int
    step_count: int
    skill: str
    message: str
    progress: float
    records: tuple[StepRecord, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", line(self.message))


class Records:
    """The records of the steps begun so far, and the messages about them. Thread-safe.

    A step that is carried out in rounds has one record: the state of its last round, the time of all, verified when
    each was.
    """

    def __init__(
        self, count: int, report: Callable[[Progress], None], log: Callable[[str], None]
    ) -> None:
        self._lock = threading.Lock()
        self._count = count
        self._report = report
        self._log = log
        self._parts: dict[int, float] = {}
        self._rounds: dict[int, Round] = {}
        self._records: dict[int, StepRecord] = {}
        self._earlier: dict[int, StepRecord] = {}

    def next_round(self, indices: Sequence[int], now: Round) -> None:
        """These steps are about to be carried out, for the first time or once more."""
        with self._lock:
            self._rounds.update(dict.fromkeys(indices, now))
            self._earlier.update({i: self._records[i] for i in indices if i in self._records})

    def begin(self, index: int, name: str) -> None:
        with self._lock:
            self._records[index] = StepRecord(index, name, self._note(index), StepState.RUNNING)

    def end(
        self, index: int, result: Result, verified: bool, duration_s: float, answer: str = ""
    ) -> None:
        with self._lock:
            earlier = self._earlier.get(index)
            if earlier is not None:
                verified = verified and earlier.verified
                duration_s += earlier.duration_s
                answer = f"{earlier.answer} {answer}".strip()
            silent = result == OK
            self._records[index] = replace(
                self._records[index],
                result=self._note(index) if silent else result,
                verified=verified,
                state=state_of(result),
                duration_s=duration_s,
                answer=answer,
            )
            self._tell(index, "" if silent else result.message, self._share(index, 1.0))

    def break_off(self, result: Result) -> None:
        """The plan is over because of a defect: what is still on record as running is not."""
        with self._lock:
            for index, record in self._records.items():
                if record.state == StepState.RUNNING:
                    self._records[index] = replace(record, result=result, state=state_of(result))

    def skip(self, index: int, name: str, reason: str, sentence: str, answer: str = "") -> None:
        """The step is not carried out. reason: for its record; sentence: for the person, may be empty."""
        with self._lock:
            result = replace(OK, message=reason)
            self._records[index] = StepRecord(index, name, result, StepState.SKIPPED, answer=answer)
            self._tell(index, sentence, 1.0)

    def no_more_rounds(
        self, index: int, indices: Sequence[int], result: Result, duration_s: float
    ) -> None:
        """The steps had their last round; the step `index` has found out. It keeps the record of the rounds it had."""
        with self._lock:
            earlier = self._earlier[index]
            self._records[index] = replace(
                earlier, result=result, duration_s=earlier.duration_s + duration_s
            )
            self._parts.update(dict.fromkeys(indices, 1.0))
            self._tell(index, result.message, 1.0)

    def tell(self, index: int, sentence: str, part: float) -> None:
        """part: of this step, 0..1."""
        with self._lock:
            now = self._rounds.get(index)
            if now is not None and sentence:
                sentence = f"{now.words()}: {sentence}"
            self._tell(index, sentence, self._share(index, min(max(part, 0.0), 1.0)))

    def all(self) -> tuple[StepRecord, ...]:
        with self._lock:
            return self._sorted()

    def _note(self, index: int) -> Result:
        now = self._rounds.get(index)
        return OK if now is None else replace(OK, message=f"{now.words()}.")

    def _share(self, index: int, part: float) -> float:
        now = self._rounds.get(index)
        return part if now is None else now.share(part)

    def _tell(self, index: int, sentence: str, share: float) -> None:
        # Sent with the lock held, so that messages go out in the order of what they say.
        self._parts[index] = share
        whole = sum(self._parts.values()) / self._count
        name = self._records[index].skill
        progress = Progress(index, self._count, name, sentence, whole, self._sorted())
        try:
            self._report(progress)
        except Exception:  # whoever listens must not end what moves half-way
            self._log(f"Telling of the progress broke:\n{traceback.format_exc()}")

    def _sorted(self) -> tuple[StepRecord, ...]:
        return tuple(self._records[index] for index in sorted(self._records))


def state_of(result: Result) -> StepState:
    if result.ok:
        return StepState.SUCCEEDED
    if result.code in (Code.CANCELED, Code.STOPPED):
        return StepState.CANCELED
    return StepState.FAILED
