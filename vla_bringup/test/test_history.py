# SPDX-License-Identifier: Apache-2.0
"""`vla history`: what a person sees of the journal, with and without a running system."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vla_bringup.cli import main as cli
from vla_bringup.cli.history_command import WIDTH, _width, duration, find_journal, parse_since
from vla_bringup.journal.journal import Journal
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import ObjectRef, Plan, Step, StepRecord

START = 1_780_000_000.0
PLAN = Plan(
    "get the cup",
    (
        Step("go_to", {"place": "table"}),
        Step("pick", {"object": ObjectRef("cup", ("red",), "table")}),
        Step("say", {"text": "Done."}),
    ),
    "rules",
    "Go to the table, then pick up the red cup.",
)


@pytest.fixture(autouse=True)
def _clock_of_a_known_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("VLA_CONFIG_PATH", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class System:
    """A state manager's journal in a home of its own, and a clock that is set by hand."""

    def __init__(self, home: Path) -> None:
        self.at = START
        self.path = home / "vla" / "vla" / "journal.sqlite"
        self.start()

    def start(self) -> None:
        self.journal = Journal(self.path, 16_000_000, 3, lambda: self.at)

    def accept(self, trace: str, command: str, source: str = "text", **more: bool) -> str:
        trace_id = f"{trace}-0000-4000-8000-000000000000"
        self.journal.accept(trace_id, command, source, 0, "goal", **more)
        return trace_id


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    made = System(tmp_path)
    yield made
    made.journal.close()


