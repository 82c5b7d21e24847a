"""Parameters as launch files give them: checked when written, evaluated when launching.

Decides the type that a value has for the node. A Python value keeps its type. The text of
substitutions is read as YAML, so that `LaunchConfiguration('rate')` can be a number; a list with
at least one substitution is one text, as everywhere in launch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import yaml
from launch import LaunchContext
from launch.substitution import Substitution
from launch.substitutions import TextSubstitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .parameter_descriptions import Parameter, ParameterFile, ParameterValue

Evaluate = Callable[[LaunchContext], Any]
Name = tuple[Substitution, ...]
ParameterSet = dict[Name, Evaluate]
SomeParameters = Sequence[Any]
EvaluatedParameters = Union[Path, Parameter, dict[str, Any]]

_SCALARS = (bool, int, float, str)
_HINT = (
    "if it is meant to be a text, wrap it in "
    "launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)"
)


def _check_uniform(name: str, items: Sequence[Any]) -> tuple[Any, ...]:
    if not items:
        raise TypeError(f"parameter '{name}': a list needs at least one item to have a type")
    kind = type(items[0])
    if kind not in _SCALARS or not all(isinstance(item, kind) for item in items):
        raise TypeError(
            f"parameter '{name}': a list needs items of one type out of bool, int, float, str; "
            f"got {list(items)!r}"
        )
    return tuple(items)


def _read_yaml(name: str, text: str) -> Any:
    if not text:
        return ""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TypeError(f"parameter '{name}': '{text}' is not YAML; {_HINT}") from error
    if isinstance(value, list):
        return _check_uniform(name, value)
    if not isinstance(value, _SCALARS):
        raise TypeError(
            f"parameter '{name}': '{text}' read as YAML is a {type(value).__name__}; {_HINT}"
        )
    return value


def _compile_list(name: str, items: Sequence[Any]) -> Evaluate:
    kinds = {Substitution if isinstance(item, Substitution) else type(item) for item in items}
    if Substitution in kinds and kinds <= {Substitution, str}:
        subs = normalize_to_list_of_substitutions(items)
        return lambda context: _read_yaml(name, perform_substitutions(context, subs))
    if kinds == {int, float}:
        return _constant(tuple(float(item) for item in items))
    if kinds <= set(_SCALARS):
        return _constant(_check_uniform(name, items))
    # Lists of texts and substitutions among the items: each item is a text of its own.
    parts = [
        item if isinstance(item, (bool, int, float)) else normalize_to_list_of_substitutions(item)
        for item in items
    ]

    def evaluate(context: LaunchContext) -> tuple[Any, ...]:
        return _check_uniform(
            name,
            [
                _read_yaml(name, perform_substitutions(context, part))
                if isinstance(part, list)
                else part
                for part in parts
            ],
        )

    return evaluate


def _constant(value: Any) -> Evaluate:
    return lambda context: value


def normalize_parameter_dict(parameters: Mapping[Any, Any], *, _prefix: Name = ()) -> ParameterSet:
    """Return the parameters under their full names, dictionaries in them taken apart.

    TypeError for values that no parameter can have.
    """
    if not isinstance(parameters, Mapping):
        raise TypeError(f"a dictionary of parameters is needed, got {parameters!r}")
    result: ParameterSet = {}
    for key, value in parameters.items():
        name: Name = tuple(normalize_to_list_of_substitutions(key))
        if _prefix:
            name = (*_prefix, TextSubstitution(text="."), *name)
        text = "".join(part.describe().strip("'") for part in name)
        if isinstance(value, Mapping):
            result.update(normalize_parameter_dict(value, _prefix=name))
        elif isinstance(value, ParameterValue):
            result[name] = value.evaluate
        elif isinstance(value, Substitution):
            result[name] = _compile_list(text, [value])
        elif isinstance(value, (*_SCALARS, bytes)):
            result[name] = _constant(value)
        elif isinstance(value, Sequence):
            if not value:
                raise TypeError(f"parameter '{text}': an empty list has no type")
            result[name] = _compile_list(text, value)
        else:
            raise TypeError(f"parameter '{text}' cannot have the value {value!r}")
    return result


def normalize_parameters(
    parameters: SomeParameters,
) -> list[ParameterSet | Parameter | ParameterFile]:
    """Return dictionaries, parameters and files out of what a launch file gives as a list."""
    if isinstance(parameters, str) or not isinstance(parameters, Sequence):
        raise TypeError(f"a list of parameters is needed, got {parameters!r}")
    result: list[ParameterSet | Parameter | ParameterFile] = []
    for item in parameters:
        if isinstance(item, Mapping):
            result.append(normalize_parameter_dict(item))
        elif isinstance(item, (Parameter, ParameterFile)):
            result.append(item)
        else:
            result.append(ParameterFile(item))
    return result


def evaluate_parameter_dict(context: LaunchContext, parameters: ParameterSet) -> dict[str, Any]:
    """Return names and values."""
    return {
        perform_substitutions(context, name): evaluate(context)
        for name, evaluate in parameters.items()
    }


def evaluate_parameters(
    context: LaunchContext,
    parameters: Sequence[ParameterSet | Parameter | ParameterFile],
) -> tuple[EvaluatedParameters, ...]:
    """Return paths for files, names and values for dictionaries, parameters as they are."""
    result: list[EvaluatedParameters] = []
    for item in parameters:
        if isinstance(item, ParameterFile):
            result.append(item.evaluate(context))
        elif isinstance(item, Parameter):
            result.append(item)
        else:
            result.append(evaluate_parameter_dict(context, item))
    return tuple(result)


def to_yaml(value: Any) -> str:
    """Return a value in one line of YAML, as `-p name:=value` needs it."""
    if isinstance(value, bytes):
        value = list(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")
