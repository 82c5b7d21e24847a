# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 action send_goal`: sends a goal, shows feedback and result, and cancels on Ctrl-C."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.signals import SignalHandlerOptions
from ros2cli.helpers import Result, filled, interface_class
from rosidl_runtime_py import message_to_yaml
from rosidl_runtime_py.utilities import get_action

_POLL_S = 0.1
"""A signal is noticed between two spins."""
_STATUS = {
    getattr(GoalStatus, f"STATUS_{name}"): name
    for name in ("ACCEPTED", "EXECUTING", "CANCELING", "SUCCEEDED", "CANCELED", "ABORTED")
}


def run(args: Namespace) -> Result:
    """Sends the goal and waits for its result; 0 also when it was rejected or aborted, as upstream."""
    action_type = interface_class(get_action, args.action_type, "action")
    goal = filled(action_type.Goal(), args.goal)
    # rclpy's own handler would shut down the context, and with it the way to cancel.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("_ros2cli_send_goal", start_parameter_services=False)
    client = ActionClient(node, action_type, args.action_name)
    try:
        return _send(node, client, goal, args.feedback)
    finally:
        client.destroy()
        node.destroy_node()
        rclpy.shutdown()


def _send(node: Any, client: ActionClient, goal: Any, show_feedback: bool) -> Result:
    print("Waiting for an action server to become available...")
    while not client.wait_for_server(_POLL_S):
        pass
    print(f"Sending goal:\n     {message_to_yaml(goal)}")
    sent = client.send_goal_async(
        goal, feedback_callback=_print_feedback if show_feedback else None
    )
    try:
        handle = _wait(node, sent)
        if not handle.accepted:
            print("Goal was rejected.")
            return 0
        print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n")
        answer = _wait(node, handle.get_result_async())
    except KeyboardInterrupt:
        _cancel(node, _wait(node, sent))
        raise
    print(f"Result:\n    {message_to_yaml(answer.result)}")
    print(f"Goal finished with status: {_STATUS.get(answer.status, 'UNKNOWN')}")
    return 0


def _cancel(node: Any, handle: Any) -> None:
    if not handle.accepted:
        return
    print("Canceling goal...")
    response = _wait(node, handle.cancel_goal_async())
    if handle.goal_id not in [info.goal_id for info in response.goals_canceling]:
        raise RuntimeError("Failed to cancel goal")
    print("Goal canceled.")


def _wait(node: Any, future: Any) -> Any:
    while not future.done():
        rclpy.spin_until_future_complete(node, future, timeout_sec=_POLL_S)
    if future.exception() is not None:
        raise RuntimeError(f"Exception while waiting for the action: {future.exception()!r}")
    return future.result()


def _print_feedback(message: Any) -> None:
    print(f"Feedback:\n    {message_to_yaml(message.feedback)}")
