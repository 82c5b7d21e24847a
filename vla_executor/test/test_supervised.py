# SPDX-License-Identifier: Apache-2.0
"""Supervised plans end with the state manager, others do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from vla_testing.executor.ros_world import FIRST_DOMAIN, TIMEOUT_S, Bed, bed, wait, wait_until

pytestmark = pytest.mark.ros

action_msgs = pytest.importorskip("action_msgs.msg")
import rclpy  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.machine.work_loops import WorkLoops  # noqa: E402
from vla_common.ros.heartbeat import HeartbeatPublisher  # noqa: E402
from vla_common.ros.spin import spin_on  # noqa: E402
from vla_executor.ros import supervision_client  # noqa: E402

STATUS = action_msgs.GoalStatus
LONG = ("move", {"distance": 1.4})
GO = ("go_to", {"place": "table"})


class Manager:
    """Nothing but a pulse, in a context of its own; `die` takes it away."""

    def __init__(self, number: int) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=FIRST_DOMAIN + number)
        self._node = rclpy.create_node("state_manager", context=self._context)
        HeartbeatPublisher(self._node, "one", None, WorkLoops())
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=spin_on, args=(self._executor,), daemon=True)
        self._thread.start()

    def die(self) -> None:
        if self._context.ok():
            self._executor.shutdown(timeout_sec=TIMEOUT_S)
            self._thread.join(TIMEOUT_S)
            self._node.destroy_node()
            rclpy.shutdown(context=self._context)


@contextmanager
def managed(number: int, **more: Any) -> Iterator[tuple[Bed, Manager]]:
    with bed(number, **more) as b:
        manager = Manager(number)
        try:
            wait_until(lambda: _watch(b).alive("state_manager"))
            yield b, manager
        finally:
            manager.die()


def _watch(b: Bed) -> Any:
    assert b.executor._supervision is not None
    return b.executor._supervision._watch


def codes(result: Any) -> tuple[int, int]:
    return result.status, result.result.outcome.code


@pytest.mark.parametrize("step", [LONG, GO])
def test_a_supervised_plan_ends_with_the_state_manager(step: Any) -> None:
    # A drive far longer than the 4 s after which a pulse counts as lost.
    with managed(1, parameters={"executor.linear_speed_mps": 0.1}) as (b, manager):
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(step, supervised=True)
        b.robot.wait_for(
            lambda: len(b.robot.moving_twists()) > 5 or "navigate_to_pose" in b.robot.goals
        )
        manager.die()
        wait_until(lambda: not _watch(b).alive("state_manager"))
        b.robot.wake()
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.COMPONENT_FAILED)
        message = result.result.outcome.message
        assert "state manager is gone" in message and "was halted" in message
        assert b.robot._twist.linear.x == 0.0
        assert b.robot.x < 1.3
        # Somebody who uses the executor directly goes on using it.
        assert codes(b.client.run(("turn", {"angle": 0.2})))[1] == Code.OK


def test_a_plan_of_somebody_else_goes_on() -> None:
    with managed(2) as (b, manager):
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        manager.die()
        wait_until(lambda: not _watch(b).alive("state_manager"))
        assert b.robot.ended == []
        b.robot.hold.clear()
        b.robot.wake()
        assert codes(wait(handle.get_result_async())) == (STATUS.STATUS_SUCCEEDED, Code.OK)


def test_a_supervised_plan_runs_to_its_end_while_the_pulse_beats() -> None:
    with managed(4) as (b, _):
        result = b.client.run(("turn", {"angle": 0.2}), supervised=True)
        assert codes(result) == (STATUS.STATUS_SUCCEEDED, Code.OK)


def test_without_a_pulse_a_supervised_plan_does_not_begin(monkeypatch: Any) -> None:
    monkeypatch.setattr(supervision_client, "FIRST_PULSE_TIMEOUT_S", 0.05)
    with bed(0) as b:
        result = b.client.run(LONG, supervised=True)
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.COMPONENT_FAILED)
        assert "no pulse" in result.result.outcome.message
        assert b.robot.moving_twists() == []
