# SPDX-License-Identifier: Apache-2.0
"""JSON as a language model may send it: read strictly, with bounds.

Decides what counts as readable. No duplicate keys, no NaN or Infinity, no number too long to be meant, no control
characters or halves of characters in texts, bounded length and depth. What the values mean is decided in `llm_reply`.
"""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any, NoReturn

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.language.foreign_text import line

MAX_DEPTH = 16
MAX_NUMBER_CHARACTERS = 40
_ALLOWED_CONTROL = frozenset("\n\t")
_BAD_CATEGORIES = frozenset({"Cc", "Cs", "Co"})


def parse(text: str, max_characters: int) -> Any:
    """The value. Errors: INVALID_PLAN with a sentence that says what is wrong with the text."""
    if len(text) > max_characters:
        _refuse(f"is longer than {max_characters} characters")
    if _depth(text) > MAX_DEPTH:
        _refuse(f"is nested more than {MAX_DEPTH} levels deep")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=lambda name: _refuse(f"contains {name}, which is no number"),
            parse_int=_integer,
            parse_float=_number,
        )
    except (ValueError, RecursionError):
        _refuse("is not valid JSON")
    _check_texts(value)
    return value


def _refuse(what: str) -> NoReturn:
    raise VlaError(Code.INVALID_PLAN, f"The language model's answer {what}.")


def _depth(text: str) -> int:
    """Deepest nesting, without recursion and whether or not the text is valid."""
    deepest = depth = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        _refuse(f"has the key '{shown(twice)}' twice in one object")
    return out


def _integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER_CHARACTERS:
        _refuse("contains a number that is too long")
    return int(digits)


def _number(digits: str) -> float:
    if len(digits) > MAX_NUMBER_CHARACTERS:
        _refuse("contains a number that is too long")
    number = float(digits)
    if not math.isfinite(number):
        _refuse("contains a number that is too large")
    return number


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if not is_clean(value):
            _refuse("contains characters that are no text")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def is_clean(text: str) -> bool:
    """Whether there are no control characters (but line ends and tabs), lone surrogates or private characters."""
    return not any(
        unicodedata.category(character) in _BAD_CATEGORIES and character not in _ALLOWED_CONTROL
        for character in text
    )


def shown(text: str, longest: int = 40) -> str:
    """A model's text as it may appear in a sentence: one printable line, cut."""
    return line(text, longest)
