# SPDX-License-Identifier: Apache-2.0
"""Steps that run together: what is refused, and that they share their fate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Plan, SkillSpec, Step
from vla_executor.plan.grouping import MAX_TOGETHER
from vla_executor.plan.records import StepState
from vla_executor.plan.resources import Resources
from vla_executor.plan.runner import PlanResult
from vla_executor.plan.state import Phase
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import Skill, SkillRegistry
from vla_testing.executor.bench import Bench, room

TIMEOUT_S = 20.0
TURN = Step("turn", {"angle": 0.3})


def together(skill: str, **arguments: Any) -> Step:
    return Step(skill, arguments, with_previous=True)


def carry_out(bench: Bench, *steps: Step) -> PlanResult:
    return bench.runner.run(Plan("test", steps), report=bench.seen.append)


def add(bench: Bench, name: str, resources: set[str], run: Callable[[SkillContext], None]) -> None:
    """A skill made of a function."""

    class Made(Skill):
        spec = SkillSpec(name, "made", (), frozenset(resources))

    Made.run = lambda self, context: run(context)  # type: ignore[method-assign]
    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(
        {**registry.specs, name: Made.spec}, {**registry.classes, name: Made}
    )


class Meeting:
    """Holds steps until all of them are there: only steps that run at once get past it."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count)

    def __call__(self, context: SkillContext) -> None:
        self._barrier.wait(TIMEOUT_S)


def until_ended(context: SkillContext) -> None:
    assert context.token.wait(TIMEOUT_S)
    context.token.raise_if_canceled()


@pytest.mark.parametrize(
    ("steps", "failed", "words"),
    [
        ([together("say", text="x")], 0, ["first step"]),
        (
            [TURN, together("move", distance=0.1)],
            1,
            ["Step 1 (turn)", "step 2 (move)", "base"],
        ),
        (
            [TURN, together("say", text="x"), together("look_at", direction="left")],
            2,
            ["Step 1 (turn)", "step 3 (look_at)", "base"],
        ),
        (
            [Step("count", {"object": {}}), together("describe")],
            1,
            ["base", "head", "speaker"],
        ),
        (
            [TURN, *[together("wait", duration=1.0)] * MAX_TOGETHER],
            MAX_TOGETHER,
            [str(MAX_TOGETHER)],
        ),
    ],
)
def test_groups_that_can_not_be_are_refused_before_anything_moves(
    bench: Bench, steps: list[Step], failed: int, words: list[str]
) -> None:
    result = carry_out(bench, *steps)
    assert (result.result.code, result.failed_step) == (Code.INVALID_PLAN, failed)
    assert all(word in result.result.message for word in words), result.result.message
    assert result.records == ()
    assert bench.robot.calls == []


def test_the_same_part_may_be_used_in_the_next_group(bench: Bench) -> None:
    result = carry_out(bench, TURN, together("say", text="a"), TURN, together("say", text="b"))
    assert result.result.ok, result.result
    assert bench.robot.said == ["a", "b"]
    assert [record.state for record in result.records] == [StepState.SUCCEEDED] * 4


def test_steps_of_a_group_run_at_the_same_time_and_own_what_they_use(bench: Bench) -> None:
    owners: list[dict[str, str]] = []
    meeting, parting = Meeting(3), Meeting(3)

    def run(context: SkillContext) -> None:
        meeting(context)
        owners.append(bench.runner.resources.owners())
        parting(context)

    for name, part in (("drive", "base"), ("nod", "head"), ("wave", "arm")):
        add(bench, name, {part}, run)
    result = carry_out(bench, Step("drive", {}), together("nod"), together("wave"))
    assert result.result.ok, result.result
    for seen in owners:
        assert seen["base"] == "step 1 (drive)"
        assert seen["head"] == "step 2 (nod)"
        assert seen["arm"] == "step 3 (wave)"
    assert not any(bench.runner.resources.owners().values())
    assert bench.seen[-1].progress == 1.0
    shares = [progress.progress for progress in bench.seen]
    assert shares == sorted(shares)


