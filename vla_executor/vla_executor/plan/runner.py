# SPDX-License-Identifier: Apache-2.0
"""Carries out plans, one at a time.

The whole plan is checked before anything moves: an unknown skill in the last step means that the first
one is not begun. Its steps are for `course`; the first one that fails ends the plan. Whatever ends a step early
(failure, timeout, cancel, stop), the robot is brought to a halt before the result is given; if that can't be
confirmed, the result is STOP_UNCONFIRMED. Who may start a plan and when is decided by `state.ExecutionState`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import Argument, ObjectRef, Plan, RiskTier, StepRecord
from vla_executor.config import ExecutorConfig, Ros2Config
from vla_executor.plan.grouping import StepError
from vla_executor.plan.plan_execution import DEFECT, PlanExecution
from vla_executor.plan.plan_segments import count_of, segments_of
from vla_executor.plan.records import Progress, Records
from vla_executor.plan.resources import Resources
from vla_executor.plan.state import ExecutionState
from vla_executor.plan.stepping import (
    PreparedStep,
    StartTimer,
    StepRunner,
    canceled,
    start_timer,
)
from vla_executor.robot.robot import Robot
from vla_executor.safety.guard import Guard
from vla_executor.skills.context import Memory
from vla_executor.skills.skill import SkillRegistry

MAX_STEPS = 100
MAX_WORDS, MAX_TEXT = 32, 200
"""Of one description of an object: words, and characters of each."""


@dataclass(frozen=True)
class PlanResult:
    """failed_step holds when result is not OK. records: one for each step begun."""

    result: Result = OK
    failed_step: int = 0
    records: tuple[StepRecord, ...] = ()


@dataclass
class PlanRunner:
    """One plan at a time; `run` blocks its thread. `log` gets tracebacks of defects."""

    registry: SkillRegistry
    robot: Robot
    guard: Guard
    config: ExecutorConfig
    ros2: Ros2Config
    state: ExecutionState
    resources: Resources = field(default_factory=Resources)
    memory: Memory = field(default_factory=Memory)
    timer: StartTimer = start_timer
    busy: Callable[[str, float], AbstractContextManager[None]] = lambda name, limit_s: nullcontext()
    """Around every step: tells whoever watches this process when a skill ignores its own time limit."""
    log: Callable[[str], None] = lambda text: None

    def run(
        self,
        plan: Plan,
        confirmed: bool = False,
        report: Callable[[Progress], None] = lambda progress: None,
        owner: object = None,
    ) -> PlanResult:
        """Never raises for what a plan or a robot does. owner: see `ExecutionState.begin`."""
        try:
            steps = self._prepare(plan, confirmed)
            blocks = segments_of([step.member for step in steps], self.config.max_group_rounds)
            token = self.state.begin(plan.trace_id, len(plan.steps), owner)
        except StepError as error:
            return PlanResult(error.result, error.index)
        except VlaError as error:
            return PlanResult(error.result)
        runner = StepRunner(
            self.robot,
            self.guard,
            self.config,
            self.ros2,
            self.resources,
            self.memory,
            self.timer,
            self.busy,
            self.log,
        )
        records = Records(len(steps), report, self.log)
        try:
            course = PlanExecution(steps, blocks, token, self.state, records, runner, self._halted)
            failure = course.carry_out()
            if failure is not None:
                return PlanResult(failure.result, failure.step, records.all())
            return PlanResult(OK, 0, records.all())
        except BaseException as error:  # whatever it was, nothing may move on once the plan is over
            with suppress(Exception):
                token.cancel()
            result = self._halted(DEFECT)
            self.log(f"The plan broke:\n{traceback.format_exc()}")
            if not isinstance(error, Exception):
                raise
            records.break_off(result)
            return PlanResult(result, self.state.snapshot().step_index, records.all())
        finally:
            self.memory.forget_plan()
            self.state.end()

    # --- before -------------------------------------------------------------------------------

    def _prepare(self, plan: Plan, confirmed: bool) -> list[PreparedStep]:
        """Check every step against the live catalogue. Errors: StepError, VlaError."""
        check_step_count(len(plan.steps))
        prepared = []
        for index, step in enumerate(plan.steps):
            try:
                skill = self.registry.create(step.skill)
                spec = skill.spec
                arguments = spec.parse_arguments(step.arguments)
                _check_words(arguments)
                tier = self.registry.spec(step.skill).risk_tier
                if tier is RiskTier.FORBID:
                    raise VlaError(Code.FORBIDDEN, f"The skill '{spec.name}' is forbidden.")
                if tier is RiskTier.CONFIRM and not confirmed:
                    raise VlaError(
                        Code.NOT_CONFIRMED, f"The skill '{spec.name}' needs a person's consent."
                    )
            except VlaError as error:
                raise StepError(index, error.result) from error
            except (Exception, SystemExit) as error:  # a plug-in's constructor
                self.log(f"The skill '{step.skill}' broke:\n{traceback.format_exc()}")
                result = Result(
                    Code.INTERNAL_ERROR, f"A defect in '{step.skill}'; the log has the trace."
                )
                raise StepError(index, result) from error
            prepared.append(PreparedStep(type(skill), arguments, step.with_previous, step.only_if))
        return prepared

    # --- after --------------------------------------------------------------------------------

    def _halted(self, result: Result) -> Result:
        """The result once the robot stands still; STOP_UNCONFIRMED when that can't be told."""
        try:
            self.robot.halt(self.config.stop_timeout_s)
        except VlaError as error:
            return Result(Code.STOP_UNCONFIRMED, f"{result.message} {error.message}")
        except Exception:
            self.log(f"Halting broke:\n{traceback.format_exc()}")
            return Result(Code.STOP_UNCONFIRMED, f"{result.message} The robot may still be moving.")
        if result == canceled(Code.COMPONENT_FAILED):
            return Result(result.code, f"{result.message} The robot was halted.")
        return result


def check_step_count(count: int) -> None:
    """Errors: INVALID_PLAN, TOO_MANY_STEPS."""
    if not count:
        raise VlaError(Code.INVALID_PLAN, "The plan has no steps.")
    if count > MAX_STEPS:
        raise VlaError(Code.TOO_MANY_STEPS, f"{count} steps are more than {MAX_STEPS}.")


def _check_words(arguments: Mapping[str, Argument]) -> None:
    """Descriptions of objects go on to perception and into sentences. Errors: INVALID_ARGUMENT."""
    for name, value in arguments.items():
        if not isinstance(value, ObjectRef):
            continue
        words = [*value.attributes, *value.reference]
        texts = [*words, value.label, value.place, value.relation, value.quantity, value.id]
        if len(words) > MAX_WORDS or any(len(text) > MAX_TEXT for text in texts):
            raise VlaError(Code.INVALID_ARGUMENT, f"'{name}' is described in too many words.")
        count_of(value.quantity)
