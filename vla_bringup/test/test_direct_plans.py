# SPDX-License-Identifier: Apache-2.0
"""Plans that were sent past the state manager are on record with their end, and nobody's commands are taken for one."""

from __future__ import annotations

import pytest

from vla_bringup.commands.direct_plans import SOURCE, UNKNOWN_END, DirectPlans, Seen
from vla_common.contracts.outcomes import OK, Code, Result, VlaError


class Book:
    """Keeps what is recorded; `fails` as a full disk does."""

    def __init__(self):
        self.open, self.ended, self.fails = {}, [], False

    def accept(self, trace_id, command, source, priority, goal_id, **_):
        if self.fails:
            raise VlaError(Code.JOURNAL_FAILED, "The disk is full.")
        self.open[trace_id] = (command, source)

    def start(self, trace_id):
        assert trace_id in self.open

    def event(self, trace_id, kind, text):
        assert trace_id in self.open

    def end(self, trace_id, result, times):
        if trace_id not in self.open:
            raise ValueError("not open")
        self.ended.append((*self.open.pop(trace_id), result.code))


@pytest.fixture
def world():
    class World:
        def __init__(self):
            self.book, self.told, self.states = Book(), [], []
            self.plans = DirectPlans(
                self.book, lambda work: work(), self.told.append, self.states.append
            )

        def see(self, *, own=(), **words):
            self.plans.observe(Seen(**words), lambda trace_id: trace_id in own)

    return World()


def test_it_is_recorded_from_its_beginning_to_its_end(world):
    world.see(trace_id="a", command="dance", step_count=3)
    world.see(trace_id="a", command="dance", step_count=3)
    assert list(world.book.open.values()) == [("dance", SOURCE)]
    assert world.plans.now.command == "dance" and world.states == [True]
    world.see(ended_trace_id="a", ended=Result(Code.GRASP_FAILED, "Empty."))
    assert world.book.ended == [("dance", SOURCE, Code.GRASP_FAILED)]
    assert world.plans.now is None and world.states == [True, False]
    assert len(world.told) == 2


def test_a_commands_own_plan_is_none_of_these(world):
    world.see(trace_id="a", command="turn", own=("a",))
    assert world.plans.now is None and not world.book.open and not world.states


def test_the_trace_id_of_a_command_that_is_over_hides_nothing(world):
    world.see(trace_id="a", command="turn", own=("a",))
    world.see(trace_id="a", command="turn")
    assert world.plans.now is not None


def test_two_of_one_trace_id_are_two_records(world):
    for _ in range(2):
        world.see(trace_id="a", command="turn")
        world.see(ended_trace_id="a")
    assert [code for *_, code in world.book.ended] == [Code.OK, Code.OK]


@pytest.mark.parametrize("after", [{}, {"ended_trace_id": "other", "ended": OK}])
def test_an_end_that_nobody_told_is_no_success(world, after):
    world.see(trace_id="a", command="turn")
    world.see(**after)
    assert world.book.ended[0][2] is UNKNOWN_END.code is not Code.OK


def test_one_after_the_other_without_a_pause(world):
    world.see(trace_id="a", command="turn")
    world.see(trace_id="b", command="turn", ended_trace_id="a")
    assert [code for *_, code in world.book.ended] == [Code.OK]
    assert world.plans.now.trace_id == "b" and world.states == [True]


def test_the_death_of_the_executor_ends_it(world):
    world.see(trace_id="a", command="turn")
    world.plans.lost()
    world.plans.lost()
    assert [code for *_, code in world.book.ended] == [Code.COMPONENT_FAILED]
    assert world.states == [True, False]


def test_a_disk_that_refuses_is_told_and_hides_nothing(world):
    world.book.fails = True
    world.see(trace_id="a", command="turn")
    assert world.plans.now is not None and any("not on record" in text for text in world.told)
    world.see()
    assert world.states == [True, False]


def test_one_without_a_command_is_called_what_it_is(world):
    world.see(trace_id="a", step_count=3)
    assert world.plans.now.command == "(a plan of 3 steps without a command)"
