# SPDX-License-Identifier: Apache-2.0
"""The way of one command, with the stages as plain functions."""

from __future__ import annotations

import pytest

from vla_bringup.commands.command_pipeline import (
    CommandPhase,
    CommandPipeline,
    ExecutionAnswer,
    PlanAnswer,
    check_command,
)
from vla_bringup.commands.dialogue import DialogueTurn
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import ObjectRef, Plan, RiskTier, SkillSpec, Step, StepRecord

SKILLS = (
    SkillSpec("turn", ""),
    SkillSpec("pick", "", risk_tier=RiskTier.CONFIRM),
    SkillSpec("throw", "", risk_tier=RiskTier.FORBID),
    SkillSpec("go_to", ""),
    SkillSpec("find", ""),
    SkillSpec("follow", "", risk_tier=RiskTier.ANNOUNCE),
)
GRASP_FAILED = Result(Code.GRASP_FAILED, "It slipped.")


class FakeStages:
    """Answers from lists, one for each call; remembers what it was asked."""

    def __init__(self, plans=None, executions=None, scene_error=None):
        self.plans = list(plans or [PlanAnswer(OK, plan_of("turn"))])
        self.executions = list(executions or [ExecutionAnswer(OK)])
        self.scene_error = scene_error
        self.requests = []
        self.executed = []
        self.cancel_during = None
        self.blind_because = ""

    def scene(self, trace_id, token):
        if self.scene_error:
            raise self.scene_error
        self._maybe_cancel("scene", token)
        return Scene(stamp_s=float(len(self.requests)))

    def blind(self):
        return self.blind_because

    def skills(self, token):
        return SKILLS

    def plan(self, request, token):
        self.requests.append(request)
        self._maybe_cancel("plan", token)
        return self.plans.pop(0)

    def execute(self, plan, confirmed, token, progress):
        self.executed.append((plan, confirmed))
        return self.executions.pop(0)

    def _maybe_cancel(self, where, token):
        if self.cancel_during == where:
            token.cancel()


class FakeCaller:
    """Remembers what it was told and asked; answers from a list, "" when that is empty."""

    def __init__(self, *answers, record=None):
        self.seen = []
        self.asked = []
        self.plans = []
        self.answers = list(answers)
        self.record = record

    def progress(self, progress):
        self.seen.append(progress)

    def ask(self, question, choices, timeout_s, token):
        self.asked.append((question, choices, timeout_s))
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, Code):
            token.cancel(answer)
            token.raise_if_canceled()
        return answer

    def planned(self, attempt, plan):
        if self.record:
            raise self.record
        self.plans.append((attempt, plan))


def plan_of(*skills):
    return Plan("c", tuple(Step(skill, {}) for skill in skills), "rules", "I do it.")


def run(stages, command="turn left", max_replans=1, token=None, caller=None, **options):
    ticks = iter(range(1000))
    caller = caller or FakeCaller()
    covers = options.pop("covers", lambda request, plan: True)
    pipeline = CommandPipeline(
        stages,
        lambda: float(next(ticks)),
        max_replans,
        confirmation_timeout_s=7.0,
        announce_pause_s=0.0,
        covers=covers,
    )
    report = pipeline.run(command, "t", token or CancelToken(), caller, **options)
    return report, caller.seen


def test_the_stages_come_in_order_and_their_times_add_up():
    stages = FakeStages()
    report, seen = run(stages)
    assert report.result is OK
    assert [item.stage for item in seen] == [
        CommandPhase.PERCEIVING,
        CommandPhase.PLANNING,
        CommandPhase.PLANNING,
    ]
    assert seen[-1].plan == plan_of("turn")
    assert stages.executed == [(plan_of("turn"), False)]
    times = report.times
    assert min(times.perceiving, times.planning, times.executing) > 0
    assert times.total >= times.perceiving + times.planning + times.executing


def test_dry_run_plans_and_moves_nothing():
    stages = FakeStages()
    report, _ = run(stages, dry_run=True)
    assert report.result.ok
    assert report.plan == plan_of("turn")
    assert stages.executed == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("", Code.EMPTY_COMMAND),
        ("  \n\x00 ", Code.EMPTY_COMMAND),
        ("x" * 1001, Code.INVALID_REQUEST),
    ],
)
def test_impossible_commands_reach_no_stage(command, code):
    stages = FakeStages()
    report, _ = run(stages, command)
    assert report.result.code is code
    assert stages.requests == []


