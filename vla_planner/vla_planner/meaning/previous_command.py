# SPDX-License-Identifier: Apache-2.0
"""Recalling: the last thing that was done, as a clause, when only the steps of the command before can tell it."""

from __future__ import annotations

from collections.abc import Sequence

from vla_common.contracts.skills import ObjectRef, Step
from vla_planner.grammar.meaning import Clause, Measure, Tail, Thing


def clause_of(steps: Sequence[Step]) -> Clause | None:
    """The clause that the last steps came from; None for skills that no correction can be about."""
    if not steps:
        return None
    step = steps[-1]
    arguments = step.arguments
    ref = arguments.get("object")
    thing = _thing(ref) if isinstance(ref, ObjectRef) else None
    if step.skill == "move":
        measures = (Measure(_number(arguments.get("distance")), "length"),)
        return Clause("move", direction=str(arguments.get("direction", "")), measures=measures)
    if step.skill == "turn":
        angle = _number(arguments.get("angle"))
        side = "left" if angle >= 0 else "right"
        return Clause("turn", direction=side, measures=(Measure(abs(angle), "angle"),))
    if step.skill in ("go_to", "look_at"):
        target = thing or _place(arguments.get("place"))
        return Clause(step.skill, tails=(Tail("to", target),)) if target is not None else None
    if step.skill == "place":
        taken = next((item for item in reversed(steps) if item.skill == "pick"), None)
        held = taken.arguments.get("object") if taken is not None else None
        other = arguments.get("target_object")
        target = (
            _thing(other) if isinstance(other, ObjectRef) else _place(arguments.get("target_place"))
        )
        if not isinstance(held, ObjectRef) or target is None:
            return None
        return Clause("put", (_thing(held),), (Tail(str(arguments.get("relation", "on")), target),))
    if step.skill == "hand_over" and thing is not None:
        return Clause(
            "hand_over", (thing,), (Tail("to", Thing("person", str(arguments["person"]))),)
        )
    if step.skill in ("find", "pick", "count", "describe") and thing is not None:
        return Clause(step.skill, (thing,))
    if step.skill == "wait":
        return Clause("wait", measures=(Measure(_number(arguments.get("duration")), "time"),))
    return None


def _thing(ref: ObjectRef) -> Thing:
    return Thing(
        "label" if ref.label else "generic",
        ref.label or "object",
        ref.label,
        attributes=ref.attributes,
        quantity=ref.quantity,
        definite=True,
    )


def _place(value: object) -> Thing | None:
    return Thing("place", value, place=value) if isinstance(value, str) else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
