# SPDX-License-Identifier: Apache-2.0
"""What an agreement that comes with a command is good for, and whether a plan fits its command at all.

Decided by the gate of vla_planner, from command, plan, scene and catalogue; here only what the state manager knows is
put together for it. Its grammar is read in the background, so that no command waits for it.
"""

from __future__ import annotations

import threading

from vla_bringup.commands.command_pipeline import PlanRequest
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Plan
from vla_planner.config import PlannerConfig
from vla_planner.core.backend import FailedPlan
from vla_planner.core.validator import GIVES, TAKES
from vla_planner.gate.gate import Gate, Held, Verdict, held_against


class PlanGate:
    """config: the planner's, so that amounts that nobody said mean the same here. May be used by several threads."""

    def __init__(self, config: PlannerConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._gate: Gate | None = None
        threading.Thread(target=self._ready, name="plan_gate", daemon=True).start()

    def covers(self, request: PlanRequest, plan: Plan) -> bool:
        """Whether an agreement given with the command covers the plan: only what the command plainly asks for."""
        verdict = self.hold(request, plan)
        return verdict.held is Held.PASSES and (verdict.plain or verdict.agreed)

    def judge(self, request: PlanRequest, plan: Plan) -> None:
        """Errors: INVALID_PLAN for a plan that is not what was said and that nobody agreed to."""
        verdict = self.hold(request, plan)
        if verdict.held is not Held.PASSES:
            why = "; ".join(verdict.reasons)
            raise VlaError(
                Code.INVALID_PLAN,
                f"The plan that came is not what was said, nothing was done: {why}.",
            )

    def hold(self, request: PlanRequest, plan: Plan) -> Verdict:
        held = next((item for item in request.scene.objects if item.held), None)
        first = next((s.skill for s in plan.steps if s.skill in GIVES | TAKES), "")
        failure = None
        if request.failed_plan is not None:
            failure = FailedPlan(request.failed_plan, request.failed_step, request.failure)
        return held_against(
            self._ready(),
            request.command,
            plan.steps,
            request.scene,
            request.skills,
            answers=request.answers,
            previous=request.previous,
            failure=failure,
            holding=held is not None or first in GIVES,
            held_label=held.describe() if held is not None else "",
        )

    def _ready(self) -> Gate:
        with self._lock:
            if self._gate is None:
                self._gate = Gate(self._config)
            return self._gate