def test_control_characters_are_dropped():
    assert check_command("turn\x00  left\n") == "turn left"


def test_a_refused_plan_ends_the_command_with_its_reason_and_question():
    refusal = PlanAnswer(Result(Code.AMBIGUOUS, "Two cups."), question="Red or blue?")
    stages = FakeStages([refusal])
    report, _ = run(stages)
    assert report.result.code is Code.AMBIGUOUS
    assert report.question == "Red or blue?"
    assert stages.executed == []


@pytest.mark.parametrize(
    ("skill", "confirmed", "answer", "code"),
    [
        ("pick", True, "", Code.OK),
        ("pick", False, "yes", Code.OK),
        ("pick", False, "Yes, please!", Code.OK),
        ("pick", False, "go ahead", Code.OK),
        ("pick", False, "no", Code.NOT_CONFIRMED),
        ("pick", False, "", Code.NOT_CONFIRMED),
        ("pick", False, "maybe", Code.NOT_CONFIRMED),
        ("pick", False, "yes but not now", Code.NOT_CONFIRMED),
        ("pick", False, "yes no", Code.NOT_CONFIRMED),
        ("pick", False, Code.CANCELED, Code.CANCELED),
        ("throw", True, "yes", Code.FORBIDDEN),
        ("unheard_of", True, "yes", Code.FORBIDDEN),
    ],
)
def test_risky_steps_need_a_clear_yes(skill, confirmed, answer, code):
    stages = FakeStages([PlanAnswer(OK, plan_of("turn", skill))])
    caller = FakeCaller(answer)
    report, _ = run(stages, confirmed=confirmed, caller=caller)
    assert report.result.code is code
    assert stages.executed == ([(plan_of("turn", skill), True)] if code is Code.OK else [])
    assert report.plan == plan_of("turn", skill)
    asked = skill == "pick" and not confirmed
    question = (
        "I need your agreement to pick. I will turn left 0 degrees and pick up the object. "
        "Shall I do exactly this?"
    )
    assert caller.asked == ([(question, ("yes", "no"), 7.0)] if asked else [])
    if asked and code is not Code.CANCELED:
        assert report.times.confirming > 0


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (Step("turn", {}), Code.OK),
        (Step("go_to", {"place": "table"}), Code.OK),
        (Step("go_to", {"object": ObjectRef("cup")}), Code.PERCEPTION_UNAVAILABLE),
        (Step("find", {"object": ObjectRef("cup")}), Code.PERCEPTION_UNAVAILABLE),
    ],
)
def test_without_perception_motion_works_and_objects_are_refused_before_anything_moves(step, code):
    plan = Plan("c", (Step("turn", {}), step))
    stages = FakeStages([PlanAnswer(OK, plan)])
    stages.blind_because = "perception does not run."
    report, _ = run(stages)
    assert report.result.code is code
    assert bool(stages.executed) is (code is Code.OK)
    if code is not Code.OK:
        assert report.result.message == "I can't see, so I can't do that: perception does not run."


def test_what_is_agreed_to_is_told_with_every_amount():
    far = Step("turn", {"angle": 3.0})
    plan = Plan(
        "c", (far, far, Step("pick", {"object": ObjectRef("cup", ("red",))})), "x", "I do it."
    )
    caller = FakeCaller("no")
    report, _ = run(FakeStages([PlanAnswer(OK, plan)]), caller=caller)
    ((question, *_),) = caller.asked
    for piece in ("turn left 171.8", "2 times", "343.77 degrees in all", "pick up the red cup"):
        assert piece in question
    assert report.result.code is Code.NOT_CONFIRMED


@pytest.mark.parametrize("covered", [True, False])
def test_an_agreement_with_the_command_is_good_for_what_it_covers_only(covered):
    stages = FakeStages([PlanAnswer(OK, plan_of("pick"))])
    caller = FakeCaller("no")
    report, _ = run(stages, confirmed=True, caller=caller, covers=lambda *_: covered)
    assert report.result.code is (Code.OK if covered else Code.NOT_CONFIRMED)
    assert len(caller.asked) == (not covered)
    assert bool(stages.executed) is covered


def test_a_new_plan_needs_new_agreement():
    stages = FakeStages(
        [PlanAnswer(OK, plan_of("pick")), PlanAnswer(OK, plan_of("turn", "pick"))],
        [ExecutionAnswer(GRASP_FAILED), ExecutionAnswer(OK)],
    )
    caller = FakeCaller("yes", "no")
    report, _ = run(stages, caller=caller)
    assert report.result.code is Code.NOT_CONFIRMED
    assert len(caller.asked) == 2
    assert len(stages.executed) == 1


