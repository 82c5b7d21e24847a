# SPDX-License-Identifier: Apache-2.0
"""A transform buffer that survives a clock that leaps back.

tf2 keeps the newest stamps and throws away what is older than its window. When the wall clock is set back (a time
server, an operator), everything that comes in afterwards is older: the buffer would go on giving the pose of the moment
of the leap, for ever. tf2 itself notices leaps of simulated time only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.time import Time
from tf2_ros import Buffer

FUTURE_S = 1.0
"""By which clocks of several machines may differ. What lies further in the future was stamped before a leap."""


class LeapingBuffer(Buffer):
    """tf2's buffer; forgets moving frames once one of them lies in the future and what comes of it does not.

    Of the same frame: some publishers stamp a little ahead on purpose, and others beside them do not. now_s: the
    node's clock; tell: gets a sentence when that happens.
    """

    def __init__(self, now_s: Callable[[], float], tell: Callable[[str], Any]) -> None:
        super().__init__()
        self._now_s = now_s
        self._tell = tell
        self._newest_s: dict[str, float] = {}

    def set_transform(self, transform: Any, authority: str) -> Any:
        stamp_s = Time.from_msg(transform.header.stamp).nanoseconds * 1e-9
        frame = transform.child_frame_id
        newest_s = self._newest_s.get(frame, stamp_s)
        if newest_s - stamp_s > FUTURE_S and newest_s > self._now_s() + FUTURE_S:
            self._newest_s.clear()
            self.clear()
            leap_s = newest_s - stamp_s
            self._tell(f"The clock was set back by {leap_s:.1f} s; older transforms are forgotten.")
            newest_s = stamp_s
        self._newest_s[frame] = max(newest_s, stamp_s)
        return super().set_transform(transform, authority)
