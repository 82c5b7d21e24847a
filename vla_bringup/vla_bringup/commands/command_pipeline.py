# SPDX-License-Identifier: Apache-2.0
"""The way of one command: look, plan, check who has to agree, execute, plan again after a failure.

Decides the order and what each answer leads to. How the stages are reached is left to `PipelinePorts`
(ROS in `stage_client`, plain functions in tests); waiting and canceling happen there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol

from vla_bringup.commands.answering import answer_of
from vla_bringup.commands.dialogue import DialogueTurn
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import ObjectRef, Plan, RiskTier, SkillSpec, StepRecord
from vla_common.language.consent import is_yes
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_planner.core.summary import in_full

MAX_COMMAND_LENGTH = 1000

REPLANNABLE = frozenset(
    {
        Code.OBJECT_NOT_FOUND,
        Code.NAVIGATION_FAILED,
        Code.NAVIGATION_BLOCKED,
        Code.GRASP_FAILED,
        Code.PLACE_FAILED,
        Code.POSTCONDITION_FAILED,
        Code.UNREACHABLE,
        Code.STEP_TIMEOUT,
    }
)
"""Failures after which another plan may help; refusals and stops are not among them."""


class CommandPhase(IntEnum):
    """Same numbers as the feedback of vla_interfaces/action/ExecuteCommand."""

    QUEUED = 0
    PERCEIVING = 1
    PLANNING = 2
    CONFIRMING = 3
    EXECUTING = 4
    CANCELING = 5


@dataclass(frozen=True)
class Progress:
    """What the person is told while the command runs."""

    stage: CommandPhase
    message: str
    step_index: int = 0
    step_count: int = 0
    fraction: float = 0.0
    plan: Plan | None = None
    is_notice: bool = False  # worth saying aloud even when the stage did not change
    question: str = ""  # the command waits for an answer
    question_id: str = ""  # which an answer has to name
    choices: tuple[str, ...] = ()
    records: tuple[StepRecord, ...] = ()  # of the steps begun so far, while they run

    def __post_init__(self) -> None:
        # Somebody's words may be in them, also such as a "Done." on a line of its own.
        object.__setattr__(self, "message", line(self.message, MAX_PARAGRAPH))
        object.__setattr__(self, "question", line(self.question, MAX_PARAGRAPH))
        object.__setattr__(self, "choices", tuple(map(line, self.choices)))


@dataclass(frozen=True)
class PlanRequest:
    """What the planner gets. failed_plan, failed_step and failure only after a failure.

    answers: what was asked about this command and answered so far; previous: what its source wanted before.
    """

    command: str
    scene: Scene
    skills: Sequence[SkillSpec]
    trace_id: str
    failed_plan: Plan | None = None
    failed_step: int = 0
    failure: Result = OK
    answers: tuple[tuple[str, str], ...] = ()
    previous: Plan | None = None


@dataclass(frozen=True)
class PlanAnswer:
    """What the planner answers to a command: a plan, a question, or why there is neither."""

    result: Result
    plan: Plan | None = None
    question: str = ""
    choices: tuple[str, ...] = ()
    notice: str = ""
    holding: bool = False
    """Whether something was in the gripper when the plan was asked for."""


@dataclass(frozen=True)
class ExecutionAnswer:
    """How the execution of a plan ended, step by step."""

    result: Result
    failed_step: int = 0
    records: tuple[StepRecord, ...] = ()


class PipelinePorts(Protocol):
    """The stages as the pipeline needs them. Every call ends on its own timeout, or when the token is canceled."""

    def scene(self, trace_id: str, token: CancelToken) -> Scene: ...

    def skills(self, token: CancelToken) -> Sequence[SkillSpec]: ...

    def blind(self) -> str:
        """Why the system does not see; empty when it does."""
        ...

    def plan(self, request: PlanRequest, token: CancelToken) -> PlanAnswer: ...

    def execute(
        self, plan: Plan, confirmed: bool, token: CancelToken, progress: Callable[[Progress], None]
    ) -> ExecutionAnswer: ...


class Caller(Protocol):
    """Whoever gave the command, and the record of it."""

    def progress(self, progress: Progress) -> None: ...

    def ask(
        self, question: str, choices: tuple[str, ...], timeout_s: float, token: CancelToken
    ) -> str:
        """The answer; empty when there was none in time. Errors: the token's reason."""
        ...

    def planned(self, attempt: int, plan: Plan) -> None:
        """Called before a plan takes effect. Errors: JOURNAL_FAILED, which keeps it from taking effect."""
        ...


