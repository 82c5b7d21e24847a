# SPDX-License-Identifier: Apache-2.0
"""Which pictures belong together, when a look is taken, and what a waiter is told."""

from __future__ import annotations

import threading

import pytest

from vla_common.contracts.outcomes import OK, Code, VlaError
from vla_perception.rgbd.frame_processor import MAX_WAITERS, FrameProcessor
from vla_perception.rgbd.rgbd_synchronizer import RgbdPair, RgbdSynchronizer

LONG_S = 20.0


def test_pictures_of_one_stamp_make_a_pair_in_either_order():
    pairs = RgbdSynchronizer(0.02)
    pairs.add_color(1.0, "c1")
    assert pairs.peek() is None
    pairs.add_depth(1.0, "d1")
    assert pairs.take() == RgbdPair(1.0, "c1", "d1", 1.0)
    assert pairs.take() is None
    pairs.add_depth(2.01, "d2")
    pairs.add_color(2.0, "c2")
    assert pairs.take() == RgbdPair(2.0, "c2", "d2", 2.01)


def test_pictures_too_far_apart_in_time_make_none():
    pairs = RgbdSynchronizer(0.02)
    pairs.add_color(1.0, "c")
    pairs.add_depth(1.03, "d")
    assert pairs.peek() is None
    assert pairs.newest_lonely_color() == 1.0


def test_a_picture_waits_for_its_own_depth_and_does_not_take_the_one_before():
    pairs = RgbdSynchronizer(0.02)
    pairs.add_depth(0.99, "of the picture before")
    pairs.add_color(1.0, "c")
    assert pairs.peek() is None
    pairs.add_depth(1.0, "d")
    assert pairs.take() == RgbdPair(1.0, "c", "d", 1.0)


def test_an_earlier_depth_is_taken_once_none_can_be_nearer():
    pairs = RgbdSynchronizer(0.02)
    for stamp in (0.99, 1.03):
        assert pairs.peek() is None
        pairs.add_depth(stamp, f"d{stamp}")
        pairs.add_color(1.0, "c")
    assert pairs.take() == RgbdPair(1.0, "c", "d0.99", 0.99)


def test_the_newest_pair_wins_and_older_ones_are_counted_as_dropped():
    pairs = RgbdSynchronizer(0.0)
    for stamp in (1.0, 1.1, 1.2):
        pairs.add_color(stamp, f"c{stamp}")
        pairs.add_depth(stamp, f"d{stamp}")
    assert pairs.take() == RgbdPair(1.2, "c1.2", "d1.2", 1.2)
    assert pairs.dropped == 2


def test_a_late_depth_does_not_bring_an_old_picture_back():
    pairs = RgbdSynchronizer(0.0)
    pairs.add_color(1.0, "c1")
    pairs.add_color(1.1, "c2")
    pairs.add_depth(1.1, "d2")
    assert pairs.take() is not None
    pairs.add_depth(1.0, "d1")
    assert pairs.take() is None


def test_a_picture_that_comes_late_is_not_taken():
    pairs = RgbdSynchronizer(0.0)
    for stamp in (1.1, 1.0):
        pairs.add_color(stamp, "c")
        pairs.add_depth(stamp, "d")
        assert (pairs.take() is not None) is (stamp == 1.1)


def test_time_may_start_again():
    pairs = RgbdSynchronizer(0.0)
    for stamp in (100.0, 0.5):
        pairs.add_color(stamp, "c")
        pairs.add_depth(stamp, "d")
        taken = pairs.take()
        assert taken is not None and taken.stamp_s == stamp


def test_how_long_depth_has_been_missing():
    pairs = RgbdSynchronizer(0.0)
    assert pairs.lonely_for_s == 0.0
    for stamp in (5.0, 6.0, 7.5):
        pairs.add_color(stamp, "c")
    assert pairs.lonely_for_s == 2.5, "since the first picture"
    pairs.add_depth(7.5, "d")
    assert pairs.lonely_for_s == 0.0
    for take in (False, True):
        pairs.add_color(9.0, "c")
        assert pairs.lonely_for_s == 1.5, f"since the last pair, taken or not ({take})"
        pairs.take()
    pairs.add_color(1.0, "c")
    assert pairs.lonely_for_s == 0.0, "time was reset"


