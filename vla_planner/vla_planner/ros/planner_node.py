# SPDX-License-Identifier: Apache-2.0
"""The planner as a lifecycle node.

Serves (while active): `make_plan` (vla_interfaces/action/MakePlan). Goals are refused while the node is not
active. A goal ends SUCCEEDED with a plan, ABORTED with the outcome that says why there is none, or CANCELED.
Publishes: `/diagnostics`, through the base class.
Parameters: groups `planner` and `llm` (see `vla_planner.config`).
"""

from __future__ import annotations

import time
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from vla_interfaces.action import MakePlan

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.trace import short, trace_id_or_new
from vla_common.ros.clients.action_client import RESULT_TIMEOUT_S
from vla_common.ros.conversions import (
    outcome_from_msg,
    outcome_to_msg,
    plan_from_msg,
    plan_to_msg,
    scene_from_msg,
    skill_from_msg,
)
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.spin import main as spin_main
from vla_planner.config import GROUPS
from vla_planner.core.backend import FailedPlan
from vla_planner.core.planning import Planner, PlanningOutcome

STUCK_MARGIN_S = 5.0
"""Time for what surrounds the planning itself, on a busy machine."""


class PlannerNode(VlaLifecycleNode):
    """Converts, asks the core, converts back. Several goals may be planned at once: the core keeps no state."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("planner", GROUPS, **kwargs)
        self._planner: Planner | None = None
        self._server: ActionServer | None = None

    def configure(self) -> None:
        """Build the backends, so that a bad parameter fails here, and the server, which refuses until active."""
        config = self.config("planner")
        self._planner = Planner(config, self.config("llm"))
        self._server = ActionServer(
            self,
            MakePlan,
            "make_plan",
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=self.reentrant,
            result_timeout=RESULT_TIMEOUT_S,
        )
        self.get_logger().info(f"plans with: {self._backends()}")
        self._show()

    def cleanup(self) -> None:
        planner, self._planner = self._planner, None
        if planner is not None:
            planner.close()
        self._server = None

    def _backends(self) -> str:
        """ "openai (not set up), rules"."""
        backends = self._planner.backends if self._planner is not None else []
        return ", ".join(
            backend.name if backend.configured else f"{backend.name} (not set up)"
            for backend in backends
        )

    def _show(self) -> None:
        """What the diagnostics say of the backends."""
        facts: dict[str, Any] = {"backends": self._backends()}
        for backend in self._planner.backends if self._planner is not None else []:
            facts.update(backend.facts())
        self.report_health(OK, **facts)

    def _on_goal(self, goal: MakePlan.Goal) -> GoalResponse:
        if not self.active:
            self.get_logger().warning(
                f"[{short(goal.trace_id)}] goal refused: the planner is not active"
            )
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _execute(self, handle: Any) -> MakePlan.Result:
        goal = handle.request
        begin = time.monotonic()
        handle.publish_feedback(MakePlan.Feedback(message="I am planning."))
        # A backend that ignores its own time limit stops the pulse, and the state manager starts the node again.
        limit_s = 2.0 * self.config("planner").timeout_s + STUCK_MARGIN_S
        with self.loops.busy("plan", limit_s):
            outcome, trace_id = self._plan(goal, handle, begin)
        self._show()
        elapsed_ms = (time.monotonic() - begin) * 1e3
        self.get_logger().info(
            f"[{short(trace_id)}] {goal.command[:100]!r}: {_in_short(outcome)} ({elapsed_ms:.1f} ms)"
        )
        result = _to_msg(outcome)
        if handle.is_cancel_requested:
            result = _to_msg(PlanningOutcome(Result(Code.CANCELED, "Planning was canceled.")))
            handle.canceled()
        elif outcome.result.ok:
            handle.succeed()
        else:
            handle.abort()
        return result

    def _plan(self, goal: Any, handle: Any, begin: float) -> tuple[PlanningOutcome, str]:
        """The outcome and the trace id; whatever goes wrong is an outcome too."""
        planner = self._planner
        if planner is None:
            return PlanningOutcome(
                Result(Code.NOT_READY, "The planner was shut down meanwhile.")
            ), goal.trace_id
        timeout_s = planner.config.timeout_s

        def is_over() -> bool:
            return handle.is_cancel_requested or time.monotonic() - begin > timeout_s

        try:
            trace_id = trace_id_or_new(goal.trace_id)
            scene = scene_from_msg(goal.scene)
            skills = [skill_from_msg(skill) for skill in goal.skills]
            failure = _failure(goal)
            answers = _answers(goal)
            previous = plan_from_msg(goal.previous_plan) if goal.previous_plan.command else None
        except VlaError as error:
            return PlanningOutcome(error.result), goal.trace_id
        except ValueError as error:  # an enum value that no version knows
            return PlanningOutcome(
                Result(Code.INVALID_REQUEST, f"The request can't be read: {error}.")
            ), goal.trace_id
        outcome = planner.plan(
            goal.command,
            scene,
            skills,
            holding=goal.holding,
            held_label=goal.held_label,
            failure=failure,
            answers=answers,
            previous=previous,
            trace_id=trace_id,
            canceled=is_over,
        )
        if outcome.result.code is Code.CANCELED and not handle.is_cancel_requested:
            outcome = PlanningOutcome(
                Result(Code.PLANNING_TIMEOUT, f"There was no plan within {timeout_s:g} s.")
            )
        return outcome, trace_id


def _failure(goal: Any) -> FailedPlan | None:
    """Errors: INVALID_ARGUMENT for steps that can't be read."""
    if not goal.failed_plan.steps:
        return None
    return FailedPlan(
        plan_from_msg(goal.failed_plan), int(goal.failed_step), outcome_from_msg(goal.failure)
    )


def _answers(goal: Any) -> list[tuple[str, str]]:
    """Errors: INVALID_REQUEST when a question has no answer or the other way round."""
    if len(goal.questions) != len(goal.answers):
        raise VlaError(
            Code.INVALID_REQUEST,
            f"There are {len(goal.questions)} questions, but {len(goal.answers)} answers.",
        )
    return list(zip(goal.questions, goal.answers, strict=True))


def _to_msg(outcome: PlanningOutcome) -> MakePlan.Result:
    result = MakePlan.Result(
        outcome=outcome_to_msg(outcome.result),
        question=outcome.question,
        choices=list(outcome.choices),
        notice=outcome.notice,
    )
    if outcome.plan is not None:
        result.plan = plan_to_msg(outcome.plan)
    return result


def _in_short(outcome: PlanningOutcome) -> str:
    if outcome.plan is None:
        return str(outcome.result)
    return ", ".join(step.skill for step in outcome.plan.steps)


def main() -> None:
    spin_main(PlannerNode)


if __name__ == "__main__":
    main()
