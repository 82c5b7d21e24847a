# SPDX-License-Identifier: Apache-2.0
"""Skills, steps and plans as plain data: the language that planner, executor and state manager share.

Arguments are typed by the skill's parameters. In Python and in JSON an object argument is an `ObjectRef`
(a mapping, absent keys left out); everything else is a number, a text, a truth value or a list of numbers.
What a plan may contain is decided by the planner's validator and again by the executor; this module only
says what the parts are and whether one argument has the right type and range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Union

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.language.foreign_text import MAX_NAME, MAX_PARAGRAPH, line

MAX_OBJECT_WORDS = 16
"""Attributes of an object in words, or things that it stands in a relation to."""


@dataclass(frozen=True)
class ObjectRef:
    """Which object somebody means, in words. Empty fields say nothing.

    label: class name, "" or "object" for any kind. attributes: colour and size words. place: name of a place.
    relation and reference: "next_to", ("blue box",); "between", ("cup", "red box"). quantity: "", "one", "all" or
    digits. id: a SceneObject's. Which and how many words there may be is checked where a plan is
    (`SkillParameter.parse`).
    """

    label: str = ""
    attributes: tuple[str, ...] = ()
    place: str = ""
    relation: str = ""
    reference: tuple[str, ...] = ()
    quantity: str = ""
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                out[field.name] = list(value) if isinstance(value, tuple) else value
        return out

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ObjectRef:
        """Errors: INVALID_ARGUMENT for unknown keys and wrong types."""
        if not isinstance(value, Mapping):
            raise VlaError(
                Code.INVALID_ARGUMENT,
                f"An object has to be described by keys and values, not {value!r}.",
            )
        known = {field.name for field in fields(cls)}
        out: dict[str, Any] = {}
        for key, item in value.items():
            if key not in known:
                raise VlaError(Code.INVALID_ARGUMENT, f"An object has no key '{str(key)[:40]}'.")
            if key in ("attributes", "reference"):
                if not isinstance(item, (list, tuple)) or not all(
                    isinstance(word, str) for word in item
                ):
                    raise VlaError(
                        Code.INVALID_ARGUMENT, f"An object's '{key}' has to be a list of words."
                    )
                out[key] = tuple(item)
            else:
                if not isinstance(item, str):
                    raise VlaError(Code.INVALID_ARGUMENT, f"An object's '{key}' has to be a text.")
                out[key] = item
        return cls(**out)

    def describe(self) -> str:
        """As a person would say it: "red cup on the table"."""
        words = " ".join([*self.attributes, self.label or "object"])
        if self.relation:
            words += " " + self.relation.replace("_", " ")
            if self.reference:
                words += " the " + " and the ".join(self.reference)
        if self.place:
            words += f" at the {self.place}"
        if self.quantity in ("", "one"):
            return words
        return f"{self.quantity} of: {words}"


class ParameterType(IntEnum):
    """Same numbers as vla_interfaces/msg/SkillParameter."""

    FLOAT = 0
    INTEGER = 1
    BOOL = 2
    STRING = 3
    OBJECT = 4
    PLACE = 5
    POSE = 6


class RiskTier(IntEnum):
    """Same numbers as vla_interfaces/msg/Skill."""

    AUTO = 0
    ANNOUNCE = 1
    CONFIRM = 2
    FORBID = 3


Argument = Union[float, int, bool, str, ObjectRef, tuple[float, float, float]]


@dataclass(frozen=True)
class SkillParameter:
    """One argument of a skill. `one_of` names a group of which exactly one has to be given."""

    name: str
    type: ParameterType
    description: str
    unit: str = ""
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    one_of: str = ""

    def parse(self, value: Any) -> Argument:
        """The value as this parameter's type. Errors: INVALID_ARGUMENT with a sentence that names the parameter."""
        kind = self.type
        if kind is ParameterType.OBJECT:
            return self._bounded(
                value if isinstance(value, ObjectRef) else ObjectRef.from_json(value)
            )
        if kind is ParameterType.BOOL:
            if not isinstance(value, bool):
                raise self._wrong(value, "true or false")
            return value
        if kind in (ParameterType.STRING, ParameterType.PLACE):
            if not isinstance(value, str) or not value.strip():
                raise self._wrong(value, "a text")
            if len(value) > 1000:
                raise VlaError(
                    Code.INVALID_ARGUMENT, f"'{self.name}' is longer than 1000 characters."
                )
            if self.choices and value not in self.choices:
                raise self._wrong(value, "one of " + ", ".join(self.choices))
            text = line(value)  # it is spoken, shown and logged
            if not text:
                raise self._wrong(value, "a text")
            return text
        if kind is ParameterType.POSE:
            if not isinstance(value, (list, tuple)) or len(value) != 3:
                raise self._wrong(value, "x, y and yaw")
            x, y, yaw = (self._finite(item) for item in value)
            return (x, y, yaw)
        number = self._finite(value)
        if kind is ParameterType.INTEGER:
            if number != int(number):
                raise self._wrong(value, "a whole number")
            number = int(number)
        if self.minimum is not None and number < self.minimum:
            raise VlaError(
                Code.INVALID_ARGUMENT,
                f"'{self.name}' is {self._amount(number)}, less than {self._amount(self.minimum)}.",
            )
        if self.maximum is not None and number > self.maximum:
            raise VlaError(
                Code.INVALID_ARGUMENT,
                f"'{self.name}' is {self._amount(number)}, more than {self._amount(self.maximum)}.",
            )
        return number

    def _bounded(self, ref: ObjectRef) -> ObjectRef:
        words = [ref.label, ref.place, ref.relation, ref.quantity, ref.id]
        words += [*ref.attributes, *ref.reference]
        most = max(len(ref.attributes), len(ref.reference))
        if most > MAX_OBJECT_WORDS or any(len(word) > MAX_NAME for word in words):
            raise VlaError(
                Code.INVALID_ARGUMENT,
                f"'{self.name}' has too many words, or too long ones: {MAX_OBJECT_WORDS} of {MAX_NAME} characters "
                "are permitted.",
            )
        if not all(word.isprintable() for word in words):
            raise VlaError(
                Code.INVALID_ARGUMENT, f"'{self.name}' has a word with characters that are no text."
            )
        return ref

    def _amount(self, value: float) -> str:
        """With its unit; people think in degrees."""
        if self.unit == "rad":
            return f"{math.degrees(value):.4g} degrees"
        return f"{value:g} {self.unit}".rstrip()

    def _finite(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(value, "a number")
        try:
            number = float(value)
        except OverflowError:
            raise self._wrong(value, "a finite number") from None
        if not math.isfinite(number):
            raise self._wrong(value, "a finite number")
        return number

    def _wrong(self, value: Any, wanted: str) -> VlaError:
        return VlaError(
            Code.INVALID_ARGUMENT, f"'{self.name}' has to be {wanted}, not {str(value)[:60]!r}."
        )


@dataclass(frozen=True)
class SkillSpec:
    """A skill as the catalogue lists it."""

    name: str
    description: str
    parameters: tuple[SkillParameter, ...] = ()
    resources: frozenset[str] = frozenset()
    risk_tier: RiskTier = RiskTier.AUTO
    available: bool = True
    unavailable_reason: str = ""
    phrases: tuple[str, ...] = ()
    """Words with which people ask for it, for planners that know no other; empty: its name."""

    def parse_arguments(self, arguments: Mapping[str, Any]) -> dict[str, Argument]:
        """Typed arguments. Errors: INVALID_ARGUMENT (missing, unknown, wrong type, out of range)."""
        by_name = {parameter.name: parameter for parameter in self.parameters}
        for name in arguments:
            if name not in by_name:
                known = ", ".join(by_name) or "none"
                raise VlaError(
                    Code.INVALID_ARGUMENT,
                    f"The skill '{self.name}' has no argument '{str(name)[:40]}' (it has: {known}).",
                )
        parsed = {name: by_name[name].parse(value) for name, value in arguments.items()}
        groups: dict[str, list[str]] = {}
        for parameter in self.parameters:
            if parameter.one_of:
                groups.setdefault(parameter.one_of, []).append(parameter.name)
            elif parameter.required and parameter.name not in parsed:
                raise VlaError(
                    Code.INVALID_ARGUMENT, f"The skill '{self.name}' needs '{parameter.name}'."
                )
        for names in groups.values():
            given = [name for name in names if name in parsed]
            if len(given) != 1:
                wanted = ", ".join(names)
                raise VlaError(
                    Code.INVALID_ARGUMENT,
                    f"The skill '{self.name}' needs exactly one of: {wanted}; it got {len(given)}.",
                )
        return parsed


class Condition(IntEnum):
    """Same numbers as vla_interfaces/msg/Step. What the last unconditional "find" before a step has to have seen."""

    ALWAYS = 0
    FOUND = 1
    NOT_FOUND = 2


@dataclass(frozen=True)
class Step:
    """A skill with its arguments; `arguments` is treated as read-only."""

    skill: str
    arguments: Mapping[str, Argument]
    with_previous: bool = False
    """It may run together with the step before it; the two must need different parts of the robot."""
    only_if: Condition = Condition.ALWAYS
    """A "find" that a later step depends on is a question: that nothing was seen is an answer and no failure."""

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "skill": self.skill,
            "arguments": {name: argument_to_json(value) for name, value in self.arguments.items()},
        }
        if self.with_previous:
            out["with_previous"] = True
        if self.only_if:
            out["only_if"] = self.only_if.name.lower()
        return out


def argument_to_json(value: Argument) -> Any:
    if isinstance(value, ObjectRef):
        return value.to_json()
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Plan:
    """Validated steps for one command. What is told of it, `planner` and `summary`, is one line each."""

    command: str
    steps: tuple[Step, ...] = ()
    planner: str = ""
    summary: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    repairs: int = 0
    trace_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "planner", line(self.planner, MAX_NAME))
        object.__setattr__(self, "summary", line(self.summary, MAX_PARAGRAPH))


@dataclass(frozen=True)
class StepRecord:
    """How one step went, for results and feedback."""

    index: int
    skill: str
    result: Result = OK
    state: int = 0
    verified: bool = False
    duration_s: float = 0.0
    answer: str = ""
    """What it found out or said for the person."""
