# SPDX-License-Identifier: Apache-2.0
"""Text that somebody else wrote, as it may appear in a sentence, on a terminal, in a log, in a name or in JSON.

Labels come from cameras, places from maps, sentences from language models, commands from anybody. This module decides
what is left of such a text, by the use it is put to; what it means is decided elsewhere.

    line      one line of a sentence, of a log, of feedback, of what is spoken
    quoted    a few words of somebody, in quotes within a sentence
    name      a label, an attribute, the name of a place: a short line
    block     several lines of ours on a terminal: no control characters, whatever is in them
    log_text  a message for a log: what follows its first line is indented, so that it is no entry of its own
    to_json   JSON in one line that shows every character that can't be seen as an escape
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

MAX_LINE = 2_000
MAX_PARAGRAPH = 20_000
"""Of what we wrote ourselves around such texts: the summary of a plan, a question that tells one."""
MAX_QUOTE = 40
MAX_NAME = 64
MAX_MARKS = 4
"""Accents on one letter; no script needs more, and hundreds of them run over the lines above and below."""
LOST = "\N{REPLACEMENT CHARACTER}"
_KNOWN = 4_096
_INVISIBLE = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
)
"""Letters and marks that show nothing: fillers, variation selectors (Default_Ignorable_Code_Point of the Unicode
Character Database, as far as categories do not tell), and the empty braille cell."""


class _Shown(dict[int, "str | None"]):
    """What is shown for a character, by its number: itself, a space, nothing (None) or a mark that it is lost."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        category = unicodedata.category(character)
        shown: str | None = character
        if category[0] == "Z" or character.isspace():
            shown = " "
        elif category == "Cs":
            shown = LOST
        elif category[0] == "C" or code in _INVISIBLE:
            shown = None
        if len(self) < _KNOWN:
            self[code] = shown
        return shown


_shown = _Shown()


def line(text: str, longest: int = MAX_LINE) -> str:
    """One line without anything invisible: white space and line ends are spaces, which are folded; other control
    characters, format characters (directions, zero widths, tags), private and unassigned ones are left out; cut to
    `longest` characters, with an ellipsis.
    """
    if len(text) <= longest and text.isascii() and text.isprintable() and _is_folded(text):
        return text
    text = text[: 4 * longest + 4].translate(_shown)
    if not text.isascii():
        text = _few_marks(text)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _is_folded(text: str) -> bool:
    return "  " not in text and not text.startswith(" ") and not text.endswith(" ")


def _few_marks(text: str) -> str:
    marks, kept = 0, []
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def quoted(text: str, longest: int = MAX_QUOTE) -> str:
    """In quotes that nothing in the text can end: a quotation mark in it is an apostrophe."""
    words = line(text, longest)
    kept = [
        "’" if c == "'" and not (words[:i][-1:].isalnum() and words[i + 1 :][:1].isalnum()) else c
        for i, c in enumerate(words)
    ]
    return f"'{''.join(kept)}'"


def name(text: str) -> str:
    """A label, an attribute, the name of a place or of a source. Empty where nothing is left."""
    return line(text, MAX_NAME)


def whole(text: str) -> str:
    """The text as it is, but what is no character at all (a byte that could not be read) is marked as lost."""
    return "".join(LOST if "\ud800" <= c <= "\udfff" else c for c in text)


def block(text: str) -> str:
    """Lines of ours: line ends and tabs stay, everything else that can't be seen is written as an escape."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def log_text(text: str) -> str:
    """What follows the first line, such as a trace, is indented: no text can look like an entry of its own."""
    return block(text).replace("\n", "\n    ") if "\n" in text else block(text)


def to_json(value: Any, *, ascii_only: bool = False, allow_nan: bool = True) -> str:
    """In one line. What can't be seen is escaped as JSON does; `ascii_only` escapes all that is not ASCII."""
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=allow_nan)
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else json.dumps(c)[1:-1] if ord(c) != 0x7F else "\\u007f" for c in text
    )
