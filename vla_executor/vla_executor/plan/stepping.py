# SPDX-License-Identifier: Apache-2.0
"""One step of a plan: its check, its run and its verification, with what ends it early.

Decides how a step came to its end. What that means for the plan, and bringing the robot to a halt, is for the runner.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import Argument, Condition, ObjectRef
from vla_executor.config import ExecutorConfig, Ros2Config
from vla_executor.plan.grouping import Group, Member, label
from vla_executor.plan.plan_segments import one_of
from vla_executor.plan.resources import Resources
from vla_executor.robot.robot import Robot
from vla_executor.safety.guard import Guard
from vla_executor.search.searching import NotThereError
from vla_executor.skills.context import Memory, SkillContext
from vla_executor.skills.skill import Skill

STUCK_MARGIN_S = 15.0
"""Time for a skill to notice that its step has taken too long, and to end."""

StartTimer = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Calls back after some seconds; returns a function that calls it off."""


def start_timer(seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
    timer = threading.Timer(seconds, callback)
    timer.daemon = True
    timer.start()
    return timer.cancel


@dataclass(frozen=True)
class PreparedStep:
    """A step that was checked against the catalogue."""

    kind: type[Skill]
    arguments: Mapping[str, Argument]
    with_previous: bool = False
    only_if: Condition = Condition.ALWAYS

    @property
    def name(self) -> str:
        return self.kind.spec.name

    @property
    def member(self) -> Member:
        value = self.arguments.get("object")
        ref = value if isinstance(value, ObjectRef) else None
        return Member(self.name, self.kind.spec.resources, self.with_previous, self.only_if, ref)

    def about_one(self, ref: ObjectRef) -> PreparedStep:
        """The same step of one round: what the words of all rounds mean is one thing in it."""
        arguments = {
            name: one_of(value) if isinstance(value, ObjectRef) and one_of(value) == ref else value
            for name, value in self.arguments.items()
        }
        return replace(self, arguments=arguments)


@dataclass(frozen=True)
class Ended:
    """How a step came to its end. begun: something may have moved; own: it failed by itself.

    not_there: the reason why it ended well without having done anything: that was an answer. answer: what the person
    was told, or can be.
    """

    result: Result
    verified: bool
    begun: bool
    own: bool
    not_there: NotThereError | None = None
    answer: str = ""


@dataclass(frozen=True)
class StepRunner:
    """What every step needs. busy: see `PlanRunner`."""

    robot: Robot
    guard: Guard
    config: ExecutorConfig
    ros2: Ros2Config
    resources: Resources
    memory: Memory
    timer: StartTimer = start_timer
    busy: Callable[[str, float], AbstractContextManager[None]] = field(
        default=lambda name, limit_s: nullcontext()
    )
    log: Callable[[str], None] = lambda text: None

    def run(
        self,
        index: int,
        step: PreparedStep,
        group: Group,
        tell: Callable[[str, float], None],
        may_be_missing: bool = False,
    ) -> Ended:
        """Never raises. may_be_missing: that a search finds nothing is an answer and no failure."""
        # The step's own token ends with the group's, or alone when the step takes too long.
        own = CancelToken()

        def pass_on() -> None:
            own.cancel(group.token.reason)

        context = SkillContext(
            self.robot,
            self.guard,
            self.config,
            self.ros2,
            step.arguments,
            own,
            self.memory,
            tell,
        )
        group.token.add_callback(pass_on)
        call_off: Callable[[], None] = lambda: None  # noqa: E731
        begun = False
        limit_s = 0.0
        try:
            own.raise_if_canceled()
            # Here and not before: a plug-in's constructor is somebody else's code like its `run`.
            skill = step.kind()
            limit_s = skill.timeout_s(context)
            call_off = self.timer(limit_s, lambda: own.cancel(Code.STEP_TIMEOUT))
            sentence = skill.sentence(context)
            if sentence:
                tell(sentence, 0.0)
            taken = self.resources.taken(skill.spec.resources, label(index, step.name))
            with self.busy(step.name, limit_s + STUCK_MARGIN_S), taken:
                skill.check(context)
                own.raise_if_canceled()
                begun = True
                skill.run(context)
                verified = skill.verify(context)
                return Ended(OK, verified, begun, False, answer=" ".join(context.answers))
        except NotThereError as error:
            if may_be_missing and not own.canceled:
                return Ended(OK, True, begun, False, error, error.answer)
            result = error.result
        except VlaError as error:
            result = error.result
        except (Exception, SystemExit):  # a skill that calls sys.exit would end its thread only
            self.log(f"The skill '{step.name}' broke:\n{traceback.format_exc()}")
            result = Result(
                Code.INTERNAL_ERROR, f"A defect in '{step.name}'; the log has the trace."
            )
        finally:
            call_off()
            group.token.remove_callback(pass_on)
        if not own.canceled:
            return Ended(result, False, begun, True)
        if own.reason is Code.STEP_TIMEOUT:
            result = Result(own.reason, f"The step took longer than {limit_s:g} s.")
            return Ended(result, False, begun, True)
        return Ended(canceled(own.reason, group.sentence()), False, begun, False)


_ENDED = {Code.STOPPED: "Stopped.", Code.COMPONENT_FAILED: "The state manager is gone."}


def canceled(reason: Code, sentence: str = "") -> Result:
    return Result(reason, sentence or _ENDED.get(reason, "Canceled."))