def test_announced_steps_are_told_before_they_begin():
    stages = FakeStages([PlanAnswer(OK, plan_of("follow", "turn", "follow"))])
    caller = FakeCaller()
    report, seen = run(stages, caller=caller)
    assert report.result.ok
    assert caller.asked == []
    told = [item for item in seen if item.stage is CommandPhase.CONFIRMING]
    assert [(item.message, item.is_notice) for item in told] == [("I am about to follow.", True)]


def test_what_could_not_be_recorded_is_not_carried_out():
    stages = FakeStages()
    caller = FakeCaller(record=VlaError(Code.JOURNAL_FAILED, "The disk is full."))
    report, _ = run(stages, caller=caller)
    assert report.result.code is Code.JOURNAL_FAILED
    assert stages.executed == []


def test_every_plan_is_recorded_before_it_takes_effect():
    stages = FakeStages(
        [PlanAnswer(OK, plan_of("turn")), PlanAnswer(OK, plan_of("turn", "turn"))],
        [ExecutionAnswer(GRASP_FAILED), ExecutionAnswer(OK)],
    )
    caller = FakeCaller()
    run(stages, caller=caller)
    assert caller.plans == [(0, plan_of("turn")), (1, plan_of("turn", "turn"))]


def test_a_failed_step_is_planned_again_with_its_reason():
    second = plan_of("turn", "turn")
    stages = FakeStages(
        [PlanAnswer(OK, plan_of("turn")), PlanAnswer(OK, second)],
        [ExecutionAnswer(GRASP_FAILED, 2, (StepRecord(0, "turn"),)), ExecutionAnswer(OK)],
    )
    report, _ = run(stages)
    assert report.result.ok
    assert report.plan == second
    again = stages.requests[1]
    assert (again.failed_plan, again.failed_step, again.failure) == (
        plan_of("turn"),
        2,
        GRASP_FAILED,
    )
    assert again.scene.stamp_s == 1.0  # it looked again


def test_new_plans_are_bounded():
    stages = FakeStages([PlanAnswer(OK, plan_of("turn"))] * 5, [ExecutionAnswer(GRASP_FAILED)] * 5)
    report, _ = run(stages, max_replans=2)
    assert report.result == GRASP_FAILED
    assert len(stages.executed) == 3


@pytest.mark.parametrize(
    "code", [Code.STOPPED, Code.CANCELED, Code.GUARD_REFUSED, Code.STOP_UNCONFIRMED]
)
def test_stops_and_refusals_are_not_planned_again(code):
    stages = FakeStages(executions=[ExecutionAnswer(Result(code, "No."))])
    report, _ = run(stages)
    assert report.result.code is code
    assert len(stages.requests) == 1


def test_when_the_second_plan_is_refused_the_first_failure_counts():
    stages = FakeStages(
        [PlanAnswer(OK, plan_of("turn")), PlanAnswer(Result(Code.NOT_POSSIBLE, "No way."))],
        [ExecutionAnswer(GRASP_FAILED)],
    )
    report, _ = run(stages)
    assert report.result == GRASP_FAILED


@pytest.mark.parametrize("where", ["scene", "plan"])
def test_cancel_before_execution_moves_nothing(where):
    stages = FakeStages()
    stages.cancel_during = where
    report, _ = run(stages)
    assert report.result.code is Code.CANCELED
    assert stages.executed == []


def test_a_failing_stage_keeps_what_was_reached():
    stages = FakeStages()

    def broken(*_):
        raise VlaError(Code.COMPONENT_FAILED, "Gone.")

    stages.execute = broken
    report, _ = run(stages)
    assert report.result == Result(Code.COMPONENT_FAILED, "Gone.")
    assert report.plan == plan_of("turn")


def test_a_notice_is_told():
    stages = FakeStages(
        [PlanAnswer(OK, plan_of("turn"), notice="The model is away; I planned by rules.")]
    )
    _, seen = run(stages)
    assert [item.message for item in seen if item.is_notice] == [
        "The model is away; I planned by rules."
    ]


# --- what is meant, and what was wanted before ------------------------------------------------------------

