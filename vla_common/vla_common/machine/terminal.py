# SPDX-License-Identifier: Apache-2.0
"""Standard output and input of a command-line tool: whatever is printed or read, nothing breaks and nothing is obeyed.

What the terminal's encoding can't write is escaped, what can't be read is marked as lost, and control characters of
texts that others wrote are shown as escapes: they could clear the screen, or write a "Done." that nobody said.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar

from vla_common.language.foreign_text import block, to_json

CLEAR_SCREEN = "\x1b[H\x1b[2J"
_Main = TypeVar("_Main", bound=Callable[..., Any])


class Guarded:
    """A text stream that shows control characters as escapes; everything else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(block(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for text in lines:
            self.write(text)

    def control(self, sequence: str) -> None:
        """A sequence of ours, as it is."""
        self._stream.write(sequence)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """For the length of a tool's run; streams that are none (closed, replaced by a test) are left as they are."""
    before = sys.stdout, sys.stderr
    for stream in before:
        _set_errors(stream, "backslashreplace")
    _set_errors(sys.stdin, "replace")
    if sys.stdout is not None and not isinstance(sys.stdout, Guarded):
        sys.stdout = Guarded(sys.stdout)
    if sys.stderr is not None and not isinstance(sys.stderr, Guarded):
        sys.stderr = Guarded(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def tool(main: _Main) -> _Main:
    """A decorator for the main function of a command-line tool."""

    @wraps(main)
    def run(*arguments: Any, **options: Any) -> Any:
        with guarded():
            return main(*arguments, **options)

    return run  # type: ignore[return-value]


def _set_errors(stream: Any, errors: str) -> None:
    with contextlib.suppress(AttributeError, ValueError, OSError):
        stream.reconfigure(errors=errors)


def print_json(value: Any) -> None:
    """One line that stays JSON in every encoding."""
    print(to_json(value, ascii_only=not writes_everything()), flush=True)


def writes_everything() -> bool:
    """Whether standard output can write every character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")


def clear_screen() -> None:
    """Of the terminal that standard output is; does nothing elsewhere."""
    if sys.stdout.isatty():
        control = getattr(sys.stdout, "control", sys.stdout.write)
        control(CLEAR_SCREEN)
