# SPDX-License-Identifier: Apache-2.0
"""Whether a server that did not answer is asked again: not for every command, since each would wait for it in vain."""

from __future__ import annotations

import threading

from vla_common.contracts.outcomes import Code, VlaError

_NO_ANSWER = frozenset({Code.PLANNER_UNAVAILABLE, Code.PLANNING_TIMEOUT})


class Rest:
    """Thread-safe. rest_s: how long the server is left alone after it gave no answer; 0: never."""

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self._until_s = 0.0
        self._why = ""

    def check(self, now_s: float) -> None:
        """Errors: PLANNER_UNAVAILABLE while the server is left alone."""
        with self._lock:
            left_s = self._until_s - now_s
            if left_s > 0.0:
                raise VlaError(
                    Code.PLANNER_UNAVAILABLE, f"{self._why} It is asked again in {left_s:.0f} s."
                )

    def answered(self) -> None:
        """With whatever; also with what is no plan."""
        with self._lock:
            self._until_s = 0.0

    def failed(self, error: VlaError, now_s: float) -> None:
        """A proposal ended with an error, after its retries."""
        if error.code in _NO_ANSWER:
            with self._lock:
                self._until_s = now_s + self._rest_s
                self._why = error.message
        elif error.code not in (Code.CANCELED, Code.BUDGET_EXCEEDED):
            self.answered()
