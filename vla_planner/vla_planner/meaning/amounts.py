# SPDX-License-Identifier: Apache-2.0
"""Amounts: what was measured or left open, in SI units. The defaults are the parameters'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.config import PlannerConfig
from vla_planner.grammar.meaning import Clause, Measure
from vla_planner.grammar.measuring import SURELY_DEGREES
from vla_planner.meaning.answers import Asker

_DIGITS = 6
_HEADINGS_DEG = {"0 degrees": 0.0, "90 degrees": 90.0, "180 degrees": 180.0, "270 degrees": 270.0}


def distance_m(
    measures: Sequence[Measure], little: bool, config: PlannerConfig, asker: Asker
) -> float:
    """Errors: AMBIGUOUS without a unit, INVALID_ARGUMENT for another kind of unit or zero."""
    if little:
        return config.a_little_m
    if not measures:
        return config.default_distance_m
    total = 0.0
    for measure in measures:
        if measure.kind == "":
            measure = _with_unit(measure, {"meters": 1.0, "centimeters": 0.01}, "length", asker)
        if measure.kind == "time":
            raise VlaError(Code.NOT_POSSIBLE, "I drive distances, not times; say how far.")
        if measure.kind == "angle":
            raise VlaError(Code.INVALID_ARGUMENT, "That is an angle, but I need a distance.")
        total += measure.value * (config.step_m if measure.kind == "step" else 1.0)
    return _positive(total, "distance")


def angle_rad(clause: Clause, config: PlannerConfig, asker: Asker) -> tuple[float, bool]:
    """The angle (positive) and whether left and right end in the same heading."""
    if clause.direction == "around":
        return round(math.pi, _DIGITS), True
    if clause.little:
        return config.a_little_rad, False
    if not clause.measures:
        return config.default_angle_rad, False
    total = 0.0
    for measure in clause.measures:
        if measure.kind in ("length", "step", "time"):
            raise VlaError(Code.INVALID_ARGUMENT, f"That is a {measure.kind}, but I need an angle.")
        if measure.kind == "" and measure.value < SURELY_DEGREES:
            units = {"degrees": math.radians(1.0), "radians": 1.0}
            measure = _with_unit(measure, units, "angle", asker)
        total += math.radians(measure.value) if measure.kind == "" else measure.value
    half_turns = total / math.pi
    either_way = abs(half_turns - round(half_turns)) < 1e-6
    return _positive(total, "angle"), either_way


def duration_s(measures: Sequence[Measure], config: PlannerConfig, asker: Asker) -> float:
    """Errors: AMBIGUOUS without a unit, INVALID_ARGUMENT for another kind of unit."""
    if not measures:
        return config.default_wait_s
    total = 0.0
    for measure in measures:
        if measure.kind == "":
            measure = _with_unit(measure, {"seconds": 1.0, "minutes": 60.0}, "time", asker)
        if measure.kind != "time":
            raise VlaError(Code.INVALID_ARGUMENT, "I need a time to wait, in seconds or minutes.")
        total += measure.value
    return round(total, _DIGITS)


def pose(said: tuple[float, float, float | None], asker: Asker) -> tuple[float, float, float]:
    """Errors: AMBIGUOUS without a heading."""
    x, y, heading = said
    if heading is None:
        degrees = asker.value("Which way shall I face there?", list(_HEADINGS_DEG), _heading_deg)
        heading = math.radians(degrees)
    return round(x, _DIGITS), round(y, _DIGITS), round(heading, _DIGITS)


def _heading_deg(answer: str) -> float | None:
    words = answer.split()
    try:
        value = float(words[0])
    except ValueError:
        return None
    return value if words[1:] in ([], ["degrees"], ["°"]) else None


def _with_unit(measure: Measure, units: Mapping[str, float], kind: str, asker: Asker) -> Measure:
    """A bare number as one of some units. Errors: AMBIGUOUS, NOT_CONFIRMED."""
    number = f"{measure.value:g}"
    names = list(units)
    index = asker.choose(f"{number} of what?", [f"{number} {name}" for name in names])
    return Measure(measure.value * units[names[index]], kind, units[names[index]])


def _positive(value: float, what: str) -> float:
    rounded = round(value, _DIGITS)
    if rounded <= 0.0:
        raise VlaError(Code.INVALID_ARGUMENT, f"With a {what} of zero nothing would move.")
    return rounded
