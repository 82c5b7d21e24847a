"""Values with a type, given directly or as substitutions whose text is read as YAML.

The types are int, float, bool, str and lists of one of them. Nothing is converted silently:
a value that does not fit raises TypeError, a text that cannot be read raises ValueError.
"""

from __future__ import annotations

import collections.abc
import typing
from typing import TYPE_CHECKING, Any, Union

import yaml

from ..substitution import Substitution
from . import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

ScalarTypesTuple = (int, float, bool, str)
ListTypesTuple = (typing.List[int], typing.List[float], typing.List[bool], typing.List[str])  # noqa: UP006
AllowedTypesTuple = ScalarTypesTuple + ListTypesTuple

AllowedTypesType = Any
ScalarValueType = Union[int, float, bool, str]
SomeValueType = Any
NormalizedValueType = Any


def extract_type(data_type: Any) -> tuple[type, bool]:
    """Return the scalar type of `data_type` and whether a list of it is meant."""
    is_list = typing.get_origin(data_type) is list
    scalar = (typing.get_args(data_type) or (None,))[0] if is_list else data_type
    if scalar not in ScalarTypesTuple:
        raise ValueError(f"type {data_type!r} is none of int, float, bool, str or a list of one")
    return scalar, is_list


def is_instance_of(value: Any, data_type: Any = None) -> bool:
    """Return whether `value` is of `data_type`, or of any allowed type when that is None."""
    if data_type is not None:
        scalar, is_list = extract_type(data_type)
        if is_list:
            return isinstance(value, list) and all(isinstance(item, scalar) for item in value)
        return isinstance(value, scalar)
    if isinstance(value, list):
        return not value or (
            type(value[0]) in ScalarTypesTuple
            and all(isinstance(item, type(value[0])) for item in value)
        )
    return isinstance(value, ScalarTypesTuple)


def is_substitution(value: Any) -> bool:
    """Return whether `value` is a substitution or a mix of texts with at least one of them."""
    if isinstance(value, Substitution):
        return True
    if isinstance(value, (str, bytes)) or not isinstance(value, collections.abc.Sequence):
        return False
    return all(isinstance(item, (Substitution, str)) for item in value) and any(
        isinstance(item, Substitution) for item in value
    )


def _read_yaml(text: str, wanted: str) -> Any:
    if not text:
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"cannot read '{text}' as {wanted}: {error}") from error
    if not is_instance_of(value):
        raise ValueError(f"cannot read '{text}' as {wanted}: it is a {type(value).__name__}")
    return value


def coerce_to_type(value: str, data_type: Any = None) -> Any:
    """Read the text `value` as `data_type`, or as whatever YAML makes of it when None."""
    if not isinstance(value, str):
        raise TypeError(f"a text is needed, got {value!r}")
    if data_type is None:
        return _read_yaml(value, "a value")
    scalar, is_list = extract_type(data_type)
    if is_list:
        items = _read_yaml(value, f"a list of {scalar.__name__}")
        if not is_instance_of(items, data_type):
            raise ValueError(f"'{value}' is not a list of {scalar.__name__}")
        return items
    if scalar is str:
        return value
    if scalar is bool:
        value = {"1": "true", "0": "false"}.get(value, value)
        result = _read_yaml(value, "bool")
        if not isinstance(result, bool):
            raise ValueError(f"'{value}' is not a bool")
        return result
    return scalar(value)


def normalize_typed_substitution(value: Any, data_type: Any) -> Any:
    """Return a scalar as it is, substitutions as a list, a list with each item so treated."""
    if isinstance(value, ScalarTypesTuple):
        if not is_instance_of(value, data_type):
            raise TypeError(f"{value!r} is not of type {data_type}")
        return value
    if is_substitution(value):
        return normalize_to_list_of_substitutions(value)
    if not isinstance(value, collections.abc.Iterable):
        raise TypeError(f"{value!r} is neither a scalar, a substitution nor a list of these")
    scalar = None
    if data_type is not None:
        scalar, is_list = extract_type(data_type)
        if not is_list:
            raise TypeError(f"{value!r} is a list where a {scalar.__name__} is needed")
    items = [
        normalize_to_list_of_substitutions(item) if is_substitution(item) else item
        for item in value
    ]
    kinds = {type(item) for item in items if not isinstance(item, list)}
    if not kinds <= set(ScalarTypesTuple):
        raise TypeError(f"{value!r} holds something that is neither a scalar nor a substitution")
    if kinds == {int, float} or (scalar is float and kinds == {int}):
        items = [item if isinstance(item, list) else float(item) for item in items]
        kinds = {float}
    if len(kinds) > 1 or (scalar is not None and not kinds <= {scalar}):
        raise TypeError(f"{value!r} is not a uniform list of {data_type or 'one type'}")
    return items


def perform_typed_substitution(context: LaunchContext, value: Any, data_type: Any) -> Any:
    """Return the value of what `normalize_typed_substitution` gave, checked against the type."""
    if isinstance(value, ScalarTypesTuple):
        if not is_instance_of(value, data_type):
            raise TypeError(f"{value!r} is not of type {data_type}")
        return value
    if not isinstance(value, list):
        raise TypeError(f"{value!r} was not normalized")
    if value and all(isinstance(item, Substitution) for item in value):
        return coerce_to_type(perform_substitutions(context, value), data_type)
    scalar = None
    if data_type is not None:
        scalar, is_list = extract_type(data_type)
        if not is_list:
            raise ValueError(f"{value!r} is a list where a {scalar.__name__} is needed")
    items = [
        coerce_to_type(perform_substitutions(context, item), scalar)
        if isinstance(item, list)
        else item
        for item in value
    ]
    if not is_instance_of(items, data_type):
        raise ValueError(f"{items!r} is not a uniform list of {data_type or 'one type'}")
    return items
