# SPDX-License-Identifier: Apache-2.0
"""The race that rclpy's own action client loses, made certain by a slow sender."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytestmark = pytest.mark.ros

rclpy = pytest.importorskip("rclpy")
from nav2_msgs.action import NavigateToPose  # noqa: E402
from rclpy.action import ActionServer  # noqa: E402
from rclpy.callback_groups import ReentrantCallbackGroup  # noqa: E402
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor  # noqa: E402

from vla_common.ros.clients.action_client import ActionClient  # noqa: E402
from vla_testing.executor.ros_world import FIRST_DOMAIN, TIMEOUT_S, wait  # noqa: E402


class SlowHandle:
    """Hands a request over, and comes back only when the answer has long been there."""

    def __init__(self, handle: Any, answered: threading.Event) -> None:
        self._handle, self._answered = handle, answered

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._handle, name)
        if not name.startswith("send_"):
            return method

        def slow(*args: Any) -> Any:
            number = method(*args)
            self._answered.wait(0.3)
            return number

        return slow


def test_an_answer_that_comes_before_the_request_is_noted_is_not_lost() -> None:
    rclpy.init(domain_id=FIRST_DOMAIN)
    node = rclpy.create_node("race")
    group = ReentrantCallbackGroup()

    def execute(handle: Any) -> Any:
        handle.succeed()
        return NavigateToPose.Result()

    ActionServer(node, NavigateToPose, "race", execute, callback_group=group)
    client = ActionClient(node, NavigateToPose, "race", callback_group=group)
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            pass

    spinner = threading.Thread(target=spin, daemon=True)
    spinner.start()
    try:
        assert client.wait_for_server(timeout_sec=TIMEOUT_S)
        client._client_handle = SlowHandle(client._client_handle, threading.Event())
        handle = wait(client.send_goal_async(NavigateToPose.Goal()))
        assert handle.accepted
        assert wait(handle.get_result_async()).status == 4
    finally:
        executor.shutdown(timeout_sec=5.0)
        node.destroy_node()
        rclpy.try_shutdown()
        spinner.join(5.0)