@pytest.fixture
def history(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> tuple[int, list[str], str]:
        code = cli.main(["history", *arguments])
        out, errors = capsys.readouterr()
        return code, out.splitlines(), errors

    return run


def test_the_list(system: System, history):
    done = system.accept("11111111", "go to the table, pick up the red cup", "voice")
    system.journal.end(done, OK, {"queued": 0.5, "total": 12.0})
    system.at += 60.0
    failed = system.accept("22222222", "turn\x1b[31m left\nand 日本 " + "on and " * 30, "dashboard")
    system.journal.end(
        failed, Result(Code.POSTCONDITION_FAILED, "It did not turn."), {"total": 3725.0}
    )
    system.at += 20000.0
    system.journal.end(system.accept("33333333", "dance", dry_run=True), OK, {"total": 0.04})
    system.journal.start(system.accept("44444444", "move"))
    system.accept("55555555", "stay")
    code, lines, errors = history()
    assert (code, errors) == (0, "")
    assert lines == [
        "time      trace     outcome                  took  source     command",
        "2026-05-28",
        "20:26:40  11111111  OK                     12.5 s  voice      go to the table, pick up the red cup",
        "20:27:40  22222222  POSTCONDITION_FAILED   1h 02m  dashboard  turn[31m left and 日本 on and on and…",
        "2026-05-29",
        "02:01:00  33333333  OK                     0.04 s  text       (dry run) dance",
        "02:01:00  44444444  RUNNING                     -  text       move",
        "02:01:00  55555555  WAITING                     -  text       stay",
    ]
    assert max(map(_width, lines)) <= WIDTH

    assert [line[10:18] for line in history("--limit", "2")[1][2:]] == ["44444444", "55555555"]
    assert [line[10:18] for line in history("--failed")[1][2:]] == ["22222222"]
    assert [line[10:18] for line in history("--since", "2026-05-29", "--limit", "1")[1][2:]] == [
        "55555555"
    ]


def test_after_a_crash_without_a_system(system: System, history):
    running = system.accept("11111111", "move")
    system.journal.start(running)
    system.journal.close()  # for the file the same as a crash: the command has no end
    assert "UNFINISHED" in history()[1][2]
    system.start()
    assert "INTERRUPTED" in history()[1][2]
    lines = history("1111")[1]
    assert lines[-1] == (
        "outcome   INTERRUPTED (509): The state manager ended while this command ran; it is not resumed."
    )
    assert lines[-2].startswith("marked    2026-05-28 20:26:40")


def test_one_command(system: System, history):
    trace = system.accept("11111111", "get the cup", "voice", confirmed=True)
    journal = system.journal
    system.at += 0.25
    journal.start(trace)
    journal.plan(trace, 0, PLAN)
    journal.step(trace, 0, StepRecord(0, "go_to", OK, 2, True, 6.2))
    journal.step(
        trace,
        0,
        StepRecord(1, "pick", Result(Code.GRASP_FAILED, "The gripper is empty."), 3, False, 4.0),
    )
    journal.event(trace, "answer", "text: yes")
    journal.event("", "stop", "by vla stop")
    journal.plan(trace, 1, Plan("get the cup", PLAN.steps[1:2]))
    journal.step(trace, 1, StepRecord(0, "pick", OK, 1))
    assert "  RUNNING                         1. pick " in "\n".join(history("11111111")[1])
    system.at += 12.0
    journal.end(
        trace, Result(Code.STOPPED, "Stopped."), {"queued": 0.25, "planning": 0.0, "total": 12.0}
    )
    code, lines, errors = history("1111")
    assert (code, errors) == (0, "")
    assert lines == [
        "command   get the cup",
        f"trace     {trace}",
        "source    voice, agreed beforehand",
        "accepted  2026-05-28 20:26:40.000",
        "started   2026-05-28 20:26:40.250",
        "ended     2026-05-28 20:26:52.250, after 12.2 s",
        "outcome   STOPPED (411): Stopped.",
        "times     queued 0.25 s, total 12.0 s",
        "",
        "plan 1 by rules: Go to the table, then pick up the red cup.",
        "  SUCCEEDED     6.20 s  verified  1. go_to place=table",
        "  FAILED        4.00 s            2. pick object={label: cup, attributes: red, place: table}",
        "                                     GRASP_FAILED (406): The gripper is empty.",
        "  not begun                       3. say text=Done.",
        "",
        "plan 2",
        "  end unknown                     1. pick object={label: cup, attributes: red, place: table}",
        "",
        "events",
        "  2026-05-28 20:26:40  answer  text: yes",
        "  2026-05-28 20:26:40  stop    by vla stop",
    ]


def test_what_was_told_is_shown_as_the_answer_it_is(system: System, history):
    trace = system.accept("11111111", "count the cups")
    system.journal.event(trace, "told", "I see two cups at the table.")
    system.journal.end(trace, OK, {"total": 1.0})
    assert "told      I see two cups at the table." in history("1111")[1]


def test_json(system: System, history):
    trace = system.accept("11111111", "hole das \x1b Glas ü")
    system.journal.plan(trace, 0, PLAN)
    system.journal.step(trace, 0, StepRecord(0, "go_to", OK, 2, True, 1.0))
    system.journal.end(trace, OK, {"total": 1.0})
    system.journal.event("", "stop", "by vla stop")
    ((entry,), (story,), (event,)) = (
        [json.loads(line) for line in history(*arguments, "--json")[1]]
        for arguments in ([], ["1111"], ["--events"])
    )
    assert (entry["trace_id"], entry["code"], entry["command"]) == (
        trace,
        0,
        "hole das \x1b Glas ü",
    )
    assert story["record"] == entry
    assert story["plans"][0]["plan"]["steps"][0] == {
        "skill": "go_to",
        "arguments": {"place": "table"},
    }
    assert story["steps"][0]["verified"] is True
    assert event == {"at": START, "kind": "stop", "text": "by vla stop", "trace_id": ""}


def test_events_of_the_system(system: System, history):
    system.journal.event("", "stop", "by vla stop")
    system.journal.event("", "component lost", "planner: no\npulse")
    assert history("--events")[1] == [
        "2026-05-28 20:26:40  stop            by vla stop",
        "2026-05-28 20:26:40  component lost  planner: no pulse",
    ]


def test_trace_ids_are_shown_as_far_as_they_differ(system: System, history):
    for last in "ab":
        system.accept(f"11111111-{last}", "turn")
    lines = history()[1]
    shown = [line.split()[1] for line in lines[2:]]
    assert shown == ["11111111-a", "11111111-b"]
    code, _, errors = history("1111")
    assert code == 1
    assert "2 trace ids begin with '1111'" in errors
    assert history(shown[0])[0] == 0


def test_nothing_to_show(system: System, history):
    for arguments, sentence in (
        ([], "There are no commands in the journal"),
        (["--failed"], "There are no commands that fit in the journal"),
        (["--since", "2h", "--json"], "There are no commands that fit in the journal"),
        (["--events"], "There are no events in the journal"),
    ):
        code, lines, errors = history(*arguments)
        assert (code, lines) == (0, [])
        assert errors.startswith(sentence)
        assert errors.count("\n") == 1
    for arguments, sentence in (
        (["abc"], "No trace id in the journal begins with 'abc'."),
        (["--since", "soon"], "'soon' is no time"),
        (["--namespace", "other"], "There is no journal"),
        (["--file", "/nowhere/journal.sqlite"], "There is no journal /nowhere/journal.sqlite"),
    ):
        code, lines, errors = history(*arguments)
        assert (code, lines) == (1, [])
        assert sentence in errors
        assert errors.count("\n") == 1


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1e3", ""])
def test_a_limit_that_is_none(history, limit: str):
    with pytest.raises(SystemExit) as caught:
        history(f"--limit={limit}")
    assert caught.value.code == 2


def test_a_file_that_is_no_journal(tmp_path: Path, history):
    for content in (b"", b"something else\n" * 100):
        (tmp_path / "file").write_bytes(content)
        code, lines, errors = history("--file", str(tmp_path / "file"))
        assert (code, lines) == (1, [])
        assert re.search("is not a journal|is damaged", errors)
        assert (tmp_path / "file").read_bytes() == content


def test_a_rotated_file_that_can_not_be_read_is_named(system: System, history):
    system.accept("11111111", "turn")
    system.path.with_name("journal.1.sqlite").write_bytes(b"rubbish" * 1000)
    code, lines, errors = history()
    assert code == 0
    assert len(lines) == 3
    assert "journal.1.sqlite" in errors


def test_which_file(tmp_path: Path):
    config = tmp_path / "system.yaml"
    config.write_text('/**: {ros__parameters: {journal: {file: "/data/j.sqlite"}}}')
    environment = {"ROS_HOME": "/r", "VLA_CONFIG_PATH": str(config)}
    assert find_journal("", "vla", environment) == Path("/data/j.sqlite")
    assert find_journal("/x", "vla", environment) == Path("/x")
    config.write_text("/**: {ros__parameters: {sim: {seed: 1}}}")
    assert find_journal("", "a", environment) == Path("/r/vla/a/journal.sqlite")
    with pytest.raises(VlaError):
        find_journal("", "vla", {"VLA_CONFIG_PATH": "/nowhere"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 9910.0),
        ("30min", 8200.0),
        ("30m", 8200.0),
        ("1.5 h", 4600.0),
        ("1d", -76400.0),
        ("1970-01-01T01:00:00", 3600.0),
        ("1970-01-02", 86400.0),
    ],
)
def test_since(text: str, expected: float):
    assert parse_since(text, 10000.0) == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0.00 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (99.94, "99.9 s"),
        (99.96, "1m 40s"),
        (3599.6, "1h 00m"),
        (7259.0, "2h 00m"),
    ],
)
def test_durations(seconds: float | None, text: str):
    assert duration(seconds) == text
