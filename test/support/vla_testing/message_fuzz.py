# SPDX-License-Identifier: Apache-2.0
"""Strategies for any ROS message, out of the types of its fields: a new interface is covered as soon as it exists.

Values are chosen to hurt: NaN, infinities, the ends of every range, empty, long and strange strings, long lists. What
would be a legitimate request is not decided here; see `tame`, which a caller hands in to make a message harmless.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from rosidl_runtime_py.utilities import get_message

MEGABYTE = 1 << 20
LONG_LIST = 300
SMALL = 3000
"""Characters of what may stand in a long list: a megabyte three hundred times is no message any more."""
INTEGERS = {f"{sign}int{bits}": (sign, bits) for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS = {"float": 32, "double": 64}
LARGEST_FLOAT = 3.4028234663852886e38
ARRAY = re.compile(r"^(?P<item>.+)\[(?P<size>\d+)\]$")
SEQUENCE = re.compile(r"^sequence<(?P<item>.+?)(?:,\s*(?P<most>\d+))?>$")
STRING = re.compile(r"^w?string(?:<(?P<most>\d+)>)?$")
NASTY_STRINGS = (
    "", " ", "\n", "\t\r\n", "../../etc/passwd", "/dev/null/x", "%s%n%x", "{}{0}", "'; DROP TABLE commands; --",
    "nan", "-1", "1e999", "0x41", "true", "null", "\u202eabc", "\U0001f916" * 50, "a" * 1001, "\ufeff", "$(reboot)",
)  # fmt: skip
HUGE_STRINGS = ("x" * MEGABYTE, "\u00e9 " * (MEGABYTE // 3))


def integers(kind: str) -> st.SearchStrategy[int]:
    sign, bits = INTEGERS[kind]
    low, high = (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    edges = st.sampled_from(sorted({low, low + 1, 0, 1, 2, high - 1, high}))
    return edges | st.integers(low, high)


def floats(kind: str) -> st.SearchStrategy[float]:
    bits = FLOATS[kind]
    largest = LARGEST_FLOAT if bits == 32 else 1.7976931348623157e308
    nasty = (
        float("nan"),
        float("inf"),
        float("-inf"),
        -0.0,
        0.0,
        largest,
        -largest,
        1e-300 if bits == 64 else 1e-40,
    )
    return st.sampled_from(nasty) | st.floats(width=32 if bits == 32 else 64)


def strings(most: int | None = None) -> st.SearchStrategy[str]:
    """Of these a few are huge: they cost more than everything else together."""
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
    common = st.sampled_from(NASTY_STRINGS) | text
    if most is not None:
        return common.map(lambda value: value[:most])
    return st.integers(0, 39).flatmap(
        lambda n: st.sampled_from(HUGE_STRINGS) if n == 39 else common
    )


def _later(kind: str) -> Callable[[], st.SearchStrategy[Any]]:
    return lambda: values(kind)


def values(kind: str) -> st.SearchStrategy[Any]:
    """A field of that type, as `get_fields_and_field_types` writes it. Errors: ValueError for an unknown type."""
    if match := ARRAY.match(kind):
        size = int(match["size"])
        return st.lists(values(match["item"]), min_size=size, max_size=size)
    if match := SEQUENCE.match(kind):
        most = int(match["most"]) if match["most"] else LONG_LIST
        return lists(match["item"], most)
    if match := STRING.match(kind):
        return strings(int(match["most"]) if match["most"] else None)
    if kind == "boolean":
        return st.booleans()
    if kind == "octet":
        return st.integers(0, 255).map(lambda value: bytes([value]))
    if kind in INTEGERS:
        return integers(kind)
    if kind in FLOATS:
        return floats(kind)
    if "/" in kind:
        return messages(get_message(kind if kind.count("/") == 2 else kind.replace("/", "/msg/")))
    raise ValueError(f"field type '{kind}' is not known")


def lists(item: str, most: int) -> st.SearchStrategy[list[Any]]:
    """Mostly short; now and then one item many times."""
    some = st.lists(values(item), max_size=min(3, most))

    def repeated(value: Any) -> list[Any]:
        count = LONG_LIST if len(repr(value)) < SMALL else 1
        return [value] * min(most, count)

    many = values(item).map(repeated)
    return st.integers(0, 19).flatmap(lambda n: many if n == 19 else some)


def messages(
    message_class: Any, tame: Callable[[Any, int], Any] | None = None
) -> st.SearchStrategy[Any]:
    """Messages of a class. tame: gets every message before it is used and may change it, at random by a number."""
    fields = message_class.get_fields_and_field_types()
    drawn = st.fixed_dictionaries(
        {name: st.deferred(_later(kind)) for name, kind in fields.items()}
    )
    made = drawn.map(lambda given: message_class(**given))
    if tame is None:
        return made
    return st.tuples(made, st.integers(0, 2**31 - 1)).map(lambda both: tame(*both))


def float_fields(message: Any) -> list[tuple[Any, str]]:
    """All floating point fields of a message as (part, name), without those in lists."""
    found: list[tuple[Any, str]] = []
    for name, kind in message.get_fields_and_field_types().items():
        value = getattr(message, name)
        if kind in FLOATS:
            found.append((message, name))
        elif hasattr(value, "get_fields_and_field_types"):
            found += float_fields(value)
    return found


def spoil(message: Any, pick: int) -> None:
    """One of its floating point fields becomes NaN or infinite."""
    fields = float_fields(message)
    part, name = fields[pick % len(fields)]
    setattr(part, name, (math.nan, math.inf, -math.inf)[pick // len(fields) % 3])
