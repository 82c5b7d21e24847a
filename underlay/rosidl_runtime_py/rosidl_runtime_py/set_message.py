# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Values from dictionaries (mostly YAML that somebody typed) into the fields of a message."""

from __future__ import annotations

import array
import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
from rosidl_parser.definition import (
    AbstractGenericString,
    AbstractNestedType,
    Array,
    BasicType,
    BoundedSequence,
    NamespacedType,
)

from rosidl_runtime_py.convert import get_message_slot_types
from rosidl_runtime_py.utilities import import_message_from_namespaced_type

# The message classes do not check values: what is too large would fail only when it is sent.
_INTEGERS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "octet": (0, 255),
    "char": (0, 255),
}


class FieldValueError(TypeError, ValueError):
    """A value that its field cannot take. Upstream raises one or the other of the two bases."""


class FieldNameError(AttributeError):
    """A field that the message does not have."""


def set_message_fields(msg: Any, values: Mapping[str, Any]) -> None:
    """Sets the fields named in `values`; the others stay.

    Stricter than upstream: a number with decimals does not become an integer, and a text never becomes
    a boolean.

    Raises:
        AttributeError: for an unknown field.
        FieldValueError: for a value that does not fit.
    """
    _fill(msg, values, "")


def _fill(msg: Any, values: Any, path: str) -> None:
    if not isinstance(values, Mapping):
        raise FieldValueError(
            f"'{path.rstrip('.') or type(msg).__name__}' needs a mapping of field names to "
            f"values, not {_short(values)}"
        )
    kinds = get_message_slot_types(msg)
    for name, value in values.items():
        where = f"{path}{name}"
        if name not in kinds:
            raise FieldNameError(_unknown_field(msg, str(name), where, list(kinds)))
        try:
            setattr(msg, name, _value(kinds[name], value, where))
        except (AssertionError, OverflowError) as error:
            raise _unfit(kinds[name], value, where) from error


def _value(kind: Any, value: Any, where: str) -> Any:
    """`value` as the Python type of a field of this kind."""
    if isinstance(kind, AbstractNestedType):
        return _sequence(kind, value, where)
    if isinstance(kind, NamespacedType):
        made = import_message_from_namespaced_type(kind)()
        if isinstance(value, type(made)):
            return value
        _fill(made, value, f"{where}.")
        return made
    converted = _scalar(kind, value)
    if converted is None:
        raise _unfit(kind, value, where)
    return converted


def _sequence(kind: AbstractNestedType, value: Any, where: str) -> Any:
    if isinstance(value, (str, Mapping)) or not hasattr(value, "__len__"):
        raise FieldValueError(
            f"field '{where}' ({_describe(kind)}) needs a list, not {_short(value)}"
        )
    size = kind.size if isinstance(kind, Array) else None
    limit = kind.maximum_size if isinstance(kind, BoundedSequence) else size
    if (size is not None and len(value) != size) or (limit and len(value) > limit):
        raise FieldValueError(
            f"field '{where}' ({_describe(kind)}) cannot take {len(value)} elements"
        )
    if isinstance(value, (array.array, np.ndarray)):
        return value
    return [_value(kind.value_type, item, f"{where}[{n}]") for n, item in enumerate(value)]


def _scalar(kind: Any, value: Any) -> Any:
    """A number, text, boolean or byte; None when `value` is no such thing."""
    if isinstance(kind, AbstractGenericString):
        too_long = kind.has_maximum_size() and len(str(value)) > kind.maximum_size
        return None if _is_nested(value) or too_long else str(value)
    assert isinstance(kind, BasicType)
    if kind.typename == "boolean":
        return bool(value) if isinstance(value, (bool, int)) and value in (0, 1) else None
    if kind.typename in ("octet", "char") and isinstance(value, (bytes, str)):
        wanted = bytes if kind.typename == "octet" else str
        raw = value if isinstance(value, bytes) else value.encode("latin-1", "replace")
        return (raw if wanted is bytes else raw.decode("latin-1")) if len(raw) == 1 else None
    if isinstance(value, bool) or _is_nested(value):
        return None
    try:
        if kind.typename in ("float", "double", "long double"):
            return float(value)
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if isinstance(value, float) and number != value:
        return None
    low, high = _INTEGERS[kind.typename]
    if not low <= number <= high:
        return None
    return bytes([number]) if kind.typename == "octet" else number


def _unfit(kind: Any, value: Any, where: str) -> FieldValueError:
    return FieldValueError(
        f"field '{where}' ({_describe(kind)}) cannot take the value {_short(value)}"
    )


def _is_nested(value: Any) -> bool:
    return value is None or isinstance(value, (list, tuple, Mapping, bytes))


def _describe(kind: Any) -> str:
    """The kind of a field as an interface file would say it."""
    if isinstance(kind, Array):
        return f"{_describe(kind.value_type)}[{kind.size}]"
    if isinstance(kind, BoundedSequence):
        return f"{_describe(kind.value_type)}[<={kind.maximum_size}]"
    if isinstance(kind, AbstractNestedType):
        return f"{_describe(kind.value_type)}[]"
    if isinstance(kind, NamespacedType):
        return "/".join(kind.namespaced_name())
    return "string" if isinstance(kind, AbstractGenericString) else str(kind.typename)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _unknown_field(msg: Any, name: str, where: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"its fields are {', '.join(known) or 'none'}"
    return f"'{type(msg).__name__}' has no field '{where}': {hint}"
