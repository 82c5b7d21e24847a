# SPDX-License-Identifier: Apache-2.0
"""Measuring: the parts of a parse tree that are numbers with units, in SI units."""

from __future__ import annotations

import math
from typing import Any

from lark import Tree

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Measure

SURELY_DEGREES = 10.0
"""A bare number from here on can only be degrees: as radians it would be more than a whole turn."""


def is_tree(node: Any) -> bool:
    """Whether a node of the parse is a Tree and not a ReadToken."""
    return isinstance(node, Tree)


def measures(children: list[Any]) -> list[Measure]:
    """ "1 meter and 20 centimeters" is two; a number without a unit has kind ""."""
    found: list[Measure] = []
    number: float | None = None
    sign = 1.0
    for child in children:
        if is_tree(child):
            token = child.children[0]
            value = sign * (1.0 if number is None else number)
            if token.meaning == "step":
                found.append(Measure(value, "step"))
            else:
                found.append(Measure(value * token.meaning, token.type.lower(), token.meaning))
            number, sign = None, 1.0
        elif child.type == "MINUS":
            sign = -1.0
        elif child.type == "NUMBER":
            if number is not None:
                found.append(Measure(number, ""))
            number = child.meaning
    if number is not None and found:  # "a meter and a half"
        last = found[-1]
        found.append(Measure(number * last.unit, last.kind, last.unit))
    elif number is not None:
        found.append(Measure(number, ""))
    return found


def pose_in(tree: Any) -> tuple[float, float, float | None]:
    values: list[float] = []
    heading: float | None = None
    for child in tree.children:
        if not is_tree(child):
            continue
        value, unit, sign = 0.0, "", 1.0
        factor = 1.0
        for token in child.children:
            if token.type == "MINUS":
                sign = -1.0
            elif token.type == "NUMBER":
                value = token.meaning
            elif token.type in ("LENGTH", "ANGLE"):
                if not isinstance(token.meaning, float):
                    raise VlaError(
                        Code.NOT_UNDERSTOOD, f"I can't place {quoted(str(token))} on the map."
                    )
                unit, factor = token.type, token.meaning
        if child.data == "heading":
            if unit == "" and value >= SURELY_DEGREES:
                factor = math.radians(1.0)
            elif unit == "" and value:
                continue  # a few of what?
            heading = sign * value * factor
        else:
            values.append(sign * value * (factor if unit == "LENGTH" else 1.0))
    return values[0], values[1], heading
