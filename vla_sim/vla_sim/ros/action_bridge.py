# SPDX-License-Identifier: Apache-2.0
"""One action of the robot, as the simulated node serves it.

Decides how a goal becomes a request to the physics thread, when feedback is sent, and that a goal ends exactly once: as
SUCCEEDED, ABORTED or, only after the robot stands still, CANCELED. One goal at a time; a second is rejected.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.ros.clients.action_client import RESULT_TIMEOUT_S

FEEDBACK_PERIOD_S = 0.2
CLOSE_TIMEOUT_S = 0.5


class ActionBridge:
    """Serves one action. ``start``, ``cancel`` and ``feedback`` run in the physics thread and get the simulation;
    ``result`` makes the message from the outcome and whether the robot had begun.
    """

    def __init__(
        self,
        node: Any,
        action_type: Any,
        name: str,
        start: Callable[[Any, Any], Result],
        cancel: Callable[[Any], None],
        feedback: Callable[[Any], Any],
        result: Callable[[Result, bool], Any],
    ) -> None:
        self._node = node
        self._name = name
        self._start = start
        self._cancel = cancel
        self._feedback = feedback
        self._make_result = result
        self._lock = threading.Lock()
        self._busy = False
        self._started = False
        self._ended = threading.Event()
        self._outcome: Result | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._server = ActionServer(
            node,
            action_type,
            name,
            self._execute,
            callback_group=ReentrantCallbackGroup(),
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            result_timeout=RESULT_TIMEOUT_S,
        )

    def finish(self, outcome: Result | None) -> None:
        """Called in the physics thread when the robot has ended what the goal asked for; None: it has not."""
        if outcome is not None:
            self._outcome = outcome
            self._ended.set()

    def close(self) -> None:
        """End a running goal, so that its client hears of it while the server still exists."""
        self.finish(Result(Code.SHUTTING_DOWN, "the robot is being switched off"))
        self._idle.wait(CLOSE_TIMEOUT_S)

    def _on_goal(self, _: Any) -> GoalResponse:
        with self._lock:
            if self._busy:
                self._node.get_logger().warning(
                    f"{self._name}: refused a goal, another one is running"
                )
                return GoalResponse.REJECT
            self._busy = True
            self._idle.clear()
            return GoalResponse.ACCEPT

    def _on_cancel(self, _: Any) -> CancelResponse:
        # The robot is told at once, here: the executing thread may be in the middle of sending feedback.
        self._node.runner.submit(self._cancel)
        return CancelResponse.ACCEPT

    def _execute(self, handle: Any) -> Any:
        try:
            return self._execute_to_the_end(handle)
        finally:
            self._idle.set()

    def _execute_to_the_end(self, handle: Any) -> Any:
        try:
            outcome = self._carry_out(handle)
        except VlaError as error:
            outcome = error.result
        except Exception as error:
            self._node.get_logger().error(f"{self._name}: {error!r}")
            outcome = Result(Code.INTERNAL_ERROR, f"defect in {self._name}: {error!r}")
        finally:
            with self._lock:
                self._busy = False
        if outcome.ok:
            handle.succeed()
        elif outcome.code is Code.CANCELED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        logger = self._node.get_logger()
        if outcome.ok:
            logger.info(f"{self._name}: done")
        else:
            logger.warning(f"{self._name}: {outcome}")
        return self._make_result(outcome, self._started)

    def _carry_out(self, handle: Any) -> Result:
        runner = self._node.runner
        self._ended.clear()
        self._outcome = None
        self._started = False
        refused: Result = runner.call(lambda sim: self._start(handle.request, sim))
        if not refused.ok:
            return refused
        self._started = True
        if handle.is_cancel_requested:
            # The request came before the robot had begun; it went to nothing then.
            runner.submit(self._cancel)
        while not self._ended.wait(FEEDBACK_PERIOD_S):
            handle.publish_feedback(runner.call(self._feedback))
        assert self._outcome is not None
        return self._outcome
