# SPDX-License-Identifier: Apache-2.0
"""An action client that may be used from a worker thread while an executor spins.

In rclpy 7.1 a request is sent first and noted as pending afterwards. When another thread of the executor
handles the answer in between, it is dropped ("Ignoring unexpected goal response") and its future never
ends. Here an answer is handled only after the request in progress has been noted.
"""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient as RclpyActionClient

RESULT_TIMEOUT_S = 60
"""For action servers: how long a result is kept. By default it is 15 minutes, in which thousands of them add up."""


class ActionClient(RclpyActionClient):
    """Used exactly like rclpy's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._sending = threading.RLock()
        super().__init__(*args, **kwargs)

    def send_goal_async(self, *args: Any, **kwargs: Any) -> Any:
        with self._sending:
            return super().send_goal_async(*args, **kwargs)

    def _cancel_goal_async(self, goal_handle: Any) -> Any:
        with self._sending:
            return super()._cancel_goal_async(goal_handle)

    def _get_result_async(self, goal_handle: Any) -> Any:
        with self._sending:
            return super()._get_result_async(goal_handle)

    async def execute(self, taken_data: Any) -> None:
        with self._sending:
            pass  # whoever was sending has noted the request by now
        await super().execute(taken_data)
