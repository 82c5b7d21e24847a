# SPDX-License-Identifier: Apache-2.0
"""Which colour and depth picture belong together, and which pair is looked at next.

Decides by stamps alone. A colour picture gets the depth that is nearest in time, so it waits until no nearer one can
come: until a depth of its own stamp or a later one is there. Each stream comes in the order of its stamps. The newest
pair wins and older ones are dropped, never queued. Pictures are opaque here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

KEEP = 6


@dataclass(frozen=True)
class RgbdPair:
    """Colour and depth of one moment. stamp_s: of the colour picture, depth_stamp_s: of the depth."""

    stamp_s: float
    color: Any
    depth: Any
    depth_stamp_s: float

    @property
    def since_s(self) -> float:
        """The older of the two stamps: nothing in the pair was seen before."""
        return min(self.stamp_s, self.depth_stamp_s)


class RgbdSynchronizer:
    """Matches two streams. Not thread-safe: the owner locks."""

    def __init__(self, slack_s: float = 0.02) -> None:
        self._slack_s = slack_s
        self._colors: OrderedDict[float, Any] = OrderedDict()
        self._depths: OrderedDict[float, Any] = OrderedDict()
        self._taken_s = float("-inf")
        self._waiting: RgbdPair | None = None
        self.dropped = 0
        """Pairs that a newer one replaced before anybody looked at them."""
        self.newest_color_s: float | None = None
        self._first_color_s: float | None = None

    def add_color(self, stamp_s: float, picture: Any) -> None:
        """A colour picture; a stamp that lies far behind the others means that time was reset."""
        if self.newest_color_s is not None and stamp_s < self.newest_color_s - 1.0:
            self.clear()
        if self._first_color_s is None:
            self._first_color_s = stamp_s
        self.newest_color_s = stamp_s
        self._add(self._colors, stamp_s, picture)
        self._match()

    def add_depth(self, stamp_s: float, picture: Any) -> None:
        """A depth picture."""
        self._add(self._depths, stamp_s, picture)
        self._match()

    def peek(self) -> RgbdPair | None:
        """The newest pair that nobody has taken, or None."""
        return self._waiting

    def take(self) -> RgbdPair | None:
        """As `peek`, and it is gone."""
        pair, self._waiting = self._waiting, None
        if pair is not None:
            self._taken_s = pair.stamp_s
        return pair

    def newest_lonely_color(self) -> float | None:
        """Stamp of the newest colour picture if it is newer than any pair: its depth is missing."""
        last = max(self._taken_s, self._waiting.stamp_s if self._waiting else float("-inf"))
        return (
            self.newest_color_s
            if self.newest_color_s is not None and self.newest_color_s > last
            else None
        )

    @property
    def lonely_for_s(self) -> float:
        """For how long, by their stamps, colour pictures have come without a depth that belongs to them."""
        if self.newest_color_s is None or self._first_color_s is None:
            return 0.0
        last = max(self._taken_s, self._waiting.stamp_s if self._waiting else float("-inf"))
        return self.newest_color_s - max(last, self._first_color_s)

    def clear(self) -> None:
        """Forget all pictures."""
        self._first_color_s = None
        self._colors.clear()
        self._depths.clear()
        self._waiting, self._taken_s, self.newest_color_s = None, float("-inf"), None

    @staticmethod
    def _add(store: OrderedDict[float, Any], stamp_s: float, picture: Any) -> None:
        store[stamp_s] = picture
        while len(store) > KEEP:
            store.popitem(last=False)

    def _match(self) -> None:
        if not self._depths:
            return
        newest_depth = max(self._depths)
        for stamp in sorted(self._colors, reverse=True):
            if stamp <= self._taken_s or (
                self._waiting is not None and stamp <= self._waiting.stamp_s
            ):
                return
            if newest_depth < stamp:
                continue  # a nearer one may still come
            near = min(self._depths, key=lambda other: abs(other - stamp))
            if abs(near - stamp) <= self._slack_s:
                if self._waiting is not None:
                    self.dropped += 1
                self._waiting = RgbdPair(stamp, self._colors[stamp], self._depths[near], near)
                for old in [s for s in self._colors if s <= stamp]:
                    del self._colors[old]
                return
