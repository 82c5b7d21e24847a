# SPDX-License-Identifier: Apache-2.0
"""What comes in is taken one after the other, in the order in which its place was reserved.

A goal is answered before it can be handled, so that its sender may be faster with the next one than this process with
the first: places are reserved before the answer and filled after it. What filling means is left to the jobs.
"""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable

FILL_TIMEOUT_S = 5.0
"""Longest wait for a place that was reserved and not filled; it is passed over then, and still done when it comes."""


class Slot:
    """One place in the order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._job: Callable[[], None] | None = None
        self._passed = False

    def fill(self, job: Callable[[], None]) -> None:
        """Done when its turn comes; at once where that is over."""
        with self._lock:
            late = self._passed
            self._job = job
            self._filled.set()
        if late:
            job()

    def give_up(self) -> None:
        """Nothing will come: nobody waits for it."""
        self._filled.set()

    def take(self, timeout_s: float) -> Callable[[], None] | None:
        self._filled.wait(timeout_s)
        with self._lock:
            self._passed = True
            return self._job


class CommandInbox:
    """Thread-safe. log: gets the traceback of a job that failed; the others are done all the same."""

    def __init__(self, log: Callable[[str], None], fill_timeout_s: float = FILL_TIMEOUT_S) -> None:
        self._log = log
        self._fill_timeout_s = fill_timeout_s
        self._places: queue.Queue[Slot | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
        self._thread.start()

    def reserve(self) -> Slot:
        place = Slot()
        self._places.put(place)
        return place

    def take(self, job: Callable[[], None]) -> None:
        """Reserve a place and fill it."""
        self.reserve().fill(job)

    def close(self) -> None:
        """What has a place is still done; does not wait for it."""
        self._places.put(None)

    def _work(self) -> None:
        while (place := self._places.get()) is not None:
            job = place.take(self._fill_timeout_s)
            if job is None:
                continue
            try:
                job()
            except Exception:
                self._log(f"taking something in failed:\n{traceback.format_exc()}")
