# SPDX-License-Identifier: Apache-2.0
"""A small room for tests: a table ahead, a bin to the left, three things on the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vla_common.contracts.outcomes import Code
from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_common.contracts.skills import Plan, Step
from vla_executor.config import ExecutorConfig, GuardConfig, Ros2Config
from vla_executor.plan.records import Progress
from vla_executor.plan.runner import PlanResult, PlanRunner
from vla_executor.plan.state import ExecutionState
from vla_executor.robot.fake_robot import FakeRobot
from vla_executor.safety.guard import Guard
from vla_executor.skills.skill import load_skills

SKILLS = load_skills()
TABLE = Place("table", PlaceKind.SURFACE, (2.0, 0.0, 0.72), 0.0, (0.7, 1.3), ("desk",))
BIN = Place("bin", PlaceKind.CONTAINER, (0.0, 2.0, 0.30), 0.0, (0.32, 0.32))
CORNER = Place("corner", PlaceKind.AREA, (-1.0, -1.0, 0.0), 0.5, (0.5, 0.5), keep_out=False)


def thing(
    name: str, x: float, y: float, *, label: str = "cup", color: str = "red", **more: Any
) -> SceneObject:
    more.setdefault("place", "table")
    more.setdefault("size", (0.06, 0.06, 0.08))
    return SceneObject(name, label, (x, y, 0.76), color, **more)


def room(**more: Any) -> FakeRobot:
    objects = [
        thing("cup1", 1.85, 0.3),
        thing("cup2", 1.85, -0.3, color="blue"),
        thing("ball1", 1.80, 0.0, label="ball", color="green"),
    ]
    return FakeRobot(objects, [TABLE, BIN, CORNER], **more)


@dataclass
class Bench:
    """A runner on a fake robot; `do` runs steps given as (skill, arguments)."""

    robot: FakeRobot
    config: ExecutorConfig = field(default_factory=ExecutorConfig)
    guard_config: GuardConfig = field(default_factory=GuardConfig)
    state: ExecutionState = field(default_factory=ExecutionState)
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runner = PlanRunner(
            SKILLS,
            self.robot,
            Guard(self.guard_config, self.config),
            self.config,
            Ros2Config(),
            self.state,
            timer=self._timer,
            log=self.logged.append,
        )

    def _timer(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        self.timers.append((seconds, callback))
        return lambda: None

    def do(self, *steps: tuple[str, dict[str, Any]], **more: Any) -> PlanResult:
        plan = Plan("test", tuple(Step(skill, arguments) for skill, arguments in steps))
        return self.runner.run(plan, report=self.seen.append, **more)

    def carry_out(self, *steps: Step) -> PlanResult:
        """Steps with conditions and the like."""
        return self.runner.run(Plan("test", steps), report=self.seen.append)

    def told(self) -> list[str]:
        return [progress.message for progress in self.seen if progress.message]

    def code(self, *steps: tuple[str, dict[str, Any]], **more: Any) -> Code:
        return self.do(*steps, **more).result.code


RED_CUP = {"label": "cup", "attributes": ["red"]}
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "move": ("move", {"distance": 0.3}),
    "move sideways": ("move", {"distance": 0.2, "direction": "left"}),
    "turn": ("turn", {"angle": 0.6}),
    "go_to place": ("go_to", {"place": "table"}),
    "go_to object": ("go_to", {"object": RED_CUP}),
    "go_to pose": ("go_to", {"pose": (0.5, 0.5, 1.0)}),
    "find": ("find", {"object": RED_CUP}),
    "pick": ("pick", {"object": RED_CUP}),
    "place on": ("place", {"relation": "on", "target_place": "table"}),
    "place in": ("place", {"relation": "in", "target_place": "bin"}),
    "place next to": ("place", {"relation": "next_to", "target_object": {"label": "ball"}}),
    "look_at": ("look_at", {"object": RED_CUP}),
    "count": ("count", {"object": RED_CUP}),
    "describe": ("describe", {}),
    "wait": ("wait", {"duration": 1.0}),
}


def bench_for(name: str) -> Bench:
    bench = Bench(room())
    if name.startswith("place"):
        held = thing("box1", 0, 0, label="box", color="yellow")
        bench.robot.hold(held)
        bench.runner.memory.held = held
    return bench
