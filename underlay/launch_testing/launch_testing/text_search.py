"""Looking for expected text in output, as one text or line by line.

What is expected is a text, a compiled regular expression, or several of these, one after the
other. A search gives the first and the last-plus-one index of what it found, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Found = tuple[int, int]

_ANSI_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def without_ansi_escapes(text: str) -> str:
    """Return `text` without colours and cursor movements."""
    return _ANSI_ESCAPES.sub("", text)


def _in_sequence(
    parts: Iterable[Any], find: Callable[[Any, int], Found | None], start: int, strict: bool
) -> Found | None:
    """Find the parts one behind the other; `strict` allows nothing before and between them."""
    first: int | None = None
    position = start
    for part in parts:
        found = find(part, position)
        if found is None or (strict and found[0] != position):
            return None
        first = found[0] if first is None else first
        position = found[1]
    if first is None:
        raise ValueError("nothing is expected")
    return first, position


def find_in_text(expected: Any, text: str, start: int = 0, *, strict: bool = False) -> Found | None:
    """Find `expected` in `text`; `strict` means all of a text, or a match right at the start."""
    text = text.replace("\r\n", "\n")
    if isinstance(expected, str):
        if strict:
            return (start, len(text)) if text[start:] == expected else None
        index = text.find(expected, start)
        return None if index < 0 else (index, index + len(expected))
    if isinstance(expected, re.Pattern):
        match = expected.match(text, start) if strict else expected.search(text, start)
        return None if match is None else match.span()
    if isinstance(expected, Iterable):
        return _in_sequence(expected, lambda part, at: find_in_text(part, text, at), start, strict)
    raise ValueError(f"expected output cannot be {expected!r}")


def find_in_lines(
    expected: Any, lines: Sequence[str], start: int = 0, *, strict: bool = False
) -> Found | None:
    """Find `expected` in `lines`; `strict` means every line, or lines without others between."""
    if isinstance(expected, (str, re.Pattern)):

        def fits(line: str) -> bool:
            if isinstance(expected, str):
                return line == expected if strict else expected in line
            return expected.match(line) is not None

        if strict:
            return (start, len(lines)) if all(map(fits, lines[start:])) else None
        for index in range(start, len(lines)):
            if fits(lines[index]):
                return index, index + 1
        return None
    if isinstance(expected, Iterable):
        return _in_sequence(
            expected, lambda part, at: find_in_lines(part, lines, at), start, strict
        )
    raise ValueError(f"expected output cannot be {expected!r}")
