# SPDX-License-Identifier: Apache-2.0
"""A state manager that hangs is ended by the executor, so that launch starts it again; one that comes back is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")

from rclpy.callback_groups import ReentrantCallbackGroup  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from vla_common.ros.spin import spin_on  # noqa: E402
from vla_executor.ros.supervision_client import SUPERVISOR, Supervision  # noqa: E402

TIMEOUT_S = 60.0
DOMAIN = 90 + os.getpid() % 10


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    rclpy.init(domain_id=DOMAIN)
    node = rclpy.create_node("executor")
    node.reentrant = ReentrantCallbackGroup()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("state_manager_process.py"))],
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)},
    )
    lost, back = threading.Event(), threading.Event()
    made: list[Supervision] = []

    def supervise(hang_timeout_s: float) -> Supervision:
        supervision = Supervision(node, lambda *_: None, hang_timeout_s)
        on_lost, on_back = supervision._watch._on_lost, supervision._watch._on_back
        supervision._watch._on_lost = lambda name, why: (on_lost(name, why), lost.set())  # type: ignore[func-returns-value]
        supervision._watch._on_back = lambda name: (on_back(name), back.set())  # type: ignore[func-returns-value]
        made.append(supervision)
        assert back.wait(TIMEOUT_S)
        back.clear()
        return supervision

    yield SimpleNamespace(process=process, supervise=supervise, lost=lost, back=back)
    for supervision in made:
        supervision.close()
    process.kill()
    process.wait()
    executor.shutdown(2.0)
    node.destroy_node()
    rclpy.try_shutdown()
    spinner.join(5.0)


def test_a_suspended_state_manager_is_killed(world: SimpleNamespace) -> None:
    supervision = world.supervise(0.5)
    world.process.send_signal(signal.SIGSTOP)
    assert world.lost.wait(TIMEOUT_S)
    assert world.process.wait(TIMEOUT_S) == -signal.SIGKILL
    assert not supervision._watch.alive(SUPERVISOR)


def test_one_that_comes_back_in_time_is_left_alone(world: SimpleNamespace) -> None:
    supervision = world.supervise(1000.0)
    world.process.send_signal(signal.SIGSTOP)
    assert world.lost.wait(TIMEOUT_S)
    assert supervision._patience is not None
    world.process.send_signal(signal.SIGCONT)
    assert world.back.wait(TIMEOUT_S)
    assert supervision._patience is None
    # Even a timer that fires at this very moment finds it alive.
    supervision._end_hung()
    assert world.process.poll() is None
