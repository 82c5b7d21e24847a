# SPDX-License-Identifier: Apache-2.0
"""The bounded queue of commands: nothing dropped silently, every entry leaves exactly once."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

from vla_common.contracts.outcomes import Code, VlaError

T = TypeVar("T")


class CommandQueue(Generic[T]):
    """Higher priority first, equal ones in the order in which they came; thread-safe. At most one entry runs."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._waiting: list[tuple[Hashable, int, T]] = []
        self._running: Hashable | None = None
        self._seen: set[Hashable] = set()

    def check_room(self, key: Hashable) -> None:
        """Errors: QUEUE_FULL; DUPLICATE for a key that is waiting or running."""
        with self._lock:
            self._check_room(key)

    def put(self, key: Hashable, item: T, priority: int = 0) -> None:
        """Errors: as `check_room`."""
        with self._lock:
            self._check_room(key)
            place = len(self._waiting)
            while place and self._waiting[place - 1][1] < priority:
                place -= 1
            self._waiting.insert(place, (key, priority, item))
            self._seen.add(key)

    def _check_room(self, key: Hashable) -> None:
        if key in self._seen:
            raise VlaError(Code.DUPLICATE, "This command was already accepted.")
        # An idle system with nothing waiting takes one command to run beside those that may wait.
        if len(self._waiting) >= self._size + (1 if self._running is None else 0):
            raise VlaError(
                Code.QUEUE_FULL, f"{self._size} commands are waiting; this one was not accepted."
            )

    def start_next(self) -> T | None:
        """The next entry, which then counts as running; None while one runs or when nothing waits."""
        with self._lock:
            if self._running is not None or not self._waiting:
                return None
            key, _, item = self._waiting.pop(0)
            self._running = key
            return item

    def finish(self, key: Hashable) -> None:
        """The running entry has ended."""
        with self._lock:
            if key != self._running:
                raise KeyError(f"{key!r} does not run")
            self._running = None
            self._seen.discard(key)

    def remove(self, key: Hashable) -> T | None:
        """Take a waiting entry out; None when it does not wait (any more)."""
        with self._lock:
            for place, entry in enumerate(self._waiting):
                if entry[0] == key:
                    del self._waiting[place]
                    self._seen.discard(key)
                    return entry[2]
            return None

    def drain(self) -> list[T]:
        """Take all waiting entries out, in order."""
        with self._lock:
            items = [entry[2] for entry in self._waiting]
            self._seen.difference_update(entry[0] for entry in self._waiting)
            self._waiting.clear()
            return items

    def waiting(self) -> list[T]:
        """Those that wait, in the order in which they will run."""
        with self._lock:
            return [entry[2] for entry in self._waiting]

    @property
    def size(self) -> int:
        return self._size

    @property
    def busy(self) -> bool:
        """Something runs or waits."""
        with self._lock:
            return self._running is not None or bool(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)
