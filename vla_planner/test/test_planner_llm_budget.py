# SPDX-License-Identifier: Apache-2.0
"""The record of what the language model costs: caps hold, also between processes and with a damaged file."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.llm.transport import budget as llm_budget
from vla_planner.llm.transport.budget import DayUsage, Ledger, Terms, usage_path
from vla_planner.llm.transport.tokens import TokenEstimate

DAY = "2026-03-01"


def ledger(tmp_path, day=DAY, **terms):
    return Ledger(tmp_path / "usage.json", Terms(**terms), lambda: day)


def refused(act, *args):
    with pytest.raises(VlaError) as caught:
        act(*args)
    assert caught.value.code is Code.BUDGET_EXCEEDED
    return caught.value.message


def test_what_was_booked_is_replaced_by_what_it_was(tmp_path):
    book = ledger(tmp_path, usd_per_million_prompt=2.0, usd_per_million_completion=10.0)
    booked = book.reserve(1000, 500)
    assert book.today().cost_usd == pytest.approx(0.007)
    book.settle(booked, 900, 40, estimated=False)
    assert book.today() == DayUsage(DAY, 1, 900, 40, 0, pytest.approx(0.0022))
    assert ledger(tmp_path).today() == book.today()


def test_what_no_server_counted_is_marked(tmp_path):
    book = ledger(tmp_path)
    book.settle(book.reserve(10, 10), 8, 4, estimated=True)
    assert book.today().estimated_tokens == 12


def test_a_cap_on_tokens_is_kept_before_the_request(tmp_path):
    book = ledger(tmp_path, tokens_per_day=1000)
    book.reserve(400, 200)
    assert "1000 tokens a day" in refused(book.reserve, 300, 200)
    assert book.today().tokens == 600
    book.reserve(300, 100)


def test_a_cap_on_cost_is_kept_before_the_request(tmp_path):
    book = ledger(
        tmp_path, usd_per_day=0.01, usd_per_million_prompt=10.0, usd_per_million_completion=10.0
    )
    book.reserve(400, 200)
    assert "0.01 USD a day" in refused(book.reserve, 400, 200)
    book.reserve(200, 200)


def test_the_next_day_begins_at_nothing_and_late_ends_count_for_their_day(tmp_path):
    days = [DAY]
    book = Ledger(tmp_path / "usage.json", Terms(1000), lambda: days[0])
    booked = book.reserve(600, 400)
    days[0] = "2026-03-02"
    assert book.today() == DayUsage("2026-03-02")
    book.settle(booked, 100, 100, False)
    assert book.today() == DayUsage("2026-03-02")
    assert ledger(tmp_path).today().tokens == 200


BAD_FILES = [
    b"",
    b"{",
    b"\xff",
    b"null",
    b"{}",
    b"[" * 5000,
    json.dumps({**DayUsage(DAY).__dict__, "prompt_tokens": -5}).encode(),
    json.dumps({**DayUsage(DAY).__dict__, "calls": True}).encode(),
    json.dumps({**DayUsage(DAY).__dict__, "cost_usd": float("nan")}).encode(),
    json.dumps({**DayUsage(DAY).__dict__, "cost_usd": "0"}).encode(),
    json.dumps({**DayUsage("2020-01-01").__dict__}).encode(),
    json.dumps({**DayUsage(DAY).__dict__, "more": 1}).encode(),
    b" " * 20_000,
]


@pytest.mark.parametrize("data", BAD_FILES)
def test_a_damaged_record_is_kept_aside_and_with_caps_nothing_is_asked_any_more(tmp_path, data):
    book = ledger(tmp_path, tokens_per_day=10**6)
    book.file(DAY).write_bytes(data)
    for _ in range(2):  # also when the damaged file is gone
        assert "damaged" in refused(book.reserve, 1, 1)
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == data
    assert "damaged" in refused(ledger(tmp_path, tokens_per_day=10**6).reserve, 1, 1)
    ledger(tmp_path).reserve(1, 1)  # without caps it goes on
    ledger(tmp_path, day="2026-03-02", tokens_per_day=10**6).reserve(1, 1)


def test_without_a_place_for_the_record_caps_refuse_and_no_caps_count_in_memory(tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "usage.json"
    assert "can't be recorded" in refused(Ledger(nowhere, Terms(10**6), lambda: DAY).reserve, 1, 1)
    book = Ledger(nowhere, Terms(), lambda: DAY)
    book.settle(book.reserve(10, 10), 5, 5, False)
    assert book.today().tokens == 10


@pytest.fixture
def disk(monkeypatch):
    """An event; until it is set, nothing can be read from the disk. Nothing but the caller's own time ends a wait."""
    answers = threading.Event()
    read = Ledger._read
    monkeypatch.setattr(llm_budget, "LOCK_S", 1000.0)
    monkeypatch.setattr(llm_budget, "SETTLE_S", 0.05)
    monkeypatch.setattr(Ledger, "_read", lambda self, day: (answers.wait(60.0), read(self, day))[1])
    yield answers
    answers.set()


def in_time(act):
    """What a thread ends with; it must not wait for a disk that hangs."""
    ended = []

    def work():
        try:
            ended.append(act())
        except VlaError as error:
            ended.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20.0)
    assert ended, "it waits for ever"
    return ended[0]


