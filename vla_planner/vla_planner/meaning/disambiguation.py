# SPDX-License-Identifier: Apache-2.0
"""Telling apart: what words distinguish things that a command does not.

Decides what a question about several fitting things offers: qualities, else places, else sides as the robot sees
them. What nothing tells apart is no question.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vla_common.contracts.scene import SceneObject, matches
from vla_common.contracts.skills import ObjectRef
from vla_planner.meaning.answers import Choice

_SAME_SIDE_RAD = 1e-3
_ORDER = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ", "eighth ")


@dataclass(frozen=True)
class Option:
    """One answer to "which one": what is offered, and the reference that it makes of the one that was asked about."""

    choice: Choice
    ref: ObjectRef


def options(
    ref: ObjectRef, items: Sequence[SceneObject], robot: tuple[float, float, float] | None
) -> list[Option]:
    """Two or more, or none when there is nothing to ask."""
    if len(items) < 2:
        return []
    first = {item.describe(): item for item in reversed(items)}
    if len(first) > 1:
        names = list(dict.fromkeys(item.describe() for item in items))
        return [_by_quality(ref, name, first[name], items, robot) for name in names]
    places = list(dict.fromkeys(item.place for item in items))
    if len(places) > 1:
        if not all(places):
            return []
        return [
            Option(Choice(f"{items[0].describe()} at the {place}", ()), replace(ref, place=place))
            for place in places
        ]
    return _by_side(ref, items, robot)


def _by_quality(
    ref: ObjectRef,
    name: str,
    item: SceneObject,
    items: Sequence[SceneObject],
    robot: tuple[float, float, float] | None,
) -> Option:
    words = tuple(word for word in (*item.attributes, item.color) if word)
    several = len({other.label for other in items}) > 1
    meant = replace(ref, attributes=words, label=item.label if several else ref.label)
    if all(matches(other, meant) for other in items):
        meant = replace(ref, id=item.id)  # "cup" beside "red cup"
    alone = [other for other in items if other.describe() == name]
    also = tuple(dict.fromkeys(other.place for other in alone if other.place))
    return Option(Choice(name, also if len(also) == 1 else (), bearing_rad(item, robot)), meant)


def _by_side(
    ref: ObjectRef, items: Sequence[SceneObject], robot: tuple[float, float, float] | None
) -> list[Option]:
    seen = [(bearing_rad(item, robot), item) for item in items]
    sides = sorted(
        ((side, item) for side, item in seen if side is not None), key=lambda pair: -pair[0]
    )
    close = any(one[0] - two[0] < _SAME_SIDE_RAD for one, two in pairwise(sides))
    if len(sides) < len(items) or close or len(items) > len(_ORDER):
        return []
    name = ref.label or items[0].label
    texts = [f"{_ORDER[index]}{name} from the left" for index in range(len(sides))]
    texts[0], texts[-1] = f"left {name}", f"right {name}"
    if len(sides) == 3:
        texts[1] = f"middle {name}"
    return [
        Option(Choice(text, (), side), replace(ref, id=item.id))
        for text, (side, item) in zip(texts, sides, strict=True)
    ]


def bearing_rad(item: SceneObject, robot: tuple[float, float, float] | None) -> float | None:
    """From the robot's heading, left positive; None where the robot is not known."""
    if robot is None:
        return None
    angle = math.atan2(item.position[1] - robot[1], item.position[0] - robot[0]) - robot[2]
    return math.atan2(math.sin(angle), math.cos(angle))