WHICH = PlanAnswer(
    Result(Code.AMBIGUOUS, "Which cup do you mean? (red cup, blue cup)"),
    question="Which cup do you mean?",
    choices=("red cup", "blue cup"),
)


def test_a_question_is_put_and_its_answer_completes_the_plan():
    stages = FakeStages(plans=[WHICH, PlanAnswer(OK, plan_of("turn"))])
    caller = FakeCaller("the red one")
    report, _ = run(stages, caller=caller)
    assert report.result is OK
    assert caller.asked == [("Which cup do you mean?", ("red cup", "blue cup"), 7.0)]
    assert stages.requests[0].answers == ()
    assert stages.requests[1].answers == (("Which cup do you mean?", "the red one"),)
    assert stages.requests[1].trace_id == stages.requests[0].trace_id
    assert stages.requests[1].scene == stages.requests[0].scene
    assert report.times.confirming > 0 and len(stages.executed) == 1


def test_two_questions_keep_both_answers():
    where = PlanAnswer(
        Result(Code.AMBIGUOUS, "Where?"), question="Where shall I put it?", choices=("shelf",)
    )
    stages = FakeStages(plans=[WHICH, where, PlanAnswer(OK, plan_of("turn"))])
    run(stages, caller=FakeCaller("red", "shelf"))
    assert stages.requests[2].answers == (
        ("Which cup do you mean?", "red"),
        ("Where shall I put it?", "shelf"),
    )


def test_silence_ends_it_with_the_question():
    stages = FakeStages(plans=[WHICH])
    report, _ = run(stages, caller=FakeCaller(""))
    assert report.result.code is Code.AMBIGUOUS
    assert "no answer within 7 s" in report.result.message
    assert "Which cup" in report.result.message
    assert report.question == "Which cup do you mean?" and not stages.executed


def test_questions_are_bounded():
    stages = FakeStages(plans=[WHICH] * 5)
    caller = FakeCaller(*["hm"] * 5)
    report, _ = run(stages, caller=caller)
    assert report.result.code is Code.AMBIGUOUS and "asked 3 times" in report.result.message
    assert len(caller.asked) == 3 and not stages.executed


def test_a_dry_run_asks_nobody():
    caller = FakeCaller("the red one")
    report, _ = run(FakeStages(plans=[WHICH]), caller=caller, dry_run=True)
    assert report.result == WHICH.result and report.question == WHICH.question
    assert caller.asked == []


def test_canceled_while_the_question_is_open():
    stages = FakeStages(plans=[WHICH])
    report, _ = run(stages, caller=FakeCaller(Code.CANCELED))
    assert report.result.code is Code.CANCELED and len(stages.requests) == 1


def test_a_refusal_after_the_answer_is_the_outcome():
    never_mind = PlanAnswer(Result(Code.NOT_CONFIRMED, "You said 'never mind'."))
    report, _ = run(FakeStages(plans=[WHICH, never_mind]), caller=FakeCaller("never mind"))
    assert report.result.code is Code.NOT_CONFIRMED


def test_the_person_is_told_about_another_planner_also_when_it_refuses():
    refused = PlanAnswer(Result(Code.NOT_UNDERSTOOD, "What?"), notice="The model is down.")
    _, seen = run(FakeStages(plans=[refused]))
    assert [item.message for item in seen if item.is_notice] == ["The model is down."]


def test_what_was_wanted_before_goes_to_the_planner_and_the_first_plan_is_kept():
    before = Plan("turn right", plan_of("turn").steps)
    remark = DialogueTurn(Plan("turn and go"), before, 0.0)
    rest = PlanAnswer(OK, plan_of("find", "pick"))
    stages = FakeStages(
        plans=[PlanAnswer(OK, plan_of("turn", "go_to")), rest],
        executions=[ExecutionAnswer(GRASP_FAILED), ExecutionAnswer(OK)],
    )
    run(stages, "turn and go", remark=remark)
    assert [request.previous for request in stages.requests] == [before, before]
    assert remark.plan.command == "turn and go"
    assert remark.plan.steps == plan_of("turn", "go_to").steps


def test_of_a_refused_command_the_words_are_kept():
    remark = DialogueTurn(Plan("go to the kitchen"), None, 0.0)
    refused = PlanAnswer(Result(Code.UNKNOWN_PLACE, "There is no kitchen."))
    run(FakeStages(plans=[refused]), "go to the kitchen", remark=remark)
    assert remark.plan == Plan("go to the kitchen")
