# SPDX-License-Identifier: Apache-2.0
"""A plan is only a proposal, whoever sends it: held against catalogue, scene and gripper again, and worded here.

The planner validates what its backends propose, but what answers `make_plan` need not be that planner, and its summary
need not tell what its steps do. Here the same rules are asked again of what came, and what the person hears of it is
made from the steps themselves. Further checks (does the plan fit the command?) are added as `judges`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from vla_bringup.commands.command_pipeline import PlanAnswer, PlanRequest
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Plan
from vla_planner.core.summary import summarize
from vla_planner.core.validator import validate

MAX_STEPS = 100
"""Of any plan; how many a planner may use is its own parameter."""


class Judge(Protocol):
    """Decides whether a plan may be carried out for a request."""

    def __call__(self, request: PlanRequest, plan: Plan) -> None:
        """Errors: VlaError when the plan must not be carried out."""
        ...


def judged(request: PlanRequest, answer: PlanAnswer, judges: Sequence[Judge] = ()) -> Plan:
    """The plan as it may be carried out. Errors: those of the validator and of the judges."""
    plan = answer.plan
    if plan is None:
        raise VlaError(Code.INVALID_PLAN, "The planner gave no plan and no reason.")
    try:
        steps = validate(
            plan.steps,
            request.skills,
            request.scene,
            holding=answer.holding,
            max_steps=MAX_STEPS,
        )
    except VlaError as error:
        raise VlaError(
            error.code, f"The plan that came was refused, nothing was done: {error.message}"
        ) from None
    plan = replace(
        plan,
        command=request.command,
        steps=steps,
        summary=summarize(steps),
        trace_id=request.trace_id,
    )
    for judge in judges:
        judge(request, plan)
    return plan
