# SPDX-License-Identifier: Apache-2.0
"""Skills that only the catalogue knows: their arguments in any order. What asks for them is in `overlay`.

Decides which parameter a word fills: amounts by unit, objects and places by kind, choices by their own words, texts in
quotes. A word that fits no parameter is a refusal, a parameter that is missing a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NoReturn

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Argument, ParameterType, SkillParameter, SkillSpec
from vla_planner.core.words import quoted
from vla_planner.grammar.meaning import Clause, Measure, Tail, Thing
from vla_planner.meaning.answers import Asker

_UNITS = {"length": "m", "angle": "rad", "time": "s", "": ""}
_DIGITS = 6


class Arguments:
    """Fills one skill's parameters from one clause.

    place_of: the map's name of a thing that is a place, "" for others; object_of: the reference, with the steps that
    make it known.
    """

    def __init__(
        self,
        spec: SkillSpec,
        asker: Asker,
        place_of: Callable[[Thing], str],
        object_of: Callable[[Thing, tuple[Tail, ...]], Argument],
        places: Iterable[str],
    ) -> None:
        self._spec, self._asker = spec, asker
        self._place_of, self._object_of = place_of, object_of
        self._places = list(places)
        self._found: dict[str, Argument] = {}

    def fill(self, clause: Clause) -> dict[str, Argument]:
        """Errors: NOT_UNDERSTOOD for what fits nothing, AMBIGUOUS for what is missing."""
        for choice in clause.choices:
            self._put(choice, choice, partial(_offers, choice))
        if clause.text:
            self._put(clause.text, clause.text, _is_text)
        self._amounts(clause.measures)
        self._things(clause)
        self._missing()
        return self._found

    def _amounts(self, measures: Iterable[Measure]) -> None:
        sums: dict[str, float] = {}
        for measure in measures:
            if measure.kind not in _UNITS:
                self._refuse("steps")
            unit = _UNITS[measure.kind]
            sums[unit] = sums.get(unit, 0.0) + measure.value
        for unit, value in sums.items():
            number = round(value, _DIGITS)
            said = f"{number:g} {unit}".strip()
            self._put(
                said,
                number,
                partial(_is_in, unit),
            )

    def _things(self, clause: Clause) -> None:
        tails = list(clause.tails)
        for index, thing in enumerate(clause.things):
            last = index == len(clause.things) - 1
            self._thing(thing, tuple(tails) if last else ())
        if not clause.things:
            for tail in tails:
                self._thing(tail.thing, ())

    def _thing(self, thing: Thing, tails: tuple[Tail, ...]) -> None:
        if thing.kind in ("me", "person"):
            word = "me" if thing.kind == "me" else thing.word
            self._put(thing.said, word, lambda parameter: parameter.name == "person")
            return
        place = "" if tails else self._place_of(thing)
        if place and self._free(_is_place):
            self._put(thing.said, place, _is_place)
        elif self._free(_is_object):
            self._put(thing.said, self._object_of(thing, tails), _is_object)
        else:
            self._refuse(thing.said)

    def _free(self, fits: Callable[[SkillParameter], bool]) -> SkillParameter | None:
        return next(
            (
                parameter
                for parameter in self._spec.parameters
                if parameter.name not in self._found and fits(parameter)
            ),
            None,
        )

    def _put(self, said: str, value: Argument, fits: Callable[[SkillParameter], bool]) -> None:
        parameter = self._free(fits)
        if parameter is None:
            self._refuse(said)
        self._found[parameter.name] = value

    def _refuse(self, said: str) -> NoReturn:
        name = self._spec.name.replace("_", " ")
        raise VlaError(Code.NOT_UNDERSTOOD, f"I don't know what {quoted(said)} is for '{name}'.")

    # --- what was not said --------------------------------------------------------------------------

    def _missing(self) -> None:
        groups: dict[str, list[SkillParameter]] = {}
        for parameter in self._spec.parameters:
            if parameter.one_of:
                groups.setdefault(parameter.one_of, []).append(parameter)
            elif parameter.required and parameter.name not in self._found:
                self._ask(parameter)
        for group in groups.values():
            if not any(parameter.name in self._found for parameter in group):
                place = next((parameter for parameter in group if _is_place(parameter)), group[0])
                self._ask(place)

    def _ask(self, parameter: SkillParameter) -> None:
        doing = self._spec.name.replace("_", " ")
        what = parameter.name.replace("_", " ")
        choices = list(parameter.choices)
        question = f"Which {what} shall I use to {doing}?"
        if _is_place(parameter):
            choices = self._places
        if choices:
            index = self._asker.choose(question, choices)
            self._found[parameter.name] = choices[index]
            return
        if _is_number(parameter):
            limits = [
                value for value in (parameter.minimum, parameter.maximum) if value is not None
            ]
            examples = [f"{value:g} {parameter.unit}".rstrip() for value in limits]
            self._found[parameter.name] = self._asker.amount(question, examples, parameter.unit)
            return
        if _is_text(parameter):
            self._found[parameter.name] = self._asker.text(question)
            return
        raise VlaError(Code.NOT_UNDERSTOOD, f"To {doing} I need the {what}.")


def _is_number(parameter: SkillParameter) -> bool:
    return parameter.type in (ParameterType.FLOAT, ParameterType.INTEGER)


def _is_place(parameter: SkillParameter) -> bool:
    return parameter.type is ParameterType.PLACE


def _is_object(parameter: SkillParameter) -> bool:
    return parameter.type is ParameterType.OBJECT


def _is_text(parameter: SkillParameter) -> bool:
    return parameter.type is ParameterType.STRING and not parameter.choices


def _is_in(unit: str, parameter: SkillParameter) -> bool:
    return _is_number(parameter) and parameter.unit == unit


def _offers(choice: str, parameter: SkillParameter) -> bool:
    return choice in parameter.choices
