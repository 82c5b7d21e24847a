# SPDX-License-Identifier: Apache-2.0
"""When a look is taken: a thread that processes the newest pair of pictures, and those who wait for one.

Decides the rate (slow when idle, `frame_rate` while something runs, at once for who waits) and what a waiter is told.
What a look does is left to `process`, which runs on this thread alone.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_perception.rgbd.rgbd_synchronizer import RgbdPair, RgbdSynchronizer

FAILURES_TO_GIVE_UP = 3
MAX_WAITERS = 4
NO_DEPTH = Result(
    Code.NO_DEPTH, "Colour images come from the camera, but no depth image that belongs to them."
)


REPEATED = Result(
    Code.NO_IMAGE, "The camera sends the same image over and over: its time does not change."
)


class FrameProcessor:
    """process(pair) raises VlaError for a picture that can't be used."""

    def __init__(
        self,
        process: Callable[[RgbdPair], None],
        *,
        frame_rate_hz: float,
        idle_rate_hz: float,
        slack_s: float,
        on_result: Callable[[Result], None] = lambda result: None,
    ) -> None:
        self._process = process
        self._on_result = on_result
        self._frame_rate_hz, self._idle_rate_hz = frame_rate_hz, idle_rate_hz
        self._pairs = RgbdSynchronizer(slack_s)
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._wanted: list[float] = []
        self._last_start = float("-inf")
        self._good_s: float | None = None
        self._failures: list[tuple[float, Result]] = []
        self._last_arrival = time.monotonic()
        self._newest_s: float | None = None
        self._repeated = False
        self._untimed: dict[str, Result] = {}
        self._thread = threading.Thread(target=self._run, name="look", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread and wake who waits. False when a look still ran after the timeout."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def add_color(self, stamp_s: float, picture: Any) -> None:
        """A picture without a time is refused; one with the time of the last is no new one."""
        with self._changed:
            if not self._timed("colour", stamp_s):
                return
            self._repeated = stamp_s == self._newest_s
            if self._repeated:
                return
            self._newest_s = stamp_s
            self._last_arrival = time.monotonic()
            self._pairs.add_color(stamp_s, picture)
            self._changed.notify_all()

    def add_depth(self, stamp_s: float, picture: Any) -> None:
        """As `add_color`."""
        with self._changed:
            if self._timed("depth", stamp_s):
                self._pairs.add_depth(stamp_s, picture)
                self._changed.notify_all()

    def _timed(self, what: str, stamp_s: float) -> bool:
        """Nobody could say whether a picture without a time is new, nor where the camera was."""
        if stamp_s > 0.0 and math.isfinite(stamp_s):
            self._untimed.pop(what, None)
            return True
        self._untimed[what] = Result(
            Code.BAD_IMAGE,
            f"The camera's {what} images carry no time (their stamp is zero); the driver has to set it.",
        )
        return False

    def set_busy(self, busy: bool) -> None:
        """Whether something runs that wants the full rate."""
        with self._changed:
            self._busy = busy
            self._changed.notify_all()

    @property
    def dropped(self) -> int:
        return self._pairs.dropped

    def trouble(self, limit_s: float) -> Result:
        """What is wrong with the camera for longer than that; OK for nothing."""
        with self._changed:
            if self._untimed:
                return next(iter(self._untimed.values()))
            if time.monotonic() - self._last_arrival > limit_s:
                if self._repeated:
                    return REPEATED
                return Result(Code.NO_IMAGE, "No image comes from the camera.")
            if self._pairs.lonely_for_s > limit_s:
                return NO_DEPTH
        return OK

    def wait_for_look(self, after_s: float, timeout_s: float) -> Result:
        """Wait until a pair has been processed whose colour and depth are both stamped later than after_s.

        OK, or why not: the reason of the failed looks, NO_DEPTH, NO_IMAGE, RESOURCE_BUSY when too many wait already,
        NOT_READY when the worker ends.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            if len(self._wanted) >= MAX_WAITERS:
                return Result(
                    Code.RESOURCE_BUSY, f"{MAX_WAITERS} others already wait for a fresh look."
                )
            self._wanted.append(after_s)
            self._changed.notify_all()
            try:
                while not self._stopping:
                    if self._good_s is not None and self._good_s > after_s:
                        return OK
                    failures = [result for stamp, result in self._failures if stamp > after_s]
                    left = deadline - time.monotonic()
                    if len(failures) >= FAILURES_TO_GIVE_UP or (failures and left <= 0):
                        return failures[-1]
                    if left <= 0:
                        return self._why_nothing(after_s, timeout_s)
                    self._changed.wait(left)
            finally:
                self._wanted.remove(after_s)
        return Result(Code.NOT_READY, "Perception is being deactivated.")

    def _why_nothing(self, after_s: float, timeout_s: float) -> Result:
        if self._untimed:
            return next(iter(self._untimed.values()))
        if self._repeated:
            return REPEATED
        newest = self._pairs.newest_color_s
        if newest is None:
            return Result(Code.NO_IMAGE, "No image has come from the camera yet.")
        lonely = self._pairs.newest_lonely_color()
        if lonely is not None and lonely > after_s:
            return NO_DEPTH
        return Result(
            Code.NO_IMAGE, f"No new image has come from the camera within {timeout_s:.1f} s."
        )

    def _due_in(self) -> float | None:
        """Seconds until the waiting pair is to be looked at; None when there is none or nobody wants it."""
        pair = self._pairs.peek()
        if pair is None:
            return None
        if any(pair.since_s > after for after in self._wanted):
            return 0.0
        rate = self._frame_rate_hz if self._busy else self._idle_rate_hz
        if rate <= 0.0:
            return None
        return max(0.0, self._last_start + 1.0 / rate - time.monotonic())

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping:
                    due = self._due_in()
                    if due is not None and due <= 0.0:
                        break
                    self._changed.wait(due)
                if self._stopping:
                    return
                pair = self._pairs.take()
                self._last_start = time.monotonic()
            if pair is not None:
                self._look(pair)

    def _look(self, pair: RgbdPair) -> None:
        result = OK
        try:
            self._process(pair)
        except VlaError as error:
            result = error.result
        except (
            Exception
        ) as error:  # a defect of ours must not end the thread: every later look would be missing
            result = Result(Code.INTERNAL_ERROR, f"An image could not be processed: {error!r}.")
        with self._changed:
            if result.ok:
                self._good_s = pair.since_s
                self._failures.clear()
            else:
                self._failures = [*self._failures[-8:], (pair.since_s, result)]
            self._changed.notify_all()
        self._on_result(result)
