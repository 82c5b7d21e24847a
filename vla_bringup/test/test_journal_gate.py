# SPDX-License-Identifier: Apache-2.0
"""The journal of a state manager: not there yet, full, closed; and what a crash leaves behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from vla_bringup.journal.gate import JournalGate
from vla_bringup.journal.journal import Journal
from vla_bringup.journal.reader import CommandRecord
from vla_common.contracts.outcomes import OK, Code, VlaError


class Left:
    """What was left behind, as the gate tells it."""

    def __init__(self) -> None:
        self.told: list[tuple[list[str], bool]] = []

    def __call__(self, interrupted: tuple[CommandRecord, ...], stopped: bool) -> None:
        self.told.append(([record.command for record in interrupted], stopped))


def gate(path: Path, left: Left) -> JournalGate:
    return JournalGate(lambda: Journal(path, 10**7, 3, lambda: 0.0), left)


def crash(one: JournalGate) -> None:
    """The process ends without a word: the file is let go of, nothing else happens."""
    assert one._journal is not None
    one._journal.close()


def test_what_a_crash_left_behind_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = gate(path, Left())
    assert first.open()
    first.accept("t1", "turn left", "text", 0, "g")
    first.event("", "stop", "The robot was stopped.")
    crash(first)
    left = Left()
    second = gate(path, left)
    assert second.open()
    assert second.open()
    assert left.told == [(["turn left"], True)]
    second.event("", "reset", "The stop was lifted.")
    crash(second)
    third = Left()
    gate(path, third).open()
    assert third.told == [([], False)]


def test_a_stop_does_not_outlive_an_orderly_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = gate(path, Left())
    first.open()
    first.event("", "stop", "The robot was stopped.")
    first.close()
    left = Left()
    gate(path, left).open()
    assert left.told == [([], False)]


def test_without_a_journal_everything_is_refused_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "not_a_folder"
    folder.write_text("a file")
    left = Left()
    one = gate(folder / "journal.sqlite", left)
    assert not one.open()
    assert one.problem
    with pytest.raises(VlaError) as caught:
        one.accept("t1", "turn left", "text", 0, "g")
    assert caught.value.code is Code.JOURNAL_FAILED
    assert caught.value.message == one.problem
    folder.unlink()
    one.look()
    assert one.problem == ""
    assert left.told == [([], False)]
    one.accept("t1", "turn left", "text", 0, "g")
    one.end("t1", OK, {"queued": 0.0, "total": 1.0})
    one.close()


def test_a_look_never_waits_for_another(tmp_path: Path) -> None:
    entered, release = threading.Event(), threading.Event()
    opened: list[int] = []

    def slow() -> Journal:
        opened.append(1)
        entered.set()
        release.wait(60.0)
        return Journal(tmp_path / "journal.sqlite", 10**7, 3, lambda: 0.0)

    one = JournalGate(slow, Left())
    first = threading.Thread(target=one.look, daemon=True)
    first.start()
    assert entered.wait(60.0)
    one.look()
    assert opened == [1]
    release.set()
    first.join(60.0)
    one.close()


def test_a_closed_journal_stays_closed(tmp_path: Path) -> None:
    one = gate(tmp_path / "journal.sqlite", Left())
    one.open()
    one.close()
    one.look()
    assert not one.open()
    with pytest.raises(VlaError, match="closed"):
        one.event("", "stop", "x")
