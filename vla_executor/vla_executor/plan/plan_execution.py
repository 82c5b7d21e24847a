# SPDX-License-Identifier: Apache-2.0
"""The course of one plan: its blocks in order, conditions, rounds, and steps that run at the same time.

Decides which steps are carried out and which failure counts. What a step does is for `stepping`; that a plan makes
sense was decided before (`blocks`).
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.contracts.skills import Condition, ObjectRef
from vla_executor.plan.grouping import Group
from vla_executor.plan.plan_segments import PlanSegment
from vla_executor.plan.records import Records, StepState, state_of
from vla_executor.plan.rounds import RepeatState
from vla_executor.plan.state import ExecutionState
from vla_executor.plan.stepping import Ended, PreparedStep, StepRunner, canceled
from vla_executor.skills import wording

DEFECT = Result(Code.INTERNAL_ERROR, "A defect in the executor; the log has the trace.")


@dataclass(frozen=True)
class Failure:
    """result: once the robot stands still."""

    step: int
    result: Result


@dataclass
class PlanExecution:
    """halted: brings the robot to a halt after a failure; returns the failure, or that the halt is not confirmed.
    answers: for each `find` that was asked whether it saw something, and the sentence about it.
    """

    steps: list[PreparedStep]
    blocks: Sequence[PlanSegment]
    token: CancelToken
    state: ExecutionState
    records: Records
    runner: StepRunner
    halted: Callable[[Result], Result]
    answers: dict[int, tuple[bool, str]] = field(default_factory=dict)
    begun: bool = False

    def __post_init__(self) -> None:
        self.questions = frozenset(block.asks for block in self.blocks if block.asks is not None)

    def carry_out(self) -> Failure | None:
        left_out: tuple[int | None, Condition] | None = None
        for block in self.blocks:
            if not self._is_due(block):
                self._leave_out(block, left_out == (block.asks, block.only_if))
                left_out = (block.asks, block.only_if)
                continue
            left_out = None
            if block.rounds is not None:
                failure = self._in_rounds(block)
            else:
                failure, _ = self._together(block.groups[0])
            if failure is not None:
                return failure
        return None

    def _is_due(self, block: PlanSegment) -> bool:
        if block.asks is None:
            return True
        found, _ = self.answers[block.asks]
        return found is (block.only_if is Condition.FOUND)

    def _leave_out(self, block: PlanSegment, told: bool) -> None:
        """told: the person knows already."""
        assert block.asks is not None
        sentence = f"{self.answers[block.asks][1].rstrip('.')}, so I leave that out."
        branches = [other for other in self.blocks if other.asks == block.asks]
        answer = ""
        if not told and not any(self._is_due(other) for other in branches):
            # Nothing will be seen to happen: say aloud why.
            self.runner.robot.say(sentence)
            told, answer = True, sentence
        for index in block.steps:
            self.records.skip(
                index, self.steps[index].name, sentence, "" if told else sentence, answer
            )
            told, answer = True, ""

    def _in_rounds(self, block: PlanSegment) -> Failure | None:
        """A block once for each thing."""
        rounds = block.rounds
        assert rounds is not None
        for index in block.steps:
            self.steps[index] = self.steps[index].about_one(rounds.ref)
        moved = self.runner.memory.moved = _moved(
            block, self.steps, self.runner.config.max_group_rounds
        )
        try:
            # One more than the limit: that one finds out whether there are more.
            while moved.done <= moved.limit and moved.done != rounds.wanted:
                self.records.next_round(block.steps, moved.round)
                for group in block.groups:
                    failure, no_more = self._together(group, moved)
                    if failure is not None:
                        return failure
                    if no_more is not None:
                        self.records.no_more_rounds(
                            rounds.first, block.steps, moved.finished(), no_more
                        )
                        return None
                    if rounds.first in group:
                        moved.took(self.runner.memory.held)
                moved.done += 1
                rest = (i for i in self.runner.memory.meant(rounds.ref) if i.id not in moved.ids)
                self.runner.memory.mean(rounds.ref, *rest)
            return None
        finally:
            self.runner.memory.moved = None

    def _together(
        self, indices: Sequence[int], moved: RepeatState | None = None
    ) -> tuple[Failure | None, float | None]:
        """Steps that run at the same time. moved: they are part of a round.

        Returns the failure, and the seconds after which a look found nothing more to move.
        """
        steps, records = self.steps, self.records
        self.state.step(indices[0], steps[indices[0]].name)
        group = Group(self.token)
        ended: dict[int, tuple[Ended, float]] = {}

        def run_one(index: int) -> None:
            try:
                carry_out_one(index)
            except Exception:
                # Not the skill, but what is around it. The others must not go on, nor wait for this one.
                if index not in ended or ended[index][0].result.ok:
                    ended[index] = (Ended(DEFECT, False, True, True), 0.0)
                group.failed(index, steps[index].name)
                self.runner.log(f"Step {index + 1} broke:\n{traceback.format_exc()}")

        def carry_out_one(index: int) -> None:
            since = time.monotonic()
            step = steps[index]
            last_look = moved is not None and moved.may_end_with(index)
            records.begin(index, step.name)
            end = self.runner.run(
                index,
                step,
                group,
                lambda sentence, part: records.tell(index, sentence, part),
                last_look or index in self.questions,
            )
            duration_s = time.monotonic() - since
            ended[index] = (end, duration_s)
            if end.own:
                group.failed(index, step.name)
            elif end.result.ok and not (last_look and end.not_there):
                # A failure is told only once the robot stands still.
                answer = Result(Code.OK, end.not_there.answer) if end.not_there else OK
                records.end(index, answer, end.verified, duration_s, end.answer)

        threads: list[threading.Thread] = []
        try:
            for index in indices[1:]:
                thread = threading.Thread(target=run_one, args=(index,), name=f"step {index + 1}")
                thread.start()
                threads.append(thread)
            run_one(indices[0])
        except BaseException:
            # Nobody could reach them any more: whoever cancels asks for a plan that runs.
            group.token.cancel(Code.CANCELED)
            raise
        finally:
            for thread in threads:
                thread.join()
            group.close()
            self.begun = self.begun or any(end.begun for end, _ in ended.values())
        failures = [index for index in indices if not ended[index][0].result.ok]
        if failures:
            return self._failed(failures, group, ended, moved), None
        no_more = None
        for index in indices:
            end, duration_s = ended[index]
            if index in self.questions:
                self.answers[index] = _answer(steps[index], end)
            elif end.not_there is not None:
                no_more = duration_s
        return None, no_more

    def _failed(
        self,
        failures: Sequence[int],
        group: Group,
        ended: Mapping[int, tuple[Ended, float]],
        moved: RepeatState | None,
    ) -> Failure:
        """The one failure that counts, with the robot halted and all of them on record."""
        failed = failures[0] if group.first_failed is None else group.first_failed
        result = ended[failed][0].result
        if self.token.canceled:
            result = canceled(self.token.reason)
        elif moved is not None:
            result = moved.failed(result)
        if self.begun or self.token.canceled:
            result = self.halted(result)
        if moved is not None and moved.rounds.first in ended:
            first = moved.rounds.first
            look, duration_s = ended[first]
            if look.result.ok and look.not_there is not None:
                # The last look, which has moved nothing: its step is done all the same.
                self.records.no_more_rounds(first, (first,), moved.finished(), duration_s)
        for index in failures:
            end, duration_s = ended[index]
            own = result if index == failed else end.result
            if result.code is Code.STOP_UNCONFIRMED and state_of(own) is StepState.CANCELED:
                own = result
            self.records.end(index, own, False, duration_s)
        return Failure(failed, result)


def _moved(block: PlanSegment, steps: Sequence[PreparedStep], limit: int) -> RepeatState:
    """What a block will move, and where to: nothing so far."""
    rounds = block.rounds
    assert rounds is not None
    last = steps[rounds.last]
    place, thing = last.arguments.get("target_place"), last.arguments.get("target_object")
    return RepeatState(
        rounds,
        limit,
        place if isinstance(place, str) else None,
        thing if isinstance(thing, ObjectRef) else None,
        str(last.arguments.get("relation", "")),
        "handed over" if last.name == "hand_over" else "moved",
    )


def _answer(step: PreparedStep, end: Ended) -> tuple[bool, str]:
    if end.not_there is not None:
        return False, end.not_there.answer
    value = step.arguments.get("object")
    return True, wording.there_is(value) if isinstance(value, ObjectRef) else "It is there."
