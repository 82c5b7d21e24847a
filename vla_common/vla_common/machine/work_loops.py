# SPDX-License-Identifier: Apache-2.0
"""Whether the work of a node gets on, seen from outside the work.

Each piece of work that must not take forever is wrapped in `busy`; `overdue` tells which one has lasted longer
than it may. Time comes in through the clock.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class WorkLoops:
    """Thread-safe; the same name may be busy several times at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys = itertools.count()
        self._running: dict[int, tuple[str, float, float]] = {}

    @contextmanager
    def busy(self, name: str, limit_s: float) -> Iterator[None]:
        """The work `name` begins and has to be over after limit_s."""
        key = next(self._keys)
        with self._lock:
            self._running[key] = (name, self._clock(), limit_s)
        try:
            yield
        finally:
            with self._lock:
                del self._running[key]

    def overdue(self) -> str:
        """A sentence on the work that is stuck longest; empty when all is well."""
        now = self._clock()
        with self._lock:
            late = [(begin + limit, name, begin) for name, begin, limit in self._running.values()]
        late = [entry for entry in late if entry[0] < now]
        if not late:
            return ""
        _, name, begin = min(late)
        return f"Its work '{name}' has been stuck for {now - begin:.0f} s."
