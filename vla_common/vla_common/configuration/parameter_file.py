# SPDX-License-Identifier: Apache-2.0
"""ROS parameter files, read by the rules of the reader that every node has (rcl's `rcl_yaml_param_parser`).

A plain scalar is tried as true or false, as a whole number, as a number, and is a text otherwise. That is not what YAML
says and not what PyYAML does: `123E5` is a number here, `010` is eight, `1_000` and `null` are texts. Lists hold one
type. What rcl refuses is refused here with the line, so that a wrong file is found before nodes start, rather than by
each of them, over and over.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union

import yaml

from vla_common.contracts.outcomes import Code, VlaError

Scalar = Union[bool, int, float, str]
Value = Union[Scalar, list[Scalar]]

PARAMETERS = "ros__parameters"
MOST_BYTES = 1_000_000
_TRUE = frozenset(["Y", "y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["N", "n", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NAN = frozenset((".nan", ".NaN", ".NAN"))
_INFINITY = re.compile(r"([+-]?)\.(inf|Inf|INF)")
# C's strtol with base 0 and strtod, on the whole of the text.
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_NUMBER = re.compile(
    r"[ \t\n\v\f\r]*[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
    r"|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN](?:\(\w*\))?)"
)
_LARGEST = 2**63 - 1
_TEXT_TAGS = ("tag:yaml.org,2002:str", "!!str")


def scalar(text: str, quoted: bool = False) -> Scalar:
    """What a scalar of a parameter file is. quoted: it stands in single or double quotes."""
    if quoted:
        return text
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    match = _INTEGER.fullmatch(text)
    if match:
        number = _whole(match.group(1), match.group(2))
        if number is not None:
            return number
    if text in _NAN:
        return math.nan
    match = _INFINITY.fullmatch(text)
    if match:
        return -math.inf if match.group(1) == "-" else math.inf
    if _NUMBER.fullmatch(text):
        value = _double(text.strip())
        # strtod reports what is too large for it, and rcl then takes the text.
        if value is not None:
            return value
    return text


def _whole(sign: str, digits: str) -> int | None:
    if digits[:2] in ("0x", "0X"):
        number = int(digits, 16)
    elif digits.startswith("0"):
        number = int(digits, 8)
    else:
        number = int(digits)
    number = -number if sign == "-" else number
    return number if -_LARGEST - 1 <= number <= _LARGEST else None


def _double(text: str) -> float | None:
    lower = text.lower().lstrip("+-")
    if lower.startswith("nan"):
        return math.nan
    try:
        value = float.fromhex(text) if lower.startswith("0x") else float(text)
    except (OverflowError, ValueError):
        return None
    if math.isinf(value) and not lower.startswith("inf"):
        return None
    mantissa = lower.split("p" if lower.startswith("0x") else "e")[0].removeprefix("0x")
    if abs(value) < sys.float_info.min and mantissa.strip("0."):
        return None  # strtod reports what is too small for it as well
    return value


def kind(value: Any) -> str:
    """What a value is, for sentences: "the text 'true'", "the whole number 3", "a list of numbers"."""
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    if isinstance(value, int):
        return f"the whole number {value}"
    if isinstance(value, float):
        return f"the number {value:g}"
    if isinstance(value, str):
        return f"the text '{value[:80]}'"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}: {str(list(value))[:80]}"
    if value is None:
        return "nothing"
    return f"{str(value)[:80]} ({type(value).__name__})"


def load(path: str | Path) -> dict[str, Value]:
    """Parameters of a file as `group.name -> value`, over all its nodes.

    Errors: INVALID_CONFIG for a file that can't be read, that rcl would refuse, or that has another shape.
    """
    try:
        if not Path(path).is_file():
            raise OSError("it is no plain file" if Path(path).exists() else "there is no such file")
        if Path(path).stat().st_size > MOST_BYTES:
            raise OSError(f"it is larger than {MOST_BYTES} bytes")
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} can't be read: {error}."
        ) from None
    try:
        content = _Reader(text).document()
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} is not valid YAML: {where}."
        ) from None
    except _Refused as error:
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} can't be used: {error}."
        ) from None
    if not isinstance(content, dict):
        raise VlaError(
            Code.INVALID_CONFIG, f"The parameter file {path} has no node names such as '/**:'."
        )
    values: dict[str, Value] = {}
    for node, parameters in _nodes(content, path):
        del node
        values.update(_flat(parameters))
    return values


class _Refused(Exception):
    """What rcl's reader does not take."""


class _Reader:
    """Events of libyaml's grammar to plain values, as rcl builds them."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)

    def document(self) -> Any:
        content: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(f"line {_line(event)}: a second document begins")
                content = self._value(next(self._events))
        return content

    def _value(self, event: Any) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping()
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence()
        return self._scalar(event)

    def _scalar(self, event: Any) -> Scalar:
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(f"line {_line(event)}: ROS does not take aliases (*{event.anchor})")
        if event.tag in _TEXT_TAGS:
            return str(event.value)
        quoted = event.style in ("'", '"')
        if not quoted and event.value == "":
            raise _Refused(f"line {_line(event)}: there is no value")
        return scalar(event.value, quoted)

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused(f"line {_line(event)}: a key has to be a plain text")
            key = event.value
            if not key:
                raise _Refused(f"line {_line(event)}: a key is empty")
            value = self._value(next(self._events))
            if isinstance(value, dict) and isinstance(found.get(key), dict):
                found[key] = {**found[key], **value}
            else:
                found[key] = value
        return found

    def _sequence(self) -> list[Scalar]:
        items: list[Scalar] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                raise _Refused(
                    f"line {_line(event)}: a list may hold plain values only, no lists and no groups"
                )
            item = self._scalar(event)
            if items and type(item) is not type(items[0]):
                raise _Refused(
                    f"line {_line(event)}: a list has to hold one type, but has both {kind(items[0])} "
                    f"and {kind(item)}"
                    + (
                        "; write whole numbers with a point, as 1.0"
                        if {type(item), type(items[0])} == {int, float}
                        else ""
                    )
                )
            items.append(item)
        return items


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _nodes(
    content: Mapping[str, Any], path: str | Path, above: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each node's parameters; namespaces may be groups around nodes."""
    for name, entry in content.items():
        node = f"{above}{name}"
        if not isinstance(entry, dict) or not entry:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"'{node}' in the parameter file {path} has no '{PARAMETERS}' with values.",
            )
        if PARAMETERS in entry:
            parameters = entry[PARAMETERS]
            if not isinstance(parameters, dict) or len(entry) > 1:
                raise VlaError(
                    Code.INVALID_CONFIG,
                    f"'{node}' in the parameter file {path} has no '{PARAMETERS}' with values"
                    + (" only." if isinstance(parameters, dict) else "."),
                )
            yield node, parameters
        elif any(isinstance(value, dict) for value in entry.values()):
            yield from _nodes(entry, path, f"{node}/")
        else:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"'{node}' in the parameter file {path} has no '{PARAMETERS}' with values.",
            )


def _flat(entry: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in entry.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, name + ".")
        else:
            yield name, value
