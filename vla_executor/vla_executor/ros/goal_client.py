# SPDX-License-Identifier: Apache-2.0
"""One goal at an action server of the robot, from sending to its final state.

Unlike a plain goal handle it can be canceled before the server has answered, and it knows when it has
really ended. Used from worker threads; nothing here spins.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from action_msgs.msg import GoalStatus

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError

SERVER_TIMEOUT_S = 1.0
SERVER_LOOK_S = 0.05
FINAL = (GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED)
PROGRESS_FIELDS = ("distance_remaining", "phase", "progress")
"""Fields of NavigateToPose's and Manipulate's feedback that change as long as the robot gets on."""


def wait_for_server(client: Any, name: str, token: CancelToken) -> None:
    """A look at the graph; waits only where nothing is there yet. Errors: ROBOT_UNAVAILABLE, the token's reason."""
    until = time.monotonic() + SERVER_TIMEOUT_S
    while not client.server_is_ready():
        if time.monotonic() >= until:
            raise VlaError(Code.ROBOT_UNAVAILABLE, f"The robot's action '{name}' is not there.")
        token.wait(SERVER_LOOK_S)
        token.raise_if_canceled()


class GoalCall:
    """Created when the goal is sent."""

    SUCCEEDED = GoalStatus.STATUS_SUCCEEDED

    def __init__(self, client: Any, name: str, goal: Any) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._cancel_wanted = False
        self._handle: Any = None
        self._wake = threading.Event()
        self.ended = threading.Event()
        """Set when there is nothing more to wait for; whether the goal is over is told by `confirmed`."""
        self.accepted = False
        self.refused = False
        self.status: int = GoalStatus.STATUS_UNKNOWN
        self.result: Any = None
        self.progress_at = time.monotonic()
        """When the goal was last seen to get on, by the steady clock."""
        self._progress: object = None
        client.send_goal_async(goal, feedback_callback=self._on_feedback).add_done_callback(
            self._on_answer
        )

    def _on_feedback(self, message: Any) -> None:
        feedback = message.feedback
        progress = tuple(getattr(feedback, name, None) for name in PROGRESS_FIELDS)
        if progress != self._progress:
            self._progress = progress
            self.progress_at = time.monotonic()

    def _on_answer(self, future: Any) -> None:
        handle = future.result() if future.exception() is None else None
        if handle is None or not handle.accepted:
            self.refused = handle is not None
            self._end()
            return
        with self._lock:
            self._handle = handle
            self.accepted = True
            cancel = self._cancel_wanted
        handle.get_result_async().add_done_callback(self._on_result)
        if cancel:
            handle.cancel_goal_async()

    def _on_result(self, future: Any) -> None:
        wrapped = future.result() if future.exception() is None else None
        if wrapped is not None:
            self.status, self.result = wrapped.status, wrapped.result
        self._end()

    @property
    def confirmed(self) -> bool:
        """The server has said that nothing moves for this goal: it refused it or reported its final state."""
        return self.refused or self.status in FINAL

    def _end(self) -> None:
        self.ended.set()
        self._wake.set()

    def cancel(self) -> None:
        """Ask for cancellation, now or as soon as the server accepts. Does not wait."""
        with self._lock:
            if self._cancel_wanted:
                return
            self._cancel_wanted = True
            handle = self._handle
        if handle is not None and not self.ended.is_set():
            handle.cancel_goal_async()

    def _on_token(self) -> None:
        self.cancel()
        self._wake.set()

    def wait(self, timeout_s: float, token: CancelToken) -> bool:
        """True when the goal has ended, False after the timeout. Errors: the token's reason.

        A canceled token cancels the goal at once, in the canceling thread.
        """
        token.add_callback(self._on_token)
        try:
            self._wake.wait(timeout_s)
        finally:
            token.remove_callback(self._on_token)
        token.raise_if_canceled()
        return self.ended.is_set()
