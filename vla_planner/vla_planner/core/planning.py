# SPDX-License-Identifier: Apache-2.0
"""Planning: runs the backends in order, validates what they propose, and says how it ended.

A backend only proposes. A proposal that the validator or the gate refuses goes back to its backend with the reason, at
most MAX_REPAIRS times; a backend that can't be asked, or that gave up, makes room for the next one, and the person is
told. A plan that is not what was said is asked about. `plan` never raises.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Plan, SkillSpec
from vla_common.language.consent import is_yes
from vla_common.language.halt_phrases import Wish, wanted
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.backend import (
    AmbiguousError,
    FailedPlan,
    PlannerBackend,
    PlanRequest,
    Proposal,
)
from vla_planner.core.grammar_backend import RulesBackend
from vla_planner.core.replanning import in_group, remaining
from vla_planner.core.summary import summarize
from vla_planner.core.validator import validate
from vla_planner.gate.gate import Gate, GateQuestion, is_of_the_gate, without_agreements
from vla_planner.meaning.answers import declines
from vla_planner.steps.speech_steps import USE_CANCEL, USE_STOP

__all__ = ["FailedPlan", "Planner", "PlannerBackend", "PlanningOutcome"]

MAX_REPAIRS = 2
MAX_TOLD = 32
"""Plans that a person was asked about, kept until the answer: a model asked once more may propose another one."""
# The backend could not be asked; that says nothing about the command.
_UNUSABLE = frozenset({Code.PLANNER_UNAVAILABLE, Code.PLANNING_TIMEOUT, Code.BUDGET_EXCEEDED})
# What the validator refuses because of the proposal, not because of the robot or the room.
_REPAIRABLE = frozenset(
    {
        Code.INVALID_PLAN,
        Code.INVALID_ARGUMENT,
        Code.UNKNOWN_SKILL,
        Code.TOO_MANY_STEPS,
        Code.UNKNOWN_PLACE,
    }
)
# What a backend that knows only some words may say of words that another one knows.
_NOT_ITS_WORDS = frozenset({Code.NOT_UNDERSTOOD, Code.NOT_POSSIBLE})

BackendFactory = Callable[[PlannerConfig, LlmConfig], PlannerBackend]


def _openai(config: PlannerConfig, llm: LlmConfig) -> PlannerBackend:
    from vla_planner.llm.openai_backend import OpenAiBackend  # its imports are for those who use it

    return OpenAiBackend(config, llm)


BACKENDS: Mapping[str, BackendFactory] = {
    "openai": _openai,
    "rules": lambda config, _: RulesBackend(config),
}
"""Every backend by the name that `planner.backends` uses."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlanningOutcome:
    """plan: only when the result is OK. question, choices: for AMBIGUOUS. notice: something else to tell the person."""

    result: Result
    plan: Plan | None = None
    question: str = ""
    choices: tuple[str, ...] = ()
    notice: str = ""


def _never() -> bool:
    return False


