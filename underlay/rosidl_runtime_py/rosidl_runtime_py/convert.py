# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Messages to dictionaries and YAML."""

from __future__ import annotations

import array
from collections import OrderedDict
from typing import Any

import numpy as np
import yaml
from rosidl_parser.definition import (
    AbstractNestedType,
    AbstractString,
    AbstractWString,
    Array,
    BasicType,
    BoundedSequence,
    NamespacedType,
)

_SEQUENCES = (list, tuple, array.array, np.ndarray)
_ONE_LINE = 1 << 30  # no text is wrapped


class _Dumper(yaml.SafeDumper):
    """Keeps the order of fields."""


def _represent_fields(dumper: _Dumper, fields: OrderedDict[str, Any]) -> yaml.Node:
    pairs = [(dumper.represent_data(k), dumper.represent_data(v)) for k, v in fields.items()]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs)


_Dumper.add_representer(OrderedDict, _represent_fields)


def get_message_slot_types(msg: Any) -> OrderedDict[str, Any]:
    """Type definition of each field of a message or of its class, in order."""
    return OrderedDict(zip(msg.get_fields_and_field_types(), msg.SLOT_TYPES, strict=True))


def _element_name(kind: Any) -> str:
    if isinstance(kind, BasicType):
        return str(kind.typename)
    if isinstance(kind, AbstractString):
        return "string"
    if isinstance(kind, AbstractWString):
        return "wstring"
    if isinstance(kind, NamespacedType):
        return "/".join(kind.namespaced_name())
    return str(getattr(kind, "name", "unknown"))


def _summary(value: Any, kind: AbstractNestedType) -> str:
    """What stands for an array that is not shown."""
    element = _element_name(kind.value_type)
    if isinstance(kind, Array):
        return f"<array type: {element}[{kind.size}]>"
    bound = f"[{kind.maximum_size}]" if isinstance(kind, BoundedSequence) else ""
    return f"<sequence type: {element}{bound}, length: {len(value)}>"


def _plain(value: Any, kind: Any, limit: int | None, no_arr: bool, no_str: bool) -> Any:
    """A field's value in terms of dict, list, str and numbers."""
    if isinstance(value, (bytes, str)):
        if isinstance(value, str) and no_str:
            return f"<string length: <{len(value)}>>"
        text = value if isinstance(value, str) else value.decode("latin-1")
        return text if limit is None or len(text) <= limit else text[:limit] + "..."
    if isinstance(value, _SEQUENCES):
        if no_arr and kind is not None:
            return _summary(value, kind)
        shown = [_plain(item, None, limit, no_arr, no_str) for item in value[:limit]]
        return shown if limit is None or len(value) <= limit else [*shown, "..."]
    if isinstance(value, np.number):
        return value.item()
    if isinstance(value, (bool, int, float)):
        return value
    return message_to_ordereddict(value, truncate_length=limit, no_arr=no_arr, no_str=no_str)


def message_to_ordereddict(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False
) -> OrderedDict[str, Any]:
    """The fields of a message by name, nested messages as dictionaries of their own.

    Strings and arrays longer than `truncate_length` end in "..."; `no_arr` and `no_str` put a
    description in the place of arrays and strings.
    """
    return OrderedDict(
        (name, _plain(getattr(msg, name), kind, truncate_length, no_arr, no_str))
        for name, kind in get_message_slot_types(msg).items()
    )


def message_to_yaml(
    msg: Any,
    *,
    truncate_length: int | None = None,
    no_arr: bool = False,
    no_str: bool = False,
) -> str:
    """A message as YAML; the arguments are those of `message_to_ordereddict`."""
    fields = message_to_ordereddict(
        msg, truncate_length=truncate_length, no_arr=no_arr, no_str=no_str
    )
    return yaml.dump(
        fields,
        Dumper=_Dumper,
        allow_unicode=True,
        width=_ONE_LINE,
        default_flow_style=False,
    )