def test_a_step_that_fails_ends_the_others_and_is_the_one_reported(bench: Bench) -> None:
    meeting = Meeting(3)
    order: list[str] = []

    def fails(context: SkillContext) -> None:
        meeting(context)
        raise VlaError(Code.GRASP_FAILED, "Nothing there.")

    def lasts(context: SkillContext) -> None:
        meeting(context)
        try:
            until_ended(context)
        finally:
            order.append("ended")

    add(bench, "drive", {"base"}, lasts)
    add(bench, "nod", {"head"}, lasts)
    add(bench, "wave", {"arm"}, fails)
    bench.robot.halt = lambda timeout_s: order.append("halted")  # type: ignore[method-assign]
    result = carry_out(bench, Step("drive", {}), together("nod"), together("wave"), TURN)
    assert (result.result.code, result.failed_step) == (Code.GRASP_FAILED, 2)
    assert order == ["ended", "ended", "halted"]
    states = [record.state for record in result.records]
    assert states == [StepState.CANCELED, StepState.CANCELED, StepState.FAILED]
    assert all("step 3 (wave)" in record.result.message for record in result.records[:2])
    assert bench.robot.motions() == []  # the step after the group has not begun
    assert not any(bench.runner.resources.owners().values())


def test_a_step_that_was_done_before_stays_done(bench: Bench) -> None:
    done = threading.Event()

    class Quick(Skill):
        spec = SkillSpec("quick", "made", (), frozenset({"arm"}))

        def run(self, context: SkillContext) -> None:
            pass

        def verify(self, context: SkillContext) -> bool:
            return True

    add(bench, "quick", {"arm"}, lambda context: None)
    bench.runner.registry = SkillRegistry(
        bench.runner.registry.specs, {**bench.runner.registry.classes, "quick": Quick}
    )

    def fails(context: SkillContext) -> None:
        assert done.wait(TIMEOUT_S)
        raise VlaError(Code.EXECUTION_FAILED, "No.")

    def report(progress: Any) -> None:
        if any(record.state == StepState.SUCCEEDED for record in progress.records):
            done.set()

    add(bench, "drive", {"base"}, fails)
    plan = Plan("test", (Step("drive", {}), together("quick")))
    result = bench.runner.run(plan, report=report)
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 0)
    assert [record.state for record in result.records] == [StepState.FAILED, StepState.SUCCEEDED]
    assert [record.verified for record in result.records] == [False, True]


@pytest.mark.parametrize(
    ("end", "code", "failed"),
    [("cancel", Code.CANCELED, 0), ("stop", Code.STOPPED, 0), ("timeout", Code.STEP_TIMEOUT, 1)],
)
@pytest.mark.parametrize("runaway", [False, True])
def test_cancel_stop_and_timeout_end_all(
    bench: Bench, end: str, code: Code, failed: int, runaway: bool
) -> None:
    meeting = Meeting(2)
    bench.robot.runaway = runaway
    tokens: dict[str, Any] = {}

    def lasts(name: str) -> Callable[[SkillContext], None]:
        def run(context: SkillContext) -> None:
            tokens[name] = context.token
            meeting(context)
            if name == "nod":
                if end == "timeout":
                    context.token.cancel(Code.STEP_TIMEOUT)
                else:
                    getattr(bench.state, end)()
            until_ended(context)

        return run

    add(bench, "drive", {"base"}, lasts("drive"))
    add(bench, "nod", {"head"}, lasts("nod"))
    result = carry_out(bench, Step("drive", {}), together("nod"))
    wanted = Code.STOP_UNCONFIRMED if runaway else code
    assert (result.result.code, result.failed_step) == (wanted, failed)
    assert bench.robot.halted == 1
    assert len(result.records) == 2
    if runaway:
        # Nothing is called canceled while the robot may still be moving.
        assert {record.result.code for record in result.records} == {Code.STOP_UNCONFIRMED}
        assert "may still be moving" in result.result.message
    else:
        assert result.records[0].state == StepState.CANCELED


