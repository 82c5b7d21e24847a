# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`Buffer`: the transforms of one process, with waiting."""

from __future__ import annotations

import threading
import time as wall
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from tf2_py import BufferCore

_NO_WAIT = Duration()


class Buffer(BufferCore):
    """Keeps transforms and answers lookups, waiting for data where a timeout allows it.

    A timeout waits for the data to arrive through another thread: in a callback of a
    single-threaded executor that also feeds this buffer, it can only run out.

    Args:
        cache_time: how long dynamic transforms are kept, 10 s by default.
    """

    def __init__(self, cache_time: Duration | None = None) -> None:
        super().__init__(cache_time)
        self._new_data = threading.Condition()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform(transform, authority)
        with self._new_data:
            self._new_data.notify_all()

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform_static(transform, authority)
        with self._new_data:
            self._new_data.notify_all()

    def _wait_until(self, ask: Callable[[], tuple[bool, str]], timeout: Any) -> tuple[bool, str]:
        """Asks now, and again after each new transform, until it can be or the time is over."""
        deadline = wall.monotonic() + timeout.nanoseconds / 1e9
        with self._new_data:
            while not (answer := ask())[0]:
                left_s = deadline - wall.monotonic()
                if left_s <= 0.0:
                    break
                self._new_data.wait(left_s)
            return answer

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Whether the lookup would succeed within `timeout`; with the reason on request."""
        answer = self._wait_until(
            lambda: self.can_transform_core(target_frame, source_frame, time), timeout
        )
        return answer if return_debug_tuple else answer[0]

    def lookup_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """The transform that takes data from `source_frame` to `target_frame`.

        Args:
            target_frame: where the data shall be.
            source_frame: where they are.
            time: a Time or a time message; 0 asks for the latest common one.
            timeout: how long to wait for it.

        Raises:
            TransformException: saying what is missing when the data does not come in time.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)
