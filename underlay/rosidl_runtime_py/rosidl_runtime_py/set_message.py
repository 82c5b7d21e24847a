"""Values from dictionaries (mostly YAML that somebody typed) into the fields of a message."""

from __future__ import annotations

import array
import difflib
from collections.abc import Callable, Mapping
from functools import partial
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
from rosidl_runtime_py.import_message import import_message_from_namespaced_type

Setter = Callable[[Any], None]

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


def set_message_fields(
    msg: Any,
    values: Mapping[str, Any],
    expand_header_auto: bool = False,
    expand_time_now: bool = False,
) -> list[Setter]:
    """Set the fields named in `values`; the others stay.

    With `expand_header_auto` a header may be given as "auto", with `expand_time_now` a time as
    "now": for each of them the result has a function that takes the time message to put there.

    Raises an AttributeError for an unknown field and an error that is both a TypeError and a
    ValueError for a value that does not fit. Stricter than upstream: a number with decimals does
    not become an integer, and a text never becomes a boolean.
    """
    setters: list[Setter] = []
    _Filler(setters, expand_header_auto, expand_time_now).fill(msg, values, "")
    return setters


class _Filler:
    def __init__(self, setters: list[Setter], header_auto: bool, time_now: bool) -> None:
        self._setters = setters
        self._header_auto = header_auto
        self._time_now = time_now

    def fill(self, msg: Any, values: Any, path: str) -> None:
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
            kind = kinds[name]
            if self._is_deferred(kind, value, partial(setattr, msg, name), getattr(msg, name)):
                continue
            try:
                setattr(msg, name, self._value(kind, value, where))
            except (AssertionError, OverflowError) as error:
                raise _unfit(kind, value, where) from error

    def _is_deferred(self, kind: Any, value: Any, set_field: Setter, field: Any) -> bool:
        """Note a header or time to be set later; False for every other field."""
        if not isinstance(kind, NamespacedType):
            return False
        name = "/".join(kind.namespaced_name())
        if value == "auto" and self._header_auto and name == "std_msgs/msg/Header":
            self._setters.append(partial(setattr, field, "stamp"))
            return True
        if value == "now" and self._time_now and name == "builtin_interfaces/msg/Time":
            self._setters.append(set_field)
            return True
        return False

    def _value(self, kind: Any, value: Any, where: str) -> Any:
        """`value` as the Python type of a field of this kind."""
        if isinstance(kind, AbstractNestedType):
            return self._sequence(kind, value, where)
        if isinstance(kind, NamespacedType):
            made = import_message_from_namespaced_type(kind)()
            if isinstance(value, type(made)):
                return value
            self.fill(made, value, f"{where}.")
            return made
        converted = _scalar(kind, value)
        if converted is None:
            raise _unfit(kind, value, where)
        return converted

    def _sequence(self, kind: AbstractNestedType, value: Any, where: str) -> Any:
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
        return [self._value(kind.value_type, item, f"{where}[{n}]") for n, item in enumerate(value)]


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
