# SPDX-License-Identifier: Apache-2.0
"""Parameters from dataclasses: one list for defaults, ranges, descriptors and the reference table.

A group of parameters is a frozen dataclass whose fields are made with `setting`. The ROS side
(`vla_common.ros.parameters`) declares `group.field` for each. Values are checked here, without ROS.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from vla_common.configuration.parameter_file import kind
from vla_common.contracts.outcomes import Code, VlaError

T = TypeVar("T")
_KEY = "vla_setting"


@dataclass(frozen=True)
class Setting:
    """What is known of one parameter besides its default."""

    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None  # for lists: the only permitted length
    or_number: bool = False  # for texts: a whole number stands for its digits
    read: Callable[[str], str] | None = None  # for texts: see `setting`

    def check(self, key: str, value: Any, default: Any) -> Any:
        """The value in the default's type. Errors: INVALID_CONFIG with a sentence that names the key."""
        if isinstance(default, bool):
            if not isinstance(value, bool):
                raise _bad(key, value, "true or false")
            return value
        if isinstance(default, float):
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not math.isfinite(value)
            ):
                raise _bad(key, value, "a finite number")
            return self._in_range(key, float(value))
        if isinstance(default, int):
            if isinstance(value, bool) or not isinstance(value, int):
                raise _bad(key, value, "a whole number")
            return self._in_range(key, value)
        if isinstance(default, str):
            return self._text(key, value)
        if isinstance(default, tuple):
            return self._list(key, value, default)
        raise TypeError(f"{key}: unsupported type {type(default).__name__}")

    def _text(self, key: str, value: Any) -> str:
        if self.or_number and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, bool):
            # YAML reads no, off and yes without quotes as these.
            raise _bad(key, value, "a text (a word such as no or off needs quotes)")
        if not isinstance(value, str):
            raise _bad(key, value, "a text")
        if self.read is not None:
            try:
                value = str(self.read(value))
            except ValueError as error:
                raise _bad(key, value, str(error)) from None
        if self.choices and value not in self.choices:
            raise _bad(key, value, "one of " + ", ".join(self.choices))
        return str(value)

    def _list(self, key: str, value: Any, default: tuple[Any, ...]) -> tuple[Any, ...]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise _bad(key, value, "a list")
        items = list(value)
        for item in items:
            _check_item(key, item, default[0] if default else items[0])
        if self.length is not None and len(items) not in (0, self.length):
            raise _bad(key, items, f"a list of {self.length} (or empty)")
        return tuple(items)

    def _in_range(self, key: str, value: Any) -> Any:
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and value < self.minimum:
            raise _bad(key, value, f"at least {self.minimum:g}{unit}")
        if self.maximum is not None and value > self.maximum:
            raise _bad(key, value, f"at most {self.maximum:g}{unit}")
        return value


def _check_item(key: str, item: Any, model: Any) -> None:
    """A list holds what its default, or else its first item, is made of."""
    number = not isinstance(item, bool) and isinstance(item, (int, float))
    if isinstance(model, bool):
        if not isinstance(item, bool):
            raise _bad(key, item, "a list of true and false", "has")
    elif isinstance(model, float):
        if not number or not math.isfinite(item):
            raise _bad(key, item, "a list of finite numbers", "has")
    elif isinstance(model, int):
        if not number or isinstance(item, float):
            raise _bad(key, item, "a list of whole numbers", "has")
    elif not isinstance(item, str):
        raise _bad(key, item, "a list of texts", "has")


def _bad(key: str, value: Any, wanted: str, verb: str = "is") -> VlaError:
    return VlaError(
        Code.INVALID_CONFIG, f"Parameter '{key}' has to be {wanted}, but {verb} {kind(value)}."
    )


def setting(
    default: T,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Iterable[str] = (),
    length: int | None = None,
    or_number: bool = False,
    read: Callable[[str], str] | None = None,
) -> T:
    """A dataclass field with what a person needs to know of it. Lists are written as tuples.

    or_number: a text that may be written as a whole number. read: makes of a text what is meant by it ("EN": "en"), or
    raises ValueError with what it has to be ("a language").
    """
    info = Setting(description, unit, minimum, maximum, tuple(choices), length, or_number, read)
    return dataclasses.field(default=default, metadata={_KEY: info})


def settings_of(config: Any) -> dict[str, tuple[Any, Setting]]:
    """Name -> (default, setting) of a config dataclass, in order."""
    return {
        f.name: (f.default, f.metadata[_KEY])
        for f in dataclasses.fields(config)
        if _KEY in f.metadata
    }


def from_values(config: type[T], group: str, values: Mapping[str, Any]) -> T:
    """Build a config from `name -> value`; what is left out keeps its default.

    Errors: INVALID_CONFIG; an unknown name is reported with the nearest known one.
    """
    known = settings_of(config)
    for name in values:
        if name not in known:
            raise unknown_key(f"{group}.{name}", [f"{group}.{key}" for key in known])
    checked = {
        name: info.check(f"{group}.{name}", values[name], default)
        for name, (default, info) in known.items()
        if name in values
    }
    return config(**checked)


def unknown_key(key: str, known: Iterable[str]) -> VlaError:
    """The error for a key that nobody knows, with the nearest known one."""
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return VlaError(Code.INVALID_CONFIG, f"There is no parameter '{key}'.{hint}")


def reference_table(groups: Mapping[str, Any]) -> str:
    """The parameters as a Markdown table, for the package README."""
    rows = ["| parameter | default | unit | range | meaning |", "|---|---|---|---|---|"]
    for group, config in groups.items():
        for name, (default, info) in settings_of(config).items():
            if info.choices:
                limits = ", ".join(info.choices)
            elif info.minimum is None and info.maximum is None:
                limits = ""
            else:
                low = "" if info.minimum is None else f"{info.minimum:g}"
                high = "" if info.maximum is None else f"{info.maximum:g}"
                limits = f"{low} .. {high}"
            shown = list(default) if isinstance(default, tuple) else default
            rows.append(
                f"| `{group}.{name}` | `{shown}` | {info.unit} | {limits} | {info.description} |"
            )
    return "\n".join(rows) + "\n"
