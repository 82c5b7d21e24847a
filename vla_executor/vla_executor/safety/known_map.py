# SPDX-License-Identifier: Apache-2.0
"""The map that the guard goes by: which list of places is believed, and what is wrong where there should be one.

Decides by what has come so far. What was there once is required: a map does not lose all its furniture, so that an
empty list is believed only when it comes under the name of another map. A list that can't be used changes nothing;
where it was the only one, a map is there and is not known. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from vla_common.contracts.scene import Place


class KnownMap:
    """places: those that count now. trouble: why they are not to be relied on, in one sentence; "" for no reason."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: tuple[Place, ...] = ()
        self._map_id = ""
        self._trouble = ""
        self._heard = False

    @property
    def places(self) -> tuple[Place, ...]:
        with self._lock:
            return self._places

    @property
    def heard(self) -> bool:
        """Whether a list has come at all, usable or not."""
        with self._lock:
            return self._heard

    @property
    def trouble(self) -> str:
        with self._lock:
            return self._trouble

    def take(self, places: Sequence[Place], map_id: str = "") -> None:
        """A list of places as its publisher sends it."""
        with self._lock:
            self._heard = True
            if self._places and not places and map_id in ("", self._map_id):
                self._trouble = (
                    f"The list of places has become empty, and {len(self._places)} places were known; whoever "
                    "publishes them has to send them again, or to name another map_id."
                )
                return
            self._places, self._map_id, self._trouble = tuple(places), map_id, ""

    def take_over(self, places: Sequence[Place]) -> None:
        """Places that somebody else knows; they count as long as there are no others."""
        with self._lock:
            if places and not self._places and not self._heard:
                self._places = tuple(places)

    def reject(self, why: str) -> None:
        """A list came that can't be used."""
        with self._lock:
            self._heard = True
            if not self._places:
                self._trouble = f"The list of places can't be used: {why}"
