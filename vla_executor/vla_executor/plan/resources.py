# SPDX-License-Identifier: Apache-2.0
"""Parts of the robot that only one step at a time may use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.skills.catalog import RESOURCES


class Resources:
    """Mutexes with owners. All that a step needs is taken at once or not at all: no deadlock.

    changed: called after every change, outside the lock.
    """

    def __init__(
        self, names: Iterable[str] = RESOURCES, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._changed = changed
        self._owners: dict[str, str] = dict.fromkeys(names, "")
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, names: Iterable[str], owner: str) -> Iterator[None]:
        """Errors: RESOURCE_BUSY that names the owner; INVALID_PLAN for a part no robot has."""
        wanted = sorted(set(names))
        with self._lock:
            for name in wanted:
                if name not in self._owners:
                    raise VlaError(Code.INVALID_PLAN, f"There is no resource '{name}'.")
                if self._owners[name]:
                    raise VlaError(
                        Code.RESOURCE_BUSY, f"The {name} is in use by {self._owners[name]}."
                    )
            for name in wanted:
                self._owners[name] = owner
        try:
            if wanted:
                self._changed()
            yield
        finally:
            with self._lock:
                for name in wanted:
                    self._owners[name] = ""
            if wanted:
                self._changed()

    def owners(self) -> dict[str, str]:
        """Every part and who holds it; an empty owner means free."""
        with self._lock:
            return dict(self._owners)
