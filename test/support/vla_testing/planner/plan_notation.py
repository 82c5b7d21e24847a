# SPDX-License-Identifier: Apache-2.0
"""Plans in one line, as PLANS.md writes them, for tables of tests: "[go_to table] [pick {cup, red, at table}]"."""

from __future__ import annotations

from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import Condition, ObjectRef
from vla_planner.config import PlannerConfig
from vla_planner.core.planning import Planner
from vla_testing.planner.fixtures import CATALOGS, SCENES

PLANNER = Planner(PlannerConfig())


def written(plan):
    return " ".join(_step(step) for step in plan.steps)


def said(command, *answers, scene="room", skills="all", holding="", previous="", planner=PLANNER):
    """The plan for a command and what was answered to its questions in turn, else "CODE: sentence"."""
    situation = {
        "scene": SCENES[scene],
        "skills": CATALOGS[skills],
        "holding": bool(holding),
        "held_label": "" if holding == "unknown" else holding,
    }
    if previous:
        situation["previous"] = planner.plan(previous, **situation).plan
    outcome = planner.plan(command, **situation)
    given = []
    for answer in answers:
        assert outcome.result.code is Code.AMBIGUOUS, str(outcome.result)
        given.append((outcome.question, answer))
        outcome = planner.plan(command, **situation, answers=tuple(given))
    if outcome.plan is None:
        return f"{outcome.result.code.name}: {outcome.result.message}"
    return written(outcome.plan)


def _step(step):
    arguments = " ".join(_argument(value) for value in step.arguments.values())
    text = f"[{step.skill} {arguments}".rstrip() + "]"
    if step.only_if is not Condition.ALWAYS:
        text = text[:-1] + f", {step.only_if.name.lower()}]"
    return text[:-1] + ", together]" if step.with_previous else text


def _argument(value):
    if isinstance(value, ObjectRef):
        parts = [value.label or "object", *value.attributes]
        parts += [value.quantity] if value.quantity else []
        parts += [value.relation.replace("_", " ")] if value.relation else []
        parts += [f"({item})" for item in value.reference]
        parts += [f"at {value.place}"] if value.place else []
        parts += [f"id {value.id}"] if value.id else []
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "(" + ", ".join(f"{item:g}" for item in value) + ")"
    return str(value)
