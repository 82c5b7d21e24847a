# SPDX-License-Identifier: Apache-2.0
"""The planner around its backends: order, repairs, what is told to the person, and that it never raises."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.skills import ObjectRef, Plan, Step
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import AmbiguousError, FailedPlan, Proposal
from vla_planner.core.grammar_backend import RulesBackend
from vla_planner.core.planning import MAX_REPAIRS, Planner
from vla_testing.planner.fixtures import SCENE, SKILLS

GOOD = Proposal((Step("turn", {"angle": 1.0}),), 10, 5)
BAD = Proposal((Step("turn", {"angle": 100.0}),), 10, 5)


class Scripted:
    """A backend that answers what the test wrote down: proposals or exceptions, one after the other."""

    def __init__(self, name, *answers, repairs=True, partial=False, configured=True):
        self.name, self.repairs, self.partial, self.configured = name, repairs, partial, configured
        self.answers = list(answers)
        self.requests = []
        self.closed = False

    def facts(self):
        return {}

    def close(self):
        self.closed = True

    def propose(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def planner_of(*backends, **config):
    made = {backend.name: (lambda *_, backend=backend: backend) for backend in backends}
    return Planner(PlannerConfig(backends=tuple(made), **config), backends=made)


def plan(planner, command="turn left", **more):
    return planner.plan(command, SCENE, SKILLS, **more)


@pytest.mark.parametrize(
    "code", [Code.PLANNER_UNAVAILABLE, Code.PLANNING_TIMEOUT, Code.BUDGET_EXCEEDED]
)
def test_next_backend_when_the_first_cant_be_asked(code):
    first = Scripted("first", VlaError(code, "No answer."))
    outcome = plan(planner_of(first, Scripted("second", GOOD)))
    assert outcome.result.ok
    assert outcome.plan.planner == "second"
    assert "second" in outcome.notice and "No answer." in outcome.notice


def test_a_refusal_is_an_answer_and_ends_it():
    second = Scripted("second", GOOD)
    outcome = plan(planner_of(Scripted("first", VlaError(Code.NOT_POSSIBLE, "No.")), second))
    assert outcome.result.code is Code.NOT_POSSIBLE
    assert not second.requests


def test_last_backend_unavailable():
    outcome = plan(planner_of(Scripted("only", VlaError(Code.PLANNER_UNAVAILABLE, "Down."))))
    assert outcome.result.code is Code.PLANNER_UNAVAILABLE
    assert outcome.result.message == "Down." and outcome.notice == ""


def test_a_backend_that_is_not_set_up_is_passed_over_without_a_word():
    first = Scripted("first", GOOD, configured=False)
    outcome = plan(planner_of(first, Scripted("second", GOOD)))
    assert (outcome.plan.planner, outcome.notice) == ("second", "")
    assert not first.requests


def test_no_backend_is_set_up():
    outcome = plan(planner_of(Scripted("model", GOOD, configured=False)))
    assert outcome.result.code is Code.PLANNER_UNAVAILABLE
    assert "'planner.backends' names only model" in outcome.result.message


@pytest.mark.parametrize("code", [Code.NOT_UNDERSTOOD, Code.NOT_POSSIBLE])
def test_what_few_words_do_not_cover_goes_on_to_the_next(code):
    first = Scripted("first", VlaError(code, "Which word?"), repairs=False, partial=True)
    outcome = plan(planner_of(first, Scripted("second", GOOD)))
    assert (outcome.plan.planner, outcome.notice) == ("second", "")


def test_nobody_understood_it_and_the_model_is_down():
    first = Scripted("first", VlaError(Code.PLANNER_UNAVAILABLE, "No network."))
    second = Scripted(
        "second", VlaError(Code.NOT_UNDERSTOOD, "What is a 'zorp'?"), repairs=False, partial=True
    )
    for order in ((first, second), (second, first)):
        first.answers *= 2
        second.answers *= 2
        outcome = plan(planner_of(*order))
        assert outcome.result.code is Code.NOT_UNDERSTOOD
        assert "zorp" in outcome.result.message
        assert "No network." in outcome.notice


def test_a_question_of_the_first_planner_is_put_at_once():
    first = Scripted("first", AmbiguousError("Which?", ["a", "b"]), repairs=False, partial=True)
    second = Scripted("second", GOOD)
    assert plan(planner_of(first, second)).result.code is Code.AMBIGUOUS
    assert not second.requests


def test_answers_and_what_was_wanted_before_reach_the_backend():
    backend = Scripted("model", GOOD)
    before = Plan("turn right", (Step("turn", {"angle": -1.0}),))
    plan(planner_of(backend), answers=[("Which?", "the red one")], previous=before)
    (request,) = backend.requests
    assert (request.answers, request.previous) == ((("Which?", "the red one"),), before)


def test_a_model_plans_the_rest_itself_and_the_old_steps_are_there_when_it_cant():
    failed = FailedPlan(
        Plan("turn left", GOOD.steps, "model"), 0, Result(Code.NAVIGATION_BLOCKED, "In the way.")
    )
    model = Scripted("model", GOOD)
    assert plan(planner_of(model), failure=failed).plan.steps == GOOD.steps
    assert model.requests[0].failure is failed
    go = Plan("go to the table", (Step("go_to", {"place": "table"}),), "model")
    failed = FailedPlan(go, 0, Result(Code.NAVIGATION_BLOCKED, "In the way."))
    down = Scripted("model", VlaError(Code.PLANNER_UNAVAILABLE, "Down."))
    rules = Scripted("rules", repairs=False, partial=True)
    outcome = plan(planner_of(down, rules), failure=failed)
    assert (outcome.plan.planner, outcome.plan.steps) == ("rules", go.steps)
    assert "Down." in outcome.notice and not rules.requests


def test_a_model_may_not_begin_several_things_anew():
    two = ObjectRef("cup", quantity="2")
    steps = (
        Step("pick", {"object": two}),
        Step("place", {"relation": "on", "target_place": "table"}),
    )
    failed = FailedPlan(
        Plan("two cups", steps, "model"), 0, Result(Code.GRASP_FAILED, "It slipped.")
    )
    model = Scripted("model", Proposal(steps))
    outcome = plan(planner_of(model), failure=failed)
    assert outcome.result == failed.result and not model.requests


@pytest.mark.parametrize("answer", ["never mind", "No, thanks!", "cancel", "oh please stop"])
def test_never_mind_reaches_no_backend(answer):
    model = Scripted("model", GOOD)
    outcome = plan(planner_of(model), answers=[("Which cup?", answer)])
    assert outcome.result.code is Code.NOT_CONFIRMED and not model.requests


@pytest.mark.parametrize("answer", ["the blue one", "no idea what you want", "42"])
def test_the_grammar_passes_over_no_answer_to_the_question_of_another(answer):
    """A model asked, and then could not be reached."""
    down = Scripted("model", VlaError(Code.PLANNER_UNAVAILABLE, "Down."))
    made = {"model": lambda *_: down, "rules": lambda config, _: RulesBackend(config)}
    planner = Planner(PlannerConfig(backends=("model", "rules")), backends=made)
    outcome = plan(planner, "pick up a cup", answers=[("Which of the two?", answer)])
    assert outcome.result.code is Code.NOT_UNDERSTOOD
    assert "say the whole command" in outcome.result.message


def test_closing_the_planner_closes_its_backends():
    backend = Scripted("model")
    planner_of(backend).close()
    assert backend.closed


def test_repair_gets_the_reason_and_counts_tokens():
    backend = Scripted("model", BAD, GOOD)
    outcome = plan(planner_of(backend))
    assert outcome.result.ok
    assert outcome.plan.repairs == 1
    assert (outcome.plan.prompt_tokens, outcome.plan.completion_tokens) == (20, 10)
    assert backend.requests[0].refusals == ()
    assert "more than" in backend.requests[1].refusals[0]


def test_repairs_are_bounded_then_the_next_backend_plans():
    first = Scripted("first", *[BAD] * (MAX_REPAIRS + 1))
    outcome = plan(planner_of(first, Scripted("second", GOOD)))
    assert len(first.requests) == MAX_REPAIRS + 1
    assert outcome.result.ok
    assert outcome.plan.planner == "second"
    assert "more than" in outcome.notice


def test_repairs_are_bounded_without_another_backend():
    outcome = plan(planner_of(Scripted("only", *[BAD] * (MAX_REPAIRS + 1))))
    assert outcome.result.code is Code.INVALID_ARGUMENT
    assert outcome.plan is None


def test_a_backend_that_cant_repair_is_asked_once():
    backend = Scripted("rules", BAD, repairs=False)
    assert plan(planner_of(backend)).result.code is Code.INVALID_ARGUMENT
    assert len(backend.requests) == 1


def test_what_the_robot_cant_do_is_not_repaired():
    backend = Scripted("model", Proposal((Step("follow", {"person": "me"}),)))
    assert plan(planner_of(backend)).result.code is Code.SKILL_UNAVAILABLE
    assert len(backend.requests) == 1


def test_ambiguous_carries_question_and_choices():
    outcome = plan(planner_of(Scripted("model", AmbiguousError("Which?", ["a", "b"]))))
    assert outcome.result.code is Code.AMBIGUOUS
    assert (outcome.question, outcome.choices) == ("Which?", ("a", "b"))


def test_a_defect_of_a_backend_is_an_outcome(planner_log):
    outcome = plan(planner_of(Scripted("broken", RuntimeError("boom"))))
    assert outcome.result.code is Code.INTERNAL_ERROR
    assert "boom" in planner_log.text


def test_canceled_while_a_backend_thinks():
    outcome = plan(planner_of(Scripted("model", GOOD)), canceled=lambda: True)
    assert outcome.result.code is Code.CANCELED


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("", Code.EMPTY_COMMAND),
        ("\n\t ", Code.EMPTY_COMMAND),
        ("x" * 1001, Code.INVALID_REQUEST),
        (None, Code.INVALID_REQUEST),
        (b"turn left", Code.INVALID_REQUEST),
        (7, Code.INVALID_REQUEST),
    ],
)
def test_bad_commands_never_reach_a_backend(command, code):
    backend = Scripted("model", GOOD)
    assert plan(planner_of(backend), command).result.code is code
    assert not backend.requests


def test_a_thousand_characters_are_still_a_command():
    assert plan(planner_of(Scripted("model", GOOD)), "turn left".ljust(1000)).result.ok


def test_steps_are_limited_by_the_parameter():
    outcome = plan(Planner(PlannerConfig(max_steps=1)), "turn left and turn right")
    assert outcome.result.code is Code.TOO_MANY_STEPS


def test_amounts_are_those_of_the_parameters():
    planner = Planner(PlannerConfig(default_distance_m=1.25, step_m=0.5, default_wait_s=7.0))
    steps = plan(planner, "move back, take two steps forward and wait").plan.steps
    assert [step.arguments for step in steps] == [
        {"distance": 1.25, "direction": "backward"},
        {"distance": 1.0, "direction": "forward"},
        {"duration": 7.0},
    ]


def test_the_summary_says_the_amounts():
    outcome = plan(Planner(PlannerConfig()), "move backward, turn left and go to the table")
    assert (
        outcome.plan.summary
        == "I will move backward 0.5 m, turn left 90 degrees and go to the table."
    )


@pytest.mark.parametrize("backends", [(), ("telepathy",), ("rules", "")])
def test_unknown_backends_are_refused_by_name(backends):
    with pytest.raises(VlaError) as caught:
        Planner(PlannerConfig(backends=backends))
    assert caught.value.code is Code.INVALID_CONFIG
    assert "planner.backends" in caught.value.message


def test_every_kind_of_skill_has_words_in_the_summary():
    from vla_planner.core.summary import summarize

    for spec in SKILLS:
        sentence = summarize([Step(spec.name, {})])
        assert sentence.startswith("I will ") and "_" not in sentence


def test_rules_is_a_backend():
    assert (RulesBackend.name, RulesBackend.repairs) == ("rules", False)
    assert RulesBackend.partial and RulesBackend.configured
