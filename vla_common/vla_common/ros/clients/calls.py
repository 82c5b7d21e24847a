# SPDX-License-Identifier: Apache-2.0
"""Waiting for ROS futures on a worker thread, always with a timeout and open to cancellation.

For callbacks in a reentrant group under a MultiThreadedExecutor. Nothing here spins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError


def wait_for(future: Any, timeout_s: float, token: CancelToken | None = None) -> bool:
    """Wait until a future is done. False after the timeout or when the token is canceled first."""
    wake = threading.Event()
    future.add_done_callback(lambda _: wake.set())
    if token is not None:
        token.add_callback(wake.set)
    try:
        wake.wait(timeout_s)
    finally:
        if token is not None:
            token.remove_callback(wake.set)
    return bool(future.done())


def call(
    client: Any,
    request: Any,
    timeout_s: float,
    token: CancelToken | None = None,
    unavailable: Code = Code.COMPONENT_FAILED,
) -> Any:
    """Call a service. Errors: `unavailable` when it is not there or gives no answer in time; the token's reason."""
    begin = time.monotonic()
    # service_is_ready is a look at the graph; waiting is only for a server that is about to come up.
    while not client.service_is_ready():
        if token is not None:
            token.raise_if_canceled()
        left_s = begin + min(timeout_s, 1.0) - time.monotonic()
        if left_s <= 0.0:
            raise VlaError(unavailable, f"The service '{client.srv_name}' is not there.")
        client.wait_for_service(timeout_sec=min(left_s, 0.1))
    future = client.call_async(request)
    if not wait_for(future, max(0.0, timeout_s - (time.monotonic() - begin)), token):
        client.remove_pending_request(future)
        if token is not None:
            token.raise_if_canceled()
        raise VlaError(
            unavailable, f"The service '{client.srv_name}' gave no answer within {timeout_s:g} s."
        )
    return future.result()


class GoalRun:
    """One goal at an action server: send, wait, cancel."""

    def __init__(self, client: Any, name: str, unavailable: Code = Code.COMPONENT_FAILED) -> None:
        self._client = client
        self._name = name
        self._unavailable = unavailable
        self._handle: Any = None
        self._result: Any = None

    def send(
        self,
        goal: Any,
        timeout_s: float,
        token: CancelToken | None = None,
        feedback: Callable[[Any], None] | None = None,
    ) -> None:
        """Send the goal and wait until it is accepted. Errors: `unavailable`, the token's reason."""
        if not self._client.server_is_ready() and not self._client.wait_for_server(
            timeout_sec=min(timeout_s, 1.0)
        ):
            raise VlaError(self._unavailable, f"The action '{self._name}' is not there.")
        callback = None if feedback is None else (lambda message: feedback(message.feedback))
        future = self._client.send_goal_async(goal, feedback_callback=callback)
        if not wait_for(future, timeout_s, token):
            # The server may still accept it: a goal that nobody waits for must not run on.
            future.add_done_callback(_cancel_late)
            if token is not None:
                token.raise_if_canceled()
            raise VlaError(
                self._unavailable,
                f"The action '{self._name}' did not answer within {timeout_s:g} s.",
            )
        handle = future.result()
        if not handle.accepted:
            raise VlaError(self._unavailable, f"The action '{self._name}' refused the goal.")
        self._handle = handle
        self._result = handle.get_result_async()

    def wait(self, timeout_s: float, token: CancelToken | None = None) -> Any | None:
        """The wrapped result (`.status`, `.result`), or None after the timeout or when the token is canceled."""
        return self._result.result() if wait_for(self._result, timeout_s, token) else None

    def ask_cancel(self) -> None:
        """Ask for cancellation and do not wait: for a server that may never answer."""
        if not self._result.done():
            self._handle.cancel_goal_async()

    def cancel(self, timeout_s: float) -> Any | None:
        """Cancel and wait for the final state: the wrapped result, or None when it did not come in time."""
        begin = time.monotonic()
        if not self._result.done():
            if not wait_for(self._handle.cancel_goal_async(), timeout_s):
                return None
        return self.wait(max(0.0, timeout_s - (time.monotonic() - begin)))


def _cancel_late(future: Any) -> None:
    handle = future.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


def is_canceling(handle: Any, timeout_s: float = 2.0) -> bool:
    """Whether a server's goal may end as CANCELED, for work that was ended from its cancel callback.

    rclpy moves the goal to CANCELING only after that callback has returned, so the work may be over first; there
    is no event to wait for. False when nobody asked for a cancel, or the goal does not get there in time.
    """
    deadline = time.monotonic() + timeout_s
    while not handle.is_cancel_requested and time.monotonic() < deadline:
        time.sleep(0.001)
    return bool(handle.is_cancel_requested)