@dataclass(frozen=True)
class Times:
    """Seconds spent in each stage; 0 where it did not run."""

    queued: float = 0.0
    perceiving: float = 0.0
    planning: float = 0.0
    confirming: float = 0.0
    executing: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class CommandReport:
    """How a command ended."""

    result: Result
    plan: Plan | None = None
    records: tuple[StepRecord, ...] = ()
    times: Times = Times()
    question: str = ""
    told_before: str = ""
    """What was answered by plans that failed, before this one."""

    @property
    def answer(self) -> str:
        """What the person asked to know; empty when that was nothing."""
        now = answer_of(self.plan, self.records) if self.plan is not None else ""
        return f"{self.told_before} {now}".strip()


def check_command(command: str) -> str:
    """The command with white space folded. Errors: EMPTY_COMMAND, INVALID_REQUEST."""
    if len(command) > MAX_COMMAND_LENGTH:
        raise VlaError(
            Code.INVALID_REQUEST,
            f"The command has {len(command)} characters; {MAX_COMMAND_LENGTH} are permitted.",
        )
    text = line(command, MAX_COMMAND_LENGTH)
    if not text:
        raise VlaError(Code.EMPTY_COMMAND, "The command is empty.")
    return text


@dataclass
class CommandPipeline:
    """Carries out one command after the other; keeps nothing between them."""

    stages: PipelinePorts
    clock: Callable[[], float]  # seconds, steady
    max_replans: int = 1
    confirmation_timeout_s: float = 30.0
    announce_pause_s: float = 1.0
    max_questions: int = 3
    judge: Callable[[PlanRequest, PlanAnswer], Plan] = lambda request, answer: _taken(answer)
    """The plan as it may be carried out. Errors: VlaError when it must not be."""
    covers: Callable[[PlanRequest, Plan], bool] = lambda request, plan: True
    """Whether an agreement that came with the command covers the risky steps of a plan."""

    def run(
        self,
        command: str,
        trace_id: str,
        token: CancelToken,
        caller: Caller,
        dry_run: bool = False,
        confirmed: bool = False,
        remark: DialogueTurn | None = None,
    ) -> CommandReport:
        """Never raises for what a stage or the person does: every failure is in the report.

        remark: what is kept of this command, and of the one before, for others that go on from it.
        """
        reports = [CommandReport(OK)]
        begin = self.clock()
        try:
            text = check_command(command)
            request = PlanRequest(
                text,
                Scene(),
                self.stages.skills(token),
                trace_id,
                previous=remark.before if remark is not None else None,
            )
            for step in self._attempts(request, token, caller, dry_run, confirmed):
                if remark is not None and step.plan is not None:
                    remark.planned(step.plan)
                reports.append(step)
        except VlaError as error:
            reports.append(replace(reports[-1], result=error.result))
        report = reports[-1]
        return replace(report, times=replace(report.times, total=self.clock() - begin))

    def _attempts(
        self,
        request: PlanRequest,
        token: CancelToken,
        caller: Caller,
        dry_run: bool,
        confirmed: bool,
    ) -> Iterator[CommandReport]:
        """Yields the report as far as it has come, so that a failure keeps what was reached before it."""
        progress = caller.progress
        skills, trace_id = request.skills, request.trace_id
        times = Times()
        attempt = 0
        told = ""
        while True:
            token.raise_if_canceled()
            mark = self.clock()
            progress(Progress(CommandPhase.PERCEIVING, "Looking at what is known about the room."))
            request = replace(request, scene=self.stages.scene(trace_id, token))
            times = replace(times, perceiving=times.perceiving + self.clock() - mark)

            mark = self.clock()
            progress(
                Progress(CommandPhase.PLANNING, "Planning." if attempt == 0 else "Planning again.")
            )
            answer = self._plan(request, token, caller)
            times = replace(times, planning=times.planning + self.clock() - mark)
            while answer.question and not answer.result.ok and not dry_run:
                mark = self.clock()
                said = self._ask_what_is_meant(answer, len(request.answers), token, caller)
                times = replace(times, confirming=times.confirming + self.clock() - mark)
                if not said.ok:
                    answer = replace(answer, result=said)
                    break
                mark = self.clock()
                pair = (answer.question, said.message)
                request = replace(request, answers=(*request.answers, pair))
                progress(Progress(CommandPhase.PLANNING, "Planning with your answer."))
                answer = self._plan(request, token, caller)
                times = replace(times, planning=times.planning + self.clock() - mark)
            if not answer.result.ok or answer.plan is None:
                result = answer.result
                if attempt and not result.ok:
                    # The first failure is what the person wants to hear of.
                    result = request.failure
                yield CommandReport(
                    result, request.failed_plan, times=times, question=answer.question
                )
                return
            plan = self.judge(request, answer)
            blind = self.stages.blind()
            if blind and needs_sight(plan):
                sentence = f"I can't see, so I can't do that: {blind}"
                yield CommandReport(
                    Result(Code.PERCEPTION_UNAVAILABLE, sentence), plan, times=times
                )
                return
            yield CommandReport(OK, plan, times=times)
            caller.planned(attempt, plan)
            progress(
                Progress(
                    CommandPhase.PLANNING,
                    plan.summary or "The plan is ready.",
                    step_count=len(plan.steps),
                    plan=plan,
                )
            )
            if dry_run:
                return
            token.raise_if_canceled()
            risky, announced = risky_steps(plan, skills)
            mark = self.clock()
            if risky and not (confirmed and self.covers(request, plan)):
                agreed = self._ask_for_agreement(risky, plan, token, caller)
                times = replace(times, confirming=times.confirming + self.clock() - mark)
                yield CommandReport(agreed, plan, times=times)
                if not agreed.ok:
                    return
            if announced:
                self._announce(announced, token, caller)

            mark = self.clock()
            execution = self.stages.execute(plan, confirmed or bool(risky), token, progress)
            times = replace(times, executing=times.executing + self.clock() - mark)
            report = CommandReport(
                execution.result, plan, execution.records, times, told_before=told
            )
            told = report.answer
            yield report
            if (
                execution.result.code not in REPLANNABLE
                or attempt >= self.max_replans
                or token.canceled
            ):
                return
            attempt += 1
            progress(
                Progress(
                    CommandPhase.PLANNING,
                    f"{execution.result.message} I try another way.",
                    is_notice=True,
                )
            )
            request = replace(
                request,
                failed_plan=plan,
                failed_step=execution.failed_step,
                failure=execution.result,
            )

    def _plan(self, request: PlanRequest, token: CancelToken, caller: Caller) -> PlanAnswer:
        answer = self.stages.plan(request, token)
        if answer.notice:
            caller.progress(Progress(CommandPhase.PLANNING, answer.notice, is_notice=True))
        return answer

    def _ask_what_is_meant(
        self, answer: PlanAnswer, asked: int, token: CancelToken, caller: Caller
    ) -> Result:
        """OK and what the person says, or why it stays open. Errors: the token's reason."""
        if asked >= self.max_questions:
            return Result(
                Code.AMBIGUOUS, f"I have asked {asked} times and still don't know what is meant."
            )
        timeout_s = self.confirmation_timeout_s
        said = caller.ask(answer.question, answer.choices, timeout_s, token)
        if said:
            return Result(Code.OK, said)
        return Result(
            Code.AMBIGUOUS,
            f"{answer.result.message} There was no answer within {timeout_s:g} s; I did nothing.",
        )

    def _ask_for_agreement(
        self, risky: Sequence[str], plan: Plan, token: CancelToken, caller: Caller
    ) -> Result:
        """NOT_CONFIRMED for everything that is not a clear yes, silence included. Errors: the token's reason.

        The whole plan with its amounts is told: nothing may be agreed to that was not.
        """
        what = listed(risky)
        question = (
            f"I need your agreement to {what}. {in_full(plan.steps)} Shall I do exactly this?"
        )
        answer = caller.ask(question, ("yes", "no"), self.confirmation_timeout_s, token)
        if is_yes(answer):
            return OK
        if not answer:
            why = f"There was no answer within {self.confirmation_timeout_s:g} s"
        else:
            why = f"The answer was '{answer[:60]}', not a clear yes"
        return Result(Code.NOT_CONFIRMED, f"{why}; I did not {what}.")

    def _announce(self, steps: Sequence[str], token: CancelToken, caller: Caller) -> None:
        caller.progress(
            Progress(CommandPhase.CONFIRMING, f"I am about to {listed(steps)}.", is_notice=True)
        )
        if token.wait(self.announce_pause_s):
            token.raise_if_canceled()


def _taken(answer: PlanAnswer) -> Plan:
    assert answer.plan is not None
    return answer.plan


def needs_sight(plan: Plan) -> bool:
    """Whether a step has to find something in the room."""
    return any(
        isinstance(value, ObjectRef) for step in plan.steps for value in step.arguments.values()
    )


def risky_steps(plan: Plan, skills: Sequence[SkillSpec]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The skills of the plan that need agreement, and those that are announced, in words.

    Errors: FORBIDDEN. A skill that is not in the catalogue counts as forbidden.
    """
    tiers = {skill.name: skill.risk_tier for skill in skills}
    found: dict[RiskTier, dict[str, None]] = {tier: {} for tier in RiskTier}
    for step in plan.steps:
        tier = tiers.get(step.skill, RiskTier.FORBID)
        if tier is RiskTier.FORBID:
            raise VlaError(
                Code.FORBIDDEN, f"The skill '{step.skill}' is not permitted on this robot."
            )
        found[tier][step.skill.replace("_", " ")] = None
    return tuple(found[RiskTier.CONFIRM]), tuple(found[RiskTier.ANNOUNCE])


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