def test_memory_of_lonely_pictures_is_bounded():
    pairs = RgbdSynchronizer(0.0)
    for stamp in range(100):
        pairs.add_color(float(stamp), "c")
    assert len(pairs._colors) < 10


class Bench:
    """A worker whose looks are recorded, and which can be held up."""

    def __init__(
        self, frame_rate_hz: float = 1000.0, idle_rate_hz: float = 0.0, slack_s: float = 0.0
    ) -> None:
        self.seen: list[float] = []
        self.error: Exception | None = None
        self.changed = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.results: list[Code] = []
        self.worker = FrameProcessor(
            self.process,
            frame_rate_hz=frame_rate_hz,
            idle_rate_hz=idle_rate_hz,
            slack_s=slack_s,
            on_result=self.on_result,
        )
        self.worker.start()

    def process(self, pair: RgbdPair) -> None:
        self.entered.set()
        assert self.gate.wait(LONG_S)
        self.seen.append(pair.stamp_s)
        if self.error is not None:
            raise self.error

    def on_result(self, result) -> None:
        with self.changed:
            self.results.append(result.code)
            self.changed.notify_all()

    def give(self, stamp: float) -> None:
        self.worker.add_color(stamp, "c")
        self.worker.add_depth(stamp, "d")

    def wait_results(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.results) >= count, LONG_S)


@pytest.fixture
def bench():
    made: list[Bench] = []

    def make(**kwargs: float) -> Bench:
        made.append(Bench(**kwargs))
        return made[-1]

    yield make
    for one in made:
        one.gate.set()
        assert one.worker.stop(LONG_S)


def ask(worker: FrameProcessor, after_s: float, timeout_s: float = LONG_S):
    """Wait on a thread; returns it and the list its answer comes in."""
    answers: list = []
    thread = threading.Thread(
        target=lambda: answers.append(worker.wait_for_look(after_s, timeout_s))
    )
    thread.start()
    return thread, answers


def until_waiting(worker: FrameProcessor, count: int) -> None:
    """A waiter announces itself with a notification."""
    with worker._changed:
        assert worker._changed.wait_for(lambda: len(worker._wanted) >= count, LONG_S)


def test_nobody_asks_nothing_is_done(bench):
    one = bench()
    one.give(1.0)
    assert one.worker.wait_for_look(5.0, 0.05).code is Code.NO_IMAGE
    assert one.seen == []


def test_idle_and_busy_look_by_themselves(bench):
    one = bench(idle_rate_hz=1000.0)
    one.give(1.0)
    one.wait_results(1)
    two = bench()
    two.worker.set_busy(True)
    two.give(2.0)
    two.wait_results(1)
    assert (one.seen, two.seen) == ([1.0], [2.0])


def test_between_looks_the_rate_is_waited_for_and_only_the_newest_is_left(bench):
    one = bench(idle_rate_hz=0.001)
    one.give(1.0)
    one.wait_results(1)
    one.give(2.0)
    one.give(3.0)
    due_s = one.worker._due_in()
    assert due_s is not None and 500.0 < due_s <= 1000.0
    one.worker.set_busy(True)
    one.wait_results(2)
    assert one.seen == [1.0, 3.0] and one.worker.dropped == 1


def test_a_waiter_gets_a_picture_later_than_its_call(bench):
    one = bench()
    one.give(1.0)
    thread, answers = ask(one.worker, 1.0)
    until_waiting(one.worker, 1)
    one.give(1.5)
    thread.join(LONG_S)
    assert answers == [OK]
    assert one.seen == [1.5]


def test_a_look_before_the_call_does_not_count(bench):
    one = bench(idle_rate_hz=1000.0)
    one.give(1.0)
    one.wait_results(1)
    assert one.worker.wait_for_look(0.9, LONG_S) == OK
    assert one.worker.wait_for_look(1.0, 0.05).code is Code.NO_IMAGE


def test_a_depth_from_before_the_call_does_not_count(bench):
    one = bench(idle_rate_hz=1000.0, slack_s=0.02)
    one.worker.add_depth(0.995, "from before")
    one.worker.add_color(1.01, "c")
    one.worker.add_depth(1.05, "farther off")
    one.wait_results(1)
    assert one.seen == [1.01]
    assert one.worker.wait_for_look(1.0, 0.05).code is Code.NO_IMAGE
    one.worker.add_color(1.05, "c")
    assert one.worker.wait_for_look(1.0, LONG_S) == OK


