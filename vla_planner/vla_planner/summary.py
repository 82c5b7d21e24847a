"""A plan as one sentence for the person, with every amount in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

from vla_common.skills import Argument, Condition, ObjectRef, Step
from vla_planner.lexicon import plural_of
from vla_planner.words import listed

_CASES = {
    Condition.ALWAYS: "",
    Condition.FOUND: "if I see that, ",
    Condition.NOT_FOUND: "if I don't, ",
}


def summarise(steps: Sequence[Step]) -> str:
    """ "I will go to the table, look for a red object at the table and pick up the red object at the table." """
    parts: list[str] = []
    for condition, group in groupby(steps, key=lambda step: step.only_if):
        phrases = [
            _phrase(step) + (" at the same time" if step.with_previous else "") for step in group
        ]
        before = _CASES[condition] if condition or not parts else "then "
        parts.append(f"{before}I will {listed(phrases)}")
    return "; ".join(parts) + "."


def _phrase(step: Step) -> str:
    a = step.arguments
    phrases: dict[str, str] = {
        "move": f"move {a.get('direction', 'forward')} {_number(a, 'distance')} m",
        "turn": _turn(_float(a, "angle")),
        "go_to": f"go to {_target(a)}",
        "find": f"look for {_object(a, 'object')}",
        "pick": f"pick up {_object(a, 'object')}{_one_by_one(a)}",
        "place": f"put it {str(a.get('relation', 'on')).replace('_', ' ')} {_target(a, 'target_')}",
        "hand_over": f"hand over {_object(a, 'object')}",
        "look_at": f"look {a['direction']}" if "direction" in a else f"look at {_target(a)}",
        "say": f'say "{a.get("text", "")}"',
        "wait": f"wait {_number(a, 'duration')} s",
        "count": f"count {_object(a, 'object', 'all')}"
        + (f" at the {a['place']}" if "place" in a else ""),
        "describe": f"describe {_target(a)}" if a else "describe what I see",
    }
    return phrases.get(step.skill) or _by_name(step)


def _by_name(step: Step) -> str:
    """A skill of a plug-in with all its arguments."""
    words = [step.skill.replace("_", " ")]
    for name, value in step.arguments.items():
        said = _object(step.arguments, name) if isinstance(value, ObjectRef) else str(value)
        words.append(f"{name.replace('_', ' ')} {said}")
    return words[0] + (f" ({', '.join(words[1:])})" if words[1:] else "")


def _one_by_one(arguments: Mapping[str, Argument]) -> str:
    ref = arguments.get("object")
    several = isinstance(ref, ObjectRef) and ref.quantity not in ("", "one", "1")
    return ", one at a time" if several else ""


def _turn(angle: float) -> str:
    side = "left" if angle >= 0 else "right"
    return f"turn {side} {math.degrees(abs(angle)):.3g} degrees"


def _target(arguments: Mapping[str, Argument], prefix: str = "") -> str:
    if prefix + "place" in arguments:
        return f"the {arguments[prefix + 'place']}"
    if prefix + "object" in arguments:
        return _object(arguments, prefix + "object")
    pose = arguments.get("pose")
    if isinstance(pose, tuple):
        return f"x {pose[0]:.2f}, y {pose[1]:.2f}, facing {math.degrees(pose[2]):.0f} degrees"
    return "it"


def _object(arguments: Mapping[str, Argument], name: str, number: str = "") -> str:
    """ "the red cup at the table", "all red cups", "2 blocks", "the nearest cup"."""
    ref = arguments.get(name)
    if not isinstance(ref, ObjectRef):
        return "the object"
    label = ref.label or "object"
    number = number or (ref.quantity if ref.quantity not in ("", "one", "1") else "")
    rank = "" if ref.reference else ref.relation.replace("_", " ")
    words = [number or "the", rank, *ref.attributes, plural_of(label) if number else label]
    if ref.reference:
        words += [ref.relation.replace("_", " "), "the", " and the ".join(ref.reference)]
    if ref.place:
        words += ["at the", ref.place]
    return " ".join(word for word in words if word)


def _float(arguments: Mapping[str, Argument], name: str) -> float:
    value = arguments.get(name)
    return value if isinstance(value, float) else 0.0


def _number(arguments: Mapping[str, Argument], name: str) -> str:
    return f"{_float(arguments, name):.3g}"
