# SPDX-License-Identifier: Apache-2.0
"""One goal at a server: what counts as over, and cancels that come at any moment. No server, no spinning."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")
from action_msgs.msg import GoalStatus
from rclpy.task import Future

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.ros import goal_client
from vla_executor.ros.goal_client import GoalCall, wait_for_server


class Server:
    """The client's side of a server that answers when it is told to."""

    def __init__(self, accepted: bool = True) -> None:
        self.answer, self.result = Future(), Future()
        self.cancels = 0
        self.handle = SimpleNamespace(
            accepted=accepted,
            get_result_async=lambda: self.result,
            cancel_goal_async=self._cancel,
        )

    def _cancel(self) -> None:
        self.cancels += 1

    def send_goal_async(self, goal: Any, feedback_callback: Any) -> Future:
        return self.answer

    def call(self) -> GoalCall:
        return GoalCall(self, "manipulate", None)

    def ends(self, status: int) -> None:
        self.result.set_result(SimpleNamespace(status=status, result="result"))


@pytest.mark.parametrize(
    ("status", "confirmed"),
    [
        (GoalStatus.STATUS_SUCCEEDED, True),
        (GoalStatus.STATUS_CANCELED, True),
        (GoalStatus.STATUS_ABORTED, True),
        (GoalStatus.STATUS_UNKNOWN, False),  # a server that has been restarted knows nothing of it
        (GoalStatus.STATUS_EXECUTING, False),
        (GoalStatus.STATUS_CANCELING, False),
    ],
)
def test_only_a_final_state_confirms_the_end(status: int, confirmed: bool) -> None:
    server = Server()
    call = server.call()
    assert not call.confirmed
    server.answer.set_result(server.handle)
    assert not call.ended.is_set()
    server.ends(status)
    assert call.ended.is_set()
    assert call.confirmed is confirmed


def test_a_refusal_confirms_that_nothing_moves() -> None:
    server = Server(accepted=False)
    call = server.call()
    server.answer.set_result(server.handle)
    assert call.ended.is_set()
    assert call.confirmed and call.refused and not call.accepted


@pytest.mark.parametrize("where", ["answer", "result"])
def test_an_answer_that_breaks_confirms_nothing(where: str) -> None:
    server = Server()
    call = server.call()
    if where == "result":
        server.answer.set_result(server.handle)
    getattr(server, where).set_exception(RuntimeError("gone"))
    assert call.ended.is_set()
    assert not call.confirmed and not call.refused


def test_a_cancel_before_the_answer_goes_out_with_it_and_only_once() -> None:
    server = Server()
    call = server.call()
    call.cancel()
    call.cancel()
    assert server.cancels == 0
    server.answer.set_result(server.handle)
    assert server.cancels == 1
    assert not call.confirmed
    server.ends(GoalStatus.STATUS_CANCELED)
    assert call.confirmed


def test_a_cancel_after_the_end_asks_nobody() -> None:
    server = Server()
    call = server.call()
    server.answer.set_result(server.handle)
    server.ends(GoalStatus.STATUS_SUCCEEDED)
    call.cancel()
    assert server.cancels == 0


def test_a_token_cancels_the_goal_in_the_thread_that_cancels_it() -> None:
    server, token = Server(), CancelToken()
    call = server.call()
    server.answer.set_result(server.handle)
    token.cancel(Code.STOPPED)
    with pytest.raises(VlaError) as raised:
        call.wait(60.0, token)
    assert raised.value.code is Code.STOPPED
    assert server.cancels == 1


def test_waiting_for_a_server_ends_with_the_token(monkeypatch: Any) -> None:
    monkeypatch.setattr(goal_client, "SERVER_TIMEOUT_S", 3600.0)
    token = CancelToken()
    looks: list[int] = []

    def ready() -> bool:
        looks.append(1)
        if len(looks) == 2:
            token.cancel()
        return False

    with pytest.raises(VlaError) as raised:
        wait_for_server(SimpleNamespace(server_is_ready=ready), "manipulate", token)
    assert raised.value.code is Code.CANCELED


def test_a_server_that_is_not_there() -> None:
    client = SimpleNamespace(server_is_ready=lambda: False)
    with pytest.raises(VlaError) as raised:
        wait_for_server(client, "manipulate", CancelToken())
    assert raised.value.code is Code.ROBOT_UNAVAILABLE
