# SPDX-License-Identifier: Apache-2.0
"""The plan runner: what is refused before anything moves, and how plans end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Plan, RiskTier, SkillSpec, Step
from vla_executor.config import ExecutorConfig
from vla_executor.plan.records import StepState
from vla_executor.plan.runner import MAX_STEPS, start_timer
from vla_executor.skills import catalog
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import (
    Skill,
    SkillRegistry,
    base_catalog,
    load_skills,
    override_tiers,
)
from vla_testing.executor.bench import Bench

TURN = ("turn", {"angle": 0.3})


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (("fly", {}), Code.UNKNOWN_SKILL),
        (("greet", {"person": "Ann"}), Code.SKILL_UNAVAILABLE),
        (("turn", {"angle": "left"}), Code.INVALID_ARGUMENT),
        (("turn", {}), Code.INVALID_ARGUMENT),
    ],
)
def test_a_wrong_last_step_means_that_the_first_is_not_begun(
    bench: Bench, last: tuple[str, dict[str, Any]], code: Code
) -> None:
    result = bench.do(TURN, last)
    assert (result.result.code, result.failed_step) == (code, 1)
    assert result.records == ()
    assert bench.robot.calls == []


def test_empty_and_endless_plans_are_refused(bench: Bench) -> None:
    assert bench.code() is Code.INVALID_PLAN
    assert bench.code(*[TURN] * (MAX_STEPS + 1)) is Code.TOO_MANY_STEPS


def tiered(bench: Bench, tier: RiskTier) -> None:
    registry = bench.runner.registry

    class Risky(registry.classes["turn"]):  # type: ignore[name-defined,misc]
        spec = replace(catalog.TURN, risk_tier=tier)

    bench.runner.registry = SkillRegistry(
        {**registry.specs, "turn": Risky.spec}, {**registry.classes, "turn": Risky}
    )


@pytest.mark.parametrize(
    ("tier", "confirmed", "code"),
    [
        (RiskTier.AUTO, False, Code.OK),
        (RiskTier.ANNOUNCE, False, Code.OK),
        (RiskTier.CONFIRM, False, Code.NOT_CONFIRMED),
        (RiskTier.CONFIRM, True, Code.OK),
        (RiskTier.FORBID, True, Code.FORBIDDEN),
    ],
)
def test_risk_tiers(bench: Bench, tier: RiskTier, confirmed: bool, code: Code) -> None:
    tiered(bench, tier)
    assert bench.code(TURN, confirmed=confirmed) is code
    assert bool(bench.robot.motions()) is (code is Code.OK)


@pytest.mark.parametrize(
    ("name", "confirmed", "code"),
    [
        ("auto_skills", False, Code.OK),
        ("announce_skills", False, Code.OK),
        ("confirm_skills", False, Code.NOT_CONFIRMED),
        ("confirm_skills", True, Code.OK),
        ("forbid_skills", False, Code.FORBIDDEN),
        ("forbid_skills", True, Code.FORBIDDEN),
    ],
)
@pytest.mark.parametrize("own", list(RiskTier))
def test_the_parameters_tier_counts_whatever_the_skills_own_is(
    bench: Bench, own: RiskTier, name: str, confirmed: bool, code: Code
) -> None:
    tiered(bench, own)
    config = ExecutorConfig(**{name: ("turn",)})  # type: ignore[arg-type]
    registry = bench.runner.registry = override_tiers(bench.runner.registry, config)
    assert registry.specs["turn"].risk_tier.name.lower() + "_skills" == name
    # The last step decides over the whole plan: nothing has moved before the refusal.
    assert bench.code(("move", {"distance": 0.1}), TURN, confirmed=confirmed) is code
    assert bool(bench.robot.motions()) is (code is Code.OK)


def test_the_other_skills_keep_their_tier() -> None:
    before = load_skills()
    after = override_tiers(before, ExecutorConfig(confirm_skills=("pick", "place")))
    changed = {name for name, spec in after.specs.items() if spec != before.specs[name]}
    assert changed == {"pick", "place"}


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"forbid_skills": ("fly",)}, ["executor.forbid_skills", "'fly'"]),
        ({"confirm_skills": ("pik",)}, ["executor.confirm_skills", "'pick'"]),
        ({"announce_skills": (7,)}, ["executor.announce_skills", "'7'"]),
        ({"auto_skills": ("",)}, ["executor.auto_skills"]),
        (
            {"auto_skills": ("pick",), "forbid_skills": ("turn", "pick")},
            ["executor.forbid_skills", "executor.auto_skills", "'pick'"],
        ),
        ({"confirm_skills": ("pick", "pick")}, ["executor.confirm_skills", "twice"]),
    ],
)
def test_lists_of_tiers_that_make_no_sense(lists: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(VlaError) as raised:
        override_tiers(load_skills(), ExecutorConfig(**lists))
    assert raised.value.code is Code.INVALID_CONFIG
    assert all(word in raised.value.message for word in words), raised.value.message


def test_the_first_failure_ends_the_plan(bench: Bench) -> None:
    result = bench.do(TURN, ("go_to", {"place": "moon"}), TURN)
    assert (result.result.code, result.failed_step) == (Code.UNKNOWN_PLACE, 1)
    assert [record.state for record in result.records] == [StepState.SUCCEEDED, StepState.FAILED]
    assert [record.verified for record in result.records] == [True, False]


def test_one_plan_at_a_time(bench: Bench) -> None:
    inner: list[Code] = []

    def on_call(call: Any) -> None:
        if not inner:
            inner.append(Code.OK)
            inner[0] = bench.code(TURN)

    bench.robot.on_call = on_call
    assert bench.code(TURN) is Code.OK
    assert inner == [Code.RESOURCE_BUSY]


def test_progress_goes_up_and_ends_at_one(bench: Bench) -> None:
    bench.do(TURN, ("move", {"distance": 0.3}))
    shares = [progress.progress for progress in bench.seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert bench.seen[-1].records[-1].state == StepState.SUCCEEDED
    sentences = [progress.message for progress in bench.seen if progress.message]
    assert sentences == ["Turning 17 degrees to the left.", "Moving 0.3 m forward."]


class Broken(Skill):
    spec = SkillSpec("turn", "broken", catalog.TURN.parameters)

    def run(self, context: SkillContext) -> None:
        raise ZeroDivisionError("a defect")


def test_a_defect_in_a_skill_is_reported_and_the_robot_halted(bench: Bench) -> None:
    bench.runner.registry = SkillRegistry({"turn": Broken.spec}, {"turn": Broken})
    result = bench.do(TURN)
    assert result.result.code is Code.INTERNAL_ERROR
    assert "ZeroDivisionError" in bench.logged[0]
    assert bench.robot.halted == 1
    assert bench.state.snapshot().phase == 0


def test_a_skill_that_swallows_the_cancel_still_ends_as_canceled(bench: Bench) -> None:
    class Stubborn(Skill):
        spec = SkillSpec("turn", "stubborn", catalog.TURN.parameters)

        def run(self, context: SkillContext) -> None:
            bench.state.cancel()
            raise VlaError(Code.EXECUTION_FAILED, "Something else.")

    bench.runner.registry = SkillRegistry({"turn": Stubborn.spec}, {"turn": Stubborn})
    assert bench.code(TURN) is Code.CANCELED


def test_a_busy_resource_refuses_the_step(bench: Bench) -> None:
    with bench.runner.resources.taken(["base"], "a person"):
        result = bench.do(TURN)
    assert result.result.code is Code.RESOURCE_BUSY
    assert "a person" in result.result.message
    assert bench.robot.motions() == []
    assert bench.code(TURN) is Code.OK


def test_the_memory_of_a_plan_ends_with_it(bench: Bench) -> None:
    bench.do(("find", {"object": {"label": "cup"}}))
    assert bench.runner.memory.found == {}


def test_start_timer_calls_back_and_can_be_called_off() -> None:
    import threading

    rang, silent = threading.Event(), threading.Event()
    start_timer(60.0, silent.set)()
    start_timer(0.001, rang.set)
    assert rang.wait(5.0)
    assert not silent.is_set()


# --- plug-ins ---------------------------------------------------------------------------------------


class Wave(Skill):
    """What another package might add."""

    spec = SkillSpec("wave", "Move the arm to and fro.", (), frozenset({"arm"}))

    def run(self, context: SkillContext) -> None:
        context.robot.say("Hello!")


class Point:
    """An entry point."""

    def __init__(self, name: str, loaded: Any) -> None:
        self.name, self.value, self._loaded = name, f"somewhere:{name}", loaded

    def load(self) -> Any:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


class Nameless(Skill):
    pass


class Greedy(Skill):
    spec = SkillSpec("greedy", "wants what nobody has", (), frozenset({"wings"}))


def test_a_plug_in_runs_like_a_built_in_skill(bench: Bench) -> None:
    bench.runner.registry = load_skills([Point("wave", Wave)])
    assert bench.code(("wave", {})) is Code.OK
    assert bench.robot.said == ["Hello!"]


@pytest.mark.parametrize(
    ("name", "loaded", "reason"),
    [
        ("wave", ImportError("no module named 'arms'"), "no module named 'arms'"),
        ("wave", SyntaxError("bad"), "SyntaxError"),
        ("wave", object, "not a subclass"),
        ("wave", Wave(), "not a subclass"),
        ("nameless", Nameless, "no 'spec'"),
        ("greet_all", Wave, "called 'greet_all', its spec 'wave'"),
        ("greedy", Greedy, "wings"),
    ],
)
def test_a_broken_plug_in_is_listed_with_the_reason(name: str, loaded: Any, reason: str) -> None:
    registry = load_skills([Point(name, loaded), Point("say", load_skills().classes["say"])])
    assert len(registry.problems) == 1
    assert reason in registry.problems[0]
    assert not registry.specs[name].available
    assert reason in registry.specs[name].unavailable_reason
    with pytest.raises(VlaError) as raised:
        registry.create(name)
    assert raised.value.code is Code.SKILL_UNAVAILABLE
    assert registry.create("say")


def test_a_second_plug_in_of_a_name_does_not_replace_the_first() -> None:
    registry = load_skills([Point("wave", Wave), Point("wave", Wave)])
    assert registry.specs["wave"].available
    assert "another package" in registry.problems[0]


def test_the_installed_skills_are_the_catalog() -> None:
    registry = load_skills()
    assert registry.problems == ()
    assert registry.specs == {spec.name: spec for spec in base_catalog()}
    assert all(registry.classes[name].spec is spec for name, spec in registry.specs.items())


def test_a_plan_of_the_catalog_survives_json() -> None:
    plan = Plan("", (Step("turn", {"angle": 1.0}),))
    assert load_skills().spec("turn").parse_arguments(plan.steps[0].arguments) == {"angle": 1.0}