class Planner:
    """Plans commands; one planner may serve several at once.

    What it keeps from one call to the next only spares a question: plans that were told, until somebody agrees.
    """

    def __init__(
        self,
        config: PlannerConfig,
        llm: LlmConfig | None = None,
        backends: Mapping[str, BackendFactory] | None = None,
    ) -> None:
        """Errors: INVALID_CONFIG for an unknown backend or none, and what a backend raises when it can't start."""
        factories = BACKENDS if backends is None else backends
        if not config.backends:
            raise VlaError(
                Code.INVALID_CONFIG, "Parameter 'planner.backends' has to name a planner."
            )
        for name in config.backends:
            if name not in factories:
                known = ", ".join(factories)
                raise VlaError(
                    Code.INVALID_CONFIG,
                    f"Parameter 'planner.backends' names {name!r}; there are: {known}.",
                )
        self.config = config
        self.backends = [factories[name](config, llm or LlmConfig()) for name in config.backends]
        self._gate = Gate(config)
        self._told: OrderedDict[tuple[str, str], Plan] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        for backend in self.backends:
            backend.close()

    def plan(
        self,
        command: str,
        scene: Scene,
        skills: Sequence[SkillSpec],
        holding: bool = False,
        held_label: str = "",
        failure: FailedPlan | None = None,
        answers: Sequence[tuple[str, str]] = (),
        previous: Plan | None = None,
        trace_id: str = "",
        canceled: Callable[[], bool] = _never,
    ) -> PlanningOutcome:
        """A validated plan, or why there is none. With `failure`, a plan for the rest of a failed one.

        answers: question and answer for what was asked about this command before; previous: what the same person
        wanted before.
        """
        passed_over: list[str] = []
        try:
            self._check(command, failure)
            if failure is None:
                _refuse_stop(command)
            if answers and declines(answers[-1][1]):
                raise VlaError(Code.NOT_CONFIRMED, "Then I leave it.")
            request = PlanRequest(
                command,
                scene,
                skills,
                holding,
                held_label,
                failure,
                answers=tuple(answers),
                previous=previous,
                canceled=canceled,
            )
            plan = self._agreed(request) or self._first_plan(request, passed_over)
        except AmbiguousError as error:
            return PlanningOutcome(
                error.result, None, error.question, error.choices, _notice(passed_over)
            )
        except VlaError as error:
            return PlanningOutcome(error.result, notice=_notice(passed_over))
        except Exception:
            _log.exception("planning %r failed", str(command)[:200])
            return PlanningOutcome(
                Result(
                    Code.INTERNAL_ERROR,
                    "The planner failed on this command; the log has the trace.",
                )
            )
        return PlanningOutcome(
            OK, replace(plan, trace_id=trace_id), notice=_notice(passed_over, plan.planner)
        )

    def _check(self, command: str, failure: FailedPlan | None) -> None:
        if not isinstance(command, str):
            raise VlaError(Code.INVALID_REQUEST, "A command has to be a text.")
        limit = self.config.max_command_length
        if len(command) > limit:
            raise VlaError(
                Code.INVALID_REQUEST,
                f"The command has {len(command)} characters, more than the {limit} allowed.",
            )
        if failure is not None and in_group(failure.plan.steps, failure.step):
            # How many are done is not known here, and one too many must not be taken, whoever plans.
            raise VlaError(failure.result.code, failure.result.message)
        if failure is None and not command.strip():
            raise VlaError(Code.EMPTY_COMMAND, "There are no words in the command.")

    def _agreed(self, request: PlanRequest) -> Plan | None:
        """The very plan that the person has just agreed to, where it is still at hand and still valid."""
        if not request.answers:
            return None
        question, answer = request.answers[-1]
        if not (is_of_the_gate(question) and is_yes(answer)):
            return None
        with self._lock:
            told = self._told.pop((request.command, question), None)
        if told is None:
            return None
        plan = self._validated(Proposal(told.steps), told.planner, request)
        return replace(
            told, steps=plan.steps, summary=plan.summary, prompt_tokens=0, completion_tokens=0
        )

    def _keep(self, question: GateQuestion, plan: Plan) -> None:
        with self._lock:
            self._told[(plan.command, question.question)] = plan
            while len(self._told) > MAX_TOLD:
                self._told.popitem(last=False)

    def _first_plan(self, request: PlanRequest, passed_over: list[str]) -> Plan:
        """Of the first backend that has one. passed_over: gets why others have none.

        Errors: of the backend that understood most, or of the last one.
        """
        refusal: VlaError | None = None
        for backend in self.backends:
            if not backend.configured:
                continue
            try:
                return self._ask(backend, request)
            except VlaError as error:
                other_words = backend.partial and error.code in _NOT_ITS_WORDS
                gave_up = backend.repairs and error.code in _REPAIRABLE
                if error.code in _UNUSABLE:
                    refusal = refusal or error
                elif other_words or gave_up:
                    refusal = error
                else:
                    raise
                if not other_words:
                    passed_over.append(f"{backend.name}: {error.message}")
        if refusal is None:
            names = ", ".join(self.config.backends)
            raise VlaError(
                Code.PLANNER_UNAVAILABLE,
                f"No planner is set up: 'planner.backends' names only {names}.",
            )
        if len(passed_over) == 1 and passed_over[0].endswith(refusal.message):
            passed_over.clear()  # it is what the person hears anyway
        raise refusal

    def _ask(self, backend: PlannerBackend, request: PlanRequest) -> Plan:
        """Ask one backend, with repairs. Errors: the last refusal, or what the backend raised."""
        if request.failure is not None and not backend.repairs:
            return self._plan_rest(backend, request, request.failure)
        prompt_tokens = completion_tokens = 0
        held_before = False
        for repairs in range(MAX_REPAIRS + 1):
            try:
                answers = without_agreements(request.answers)
                proposal = backend.propose(replace(request, answers=answers))
                if request.canceled():
                    raise VlaError(Code.CANCELED, "Planning was canceled.")
                prompt_tokens += proposal.prompt_tokens
                completion_tokens += proposal.completion_tokens
                plan = self._validated(proposal, backend.name, request)
            except GateQuestion as question:
                # Once, before a person is bothered: most models see their mistake.
                if held_before or not backend.repairs or repairs == MAX_REPAIRS:
                    raise
                held_before = True
                reasons = "; ".join(question.verdict.reasons)
                refusal = f"The plan is not what was said: {reasons}."
                request = replace(request, refusals=(*request.refusals, refusal))
                continue
            except VlaError as error:
                if error.code not in _REPAIRABLE or not backend.repairs or repairs == MAX_REPAIRS:
                    raise
                request = replace(request, refusals=(*request.refusals, error.message))
                continue
            return replace(
                plan,
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                repairs=repairs,
            )
        raise AssertionError("the loop above returns or raises")

    def _plan_rest(
        self, backend: PlannerBackend, request: PlanRequest, failure: FailedPlan
    ) -> Plan:
        """The old steps, from a point from which they may work. Errors: why the plan failed, where they can't."""
        steps = remaining(failure, request.holding, request.scene)
        try:
            plan = self._validated(Proposal(steps), backend.name, request)
        except VlaError as error:
            _log.info("no second try: %s", error)
            raise VlaError(failure.result.code, failure.result.message) from error
        return replace(plan, command=failure.plan.command or request.command)

    def _validated(self, proposal: Proposal, planner: str, request: PlanRequest) -> Plan:
        steps = validate(
            proposal.steps,
            request.skills,
            request.scene,
            holding=request.holding,
            max_steps=self.config.max_steps,
        )
        plan = Plan(request.command, steps, planner, summarize(steps))
        own = planner == RulesBackend.name and request.failure is None
        try:
            self._gate.check(request, steps, reading=steps if own else None)
        except GateQuestion as question:
            self._keep(question, plan)
            raise
        return plan


def _refuse_stop(command: str) -> None:
    """Whoever plainly wants a stop is not planned for, whichever planner there is. Errors: NOT_POSSIBLE."""
    wish = wanted(command).wish
    if wish is Wish.REST:
        raise VlaError(Code.NOT_POSSIBLE, USE_STOP)
    if wish is Wish.END:
        raise VlaError(Code.NOT_POSSIBLE, USE_CANCEL)


def _notice(passed_over: Sequence[str], planner: str = "") -> str:
    if not passed_over:
        return ""
    reasons = "; ".join(passed_over)
    return f"Planned by '{planner}', because of {reasons}" if planner else reasons
