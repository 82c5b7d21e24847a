# SPDX-License-Identifier: Apache-2.0
"""What a skill gets when it runs, and what is remembered from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.scene import SceneObject
from vla_common.contracts.skills import Argument, ObjectRef
from vla_executor.config import ExecutorConfig, Ros2Config
from vla_executor.plan.plan_segments import one_of
from vla_executor.plan.rounds import RepeatState
from vla_executor.robot.robot import Grip, Operation, Robot, Target
from vla_executor.safety.guard import Guard
from vla_executor.spatial.geometry import Point3, Pose2


@dataclass
class Memory:
    """found: which objects, as they were last seen, the words of this plan meant; held: what the gripper holds.
    moved: what has been moved so far by the part of the plan that is carried out several times, None outside of one.

    found and moved are forgotten with the plan, held is not. held is None when the gripper is empty, and also
    when it holds something that nobody saw being picked.
    """

    found: dict[ObjectRef, tuple[SceneObject, ...]] = field(default_factory=dict)
    held: SceneObject | None = None
    moved: RepeatState | None = None

    def meant(self, ref: ObjectRef) -> tuple[SceneObject, ...]:
        """What these words have meant so far, the first one first."""
        return self.found.get(one_of(ref), ())

    def mean(self, ref: ObjectRef, *items: SceneObject) -> None:
        """From now on these words mean these things; without any: nothing yet."""
        self.found.pop(one_of(ref), None)
        if items:
            self.found[one_of(ref)] = items

    def let_go(self, *points: Point3) -> None:
        """Something was put down there."""
        if self.moved is not None:
            self.moved.let_go(points)

    def forget_plan(self) -> None:
        self.found.clear()
        self.moved = None


@dataclass(frozen=True)
class SkillContext:
    """One step. report: tells the person a sentence, with the progress of the step from 0 to 1."""

    robot: Robot
    guard: Guard
    config: ExecutorConfig
    ros2: Ros2Config
    arguments: Mapping[str, Argument]
    token: CancelToken
    memory: Memory
    report: Callable[[str, float], None] = lambda sentence, progress: None
    answers: list[str] = field(default_factory=list)
    """What the step has found out or said for the person so far: the result carries it."""

    def tell(self, sentence: str) -> None:
        """Say what the person wanted to hear, and keep it for the result."""
        self.robot.say(sentence)
        self.answers.append(sentence)

    def text(self, name: str) -> str:
        value = self.arguments[name]
        assert isinstance(value, str)
        return value

    def number(self, name: str) -> float:
        value = self.arguments[name]
        assert isinstance(value, (int, float))
        return float(value)

    def object(self, name: str) -> ObjectRef:
        value = self.arguments[name]
        assert isinstance(value, ObjectRef)
        return value

    def base(self) -> Pose2:
        """Where the base is in the map, as of now: waits for a pose that is not from before."""
        robot = self.robot
        return robot.base_pose(self.token, self.config.sensor_timeout_s, robot.now_s()).pose

    def manipulate(self, operation: Operation, target: Target | None, seen_s: float) -> Grip:
        """The only way to the arm: through the guard. Forgets what is held once it is not."""
        base = self.robot.base_pose(self.token, self.config.sensor_timeout_s)
        self.guard.check_target(operation, target, base, seen_s, self.robot.now_s())
        try:
            return self.robot.manipulate(operation, target, self.token, self.ros2.action_timeout)
        finally:
            if self.robot.grip().holding is False:
                self.memory.held = None

    def point_head(self, point: tuple[float, float, float]) -> None:
        """The only way to the head: through the guard."""
        self.guard.check_point(point)
        self.robot.point_head(point, self.token, self.config.head_timeout_s)