def test_a_plan_that_is_canceled_ends_as_canceled_although_a_step_failed(bench: Bench) -> None:
    meeting = Meeting(2)

    def lasts(context: SkillContext) -> None:
        meeting(context)
        assert context.token.wait(TIMEOUT_S)  # until the other one has failed
        bench.state.cancel()

    def fails(context: SkillContext) -> None:
        meeting(context)
        raise VlaError(Code.GRASP_FAILED, "Nothing there.")

    add(bench, "drive", {"base"}, lasts)
    add(bench, "wave", {"arm"}, fails)
    assert carry_out(bench, Step("drive", {}), together("wave")).result.code is Code.CANCELED


# --- what breaks ------------------------------------------------------------------------------------


def breaks_at_the_second(bench: Bench, name: str, error: BaseException) -> None:
    """A plug-in that can be made when the plan is checked, and not when its step is due."""
    made: list[int] = []

    class Breaks(Skill):
        spec = SkillSpec(name, "made", (), frozenset({"arm"}))

        def __init__(self) -> None:
            made.append(1)
            if len(made) > 1:
                raise error

    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(
        {**registry.specs, name: Breaks.spec}, {**registry.classes, name: Breaks}
    )


def drives_on(bench: Bench, begun: threading.Event) -> None:
    """A step that sends commands to the base until it is told to end."""

    def run(context: SkillContext) -> None:
        begun.set()
        until_ended(context)

    add(bench, "drive", {"base"}, run)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("error", [RuntimeError("No arm."), SystemExit(1)])
def test_a_skill_that_can_not_be_made_ends_the_steps_beside_it(
    bench: Bench, first: bool, error: BaseException
) -> None:
    begun = threading.Event()
    drives_on(bench, begun)
    breaks_at_the_second(bench, "broken", error)
    names = ["broken", "drive"] if first else ["drive", "broken"]
    result = carry_out(bench, Step(names[0], {}), together(names[1]), TURN)
    failed = names.index("broken")
    assert (result.result.code, result.failed_step) == (Code.INTERNAL_ERROR, failed)
    assert "'broken'" in result.result.message
    assert bench.robot.halted == begun.is_set()  # nothing moves where the drive had not begun
    assert result.records[failed].state == StepState.FAILED
    assert result.records[1 - failed].state == StepState.CANCELED
    assert bench.robot.motions() == []
    assert bench.state.snapshot().phase is Phase.IDLE
    assert not any(thread.name.startswith("step ") for thread in threading.enumerate())


def test_a_skill_that_can_not_be_made_at_all_refuses_the_plan(bench: Bench) -> None:
    breaks_at_the_second(bench, "broken", RuntimeError("No arm."))
    bench.runner.registry.create("broken")
    result = carry_out(bench, TURN, Step("broken", {}))
    assert (result.result.code, result.failed_step) == (Code.INTERNAL_ERROR, 1)
    assert "No arm." in bench.logged[0]
    assert bench.robot.calls == []


@pytest.mark.parametrize("first", [True, False])
def test_a_defect_around_a_step_ends_the_steps_beside_it(bench: Bench, first: bool) -> None:
    begun = threading.Event()
    drives_on(bench, begun)

    def fails(context: SkillContext) -> None:
        assert begun.wait(TIMEOUT_S)
        raise RuntimeError("Broken.")

    add(bench, "broken", {"arm"}, fails)
    lines: list[str] = []

    def log(text: str) -> None:
        lines.append(text)
        if len(lines) == 1:
            raise OSError("No space left.")

    bench.runner.log = log
    names = ["broken", "drive"] if first else ["drive", "broken"]
    result = carry_out(bench, Step(names[0], {}), together(names[1]), TURN)
    assert (result.result.code, result.failed_step) == (
        Code.INTERNAL_ERROR,
        names.index("broken"),
    )
    assert "No space left." in lines[-1]
    assert bench.robot.halted == 1
    assert all(record.state != StepState.RUNNING for record in result.records)


