# SPDX-License-Identifier: Apache-2.0
"""The journal: durable before it returns, complete after a crash, bounded, and clear about a disk that fails."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from vla_bringup.journal import database as journal_file
from vla_bringup.journal.config import JournalConfig, journal_path
from vla_bringup.journal.database import (
    LATCH_KINDS,
    OwnerLock,
    is_owned,
    rotated_files,
    rotated_path,
)
from vla_bringup.journal.journal import MAX_TEXT, Journal
from vla_bringup.journal.reader import JournalReader
from vla_common.configuration.config import from_values
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import ObjectRef, Plan, Step, StepRecord
from vla_common.language.foreign_text import MAX_LINE

RUNNING, SUCCEEDED, FAILED = 1, 2, 3
LARGE = 100_000_000
PLAN = Plan(
    "get the cup",
    (Step("go_to", {"place": "table"}), Step("pick", {"object": ObjectRef("cup", ("red",))})),
    "rules",
    "Go to the table, then pick up the red cup.",
)


class Clock:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self.at = 1_780_000_000.0

    def __call__(self) -> float:
        self.at += 1.0
        return self.at


class Opener:
    """Opens journals in one folder and closes them after the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.told: list[str] = []
        self.open: list[Journal] = []

    def __call__(self, max_bytes: int = LARGE, keep: int = 3) -> Journal:
        journal = Journal(self.path, max_bytes, keep, self.clock, self.told.append)
        self.open.append(journal)
        return journal

    def crash(self, journal: Journal) -> None:
        """What the kernel does at kill -9: the lock goes, and nobody tidies up. Copies keep the open file out."""
        writer = journal._writer
        for suffix in ("", "-wal"):
            if Path(f"{self.path}{suffix}").exists():
                shutil.copy(f"{self.path}{suffix}", f"{self.path}{suffix}.kept")
        os.close(writer._owner._fd)
        assert writer._connection is not None
        writer._connection.close()
        for connection in writer._older:
            connection.close()
        writer._closed = True
        for suffix in ("", "-wal"):
            if Path(f"{self.path}{suffix}.kept").exists():
                os.replace(f"{self.path}{suffix}.kept", f"{self.path}{suffix}")


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    monkeypatch.setattr(journal_file, "OWNER_WAIT_S", 0.0)
    monkeypatch.setattr(journal_file, "BUSY_TIMEOUT_S", 0.0)
    made = Opener(tmp_path / "journal.sqlite")
    yield made
    for journal in made.open:
        journal.close()


def new_id() -> str:
    return str(uuid.uuid4())


def accept(journal: Journal, command: str = "turn left", trace_id: str = "") -> str:
    trace = trace_id or new_id()
    journal.accept(trace, command, "text", 0, "goal")
    return trace


def run_through(journal: Journal, command: str = "turn left") -> str:
    trace = accept(journal, command)
    journal.start(trace)
    journal.plan(trace, 0, PLAN)
    journal.step(trace, 0, StepRecord(0, "go_to", OK, SUCCEEDED, True, 2.0))
    journal.end(trace, OK, {"total": 2.5})
    return trace


def refused(call, code: Code = Code.JOURNAL_FAILED) -> str:
    with pytest.raises(VlaError) as caught:
        call()
    assert caught.value.code is code
    return caught.value.message


