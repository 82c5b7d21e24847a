# SPDX-License-Identifier: Apache-2.0
"""The state manager's part of `./vla stop`: by the executor where it lives, at the robot's own servers in any case.

Decides when the robot's servers are told directly, and whose word counts on whether it stands still. Knows no ROS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vla_common.contracts.outcomes import OK, Code, Result

GRACE_S = 0.1
"""The executor has that long to latch before its goals are canceled past it: its plans then end as stopped."""
LOOK_PERIOD_S = 0.01


class LocalStop:
    """latch and confirm are those of a `vla_common.machine.stop_channel.StopChannel`.

    stop: everything the system does for a stop, with its own timeout. latched: whether the executor says that one
    holds. trusted: whether the executor lives, so that its word is final. abandon: zero velocity, and cancels all
    goals. wait_until_still: what could not be confirmed, empty when nothing is left.
    """

    def __init__(
        self,
        stop: Callable[[str], Result],
        latched: Callable[[], bool],
        trusted: Callable[[], bool],
        abandon: Callable[[], None],
        wait_until_still: Callable[[float], str],
        timeout_s: float,
    ) -> None:
        self._stop, self._latched, self._trusted = stop, latched, trusted
        self._abandon, self._wait_until_still = abandon, wait_until_still
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._result = OK

    def latch(self, reason: str) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._result = Result(Code.STOP_UNCONFIRMED, "The executor has not answered yet.")
                self._thread = threading.Thread(
                    target=self._order, args=(reason,), name="local stop", daemon=True
                )
                self._thread.start()
        until_s = time.monotonic() + GRACE_S
        while not self._latched() and time.monotonic() < until_s:
            time.sleep(LOOK_PERIOD_S)
        self._abandon()

    def _order(self, reason: str) -> None:
        self._result = self._stop(reason)

    def confirm(self) -> Result:
        with self._lock:
            thread = self._thread
        until_s = time.monotonic() + 2.0 * self._timeout_s
        # An answer is worth waiting for only as long as there is somebody who can give it.
        while thread is not None and thread.is_alive() and time.monotonic() < until_s:
            thread.join(LOOK_PERIOD_S)
            if not self._trusted():
                break
        if self._result.ok or (self._trusted() and self._result.code is not Code.NOT_READY):
            return self._result
        problem = self._wait_until_still(self._timeout_s)
        if not problem:
            return Result(Code.OK, "The executor did not answer; the robot's own servers did.")
        return Result(Code.STOP_UNCONFIRMED, f"The executor did not answer, and {problem}.")
