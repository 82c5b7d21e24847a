# SPDX-License-Identifier: Apache-2.0
"""The gate "plan against command": what no plan gets past, whoever made it.

Holds a validated plan against what was said. Where the grammar reads the command, its plan is what was said; where it
can't, only words are evidence. A plan that does something else is asked about, with all its amounts in the question, or
refused where the command asks for no motion at all. A yes is good for the very plan that was told, and nothing else.

Pure, and without state: whoever is to carry out a plan can hold it against the command once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Plan, RiskTier, SkillSpec, Step
from vla_common.language.consent import is_yes
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import AmbiguousError, FailedPlan, PlanRequest
from vla_planner.core.grammar_backend import RulesBackend
from vla_planner.core.summary import in_full
from vla_planner.core.validator import validate
from vla_planner.core.words import listed
from vla_planner.gate.command_words import read
from vla_planner.gate.compare import Context, differences, rest_differences
from vla_planner.gate.effects import effects
from vla_planner.gate.evidence import weigh
from vla_planner.gate.sums import check_sums
from vla_planner.grammar import lexicon, overlay

MARK = "Shall I do exactly this?"
"""How the questions of the gate end."""
CHOICES = ("yes", "no")
_MOST_REASONS = 3
_MOST_ANSWERS = 5


class Held(Enum):
    """What becomes of a plan that was held against its command."""

    PASSES = "passes"
    ASKED = "asked"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """reasons: why it does not pass. question: what to ask, where it is asked.

    plain: the grammar read just this plan in the command, so that an agreement given with the command covers it.
    agreed: it does not fit, but the person said yes to this very plan.
    """

    held: Held
    reasons: tuple[str, ...] = ()
    question: str = ""
    plain: bool = False
    agreed: bool = False


class GateQuestion(AmbiguousError):
    """The person has to agree to a plan that is not what was read in the command."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.question, CHOICES)
        self.verdict = verdict


def is_of_the_gate(question: str) -> bool:
    return question.endswith(MARK)


def question_for(steps: Sequence[Step], reasons: Sequence[str]) -> str:
    """Names the whole plan: nothing may be agreed to that was not told."""
    why = listed(list(reasons[:_MOST_REASONS]))
    return f"I am not sure that this was meant: {why}. {_plan_part(steps)}"


def _plan_part(steps: Sequence[Step]) -> str:
    return f"The plan: {in_full(steps)} {MARK}"


def agreed_to(steps: Sequence[Step], answers: Sequence[tuple[str, str]]) -> bool:
    """Whether the latest answer is a clear yes to a question of the gate that told this very plan."""
    if not answers:
        return False
    question, answer = answers[-1]
    return question.endswith(_plan_part(steps)) and is_yes(answer)