def rows(path: Path, query: str) -> list[tuple]:
    """What a stranger finds in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


# ---- what is recorded


def test_the_whole_story_of_a_command(opener: Opener):
    journal = opener()
    trace = new_id()
    journal.accept(trace, "get the cup", "voice", 5, "goal 1", confirmed=True)
    journal.start(trace)
    journal.plan(trace, 0, PLAN)
    journal.step(trace, 0, StepRecord(0, "go_to", OK, RUNNING))
    journal.step(trace, 0, StepRecord(0, "go_to", OK, SUCCEEDED, True, 3.5))
    journal.event("", "component lost", "perception: no pulse")
    journal.step(
        trace, 0, StepRecord(1, "pick", Result(Code.GRASP_FAILED, "Empty."), FAILED, False, 2.0)
    )
    journal.event(trace, "question", "Once more?")
    journal.plan(trace, 1, Plan("get the cup", PLAN.steps[1:]))
    journal.end(
        trace, Result(Code.GRASP_FAILED, "Empty."), {"queued": 0.5, "total": 7.0, "planning": 1.0}
    )
    journal.event("", "stop", "long after")

    story = journal.details(trace[:9])
    record = story.record
    assert (record.trace_id, record.command, record.source) == (trace, "get the cup", "voice")
    assert (record.priority, record.goal_id, record.dry_run, record.confirmed) == (
        5,
        "goal 1",
        False,
        True,
    )
    assert (record.code, record.outcome, record.message) == (406, "GRASP_FAILED", "Empty.")
    assert record.accepted_at < (record.started_at or 0) < (record.ended_at or 0)
    assert record.times == {"queued": 0.5, "total": 7.0, "planning": 1.0}
    assert record.duration_s == 7.5
    assert [entry.plan["steps"] for entry in story.plans] == [
        [step.to_json() for step in PLAN.steps],
        [PLAN.steps[1].to_json()],
    ]
    first, second = story.steps
    assert (first.skill, first.state, first.verified, first.duration_s) == (
        "go_to",
        SUCCEEDED,
        True,
        3.5,
    )
    assert first.began_at < (first.ended_at or 0)
    assert (second.outcome, second.message) == ("GRASP_FAILED", "Empty.")
    assert [(event.kind, event.trace_id) for event in story.events] == [
        ("component lost", ""),
        ("question", trace),
    ]


def test_a_step_that_ended_is_not_overtaken_by_its_beginning(opener: Opener):
    journal = opener()
    trace = accept(journal)
    journal.step(trace, 0, StepRecord(0, "turn", OK, SUCCEEDED, True, 1.0))
    journal.step(trace, 0, StepRecord(0, "turn", OK, RUNNING))
    (step,) = journal.details(trace).steps
    assert (step.state, step.verified) == (SUCCEEDED, True)
    journal.end(trace, OK, {})
    journal.step(trace, 0, StepRecord(1, "late", OK, SUCCEEDED))
    assert len(journal.details(trace).steps) == 1


def test_a_command_ends_exactly_once(opener: Opener):
    journal = opener()
    trace = accept(journal)
    journal.end(trace, Result(Code.CANCELED, "Canceled."), {})
    for call in (
        lambda: journal.end(trace, OK, {}),
        lambda: journal.start(trace),
        lambda: journal.plan(trace, 0, PLAN),
        lambda: journal.end(new_id(), OK, {}),
    ):
        with pytest.raises(ValueError, match="is not open"):
            call()
    assert journal.details(trace).record.outcome == "CANCELED"


def test_one_plan_for_each_attempt(opener: Opener):
    journal = opener()
    trace = accept(journal)
    journal.plan(trace, 0, PLAN)
    with pytest.raises(ValueError, match="has a plan already"):
        journal.plan(trace, 0, Plan("another"))
    assert journal.details(trace).plans[0].plan["command"] == "get the cup"


def test_only_one_of_many_threads_ends_a_command(opener: Opener):
    journal = opener()
    trace = accept(journal)
    outcomes: list[str] = []

    def end() -> None:
        try:
            journal.end(trace, OK, {})
            outcomes.append("ended")
        except ValueError:
            outcomes.append("refused")

    threads = [threading.Thread(target=end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["ended"] + ["refused"] * 7


def test_threads_may_write_at_the_same_time(opener: Opener):
    journal = opener(max_bytes=60_000, keep=100)
    done: list[str] = []
    threads = [
        threading.Thread(target=lambda: done.extend(run_through(journal) for _ in range(25)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    records = journal.commands(1000)
    assert sorted(record.trace_id for record in records) == sorted(done)
    assert len(done) == 100
    assert {record.outcome for record in records} == {"OK"}


@pytest.mark.parametrize(
    ("text", "kept", "sentence"),
    [
        ("a\ud800b", "a\ufffdb", "a\ufffdb"),
        ("a\x00b", "a\x00b", "ab"),
        (
            "x" * 1_000_000,
            "x" * MAX_TEXT + " ... (1000000 characters)",
            "x" * (MAX_LINE - 1) + "…",
        ),
    ],
)
def test_any_text_can_be_recorded(opener: Opener, text: str, kept: str, sentence: str):
    journal = opener()
    trace = accept(journal, text)
    journal.event(trace, "answer", text)
    journal.step(trace, 0, StepRecord(0, text, Result(Code.GRASP_FAILED, text), FAILED))
    journal.end(trace, Result(Code.EXECUTION_FAILED, text), {"total": float("nan")})
    story = journal.details(trace)
    assert story.record.command == story.events[0].text == kept
    assert story.record.message == story.steps[0].message == sentence
    assert story.record.times == {"total": "nan"}


def test_a_duration_that_is_no_number_does_not_block_what_follows(opener: Opener):
    journal = opener()
    trace = accept(journal)
    journal.step(trace, 0, StepRecord(0, "turn", OK, SUCCEEDED, True, float("nan")))
    journal.end(trace, OK, {})
    assert journal.details(trace).steps[0].duration_s == 0.0


# ---- duplicates


def test_a_trace_id_is_accepted_once(opener: Opener):
    journal = opener()
    waiting, ended = accept(journal), run_through(journal)
    for trace in (waiting, ended):
        assert "runs once" in refused(
            lambda trace=trace: accept(journal, "x", trace), Code.DUPLICATE
        )
    assert journal.healthy
    journal.close()
    again = opener()
    for trace in (waiting, ended):
        refused(lambda trace=trace: accept(again, "x", trace), Code.DUPLICATE)
    assert len(again.commands()) == 2


def test_a_trace_id_is_known_after_rotation(opener: Opener):
    journal = opener(max_bytes=60_000)
    first = run_through(journal)
    while not rotated_files(opener.path):
        run_through(journal)
    assert rows(opener.path, f"SELECT 1 FROM commands WHERE trace_id = '{first}'") == []
    refused(lambda: accept(journal, "x", first), Code.DUPLICATE)
    journal.close()
    refused(lambda: accept(opener(), "x", first), Code.DUPLICATE)


# ---- durability and crashes


def test_what_is_synchronized_before_it_returns(opener: Opener):
    """A loss of power can't be tried here; that SQLite is told to synchronise can."""
    journal = opener()
    seen: list[str] = []
    assert journal._writer._connection is not None
    journal._writer._connection.set_trace_callback(seen.append)

    def levels() -> list[str]:
        out = [line for line in seen if "synchronous" in line or line == "COMMIT"]
        seen.clear()
        return out

    full, normal = ["PRAGMA synchronous=FULL", "COMMIT"], ["PRAGMA synchronous=NORMAL", "COMMIT"]
    trace = accept(journal)
    assert levels() == full
    journal.start(trace)
    assert levels() == normal
    journal.plan(trace, 0, PLAN)
    assert levels() == full
    journal.step(trace, 0, StepRecord(0, "go_to", OK, RUNNING))
    assert levels() == normal
    journal.event(trace, "cancel requested", "")
    assert levels() == normal
    journal.end(trace, OK, {})
    assert levels() == full
    assert rows(opener.path, "PRAGMA journal_mode") == [("wal",)]