def test_a_step_that_gets_no_thread_ends_those_that_have_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    drives_on(bench, begun)
    start = threading.Thread.start

    def start_unless_third(thread: threading.Thread) -> None:
        if thread.name == "step 3":
            assert begun.wait(TIMEOUT_S)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_unless_third)
    result = carry_out(
        bench, Step("say", {"text": "x"}), together("drive"), together("wait", duration=1.0)
    )
    assert result.result.code is Code.INTERNAL_ERROR
    assert "can't start new thread" in bench.logged[0]
    assert bench.robot.halted == 1
    assert bench.robot.said == []
    assert [record.state for record in result.records] == [StepState.FAILED]
    assert not any(thread.name.startswith("step ") for thread in threading.enumerate())
    assert bench.state.snapshot().phase is Phase.IDLE


@pytest.mark.parametrize("runaway", [False, True])
def test_a_defect_between_the_steps_halts_the_robot_while_the_plan_can_still_be_canceled(
    bench: Bench, runaway: bool
) -> None:
    phases: list[Phase] = []
    halt, end = bench.robot.halt, bench.state.end

    def halted(timeout_s: float) -> None:
        phases.append(bench.state.snapshot().phase)
        halt(timeout_s)

    def ended() -> None:
        assert bench.robot.halted == 1
        end()

    def step(index: int, skill: str) -> None:
        if index == 1:
            bench.robot.runaway = runaway
            raise RuntimeError("Nobody to publish to.")

    bench.robot.halt = halted  # type: ignore[method-assign]
    bench.state.end = ended  # type: ignore[method-assign]
    bench.state.step = step  # type: ignore[method-assign]
    result = carry_out(bench, TURN, TURN)
    assert result.result.code is (Code.STOP_UNCONFIRMED if runaway else Code.INTERNAL_ERROR)
    assert phases == [Phase.RUNNING]
    assert "Nobody to publish to." in bench.logged[0]
    assert bench.state.snapshot().phase is Phase.IDLE
    assert bench.runner.memory.found == {}


def test_an_interrupt_halts_the_robot_and_is_passed_on(bench: Bench) -> None:
    def run(context: SkillContext) -> None:
        raise KeyboardInterrupt

    begun = threading.Event()
    drives_on(bench, begun)
    add(bench, "interrupted", {"arm"}, run)
    with pytest.raises(KeyboardInterrupt):
        carry_out(bench, Step("interrupted", {}), together("drive"))
    assert bench.robot.halted == 1
    assert not any(thread.name.startswith("step ") for thread in threading.enumerate())
    assert bench.state.snapshot().phase is Phase.IDLE


def test_a_drive_that_ends_does_not_end_what_runs_beside_it(bench: Bench) -> None:
    """The end of a drive brings the base to rest, not the head that somebody else has."""
    turned = threading.Event()
    bench.robot.on_call = lambda call: None
    add(bench, "nod", {"head"}, lambda context: _assert_set(turned))

    def report(progress: Any) -> None:
        if any(r.skill == "turn" and r.state == StepState.SUCCEEDED for r in progress.records):
            turned.set()

    plan = Plan("test", (TURN, together("nod")))
    assert bench.runner.run(plan, report=report).result.ok
    assert [call.name for call in bench.robot.calls if call.name in ("halt", "stand")] == ["stand"]


def _assert_set(event: threading.Event) -> None:
    assert event.wait(TIMEOUT_S)


def test_a_listener_that_breaks_does_not_end_the_plan() -> None:
    bench = Bench(room())

    def broken(progress: Any) -> None:
        raise RuntimeError("gone")

    result = bench.runner.run(Plan("test", (TURN, together("say", text="x"))), report=broken)
    assert result.result.ok
    assert "gone" in bench.logged[0]


def test_changes_of_owners_are_told() -> None:
    seen: list[str] = []
    resources = Resources(changed=lambda: seen.append(resources.owners()["base"]))
    with resources.taken(["base"], "me"):
        assert seen == ["me"]
    assert seen == ["me", ""]
    with resources.taken([], "me"):
        pass
    assert len(seen) == 2
