# SPDX-License-Identifier: Apache-2.0
"""A plan as one sentence for the person, with every amount in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

from vla_common.contracts.skills import Argument, Condition, ObjectRef, Step
from vla_planner.core.words import listed
from vla_planner.grammar.lexicon import plural_of

_CASES = {
    Condition.ALWAYS: "",
    Condition.FOUND: "if I see that, ",
    Condition.NOT_FOUND: "if I don't, ",
}


def summarize(steps: Sequence[Step]) -> str:
    """One sentence: "I will go to the table, look for a red object at the table and pick up the red object there"."""
    parts: list[str] = []
    for condition, group in groupby(steps, key=lambda step: step.only_if):
        phrases = [
            phrase(step) + (" at the same time" if step.with_previous else "") for step in group
        ]
        before = _CASES[condition] if condition or not parts else "then "
        parts.append(f"{before}I will {listed(phrases)}")
    return "; ".join(parts) + "."


def in_full(steps: Sequence[Step]) -> str:
    """As `summarize`, but so exact that no two plans are told alike: for questions whether a plan may be carried out.

    What is the same several times in a row is told once, with how often and the whole amount.
    """
    parts: list[str] = []
    for step, run in groupby(steps):
        times = len(list(run))
        words = _CASES[step.only_if] + phrase(step, _DIGITS) + _unsaid(step)
        if times > 1:
            words += f" ({times} times{_together(step, times)})"
        parts.append(words + (" at the same time" if step.with_previous else ""))
    return f"I will {listed(parts)}."


_DIGITS = 9


def _together(step: Step, times: int) -> str:
    for name, unit, factor in (
        ("distance", "m", 1.0),
        ("angle", "degrees", 180.0 / math.pi),
        ("duration", "s", 1.0),
    ):
        value = step.arguments.get(name)
        if isinstance(value, float):
            return f", {abs(value) * times * factor:.5g} {unit} in all"
    return ""


def _unsaid(step: Step) -> str:
    """What the phrase of a step leaves out: ids, and how a thing that is counted or put somewhere was named."""
    words = []
    for value in step.arguments.values():
        if isinstance(value, ObjectRef):
            if value.id:
                words.append(f"known as {value.id}")
            if value.reference and not value.relation:
                words.append(f"with {' and '.join(value.reference)}")
    if step.skill == "hand_over" and "person" in step.arguments:
        words.append(f"to {step.arguments['person']}")
    return f" ({', '.join(words)})" if words else ""


def phrase(step: Step, digits: int = 3) -> str:
    """One step in words that follow "I will". digits: of its numbers."""
    a = step.arguments
    phrases: dict[str, str] = {
        "move": f"move {a.get('direction', 'forward')} {_number(a, 'distance', digits)} m",
        "turn": _turn(_float(a, "angle"), digits),
        "go_to": f"go to {_target(a)}",
        "find": f"look for {_object(a, 'object')}",
        "pick": f"pick up {_object(a, 'object')}{_one_by_one(a)}",
        "place": f"put it {str(a.get('relation', 'on')).replace('_', ' ')} {_target(a, 'target_')}",
        "hand_over": f"hand over {_object(a, 'object')}",
        "look_at": f"look {a['direction']}" if "direction" in a else f"look at {_target(a)}",
        "say": f'say "{a.get("text", "")}"',
        "wait": f"wait {_number(a, 'duration', digits)} s",
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


def _turn(angle: float, digits: int) -> str:
    side = "left" if angle >= 0 else "right"
    return f"turn {side} {_shown(math.degrees(abs(angle)), digits)} degrees"


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


def _number(arguments: Mapping[str, Argument], name: str, digits: int = 3) -> str:
    return _shown(_float(arguments, name), digits)


def _shown(value: float, digits: int) -> str:
    """Rounded to what a person can tell apart: "90", not "90.0000002"."""
    return f"{round(value, 4):.{digits}g}"
