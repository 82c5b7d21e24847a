# SPDX-License-Identifier: Apache-2.0
"""Cancel and stop at every moment of every skill: afterwards no motion command is ever issued."""

from __future__ import annotations

from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.config import ExecutorConfig
from vla_executor.plan.records import StepState
from vla_executor.plan.state import Phase
from vla_executor.robot.fake_robot import Call, FakeRobot
from vla_testing.executor.bench import STEPS, Bench, bench_for, room


def count_events(name: str) -> int:
    bench = bench_for(name)
    seen: list[Call] = []
    bench.robot.on_call = seen.append
    result = bench.do(STEPS[name])
    assert result.result.ok, result.result
    return len(seen)


def at_event(robot: FakeRobot, number: int, action: Any) -> list[int]:
    """Do something at the n-th event; returns where the record of calls then stood."""
    marks: list[int] = []
    events = 0

    def on_call(call: Call) -> None:
        nonlocal events
        events += 1
        if events == number:
            marks.append(len(robot.calls))
            action()

    robot.on_call = on_call
    return marks


def assert_nothing_moves_after(robot: FakeRobot, mark: int) -> None:
    later = robot.calls[mark:]
    assert [call for call in later if call.moves] == []
    assert robot.velocity.is_zero()


@pytest.mark.parametrize("name", STEPS)
def test_after_a_cancel_no_motion_command_is_issued(name: str) -> None:
    for number in range(1, count_events(name) + 1):
        bench = bench_for(name)
        marks = at_event(bench.robot, number, bench.state.cancel)
        result = bench.do(STEPS[name])
        assert result.result.code is Code.CANCELED, (number, result.result)
        assert result.records[-1].state == StepState.CANCELED
        assert_nothing_moves_after(bench.robot, marks[0])
        assert bench.robot.halted, number
        assert bench.logged == []
        assert not any(bench.runner.resources.owners().values())
        # The next plan runs again.
        bench.robot.on_call = lambda call: None
        assert bench.code(("turn", {"angle": 0.1})) is Code.OK


@pytest.mark.parametrize("name", STEPS)
def test_after_a_stop_no_motion_command_is_issued_until_reset(name: str) -> None:
    for number in range(1, count_events(name) + 1, 3):
        bench = bench_for(name)
        marks = at_event(bench.robot, number, bench.state.stop)
        assert bench.code(STEPS[name]) is Code.STOPPED
        assert bench.code(("turn", {"angle": 0.1})) is Code.STOPPED
        assert_nothing_moves_after(bench.robot, marks[0])
        bench.state.reset()
        bench.robot.on_call = lambda call: None
        assert bench.code(("turn", {"angle": 0.1})) is Code.OK


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_takes_too_long_is_ended_like_a_cancel(name: str) -> None:
    for number in range(1, count_events(name) + 1, 5):
        bench = bench_for(name)
        marks = at_event(bench.robot, number, lambda bench=bench: bench.timers[-1][1]())
        result = bench.do(STEPS[name])
        assert result.result.code is Code.STEP_TIMEOUT, result.result
        assert f"{bench.timers[-1][0]:g} s" in result.result.message
        assert_nothing_moves_after(bench.robot, marks[0])


@pytest.mark.parametrize("runaway", [False, True])
@pytest.mark.parametrize("early", [False, True])
def test_the_loss_of_the_state_manager_ends_a_plan_with_a_sentence(
    runaway: bool, early: bool
) -> None:
    bench = Bench(room(runaway=runaway))

    def lose() -> None:
        bench.state.cancel("owner", Code.COMPONENT_FAILED)

    if early:
        lose()
    else:
        at_event(bench.robot, 6, lose)
    result = bench.do(("turn", {"angle": 1.0}), owner="owner").result
    assert result.code is (Code.STOP_UNCONFIRMED if runaway else Code.COMPONENT_FAILED)
    assert result.message.startswith("The state manager is gone.")
    assert ("was halted" in result.message) is not runaway
    assert bench.robot.halted == 1
    assert bool(bench.robot.motions()) is not early


def test_a_cancel_between_two_steps_ends_the_plan() -> None:
    bench = Bench(room())

    def on_change() -> None:
        now = bench.state.snapshot()
        if now.skill == "turn" and now.phase is Phase.RUNNING:
            bench.state.cancel()

    bench.state._changed = on_change
    result = bench.do(("wait", {"duration": 1.0}), ("turn", {"angle": 1.0}))
    assert (result.result.code, result.failed_step) == (Code.CANCELED, 1)
    assert bench.robot.motions() == []


@pytest.mark.parametrize("action", ["cancel", "fail"])
def test_no_standstill_means_unconfirmed(action: str) -> None:
    bench = Bench(room(runaway=True))
    if action == "cancel":
        at_event(bench.robot, 4, bench.state.cancel)
    else:
        bench.robot.fails["drive"] = [VlaError(Code.ROBOT_UNAVAILABLE, "Gone.")]
    result = bench.do(("turn", {"angle": 1.0}))
    assert result.result.code is Code.STOP_UNCONFIRMED
    assert "may still be moving" in result.result.message


def test_a_halt_that_breaks_means_unconfirmed() -> None:
    bench = Bench(room())
    at_event(bench.robot, 4, bench.state.cancel)

    def broken(timeout_s: float) -> None:
        raise RuntimeError("defect")

    bench.robot.halt = broken  # type: ignore[method-assign]
    assert bench.code(("turn", {"angle": 1.0})) is Code.STOP_UNCONFIRMED
    assert "defect" in bench.logged[0]


def test_halting_gets_the_configured_time() -> None:
    bench = Bench(room(), ExecutorConfig(stop_timeout_s=1.5))
    asked: list[float] = []
    bench.robot.stand = asked.append  # type: ignore[method-assign]
    bench.robot.halt = asked.append  # type: ignore[method-assign]
    bench.do(("turn", {"angle": 0.2}))
    assert asked == [1.5]
    bench.robot.fails["drive"] = [VlaError(Code.ROBOT_UNAVAILABLE, "Gone.")]
    bench.do(("turn", {"angle": 0.2}))
    assert asked == [1.5, 1.5]
