# SPDX-License-Identifier: Apache-2.0
"""Nothing reaches an actuator that the guard has not let through, whatever the skill; and a refusal ends the step."""

from __future__ import annotations

from typing import Any

import pytest

from vla_common.contracts.outcomes import Code
from vla_executor.robot.fake_robot import Call
from vla_executor.safety.guard import Guard, refuse
from vla_testing.executor.bench import STEPS, Bench, bench_for


class Notes(Guard):
    """A guard that remembers what it has let through last, of each kind; `never` is refused from the n-th on."""

    def __init__(self, guard: Guard, never: str = "", first: int = 1) -> None:
        self._guard, self._never, self._left = guard, never, first
        self.passed: dict[str, Any] = {}

    def watch(self) -> Any:
        return self._guard.watch()

    def _pass(self, kind: str, what: Any) -> None:
        if kind == self._never:
            self._left -= 1
            if self._left <= 0:
                raise refuse("Not today.")
        self.passed[kind] = what

    def check_velocity(self, *arguments: Any) -> None:
        self._guard.check_velocity(*arguments)
        self._pass("drive", arguments[0])

    def check_move(self, *arguments: Any) -> None:
        self._guard.check_move(*arguments)

    def check_goal(self, *arguments: Any) -> None:
        self._guard.check_goal(*arguments)
        self._pass("navigate", arguments[2])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._guard, name)

    def check_target(self, *arguments: Any) -> None:
        self._guard.check_target(*arguments)
        self._pass("manipulate", arguments[:2])

    def check_point(self, *arguments: Any) -> None:
        self._guard.check_point(*arguments)
        self._pass("point_head", arguments[0])


def watched(name: str, **more: Any) -> tuple[Bench, list[Call]]:
    """A bench whose guard takes notes, and the calls that went past it."""
    bench = bench_for(name)
    notes = bench.runner.guard = Notes(bench.runner.guard, **more)
    past: list[Call] = []

    def on_call(call: Call) -> None:
        # A zero velocity is always permitted: stopping must not depend on anybody's consent.
        if call.moves and notes.passed.get(call.name) != call.detail:
            past.append(call)

    bench.robot.on_call = on_call
    return bench, past


@pytest.mark.parametrize("name", STEPS)
def test_every_movement_of_every_skill_has_passed_the_guard(name: str) -> None:
    bench, past = watched(name)
    assert bench.do(STEPS[name]).result.ok
    assert past == []


@pytest.mark.parametrize("kind", ["drive", "navigate", "manipulate", "point_head"])
def test_together_the_skills_use_every_actuator(kind: str) -> None:
    """Otherwise the test above would say nothing about it."""
    used: set[str] = set()
    for name, step in STEPS.items():
        bench = bench_for(name)
        bench.do(step)
        used |= {call.name for call in bench.robot.motions()}
    assert kind in used


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("move", "drive"),
        ("move sideways", "drive"),
        ("turn", "drive"),
        ("go_to place", "navigate"),
        ("go_to object", "navigate"),
        ("go_to object", "point_head"),
        ("go_to pose", "navigate"),
        ("find", "point_head"),
        ("pick", "manipulate"),
        ("pick", "point_head"),
        ("place on", "manipulate"),
        ("place in", "manipulate"),
        ("look_at", "point_head"),
        ("count", "point_head"),
        ("describe", "point_head"),
    ],
)
@pytest.mark.parametrize("which", ["first", "last"])
def test_what_the_guard_refuses_does_not_happen(name: str, kind: str, which: str) -> None:
    plain = bench_for(name)
    plain.do(STEPS[name])
    count = sum(call.name == kind for call in plain.robot.motions())
    first = 1 if which == "first" else count
    bench, past = watched(name, never=kind, first=first)
    result = bench.do(STEPS[name])
    done = [call for call in bench.robot.motions() if call.name == kind]
    assert result.result.code is Code.GUARD_REFUSED, result.result
    assert len(done) == first - 1
    assert past == []
    assert bench.robot.velocity.is_zero()
