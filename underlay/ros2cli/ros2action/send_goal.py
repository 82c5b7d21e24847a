"""`ros2 action send_goal`: sends a goal, shows feedback and result, cancels on SIGINT and SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import Namespace
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from ros2cli.helpers import fill, interface_class, read_values
from ros2cli.node import NODE_NAME_PREFIX
from ros2cli.verb import Result
from rosidl_runtime_py import message_to_yaml
from rosidl_runtime_py.utilities import get_action

_POLL_S = 0.1
_CANCEL_TIMEOUT_S = 10.0

_STATUS = {
    getattr(GoalStatus, f"STATUS_{name}"): name
    for name in ("ACCEPTED", "EXECUTING", "CANCELING", "SUCCEEDED", "CANCELED", "ABORTED")
}


class _Interrupted(Exception):
    """A signal asked to end; `args[0]` is its number."""


def _interrupt(number: int, _frame: Any) -> None:
    raise _Interrupted(number)


def run(args: Namespace) -> Result:
    """Send the goal and wait for its result."""
    action_type = interface_class(get_action, args.action_type, "action")
    goal = action_type.Goal()
    fill(goal, read_values(args.goal, args.stdin))
    # rclpy's own handlers would shut down the context, and with it the way to cancel.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    handlers = {
        number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    node = rclpy.create_node(
        f"{NODE_NAME_PREFIX}_send_goal_{os.getpid()}", start_parameter_services=False
    )
    client = ActionClient(node, action_type, args.action_name)
    try:
        return _Goal(node, client, args.feedback).carry_out(goal, args.timeout)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        client.destroy()
        node.destroy_node()
        rclpy.shutdown()


class _Goal:
    """One goal, from waiting for the server to the result."""

    def __init__(self, node: Node, client: ActionClient, show_feedback: bool) -> None:
        self._node = node
        self._client = client
        self._show_feedback = show_feedback
        self._sent: Any = None
        self._result: Any = None

    def carry_out(self, goal: Any, timeout_s: float | None) -> Result:
        """Returns upstream's exit status: 0 also when the goal was rejected or aborted."""
        try:
            return self._send_and_wait(goal, timeout_s)
        except _Interrupted as interrupted:
            try:
                self._cancel()
            except _Interrupted:
                print("Interrupted again: the goal may still be running.", file=sys.stderr)
            return int(interrupted.args[0])

    def _send_and_wait(self, goal: Any, timeout_s: float | None) -> Result:
        print("Waiting for an action server to become available...")
        deadline = time.monotonic() + (float("inf") if timeout_s is None else timeout_s)
        while not self._client.wait_for_server(_POLL_S):
            if time.monotonic() > deadline:
                return f"No action server became available within {timeout_s:g} s"
        print(f"Sending goal:\n     {message_to_yaml(goal)}")
        self._sent = self._client.send_goal_async(
            goal, feedback_callback=_print_feedback if self._show_feedback else None
        )
        handle = self._wait(self._sent)
        if not handle.accepted:
            print("Goal was rejected.")
            return 0
        print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n")
        self._result = handle.get_result_async()
        self._print_result(self._wait(self._result))
        return 0

    def _wait(self, future: Any, timeout_s: float = float("inf")) -> Any:
        """Result of a future. In short spins: between them a signal gets through."""
        deadline = time.monotonic() + timeout_s
        while not future.done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"No answer from the action server within {timeout_s:g} s")
            rclpy.spin_until_future_complete(self._node, future, timeout_sec=_POLL_S)
        if future.exception() is not None:
            raise RuntimeError(f"Exception while waiting for the action: {future.exception()!r}")
        return future.result()

    def _cancel(self) -> None:
        """Cancel what was sent, and wait until the server has ended it."""
        if self._sent is None:
            return
        handle = self._wait(self._sent, _CANCEL_TIMEOUT_S)
        if not handle.accepted or (self._result is not None and self._result.done()):
            return
        print("Canceling goal...")
        response = self._wait(handle.cancel_goal_async(), _CANCEL_TIMEOUT_S)
        if handle.goal_id not in [info.goal_id for info in response.goals_canceling]:
            raise RuntimeError("Failed to cancel goal")
        print("Goal canceled.")
        result = self._result or handle.get_result_async()
        self._print_result(self._wait(result, _CANCEL_TIMEOUT_S))

    @staticmethod
    def _print_result(answer: Any) -> None:
        print(f"Result:\n    {message_to_yaml(answer.result)}")
        print(f"Goal finished with status: {_STATUS.get(answer.status, 'UNKNOWN')}")


def _print_feedback(message: Any) -> None:
    print(f"Feedback:\n    {message_to_yaml(message.feedback)}")
