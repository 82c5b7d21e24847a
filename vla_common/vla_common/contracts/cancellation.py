# SPDX-License-Identifier: Apache-2.0
"""Ending work from outside: one token, set once, that wakes everybody who waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vla_common.contracts.outcomes import Code, VlaError

_SENTENCES = {
    Code.CANCELED: "Canceled.",
    Code.STOPPED: "Stopped.",
    Code.EXECUTION_TIMEOUT: "It took longer than a command may take.",
    Code.COMPONENT_FAILED: "A part of the system that it needed died.",
    Code.SHUTTING_DOWN: "The system is going down.",
}


class CancelToken:
    """Set once, by whoever wants something to end; waiters wake at once.

    `reason` is the code that the ended work reports.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self.reason = Code.CANCELED

    def cancel(self, reason: Code = Code.CANCELED) -> None:
        with self._lock:
            if self._event.is_set():
                return
            self.reason = reason
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        failures = []
        for callback in callbacks:
            try:
                callback()
            except Exception as error:  # the others have to hear of it all the same
                failures.append(error)
        if failures:
            raise failures[0]

    @property
    def canceled(self) -> bool:
        return self._event.is_set()

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Called once on cancel, in the canceling thread; at once when already canceled."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def remove_callback(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def wait(self, timeout_s: float) -> bool:
        """True as soon as canceled, False after the timeout (seconds of the steady clock)."""
        return self._event.wait(timeout_s)

    def raise_if_canceled(self) -> None:
        if self._event.is_set():
            raise VlaError(self.reason, _SENTENCES.get(self.reason, "It was ended from outside."))