def test_with_a_disk_that_hangs_caps_refuse_in_time(tmp_path, disk):
    book = ledger(tmp_path, tokens_per_day=1000)
    for _ in range(2):  # the second one waits for the first one's thread
        error = in_time(lambda: book.reserve(10, 10, left_s=0.05))
        assert error.code is Code.BUDGET_EXCEEDED and "does not answer" in error.message
    assert in_time(book.last).code is Code.BUDGET_EXCEEDED
    disk.set()
    book.settle(book.reserve(10, 10), 5, 5, False)
    assert book.today() == book.last()
    assert book.today().calls == 1, "what was given up was booked"


def test_with_a_disk_that_hangs_and_no_caps_it_is_counted_in_memory(tmp_path, disk):
    book = ledger(tmp_path)
    booked = in_time(lambda: book.reserve(10, 10, left_s=0.05))
    in_time(lambda: book.settle(booked, 5, 4, False))
    assert in_time(book.last) == DayUsage(DAY, 1, 5, 4)
    disk.set()
    assert book.today() == DayUsage(DAY)


def test_a_booking_that_hangs_can_be_canceled_and_settled_late(tmp_path, disk):
    book = ledger(tmp_path)
    canceled = threading.Event()
    threading.Timer(0.05, canceled.set).start()
    error = in_time(lambda: book.reserve(10, 10, canceled=canceled.is_set))
    assert error.code is Code.CANCELED
    disk.set()
    booked = book.reserve(10, 10)
    disk.clear()
    in_time(lambda: book.settle(booked, 5, 4, False))  # nobody waits for it
    disk.set()
    assert (book.today().calls, book.today().tokens) == (1, 9)


def test_a_file_that_somebody_holds_is_waited_for_no_longer_than_there_is_time(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(llm_budget, "LOCK_S", 1000.0)
    book = ledger(tmp_path, tokens_per_day=1000)
    with book.file(DAY).with_suffix(".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        error = in_time(lambda: book.reserve(10, 10, left_s=0.05))
        assert error.code is Code.BUDGET_EXCEEDED
        assert in_time(lambda: book.reserve(10, 10, canceled=lambda: True)).code is Code.CANCELED
    book.reserve(10, 10)
    assert book.today().calls == 1


def test_figures_of_yesterday_are_not_todays(tmp_path):
    days = [DAY]
    book = Ledger(tmp_path / "usage.json", Terms(), lambda: days[0])
    assert book.last() is None
    booked = book.reserve(600, 400)
    assert book.last().tokens == 1000
    days[0] = "2026-03-02"
    assert book.last() is None
    book.settle(booked, 1, 1, False)
    assert book.last() is None


def test_threads_do_not_lose_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(llm_budget, "LOCK_S", 60.0)
    monkeypatch.setattr(llm_budget, "SETTLE_S", 60.0)
    books = [ledger(tmp_path), ledger(tmp_path)]

    def spend(book):
        for _ in range(25):
            book.settle(book.reserve(10, 10), 2, 1, False)

    threads = [threading.Thread(target=spend, args=(books[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert (books[0].today().calls, books[0].today().tokens) == (100, 300)


SPEND = """
import sys
from pathlib import Path
from vla_common.contracts.outcomes import VlaError
from vla_planner.llm.transport import budget as llm_budget
from vla_planner.llm.transport.budget import Ledger, Terms
llm_budget.LOCK_S = llm_budget.SETTLE_S = 60.0
book = Ledger(Path(sys.argv[1]), Terms(1000), lambda: "2026-03-01")
spent = 0
for _ in range(60):
    try:
        book.settle(book.reserve(20, 10), 15, 5, False)
        spent += 20
    except VlaError:
        pass
print(spent)
"""


def test_two_processes_share_a_cap(tmp_path):
    path = tmp_path / "usage.json"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SPEND, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    spent = [int(process.communicate(timeout=60.0)[0]) for process in processes]
    assert sum(spent) == ledger(tmp_path).today().tokens
    assert 900 < sum(spent) <= 1000


def test_a_crash_between_booking_and_settling_leaves_the_booking(tmp_path):
    ledger(tmp_path).reserve(100, 50)
    assert ledger(tmp_path).today().tokens == 150


def test_where_the_record_is():
    assert usage_path("", {"ROS_HOME": "/r"}) == Path("/r/vla/llm_usage.json")
    assert usage_path("", {}) == Path.home() / ".ros" / "vla" / "llm_usage.json"
    assert usage_path("/x/y.json", {}) == Path("/x/y.json")


def test_the_estimate_only_becomes_more_careful():
    estimate = TokenEstimate()
    first = estimate.prompt(1000)
    estimate.learn(1000, 100)
    assert estimate.prompt(1000) == first
    estimate.learn(1000, 900)
    assert estimate.prompt(1000) >= 900 > first


@pytest.mark.parametrize("tokens", [10**9, 1001, 0, -5])
def test_a_count_that_can_not_be_true_spoils_no_estimate(tokens):
    estimate = TokenEstimate()
    first = estimate.prompt(1000)
    estimate.learn(1000, tokens)
    assert estimate.prompt(1000) == first