def test_what_an_earlier_process_left_is_interrupted_once(opener: Opener):
    journal = opener()
    done = run_through(journal)
    running, waiting = accept(journal, "go to the table"), accept(journal, "turn right")
    journal.start(running)
    journal.plan(running, 0, PLAN)
    journal.step(running, 0, StepRecord(0, "go_to", OK, SUCCEEDED, True, 1.0))
    journal.step(running, 0, StepRecord(1, "pick", OK, RUNNING))
    opener.crash(journal)

    again = opener()
    first, second = again.interrupted()
    assert (first.trace_id, first.outcome, first.command) == (
        running,
        "INTERRUPTED",
        "go to the table",
    )
    assert first.message == (
        "The state manager ended while this command ran, at step 2; it is not resumed."
    )
    assert second.trace_id == waiting
    assert second.message == (
        "The state manager ended while this command waited; it was not carried out."
    )
    assert first.duration_s is None
    assert again.interrupted() == ()
    with pytest.raises(ValueError, match="is not open"):
        again.end(running, OK, {})
    assert again.details(done).record.outcome == "OK"
    assert again.details(running).steps[1].ended_at is None
    opener.crash(again)

    third = opener()
    assert third.interrupted() == ()
    assert [record.outcome for record in third.commands()] == ["OK", "INTERRUPTED", "INTERRUPTED"]


def test_what_this_process_accepts_is_not_interrupted(opener: Opener):
    journal = opener()
    trace = accept(journal)
    assert journal.interrupted() == ()
    assert journal.details(trace).record.code is None


CHILD = """
import sys, time, uuid
from pathlib import Path
from vla_bringup.journal.journal import Journal
from vla_common.contracts.outcomes import OK
from vla_common.contracts.skills import Plan, Step, StepRecord
journal = Journal(Path(sys.argv[1]), int(sys.argv[2]), 1000, time.time)
for record in journal.interrupted():
    print("interrupted", record.trace_id, flush=True)
print("ready", flush=True)
number = 0
while True:
    trace = str(uuid.uuid4())
    journal.accept(trace, "turn left", "text", 0, "goal")
    print("accepted", trace, flush=True)
    journal.start(trace)
    journal.plan(trace, 0, Plan("turn left", (Step("turn", {"angle": 1.0}),) * 8))
    print("planned", trace, flush=True)
    journal.step(trace, 0, StepRecord(0, "turn", OK, 1))
    journal.step(trace, 0, StepRecord(0, "turn", OK, 2, True, 1.0))
    print("stepped", trace, flush=True)
    number += 1
    if number % 7:
        journal.end(trace, OK, {"total": 1.0})
        print("ended", trace, flush=True)
"""