def without_agreements(answers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What was answered, without a yes or a no to questions of the gate: planners have no use for them."""
    return tuple(pair for pair in answers if not (is_of_the_gate(pair[0]) and is_yes(pair[1])))


class Gate:
    """Holds plans against commands. Stateless from one to the next; may be used by several threads."""

    def __init__(self, config: PlannerConfig, rules: RulesBackend | None = None) -> None:
        self._config = config
        self._rules = rules or RulesBackend(config)
        self._lexicon = lexicon.load()

    def check(
        self, request: PlanRequest, steps: Sequence[Step], reading: Sequence[Step] | None = None
    ) -> Verdict:
        """The verdict for a plan that may go on. reading: what the grammar made of the command, where it is known.

        Errors: GateQuestion (AMBIGUOUS); INVALID_PLAN for a plan that no agreement makes sensible; INVALID_ARGUMENT
        for a sum over its limit.
        """
        verdict = self.hold(request, steps, reading)
        if verdict.held is Held.REFUSED:
            why = listed(list(verdict.reasons[:_MOST_REASONS]))
            raise VlaError(Code.INVALID_PLAN, f"The plan is not what was said: {why}.")
        check_sums(steps, request.scene, self._config)
        if verdict.held is Held.ASKED:
            raise GateQuestion(verdict)
        return verdict

    def hold(
        self, request: PlanRequest, steps: Sequence[Step], reading: Sequence[Step] | None = None
    ) -> Verdict:
        """What becomes of a plan; nothing is raised. Sums are not looked at."""
        asked = without_agreements(request.answers)
        bare = replace(request, answers=asked)
        verdict = self._hold(bare, steps, reading)
        if verdict.held is Held.ASKED and agreed_to(steps, request.answers):
            return replace(verdict, held=Held.PASSES, agreed=True)
        return verdict

    def _hold(
        self, request: PlanRequest, steps: Sequence[Step], reading: Sequence[Step] | None
    ) -> Verdict:
        if request.failure is not None:
            return self._hold_rest(request, steps, request.failure)
        known = overlay.of(self._lexicon, request.scene, request.skills)
        said = read(request.command, known)
        sides = bool(said.sides & {"left", "right"})
        vague = not said.amounts and "LITTLE" not in said.classes
        context = Context(request.scene, self._lexicon, vague, sides)
        if reading is None:
            reading, context, open_question = self._read(request, context)
            if open_question and _moves(steps):
                return _asked(steps, [f"the command leaves open: {open_question}"])
        if not reading:
            return self._weighed(request, steps, known)
        reasons = differences(reading, steps, context)
        if not reasons:
            return Verdict(Held.PASSES, plain=True)
        if _moves(steps) and not _moves(reading):
            return Verdict(Held.REFUSED, ("the command asks for no motion", *reasons))
        return _asked(steps, reasons)

    def _weighed(
        self, request: PlanRequest, steps: Sequence[Step], known: overlay.Overlay
    ) -> Verdict:
        finding = weigh(request, steps, known, self._config)
        if not finding.reasons:
            return Verdict(Held.PASSES)
        if finding.nothing_for_it and _moves(steps):
            return Verdict(Held.REFUSED, finding.reasons)
        return _asked(steps, finding.reasons)

    def _hold_rest(
        self, request: PlanRequest, steps: Sequence[Step], failure: FailedPlan
    ) -> Verdict:
        context = Context(request.scene, self._lexicon, vague=False, sides=True)
        reasons = rest_differences(failure.plan.steps, failure.step, steps, context)
        return _asked(steps, reasons) if reasons else Verdict(Held.PASSES)

    def _read(
        self, request: PlanRequest, context: Context
    ) -> tuple[Sequence[Step] | None, Context, str]:
        """What the grammar reads in the command, None where it can't; and what it would have to ask.

        Answers were given to the questions of whoever planned; here they answer the grammar's, in turn.
        """
        given = [answer for _, answer in request.answers][:_MOST_ANSWERS]
        answers: list[tuple[str, str]] = []
        skills, unavailable = request.skills, frozenset[str]()
        for _ in range(2 * _MOST_ANSWERS):
            try:
                proposal = self._rules.propose(
                    replace(request, skills=skills, answers=tuple(answers))
                )
            except AmbiguousError as error:
                if not given:
                    return None, context, error.message
                answers.append((error.question, given.pop(0)))
                continue
            except VlaError as error:
                if error.code is Code.SKILL_UNAVAILABLE and not unavailable:
                    # What can be done of it may be done: the rest is told by whoever planned.
                    unavailable = frozenset(s.name for s in skills if not s.available)
                    skills = [replace(spec, available=True) for spec in skills]
                    context = replace(context, unavailable=unavailable)
                    continue
                return None, context, ""
            return self._usable(proposal.steps, request, skills), context, ""
        return None, context, ""

    def _usable(
        self, steps: Sequence[Step], request: PlanRequest, skills: Sequence[SkillSpec]
    ) -> Sequence[Step] | None:
        """A reading that contradicts itself is none; one that asks for too much is."""
        try:
            validate(
                steps, skills, request.scene, holding=request.holding, max_steps=len(steps) + 1
            )
        except VlaError as error:
            if error.code is Code.INVALID_PLAN:
                return None
        return steps


def _asked(steps: Sequence[Step], reasons: Sequence[str]) -> Verdict:
    return Verdict(Held.ASKED, tuple(reasons), question_for(steps, reasons))


def _moves(steps: Sequence[Step]) -> bool:
    return any(effect.physical for effect in effects(steps))


# --- for whoever carries out plans -------------------------------------------------------------------


def held_against(
    gate: Gate,
    command: str,
    plan: Sequence[Step],
    scene: Scene,
    skills: Sequence[SkillSpec],
    *,
    answers: Sequence[tuple[str, str]] = (),
    previous: Plan | None = None,
    failure: FailedPlan | None = None,
    holding: bool = False,
    held_label: str = "",
) -> Verdict:
    """The verdict for a plan, from what a state manager knows; nothing is raised but what is no request."""
    return gate.hold(
        PlanRequest(
            command,
            scene,
            skills,
            holding,
            held_label,
            failure,
            answers=tuple(answers),
            previous=previous,
        ),
        plan,
    )


def needs_agreement(
    steps: Sequence[Step], skills: Sequence[SkillSpec], confirmed: bool, plain: bool
) -> tuple[Step, ...]:
    """The steps of the tier CONFIRM that nobody has agreed to yet.

    confirmed: an agreement came with the command; it covers only what was plainly asked for in it.
    """
    tiers = {spec.name: spec.risk_tier for spec in skills}
    risky = tuple(step for step in steps if tiers.get(step.skill) is RiskTier.CONFIRM)
    return () if confirmed and plain else risky


def agreement_question(steps: Sequence[Step], risky: Sequence[Step]) -> str:
    """Asks for the risky steps by name and tells the whole plan with its amounts."""
    names = listed(list(dict.fromkeys(step.skill.replace("_", " ") for step in risky)))
    return f"I need your agreement to {names}. {_plan_part(steps)}"