def test_while_a_look_runs_newer_pictures_replace_each_other(bench):
    one = bench(idle_rate_hz=100000.0)
    one.gate.clear()
    one.give(1.0)
    assert one.entered.wait(LONG_S)
    for stamp in (2.0, 3.0, 4.0):
        one.give(stamp)
    one.gate.set()
    one.wait_results(2)
    assert one.seen == [1.0, 4.0]
    assert one.worker.dropped == 2


def test_no_camera_is_no_image(bench):
    result = bench().worker.wait_for_look(0.0, 0.05)
    assert result.code is Code.NO_IMAGE and "yet" in result.message


def test_color_without_depth_is_no_depth(bench):
    one = bench()
    one.worker.add_color(2.0, "c")
    assert one.worker.wait_for_look(1.0, 0.05).code is Code.NO_DEPTH


def test_the_reason_of_failed_looks_is_told(bench):
    one = bench()
    one.error = VlaError(Code.NO_TRANSFORM, "where is the camera?")
    thread, answers = ask(one.worker, 0.0)
    until_waiting(one.worker, 1)
    for count, stamp in enumerate((1.0, 2.0, 3.0), start=1):
        one.give(stamp)
        one.wait_results(count)
    thread.join(LONG_S)
    assert answers[0].code is Code.NO_TRANSFORM


def test_one_failed_look_is_not_the_end(bench):
    one = bench()
    one.error = VlaError(Code.BAD_IMAGE, "black")
    thread, answers = ask(one.worker, 0.0)
    until_waiting(one.worker, 1)
    one.give(1.0)
    one.wait_results(1)
    one.error = None
    one.give(2.0)
    thread.join(LONG_S)
    assert answers == [OK]


def test_a_defect_is_reported_and_the_thread_goes_on(bench):
    one = bench(idle_rate_hz=100000.0)
    one.error = RuntimeError("oops")
    one.give(1.0)
    one.wait_results(1)
    assert one.results == [Code.INTERNAL_ERROR]
    one.error = None
    one.give(2.0)
    one.wait_results(2)
    assert one.results[1] is Code.OK


def test_too_many_waiters_are_refused(bench):
    one = bench()
    waiting = [ask(one.worker, 10.0) for _ in range(MAX_WAITERS)]
    until_waiting(one.worker, MAX_WAITERS)
    assert one.worker.wait_for_look(10.0, LONG_S).code is Code.RESOURCE_BUSY
    one.give(11.0)
    for thread, answers in waiting:
        thread.join(LONG_S)
        assert answers == [OK]


def test_stopping_wakes_who_waits(bench):
    one = bench()
    thread, answers = ask(one.worker, 0.0)
    until_waiting(one.worker, 1)
    assert one.worker.stop(LONG_S)
    thread.join(LONG_S)
    assert answers[0].code is Code.NOT_READY


def quiet_worker() -> FrameProcessor:
    return FrameProcessor(lambda pair: None, frame_rate_hz=100.0, idle_rate_hz=100.0, slack_s=0.02)


@pytest.mark.parametrize("stamp", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("half", ["colour", "depth"])
def test_pictures_without_a_time_are_no_pictures(stamp: float, half: str) -> None:
    worker = quiet_worker()
    worker.start()
    for _ in range(3):
        worker.add_color(stamp if half == "colour" else 5.0, "c")
        worker.add_depth(stamp if half == "depth" else 5.0, "d")
    told = worker.wait_for_look(0.0, 0.05)
    assert told.code is Code.BAD_IMAGE and "time" in told.message and half in told.message
    assert worker.trouble(LONG_S).code is Code.BAD_IMAGE
    assert worker.stop()


def test_the_same_picture_over_and_over_is_a_lost_camera() -> None:
    worker = quiet_worker()
    worker.start()
    for _ in range(3):
        worker.add_color(5.0, "c")
        worker.add_depth(5.0, "d")
    assert worker.wait_for_look(4.0, LONG_S) == OK
    told = worker.wait_for_look(5.0, 0.02)
    assert told.code is Code.NO_IMAGE and "over and over" in told.message
    worker.add_color(5.0, "c")
    assert worker.trouble(0.0).code is Code.NO_IMAGE
    worker.add_color(5.1, "c")
    worker.add_depth(5.1, "d")
    assert worker.wait_for_look(5.0, LONG_S) == OK and worker.trouble(LONG_S) == OK
    assert worker.stop()