def test_what_was_acknowledged_survives_the_very_next_instruction(opener: Opener):
    script = CHILD.replace(
        'print("accepted", trace, flush=True)',
        "print(trace, flush=True); import os; os.kill(os.getpid(), 9)",
    )
    child = subprocess.run(
        [sys.executable, "-c", script, str(opener.path), str(LARGE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == -9
    trace = child.stdout.split()[-1]
    assert [record.trace_id for record in opener().interrupted()] == [trace]


@pytest.mark.parametrize(("seed", "max_bytes"), [(1, LARGE), (2, LARGE), (3, 60_000), (4, 60_000)])
def test_kill_9_loses_nothing_that_was_acknowledged(opener: Opener, seed: int, max_bytes: int):
    """Killed at any moment, twice in a row, with and without rotations going on."""
    chance = random.Random(seed)
    seen: dict[str, list[str]] = {
        word: [] for word in ("interrupted", "accepted", "planned", "stepped", "ended")
    }
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(opener.path), str(max_bytes)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert child.stdout is not None
        wanted = chance.randrange(3, 400)
        lines = []
        with child:
            for line in child.stdout:
                lines.append(line)
                if len(lines) == wanted:  # it runs on, so this is anywhere in what it does
                    child.kill()
            assert child.wait(60) == -9
        for line in lines:
            word, _, trace = line.strip().partition(" ")
            if trace and line.endswith("\n"):
                seen[word].append(trace)
    journal = opener(max_bytes=max_bytes, keep=1000)
    seen["interrupted"] += [record.trace_id for record in journal.interrupted()]

    records = {record.trace_id: record for record in journal.commands(100_000)}
    assert len(seen["accepted"]) > 10
    assert set(seen["accepted"]) <= set(records)
    for trace in seen["ended"]:
        assert records[trace].outcome == "OK"
    for trace in chance.sample(seen["stepped"], min(20, len(seen["stepped"]))):
        story = journal.details(trace)
        assert len(story.plans) == 1
        assert [step.state for step in story.steps] == [SUCCEEDED]
    for trace in set(seen["planned"]) & set(seen["interrupted"]):
        assert len(journal.details(trace).plans) == 1
    # Each unfinished one was reported, once, by the process that came next; no other ones were.
    unfinished = {trace for trace, record in records.items() if record.outcome == "INTERRUPTED"}
    assert len(seen["interrupted"]) == len(set(seen["interrupted"]))
    assert set(seen["interrupted"]) == unfinished
    assert unfinished >= set(seen["accepted"]) - set(seen["ended"]) - {
        trace for trace, record in records.items() if record.outcome == "OK"
    }
    assert {record.outcome for record in records.values()} <= {"OK", "INTERRUPTED"}


# ---- rotation


def test_rotation_moves_what_has_ended_and_loses_nothing(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    done = [run_through(journal, f"command {number}") for number in range(200)]
    files = rotated_files(opener.path)
    assert len(files) >= 3
    assert opener.path.stat().st_size < 4 * 60_000
    held = [trace for (trace,) in rows(opener.path, "SELECT trace_id FROM commands")]
    for path in files:
        held += [trace for (trace,) in rows(path, "SELECT trace_id FROM commands")]
        assert rows(path, "PRAGMA journal_mode") == [("delete",)]  # one file, complete in itself
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert sorted(held) == sorted(done)
    assert [record.trace_id for record in journal.commands(1000)] == done
    assert len(journal.details(done[0]).steps) == len(journal.details(done[0]).plans) == 1
    assert opener.told == []


def test_a_stop_is_not_rotated_away(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    journal.event("", "stop", "The robot was stopped.")
    for number in range(100):
        run_through(journal, f"command {number}")
    assert rotated_files(opener.path)
    assert journal.last_event(LATCH_KINDS) == "stop"
    assert rows(opener.path, "SELECT count(*) FROM events WHERE kind = 'stop'") == [(1,)]


def test_only_so_many_rotated_files_are_kept(opener: Opener):
    journal = opener(max_bytes=60_000, keep=2)
    done = [run_through(journal) for _ in range(200)]
    assert rotated_files(opener.path) == [rotated_path(opener.path, n) for n in (1, 2)]
    left = [record.trace_id for record in journal.commands(1000)]
    assert left == done[-len(left) :]
    assert sum(path.stat().st_size for path in opener.path.parent.iterdir()) < 7_000_000


def test_no_rotation_while_a_command_is_unfinished(opener: Opener):
    journal = opener(max_bytes=60_000)
    waiting = accept(journal)
    while journal_file.used_bytes(journal._writer._connection) < 100_000:
        run_through(journal)
    assert rotated_files(opener.path) == []
    journal.end(waiting, OK, {})
    assert len(rotated_files(opener.path)) == 1


def test_a_system_that_is_never_idle_rotates_without_its_unfinished_commands(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    waiting = accept(journal, "wait for ever")
    journal.plan(waiting, 0, PLAN)
    journal.event(waiting, "question", "Still there?")
    done = [run_through(journal) for _ in range(200)]
    files = rotated_files(opener.path)
    assert files
    for path in files:
        assert rows(path, "SELECT trace_id FROM commands WHERE code IS NULL") == []
        assert rows(path, f"SELECT 1 FROM plans WHERE trace_id = '{waiting}'") == []
    assert rows(opener.path, f"SELECT code FROM commands WHERE trace_id = '{waiting}'") == [(None,)]
    story = journal.details(waiting)
    assert len(story.plans) == 1
    assert [event.text for event in story.events] == ["Still there?"]
    assert {record.trace_id for record in journal.commands(1000)} == {waiting, *done}
    assert opener.path.stat().st_size <= 4 * 60_000
    opener.crash(journal)
    assert [record.trace_id for record in opener().interrupted()] == [waiting]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moment", range(7))
def test_a_crash_at_any_point_of_a_rotation_loses_nothing(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, moment: int
):
    journal = opener(max_bytes=60_000, keep=1000)
    done = []
    while len(rotated_files(opener.path)) < 2:
        done.append(run_through(journal))
    calls = [0]

    def counted(function):
        def call(*arguments):
            calls[0] += 1
            if calls[0] == moment + 1:
                raise Killed
            return function(*arguments)

        return call

    with monkeypatch.context() as patch:
        # Before: the copy, its sync, renaming 2 to 3, 1 to 2, the copy to 1, the folder's sync, the deletion.
        for module, name in (
            (journal_file, "remove"),
            (journal_file.os, "replace"),
            (journal_file, "sync"),
            (journal_file, "sync_folder"),
            (journal_file, "rotated_files"),
        ):
            patch.setattr(module, name, counted(getattr(module, name)))
        if moment == 6:
            monkeypatch.setattr(journal_file, "remove", counted(journal_file.remove))
        try:
            for _ in range(200):
                done.append("")
                trace = accept(journal)
                done[-1] = trace
                journal.end(trace, OK, {})
        except Killed:
            pass
    assert calls[0] == moment + 1
    done = [trace for trace in done if trace]
    opener.crash(journal)
    again = opener(max_bytes=60_000, keep=1000)
    assert again.interrupted() == ()
    assert [record.trace_id for record in again.commands(1000)] == done
    assert not journal_file.rotating_path(opener.path).exists()
    for _ in range(100):
        done.append(run_through(again))
    assert [record.trace_id for record in again.commands(1000)] == done


def test_a_rotation_that_fails_costs_nothing_but_room(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    journal = opener(max_bytes=60_000)
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "sync", full)
        done = [run_through(journal) for _ in range(100)]
        assert 0 < len(opener.told) < 20
        assert "could not be rotated" in opener.told[0]
        # Bounded, whatever happens: at four times the size nothing more is accepted.
        message = refused(lambda: [done.append(run_through(journal)) for _ in range(1000)])
    assert "full" in message
    assert opener.path.stat().st_size <= 4 * 60_000
    journal.close()
    again = opener(max_bytes=60_000)
    assert len(rotated_files(opener.path)) == 1
    records = again.commands(2000)
    assert {record.trace_id for record in records} >= set(done)
    run_through(again)


def test_readers_do_not_hold_up_a_rotation_and_keep_their_view(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    done = [run_through(journal) for _ in range(10)]
    with closing(sqlite3.connect(opener.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM commands").fetchone()
        while not rotated_files(opener.path):
            done.append(run_through(journal))
        assert reader.execute("SELECT count(*) FROM commands").fetchone() == before
        done += [run_through(journal) for _ in range(50)]
        reader.execute("COMMIT")
    assert [record.trace_id for record in journal.commands(1000)] == done
    assert opener.told == []


# ---- disks and files that fail


def fill(journal: Journal) -> None:
    """From now on the file can't grow, as on a full disk."""
    connection = journal._writer._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")


def give_room(journal: Journal) -> None:
    assert journal._writer._connection is not None
    journal._writer._connection.execute("PRAGMA max_page_count=100000")


def test_a_full_disk_refuses_commands_and_forgets_nothing_that_happened(opener: Opener):
    journal = opener()
    trace = accept(journal)
    fill(journal)
    message = refused(lambda: [journal.plan(trace, attempt, PLAN) for attempt in range(1000)])
    assert "full" in message
    assert not journal.healthy
    assert journal.last_error == message
    assert opener.told == [message]
    refused(lambda: accept(journal, "x" * MAX_TEXT))
    for index in range(50):
        journal.step(trace, 0, StepRecord(index, "s" * 1000, OK, SUCCEEDED))
    journal.event("", "stop", "x" * MAX_TEXT)
    journal.end(trace, Result(Code.JOURNAL_FAILED, message), {"total": 1.0})
    assert not journal.probe()
    assert journal.commands()[0].code is None

    give_room(journal)
    assert journal.probe()
    assert journal.last_error == ""
    story = journal.details(trace)
    assert story.record.outcome == "JOURNAL_FAILED"
    assert len(story.steps) == 50
    kinds = [event.kind for event in JournalReader(opener.path).events()]
    assert kinds == ["stop", "journal"]
    run_through(journal)


def test_what_a_full_disk_left_unwritten_is_bounded_and_counted(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vla_bringup.journal.writer.MAX_BACKLOG", 5)
    journal = opener()
    trace = accept(journal)
    fill(journal)
    for _ in range(12):
        journal.event(trace, "answer", "x" * MAX_TEXT)
    written = len(journal.details(trace).events)
    journal.end(trace, OK, {})
    give_room(journal)
    assert journal.probe()
    assert len(journal.details(trace).events) < 12
    (note,) = JournalReader(opener.path).events()
    assert f"{12 - 5 - written} records of steps and events were lost" in note.text
    assert journal.details(trace).record.outcome == "OK"


def test_a_journal_that_another_program_locks(opener: Opener):
    journal = opener()
    trace = accept(journal)
    with closing(sqlite3.connect(opener.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked by another program" in refused(lambda: accept(journal))
        journal.end(trace, OK, {})
        other.execute("ROLLBACK")
    run_through(journal)
    assert [record.outcome for record in journal.commands()] == ["OK", "OK"]
    assert journal.healthy


def test_a_thread_that_hangs_in_the_disk_does_not_hold_up_the_others_for_ever(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vla_bringup.journal.writer.LOCK_TIMEOUT_S", 0.01)
    journal = opener()
    trace = accept(journal)
    with journal._writer._io:
        assert "does not answer" in refused(lambda: accept(journal))
        journal.end(trace, OK, {})
    assert journal.probe()
    assert journal.details(trace).record.outcome == "OK"


def test_a_file_larger_than_the_kernel_allows_is_an_error_like_others(tmp_path: Path):
    """A real failure of write(2), by a limit of the process on file sizes."""
    script = """
import resource, sys, time, uuid
from pathlib import Path
from vla_bringup.journal.journal import Journal
from vla_common.contracts.outcomes import OK, VlaError
journal = Journal(Path(sys.argv[1]), 10**8, 3, time.time, lambda text: None)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
done = []
try:
    for _ in range(1000):
        trace = str(uuid.uuid4())
        journal.accept(trace, "x" * 1000, "text", 0, "goal")
        done.append(trace)
except VlaError as error:
    print(error.code.name)
for trace in done:
    journal.end(trace, OK, {})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(journal.probe())
journal.close()
print(len(done))
"""
    path = tmp_path / "journal.sqlite"
    out = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    ).stdout.split()
    assert out[:2] == ["JOURNAL_FAILED", "True"]
    records = JournalReader(path).commands(2000)
    assert len([record for record in records if record.outcome == "OK"]) == int(out[2]) > 10


@pytest.mark.parametrize(
    "content", [b"not a database, but what somebody wrote here\n" * 100, b"\x00\xff" * 5000]
)
def test_a_file_that_is_no_database_is_set_aside(opener: Opener, content: bytes):
    opener.path.write_bytes(content)
    journal = opener()
    (told,) = opener.told
    assert "journal.corrupt-1.sqlite" in told
    assert opener.path.with_name("journal.corrupt-1.sqlite").read_bytes() == content
    assert journal.commands() == []
    trace = run_through(journal)
    journal.close()
    opener.path.write_bytes(content)
    opener()
    assert opener.path.with_name("journal.corrupt-2.sqlite").exists()
    assert opener.path.with_name("journal.corrupt-1.sqlite").read_bytes() == content
    assert trace


def damage(path: Path) -> None:
    """Write over everything but the first two pages."""
    size = path.stat().st_size
    assert size > 3 * 4096
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\x5a" * (size - 2 * 4096))


def test_a_damaged_journal_is_set_aside(opener: Opener):
    journal = opener()
    for _ in range(50):
        run_through(journal)
    journal.close()
    damage(opener.path)
    again = opener()
    assert "is damaged" in opener.told[0]
    assert again.commands() == []
    run_through(again)


def test_a_journal_that_is_damaged_while_in_use(opener: Opener):
    journal = opener()
    for _ in range(50):
        run_through(journal)
    running = accept(journal)
    assert journal._writer._connection is not None
    journal._writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal._writer._connection.execute("PRAGMA cache_size=0")
    damage(opener.path)
    trace = run_through(journal)
    assert "is damaged" in opener.told[0]
    journal.end(running, OK, {})
    assert opener.path.with_name("journal.corrupt-1.sqlite").exists()
    assert {record.trace_id for record in journal.commands()} == {trace, running}


def zeros(path: Path) -> None:
    """As dd does: the same file, other content."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))


def text(path: Path) -> None:
    path.write_text("This is no journal any more.\n")


def truncated(path: Path) -> None:
    os.truncate(path, 0)


def older(path: Path) -> None:
    """A copy of before is put back into the same file."""
    path.write_bytes(path.with_name("before").read_bytes())


def removed_log(path: Path) -> None:
    os.unlink(f"{path}-wal")


def zeros_in_log(path: Path) -> None:
    zeros(Path(f"{path}-wal"))


def touched(path: Path) -> None:
    os.utime(path, (1.0, 1.0))


@pytest.mark.parametrize(
    "change", [damage, zeros, text, truncated, older, removed_log, zeros_in_log, touched]
)
@pytest.mark.parametrize("looks", [True, False])
def test_after_somebody_else_has_changed_the_file_everything_is_on_record(
    opener: Opener, change: Callable[[Path], None], looks: bool
) -> None:
    journal = opener()
    for _ in range(20):
        run_through(journal)
    assert journal._writer._connection is not None
    journal._writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(opener.path, opener.path.with_name("before"))
    run_through(journal)
    running = accept(journal, "go")
    journal.event("", "stop", "by hand")
    change(opener.path)
    if looks:
        journal.check()
        assert opener.told, "noticed while nothing is recorded"
    after = run_through(journal, "come")
    journal.end(running, OK, {"total": 1.0})
    journal.close()
    again = opener()
    recorded = {record.trace_id: record.code for record in again.commands(100)}
    assert (recorded[after], recorded[running]) == (0, 0)
    assert again.interrupted() == ()
    assert again.last_event(("stop", "reset", "closed")) == "stop"
    assert any(event.kind == "journal" for event in JournalReader(opener.path).events(100))


def test_what_only_reads_is_no_change(opener: Opener) -> None:
    journal = opener()
    run_through(journal)
    with closing(sqlite3.connect(opener.path)) as other:
        other.execute("SELECT count(*) FROM commands").fetchone()
    shutil.copy(opener.path, opener.path.with_name("backup"))
    journal.commands()
    journal.check()
    run_through(journal)
    assert opener.told == []


def test_own_checkpoints_and_rotations_are_no_change(opener: Opener) -> None:
    journal = opener(max_bytes=100_000)
    for number in range(200):
        journal.accept(trace := new_id(), "x" * 2000, "text", 0, "goal")
        journal.end(trace, OK, {})
        if number % 20 == 0:
            journal.check()
    assert opener.told == []
    assert len(list(opener.path.parent.glob("journal.[0-9].sqlite"))) > 1


@pytest.mark.parametrize("make", ["symbolic link", "hard link", "pipe", "text"])
def test_a_lock_that_is_another_file_is_not_written_to(opener: Opener, make: str) -> None:
    precious = opener.path.with_name("precious")
    precious.write_text("thesis")
    lock = opener.path.with_name("journal.lock")
    if make == "symbolic link":
        lock.symlink_to(precious)
    elif make == "hard link":
        os.link(precious, lock)
    elif make == "pipe":
        os.mkfifo(lock)
    else:
        shutil.copy(precious, lock)
    assert "journal.lock" in refused(opener)
    assert precious.read_text() == "thesis"
    assert make == "pipe" or lock.read_text() == "thesis"
    lock.unlink()
    run_through(opener())


def test_a_journal_that_is_a_link_is_refused(opener: Opener) -> None:
    precious = opener.path.with_name("precious")
    precious.touch()
    opener.path.symlink_to(precious)
    assert "symbolic link" in refused(opener)
    assert precious.read_bytes() == b""


def test_everything_beside_the_journal_is_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        opener = Opener(tmp_path / "new" / "deep" / "journal.sqlite")
        journal = opener(max_bytes=100_000)
        for _ in range(60):
            run_through(journal, "x" * 3000)
        files = list(opener.path.parent.iterdir())
        journal.close()
        older = opener.path.with_name("journal.lock")
        for path in (opener.path, older):
            path.chmod(0o644)
        opener().close()
    finally:
        os.umask(before)
    assert len(files) >= 5
    for path in [*files, opener.path, older]:
        assert not path.exists() or path.stat().st_mode & 0o077 == 0, path
    for folder in (tmp_path / "new", tmp_path / "new" / "deep"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_journal_that_is_removed_while_in_use(opener: Opener):
    journal = opener()
    running, ending = accept(journal, "go"), accept(journal, "come")
    for path in opener.path.parent.glob("journal.sqlite*"):
        path.unlink()
    journal.end(ending, OK, {})
    assert "was removed" in opener.told[0]
    assert [(record.command, record.code) for record in journal.commands()] == [
        ("go", None),
        ("come", 0),
    ]
    journal.end(running, OK, {})
    assert journal.details(running).record.outcome == "OK"


def test_a_database_of_another_program_is_left_alone(opener: Opener):
    with closing(sqlite3.connect(opener.path)) as other:
        other.execute("CREATE TABLE precious (thing)")
        other.commit()
    content = opener.path.read_bytes()
    assert "another program" in refused(opener)
    assert opener.path.read_bytes() == content
    assert not is_owned(opener.path)


def test_a_newer_journal_is_refused(opener: Opener):
    journal = opener()
    run_through(journal)
    journal.close()
    with closing(sqlite3.connect(opener.path)) as other:
        other.execute("PRAGMA user_version=7")
    message = refused(opener)
    assert "schema 7" in message
    assert "newer version" in message
    assert "newer version" in refused(JournalReader(opener.path).commands)
    assert rows(opener.path, "SELECT count(*) FROM commands") == [(1,)]


def test_an_older_journal_is_brought_up_to_date(opener: Opener, monkeypatch: pytest.MonkeyPatch):
    journal = opener()
    trace = run_through(journal)
    journal.close()
    step = ("ALTER TABLE commands ADD COLUMN weather TEXT NOT NULL DEFAULT 'fine'",)
    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "MIGRATIONS", (*journal_file.MIGRATIONS, step, ("no SQL",)))
        refused(opener)  # all or nothing
        assert rows(opener.path, "PRAGMA user_version") == [(1,)]
        patch.setattr(journal_file, "MIGRATIONS", (*journal_file.MIGRATIONS[:1], step))
        again = opener()
        assert rows(opener.path, "PRAGMA user_version") == [(2,)]
        assert rows(opener.path, "SELECT weather FROM commands") == [("fine",)]
        run_through(again)
        assert opener.told == []
    assert trace


def test_a_folder_that_can_not_be_made(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VlaError) as caught:
        Journal(tmp_path / "file" / "journal.sqlite", LARGE, 1, Clock())
    assert caught.value.code is Code.JOURNAL_FAILED
    assert "journal.file" in caught.value.message


@pytest.mark.parametrize("target", ["folder", "file"])
def test_what_can_not_be_written(opener: Opener, target: str):
    opener().close()
    path = opener.path.parent if target == "folder" else opener.path
    mode = path.stat().st_mode
    lock = journal_file.lock_path(opener.path)
    lock.unlink()
    path.chmod(0o555 if target == "folder" else 0o444)
    try:
        if os.access(path, os.W_OK):
            pytest.skip("this user may write everywhere")
        assert "can't be written" in refused(opener)
    finally:
        path.chmod(mode)
    opener().close()


def test_a_journal_whose_place_is_a_folder(opener: Opener):
    opener.path.mkdir()
    assert "can't be written" in refused(opener)


# ---- one owner


def test_two_state_managers_can_not_share_a_journal(opener: Opener):
    journal = opener()
    message = refused(opener)
    assert f"process {os.getpid()}" in message
    assert "another namespace" in message
    assert is_owned(opener.path)
    run_through(journal)
    journal.close()
    journal.close()
    assert not is_owned(opener.path)
    run_through(opener())


def test_a_dead_owner_does_not_block(opener: Opener):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(opener.path), str(LARGE)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert f"process {child.pid}" in refused(opener)
        child.kill()
        child.stdout.read()
        child.wait(60)
    opener()


def test_an_owner_that_is_just_ending_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal_file, "OWNER_WAIT_S", 60.0)
    first = OwnerLock(tmp_path / "journal.sqlite")
    monkeypatch.setattr(journal_file.time, "sleep", lambda _: first.release())
    OwnerLock(tmp_path / "journal.sqlite").release()


def test_a_closed_journal(opener: Opener):
    journal = opener()
    trace = accept(journal)
    journal.close()
    assert "closed" in refused(lambda: accept(journal))
    journal.end(trace, OK, {})
    assert "Not recorded" in opener.told[-1]


def test_closing_writes_what_was_left(opener: Opener):
    journal = opener()
    trace = accept(journal)
    fill(journal)
    for _ in range(50):
        journal.event(trace, "answer", "x" * MAX_TEXT)
    journal.end(trace, OK, {})
    assert not journal.healthy
    give_room(journal)
    journal.close()
    story = JournalReader(opener.path).details(trace)
    assert story.record.outcome == "OK"
    assert len(story.events) == 50


# ---- reading and configuration


def test_choosing_commands(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    good = [run_through(journal) for _ in range(120)]
    middle = opener.clock.at
    bad = accept(journal)
    journal.end(bad, Result(Code.GRASP_FAILED, "Empty."), {})
    running = accept(journal)
    assert len(rotated_files(opener.path)) >= 2
    assert [record.trace_id for record in journal.commands(3)] == [good[-1], bad, running]
    assert [record.trace_id for record in journal.commands(5, failed=True)] == [bad]
    assert [record.trace_id for record in journal.commands(5, since=middle)] == [bad, running]
    for prefix, words in (("", "No trace id"), ("nothing", "No trace id"), ("%", "No trace id")):
        assert words in refused(lambda p=prefix: journal.details(p), Code.INVALID_REQUEST)
    journal.accept("same-1", "a", "text", 0, "")
    journal.accept("same-2", "b", "text", 0, "")
    assert "2 trace ids begin with 'same'" in refused(
        lambda: journal.details("same"), Code.INVALID_REQUEST
    )


def test_a_rotated_file_that_is_damaged_hides_only_itself(opener: Opener):
    journal = opener(max_bytes=60_000, keep=1000)
    while len(rotated_files(opener.path)) < 2:
        run_through(journal)
    rotated_path(opener.path, 1).write_bytes(b"rubbish" * 2000)
    reader = JournalReader(opener.path)
    assert reader.commands(1000)
    (problem,) = reader.problems
    assert "journal.1.sqlite" in problem
    accept(journal)
    journal.close()
    run_through(opener(max_bytes=60_000, keep=1000))
    assert "journal.1.sqlite can't be read" in opener.told[0]


def test_a_journal_of_a_crashed_system_can_be_read(opener: Opener):
    journal = opener()
    trace = accept(journal)
    opener.crash(journal)
    assert Path(f"{opener.path}-wal").exists()
    assert [record.trace_id for record in JournalReader(opener.path).commands()] == [trace]


def test_where_the_journal_is():
    home = {"HOME": "/home/me"}
    assert journal_path("", "/vla/", home) == Path("/home/me/.ros/vla/vla/journal.sqlite")
    assert journal_path("", "a/b", {"ROS_HOME": "/r"}) == Path("/r/vla/a/b/journal.sqlite")
    assert journal_path("", "../..", home) == Path("/home/me/.ros/vla/journal.sqlite")
    assert journal_path("/x/y.db", "vla", home) == Path("/x/y.db")
    assert journal_path("~/y.db", "vla", home) == Path("~/y.db").expanduser()


def test_the_parameters():
    config = JournalConfig()
    assert (config.file, config.max_bytes, config.keep) == ("", 16_000_000, 5)
    for wrong in ({"max_size_mb": 0.0}, {"keep": 0}, {"size": 1}):
        refused(
            lambda wrong=wrong: from_values(JournalConfig, "journal", wrong), Code.INVALID_CONFIG
        )
