# SPDX-License-Identifier: Apache-2.0
"""What the model may answer with, made from the catalogue of skills: functions and a JSON schema of a whole plan.

Decides names and schemas; there is no list of skills here. A skill plug-in that is in the catalogue is a function in
the next prompt. Skills that are unavailable or forbidden are no functions; the prompt names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vla_common.contracts.skills import ParameterType, RiskTier, SkillParameter, SkillSpec
from vla_planner.llm.strict_json import shown

FINISH, ASK, REFUSE = "finish_plan", "ask_person", "refuse"
CONTROL = (FINISH, ASK, REFUSE)
ONLY_IF, WITH_PREVIOUS = "only_if", "with_previous"
CONDITIONS = ("always", "found", "not_found")
REASONS = ("not_understood", "not_possible")
OUTCOMES = ("plan", "ask", "refuse")
RELATIONS = (
    "on", "in", "next_to", "left_of", "right_of", "behind", "in_front_of", "between", "nearest", "farthest",
    "largest", "smallest", "tallest", "leftmost", "rightmost",
)  # fmt: skip
MAX_NAME = 64
MAX_STEPS = 30
MAX_SENTENCE = 300
MAX_WORD = 40
MAX_WORDS = 6
FARTHEST = 10_000.0
"""The end of numbers that have no range: without one a model may write digits for ever."""
BOUNDS = frozenset({"maxItems", "minItems", "maxLength", "minLength", "minimum", "maximum"})
"""What not every server takes in a schema."""
Schema = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """A skill as the model knows it. parameters: by the name that the model uses."""

    skill: SkillSpec
    parameters: Mapping[str, SkillParameter]

    def group_of(self, parameter: SkillParameter) -> list[str]:
        """Names of which exactly one has to be given, when the parameter is one of them."""
        if not parameter.one_of:
            return []
        return [name for name, p in self.parameters.items() if p.one_of == parameter.one_of]


@dataclass(frozen=True)
class Toolset:
    """functions: by the name that the model uses. unavailable: skill and why, for the prompt."""

    functions: Mapping[str, Function]
    tools: tuple[Schema, ...]
    plan_schema: Schema
    unavailable: tuple[tuple[str, str], ...]


def build(
    skills: Iterable[SkillSpec],
    places: Sequence[str],
    max_steps: int = MAX_STEPS,
    brief: bool = False,
) -> Toolset:
    """Functions for every skill that can be used. places: names that may be told; brief: of parameters only units and
    ranges. Same input, same output.
    """
    usable: list[tuple[SkillSpec, tuple[SkillParameter, ...]]] = []
    unavailable: list[tuple[str, str]] = []
    for spec in skills:
        parameters = tuple(
            p for p in spec.parameters if places or p.type is not ParameterType.PLACE
        )
        if not spec.available:
            reason = shown(spec.unavailable_reason, 200) or "This robot can't do it."
        elif spec.risk_tier is RiskTier.FORBID:
            reason = "It is forbidden here."
        elif not _is_complete(spec, parameters):
            reason = "No places are known."
        else:
            usable.append((spec, parameters))
            continue
        unavailable.append((shown(spec.name), reason))
    names = legal_names([spec.name for spec, _ in usable], CONTROL)
    functions = {}
    for name, (spec, parameters) in zip(names, usable, strict=True):
        inner = legal_names([p.name for p in parameters], (ONLY_IF, WITH_PREVIOUS))
        functions[name] = Function(spec, dict(zip(inner, parameters, strict=True)))
    tools = [_tool(name, function, places, brief) for name, function in functions.items()]
    schema = _plan_schema(functions, places, max_steps, brief)
    return Toolset(functions, (*tools, *_control_tools()), schema, tuple(unavailable))


def _is_complete(spec: SkillSpec, kept: Sequence[SkillParameter]) -> bool:
    """Whether the skill can still be used with the parameters that were kept."""
    groups = {p.one_of for p in kept if p.one_of}
    return all(
        p in kept or (p.one_of in groups if p.one_of else not p.required) for p in spec.parameters
    )


def legal_names(names: Sequence[str], reserved: Iterable[str]) -> list[str]:
    """For each name one that servers accept (letters, digits, "_", "-", 64 at most), all different."""
    taken = set(reserved)
    out = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:MAX_NAME] or "skill"
        if base[0] in "-0123456789":
            base = ("_" + base)[:MAX_NAME]
        legal, number = base, 2
        while legal in taken:
            ending = f"_{number}"
            legal, number = base[: MAX_NAME - len(ending)] + ending, number + 1
        taken.add(legal)
        out.append(legal)
    return out


# --- functions --------------------------------------------------------------------------------------


def _tool(name: str, function: Function, places: Sequence[str], brief: bool) -> Schema:
    properties: Schema = {
        key: _value(parameter, places, describe(parameter, function.group_of(parameter), brief))
        for key, parameter in function.parameters.items()
    }
    required = [key for key, p in function.parameters.items() if p.required and not p.one_of]
    # What these two mean is in the rules, once.
    properties[ONLY_IF] = {"type": "string", "enum": list(CONDITIONS[1:])}
    properties[WITH_PREVIOUS] = {"type": "boolean"}
    return _function(name, _meaning(function.skill, brief), properties, required)


def _meaning(spec: SkillSpec, brief: bool) -> str:
    """What the skill does, and how people ask for it."""
    meaning = shown(spec.description, 120 if brief else 300)
    if spec.phrases and not brief:
        meaning += f" Asked for as: {', '.join(shown(phrase) for phrase in spec.phrases[:8])}."
    return meaning


def _control_tools() -> list[Schema]:
    text = {"type": "string", "maxLength": 200}
    return [
        _function(FINISH, "The plan is complete. Always the last call of a plan.", {}, []),
        _function(
            ASK,
            "Ask the person, where the command can mean several things. Instead of a plan.",
            {
                "question": text,
                "choices": {
                    "type": "array",
                    "items": {"type": "string", "maxLength": 60},
                    "maxItems": 8,
                },
            },
            ["question", "choices"],
        ),
        _function(
            REFUSE,
            "There is no plan for this command. Instead of a plan.",
            {"kind": {"type": "string", "enum": list(REASONS)}, "reason": text},
            ["kind", "reason"],
        ),
    ]


def _function(name: str, description: str, properties: Schema, required: list[str]) -> Schema:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def describe(parameter: SkillParameter, group: Sequence[str] = (), brief: bool = False) -> str:
    """Meaning, unit and range in words: not every server hands the numbers of a schema on to its model."""
    name = parameter.name.replace("_", " ")
    parts = [name if brief else shown(parameter.description, 200) or name]
    if parameter.unit:
        parts.append(f"in {parameter.unit}")
    if parameter.minimum is not None and parameter.maximum is not None:
        parts.append(f"from {parameter.minimum:g} to {parameter.maximum:g}")
    elif parameter.minimum is not None:
        parts.append(f"at least {parameter.minimum:g}")
    elif parameter.maximum is not None:
        parts.append(f"at most {parameter.maximum:g}")
    if group:
        # Servers refuse "oneOf" at the top of a function, so the group is told in words.
        parts.append(f"give exactly one of: {', '.join(group)}")
    return "; ".join(parts)


def in_words(parameter: SkillParameter, group: Sequence[str] = ()) -> str:
    """A parameter where there is no schema: its type, choices, unit and range."""
    kind = parameter.type
    what = {
        ParameterType.OBJECT: "object with label, attributes, place, relation, reference, quantity, id",
        ParameterType.POSE: "[x, y, yaw]",
        ParameterType.PLACE: "name of a place",
        ParameterType.BOOL: "true or false",
        ParameterType.STRING: "text",
        ParameterType.INTEGER: "whole number",
    }.get(kind, "number")
    if parameter.choices:
        what = " or ".join(parameter.choices)
    told = describe(parameter, group, brief=True).partition("; ")[2]
    optional = "" if parameter.required or parameter.one_of else "; may be left out"
    return what + (f"; {told}" if told else "") + optional


def _value(parameter: SkillParameter, places: Sequence[str], description: str) -> Schema:
    kind = parameter.type
    if kind is ParameterType.OBJECT:
        return {**object_schema(places), "description": description}
    schema: Schema
    if kind is ParameterType.POSE:
        number = {"type": "number", "minimum": -FARTHEST, "maximum": FARTHEST}
        schema = {"type": "array", "items": number, "minItems": 3, "maxItems": 3}
    elif kind is ParameterType.BOOL:
        schema = {"type": "boolean"}
    elif kind in (ParameterType.STRING, ParameterType.PLACE):
        schema = {"type": "string"}
        choices = parameter.choices or (places if kind is ParameterType.PLACE else ())
        if choices:
            schema["enum"] = list(choices)
        else:
            schema["maxLength"] = MAX_SENTENCE
    else:
        schema = {"type": "integer" if kind is ParameterType.INTEGER else "number"}
        end = int(FARTHEST) if kind is ParameterType.INTEGER else FARTHEST
        schema["minimum"] = -end if parameter.minimum is None else parameter.minimum
        schema["maximum"] = end if parameter.maximum is None else parameter.maximum
    schema["description"] = description
    return schema


def object_schema(places: Sequence[str]) -> Schema:
    """An object in words, all parts optional."""
    word = {"type": "string", "maxLength": MAX_WORD}
    words = {"type": "array", "items": word, "maxItems": MAX_WORDS}
    properties: Schema = {
        "label": {**word, "description": "kind of thing, singular; left out: any"},
        "attributes": words,
        "relation": {"type": "string", "enum": list(RELATIONS)},
        "reference": {**words, "maxItems": 2},
        "quantity": {
            "type": "string",
            "maxLength": 3,
            "description": "'all' or digits; left out: one",
        },
        "id": {**word, "description": "an id of the data, only when nothing else tells"},
    }
    if places:
        properties["place"] = {"type": "string", "enum": list(places)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


# --- a whole plan -----------------------------------------------------------------------------------


def _plan_schema(
    functions: Mapping[str, Function], places: Sequence[str], max_steps: int, brief: bool
) -> Schema:
    """Strict: every key required, what may be left out is null; one variant of a step for each way to give it. Nothing
    in it is without an end: a model that is held to the schema stops.
    """
    steps = [
        _step_schema(name, function, chosen, places, brief)
        for name, function in functions.items()
        for chosen in _choices(function)
    ]
    text = {"type": "string", "maxLength": 200}
    choices = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 8}
    step = {"anyOf": steps} if steps else {"type": "null"}
    properties: Schema = {
        "outcome": {"type": "string", "enum": list(OUTCOMES)},
        "steps": {"type": "array", "items": step, "maxItems": max_steps},
        "question": _nullable(text),
        "choices": _nullable(choices),
        "kind": _nullable({"type": "string", "enum": list(REASONS)}),
        "reason": _nullable(text),
    }
    inner = object_schema(places)["properties"]
    thing = _strict({key: _nullable(value) for key, value in inner.items()})
    return {**_strict(properties), "$defs": {"object": thing}}


def _choices(function: Function) -> list[frozenset[str]]:
    """Which parameters to leave out, one set for each way to choose one of every group."""
    groups: dict[str, list[str]] = {}
    for name, parameter in function.parameters.items():
        if parameter.one_of:
            groups.setdefault(parameter.one_of, []).append(name)
    ways: list[frozenset[str]] = [frozenset()]
    for names in groups.values():
        ways = [way | (set(names) - {name}) for way in ways for name in names]
    return ways


def _step_schema(
    name: str, function: Function, without: frozenset[str], places: Sequence[str], brief: bool
) -> Schema:
    arguments: Schema = {}
    for key, parameter in function.parameters.items():
        if key in without:
            continue
        if parameter.type is ParameterType.OBJECT:
            value: Schema = {"$ref": "#/$defs/object"}
        else:
            value = _value(parameter, places, describe(parameter, brief=brief))
        arguments[key] = value if parameter.required or parameter.one_of else _nullable(value)
    return _strict(
        {
            "skill": {"type": "string", "enum": [name]},
            "arguments": _strict(arguments),
            ONLY_IF: {"type": "string", "enum": list(CONDITIONS)},
            WITH_PREVIOUS: {"type": "boolean"},
        }
    )


def _strict(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def without_bounds(value: Any) -> Any:
    """A schema, or functions, without `BOUNDS`; names of properties stay, whatever they are."""
    if isinstance(value, (list, tuple)):
        return [without_bounds(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: {name: without_bounds(schema) for name, schema in item.items()}
        if key in ("properties", "$defs")
        else without_bounds(item)
        for key, item in value.items()
        if key not in BOUNDS
    }
