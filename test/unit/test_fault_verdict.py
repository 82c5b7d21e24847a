# SPDX-License-Identifier: Apache-2.0
"""What counts as stopped, accounted for, recovered; one row for each way to fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fault_kinds import kinds
from fault_verdict import Trial, judge, line, table
from faults import schedule

GOOD = Trial(
    "kill executor", "go to the bin", "SIGKILL", must_stop=True, moving=True, still_s=0.3, final_states=1,
    code=507, recovered_s=3.0,
)  # fmt: skip
OWNER = replace(
    GOOD,
    kind="kill state manager",
    final_states=0,
    code=None,
    owner_died=True,
    journaled="INTERRUPTED",
)


def failed(*trials: Trial) -> list[int]:
    return [number for number, (_, ok) in enumerate(judge(trials)) if not ok]


def test_all_good() -> None:
    assert failed(*[GOOD] * 50, *[OWNER] * 50) == []


@pytest.mark.parametrize(
    ("trial", "wrong"),
    [
        (replace(GOOD, still_s=None), [0]),
        (replace(GOOD, still_s=0.6), [1]),
        (replace(GOOD, final_states=0), [2]),
        (replace(GOOD, final_states=2), [2]),
        (replace(OWNER, journaled=""), [2]),
        (replace(OWNER, journaled=None), [2]),
        (replace(OWNER, owner_died=False), [2]),
        (replace(GOOD, recovered_s=None), [3]),
        (replace(GOOD, moved_after_end=True), [4]),
        (replace(GOOD, problem="no system"), [5]),
    ],
)
def test_each_way_to_fail(trial: Trial, wrong: list[int]) -> None:
    assert failed(*[GOOD] * 10, trial) == wrong


def test_who_need_not_stop_may_take_its_time() -> None:
    assert failed(replace(GOOD, must_stop=False, still_s=9.0)) == []
    assert failed(replace(GOOD, moving=False, still_s=9.0)) == []


def test_one_of_a_hundred_may_stay_down() -> None:
    down = replace(GOOD, recovered_s=None)
    assert failed(*[GOOD] * 99, down) == []
    assert failed(*[GOOD] * 98, down, down) == [3]


def test_nothing_tried_is_no_success() -> None:
    assert failed() == [5]


def test_the_table_counts() -> None:
    text = table([GOOD, replace(GOOD, still_s=None), OWNER, replace(GOOD, problem="no")])
    rows = {
        words[0] + " " + words[1]: text_line
        for text_line in text.splitlines()
        if len(words := text_line.split()) > 2
    }
    assert "1/2" in rows["kill executor"] and "0.30/0.30" in rows["kill executor"]
    assert rows["kill state"].split()[7] == "1/1"
    assert "could not be carried out: 1" in text


def test_a_line_says_what_is_wrong() -> None:
    text = line(
        3, replace(GOOD, still_s=None, final_states=0, recovered_s=None, moved_after_end=True)
    )
    for words in ("DID NOT STOP", "NOT ACCOUNTED FOR", "NOT RECOVERED", "MOVED AFTER ITS END"):
        assert words in text
    assert "  " not in line(3, GOOD).strip().replace("   3", "")


def test_the_schedule_is_fair_and_repeatable() -> None:
    all_kinds = list(kinds(composed=False))
    chosen = schedule(all_kinds, 3 * len(all_kinds), seed=1)
    assert {kind.name: chosen.count(kind) for kind in all_kinds} == {
        kind.name: 3 for kind in all_kinds
    }
    assert chosen == schedule(all_kinds, 3 * len(all_kinds), seed=1)
    assert [kind.udp for kind in chosen] == sorted(kind.udp for kind in chosen)
    assert len(schedule(all_kinds, 5, seed=1)) == 5


def test_in_one_process_a_fault_hits_all() -> None:
    names = {kind.name: kind for kind in kinds(composed=True)}
    assert names["kill all stages"].must_stop
    assert not any("planner" in name for name in names)
