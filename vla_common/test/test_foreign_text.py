# SPDX-License-Identifier: Apache-2.0
"""What is left of a text that somebody else wrote, by its use, and what a terminal gets to see of it."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_common.language import foreign_text
from vla_common.language.foreign_text import block, line, log_text, name, quoted, to_json, whole
from vla_common.machine import terminal

HOSTILE = (
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\r", "\n", "\x00", "\x08", "\x7f", "\u202e", "\u2066", "\u200b",
    "\u2060", "\ufeff", "\U000e0041", "\u2028", "\u2029", "\x85", "\ud800", "\udfff", "\ue000", "\u3164",
    "\ufe0f", "\u034f",     "a" + "\u0301" * 50, "x" * 10_000,
)  # fmt: skip
ANY = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12)), max_size=6).map("".join)


def is_harmless(text: str) -> bool:
    """One line of what can be seen."""
    return text.isprintable() and text == text.strip() and "  " not in text


@given(ANY)
def test_a_line_is_one_short_line_of_what_can_be_seen_and_stays_as_it_is(text):
    made = line(text, 80)
    assert is_harmless(made) and len(made) <= 80
    assert not any(mark in made for mark in ("\u0301" * 5, "\u3164", "\ufe0f", "\u034f"))
    assert line(made, 80) == made


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("the red cup", "the red cup"),
        ("größer, 日本語, naïve, ação, Việt", "größer, 日本語, naïve, ação, Việt"),
        ("  two\tand\r\nthree  ", "two and three"),
        ("st\u200bop \u202egnp.exe", "stop gnp.exe"),
        ("a\x1b[31mb\x9b0m", "a[31mb0m"),
        ("lost \ud83d half", "lost \ufffd half"),
        ("no\xa0break\u2028here", "no break here"),
        ("", ""),
        ("\x00\u200b", ""),
    ],
)
def test_what_is_left_of_a_line(text, kept):
    assert line(text) == kept


def test_a_line_that_is_too_long_ends_with_an_ellipsis():
    assert line("one two three", 8) == "one two…"
    assert line("e\u0301" * 100, 20).count("\u0301") <= 20


@given(ANY)
def test_nothing_in_a_quotation_ends_it(text):
    made = quoted(text)
    assert made[0] == made[-1] == "'" and len(made) <= foreign_text.MAX_QUOTE + 2
    inner = made[1:-1]
    for place, character in enumerate(inner):
        if character == "'":
            assert inner[place - 1 : place].isalnum() and inner[place + 1 : place + 2].isalnum()


def test_an_apostrophe_stays_and_a_quotation_mark_becomes_one():
    assert quoted("the visitor's cup") == "'the visitor's cup'"
    assert quoted("x'. Done. 'y") == "'x’. Done. ’y'"


def test_names_are_short():
    assert name("table\nDone.") == "table Done."
    assert len(name("x" * 500)) == foreign_text.MAX_NAME


@given(ANY)
def test_a_block_has_line_ends_and_tabs_and_nothing_else_that_is_not_seen(text):
    assert all(c.isprintable() or c in "\n\t" for c in block(text))


@given(ANY)
def test_no_line_of_a_log_but_the_first_begins_at_its_edge(text):
    first, *others = log_text(text).split("\n")
    assert all(other.startswith("    ") for other in others)
    assert "\r" not in first


@given(st.dictionaries(ANY, st.one_of(ANY, st.lists(ANY, max_size=2)), max_size=3))
def test_json_stays_what_it_was_in_one_line_of_what_can_be_seen(value):
    for ascii_only in (False, True):
        text = to_json(value, ascii_only=ascii_only)
        assert text.isprintable() and json.loads(text) == json.loads(json.dumps(value))
        assert text.isascii() or not ascii_only


def test_whole_text_marks_what_is_no_character():
    text = "gr\udcf6\udcdfer \x1b ü"
    assert whole(text) == "gr\ufffd\ufffder \x1b ü"
    whole(text).encode("utf-8")


# --- terminals --------------------------------------------------------------------------------------


def test_a_terminal_shows_control_characters_and_clears_only_when_it_is_told(monkeypatch):
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", out)
    with terminal.guarded(), terminal.guarded():
        print("two\nlines\tand \x1b[2J \u202e")
        terminal.clear_screen()
        print("x" * 3, file=sys.stdout, flush=True)
    assert sys.stdout is out
    shown = out.getvalue()
    assert shown == "two\nlines\tand \\x1b[2J \\u202e\n" + terminal.CLEAR_SCREEN + "xxx\n"


TOOL = """
import sys
from vla_common.machine.terminal import print_json, tool
@tool
def main():
    print("größer \\u2026 \\ud800", sys.argv[1])
    print("größer", file=sys.stderr)
    print_json({"text": "größer"})
    print(sys.stdin.readline())
main()
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_tool_survives_every_encoding_and_every_byte(encoding):
    paths = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", TOOL, b"\xff\xfe"],
        input=b"gr\xf6\xdfer\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": paths},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, second, *_ = done.stdout.decode(encoding).splitlines()
    assert first.startswith("gr\\xf6\\xdfer" if encoding == "ascii" else "größer")
    assert json.loads(second) == {"text": "größer"}
    assert "gr" in done.stderr.decode(encoding)


def test_logging_without_ros_is_clean(capsys):
    pytest.importorskip("rclpy")
    from vla_common.ros.logger import clean_python_logging

    clean_python_logging()
    record = logging.LogRecord("x", logging.WARNING, "", 0, "a %s", ("b\x1b[2J\nERROR c",), None)
    assert logging.lastResort.format(record) == "a b\\x1b[2J\n    ERROR c"
