# SPDX-License-Identifier: Apache-2.0
"""What a node tells the world, sent by a thread of its own in the order in which it was said.

A command does not wait until everybody who listens has been served: it goes on while its status and its sentences are
put together and sent. What is sent, and whether it can be, is left to the jobs.
"""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable

MAX_JOBS = 1000
ROOM_TIMEOUT_S = 2.0
"""So many wait at most; who says more than that waits so long for room, and then it is told as lost."""


class PublishQueue:
    """Thread-safe. log: gets the traceback of a job that failed; the others are done all the same."""

    def __init__(
        self,
        log: Callable[[str], None],
        max_jobs: int = MAX_JOBS,
        room_timeout_s: float = ROOM_TIMEOUT_S,
    ) -> None:
        self._log = log
        self._room_timeout_s = room_timeout_s
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(max_jobs)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def post(self, job: Callable[[], None]) -> None:
        """Done soon, after everything that was posted before; at once where nobody works any more."""
        if self._closed.is_set() or threading.current_thread() is self._thread:
            self._do(job)
            return
        try:
            self._jobs.put(job, timeout=self._room_timeout_s)
        except queue.Full:
            self._log(f"Nothing could be sent for {self._room_timeout_s:g} s; a message is lost.")

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything posted so far is done; False when it was not in time."""
        done = threading.Event()
        self.post(done.set)
        return done.wait(timeout_s)

    def close(self, timeout_s: float = 2.0) -> None:
        """What was posted is still done; what comes later is done by who posts it."""
        if not self._closed.is_set():
            self._closed.set()
            try:
                self._jobs.put(None, timeout=timeout_s)
            except queue.Full:
                return  # it hangs; the end of the process ends it
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            self._log(f"telling failed:\n{traceback.format_exc()}")
