# SPDX-License-Identifier: Apache-2.0
"""Pulses of a real process: suspended, killed, out of reach, stuck."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from vla_interfaces.msg import Heartbeat

from vla_common.machine.processes import own_identity
from vla_common.ros.heartbeat import HeartbeatMonitor
from vla_common.ros.spin import spin_on

pytestmark = pytest.mark.ros
TIMEOUT_S = 60.0
DOMAIN = 70 + os.getpid() % 20


class Watcher:
    """Collects what a PulseWatch tells."""

    def __init__(self) -> None:
        rclpy.init(domain_id=DOMAIN)
        self.node = rclpy.create_node("watcher")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.told: queue.Queue[tuple[str, str]] = queue.Queue()
        self.ahead_s = 0.0
        self.step_s = 0.0
        self.looked = threading.Event()
        self.watch = HeartbeatMonitor(
            self.node,
            ["heart"],
            on_lost=lambda name, reason: self.told.put(("lost", reason)),
            on_back=lambda name: self.told.put(("back", "")),
            timeout_s=1000.0,
            clock=self.clock,
        )
        self.thread = threading.Thread(target=spin_on, args=(self.executor,), daemon=True)
        self.thread.start()

    def clock(self) -> float:
        """Goes on by `step_s` more each time that it is read."""
        self.ahead_s += self.step_s
        self.looked.set()
        return time.monotonic() + self.ahead_s

    def next(self) -> tuple[str, str]:
        return self.told.get(timeout=TIMEOUT_S)

    def close(self) -> None:
        self.watch.close()
        self.executor.shutdown(2.0)
        self.node.destroy_node()
        rclpy.try_shutdown()
        self.thread.join(5.0)


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    one = Watcher()
    yield one
    one.close()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    processes = []

    def begin(host: str = "") -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("heart_process.py")), host],
                stdin=subprocess.PIPE,
                text=True,
                env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)},
            )
        )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_suspended_resumed_killed_and_started_again(watcher: Watcher, start: Start) -> None:
    assert not watcher.watch.alive("heart")
    heart = start()
    assert watcher.next() == ("back", "")
    assert watcher.watch.alive("heart")
    last = watcher.watch.last("heart")
    assert last is not None
    assert (last.process.pid, last.process.host) == (heart.pid, own_identity().host)
    heart.send_signal(signal.SIGSTOP)
    assert watcher.next() == ("lost", "Its process is suspended.")
    assert not watcher.watch.alive("heart")
    assert watcher.watch.lost_reason("heart") == "Its process is suspended."
    heart.send_signal(signal.SIGCONT)
    assert watcher.next() == ("back", "")
    heart.kill()
    assert watcher.next() == ("lost", "Its process has ended.")
    start()
    assert watcher.next() == ("back", "")
    now = watcher.watch.last("heart")
    assert now is not None
    assert now.instance != last.instance


def test_who_beats_in_the_name_of_a_living_node_is_not_listened_to(
    watcher: Watcher, start: Start
) -> None:
    heart = start()
    assert watcher.next() == ("back", "")
    own = watcher.watch.last("heart")
    assert own is not None and own.process.pid == heart.pid
    for number in range(14):
        message = Heartbeat(
            instance=f"foreign {number}",
            host=own.process.host,
            pid=os.getpid(),
            process_start=own_identity().start,
        )
        watcher.watch._heard("heart", message)
    assert watcher.told.empty()
    assert watcher.watch.last("heart").process == own.process
    heart.kill()
    assert watcher.next() == ("lost", "Its process has ended.")
    start()
    assert watcher.next() == ("back", "")


def test_out_of_reach_is_told_by_the_lease(watcher: Watcher, start: Start) -> None:
    heart = start("another-machine")
    assert watcher.next() == ("back", "")
    heart.kill()
    kind, reason = watcher.next()
    assert kind == "lost"
    assert "lease" in reason


def silence(watcher: Watcher, heart: subprocess.Popen[str]) -> None:
    """Makes the heart's work hang, and returns when the last pulse was more than 1.5 s ago."""
    assert heart.stdin is not None
    heard = threading.Event()
    watcher.watch._on_pulse = lambda name, info: heard.set()
    assert heard.wait(TIMEOUT_S)
    heart.stdin.write("hang\n")
    heart.stdin.flush()
    while heard.wait(1.5):
        heard.clear()


def test_stuck_work_ends_the_pulse(watcher: Watcher, start: Start) -> None:
    heart = start()
    assert watcher.next() == ("back", "")
    silence(watcher, heart)
    # Looks that are 300 s apart soon find the silence.
    watcher.step_s = 300.0
    assert watcher.next() == ("lost", "No pulse for more than 1000 s.")
    watcher.step_s = 0.0
    assert heart.stdin is not None
    heart.stdin.write("go on\n")
    heart.stdin.flush()
    assert watcher.next() == ("back", "")


def test_who_slept_itself_calls_nobody_lost(watcher: Watcher, start: Start) -> None:
    """A suspended or starved watcher finds every pulse old when it wakes: they were sent, it did not hear."""
    heart = start()
    assert watcher.next() == ("back", "")
    silence(watcher, heart)
    watcher.ahead_s = 2000.0
    for _ in range(3):
        watcher.looked.clear()
        assert watcher.looked.wait(TIMEOUT_S)
    assert watcher.told.empty()
    assert watcher.watch.alive("heart")
    # Awake, it finds a silence that goes on.
    watcher.step_s = 300.0
    assert watcher.next() == ("lost", "No pulse for more than 1000 s.")
