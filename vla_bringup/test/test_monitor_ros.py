# SPDX-License-Identifier: Apache-2.0
"""The monitor over real ROS: it counts what is published, and says what falls silent."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
import rclpy
import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from vla_interfaces.msg import ComponentStatus, SystemStatus

from vla_bringup.config import IntegrationConfig
from vla_bringup.monitor.config import MonitorConfig
from vla_bringup.monitor.health_rules import Level
from vla_bringup.monitor.measurements import ProcessLoad, Sample, StageLatencies, TopicFigure
from vla_bringup.monitor.ros.conversions import Diagnostics, Snapshot
from vla_bringup.monitor.ros.monitor_client import Monitor
from vla_bringup.monitor.ros.topic_counter import TopicClient
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR
from vla_common.ros.spin import spin_on

pytestmark = pytest.mark.ros
LONG_S = 60.0
PACE_S = 0.02
NODE = "/test_robot/state_manager"


class Heard:
    """The newest /diagnostics of the monitor, by the part of the name after the node's."""

    def __init__(self, node):
        self._changed = threading.Condition()
        self.statuses = {}
        self.names = set()
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_message, 10)

    def _on_message(self, message):
        with self._changed:
            self.names |= {status.name for status in message.status}
            self.statuses = {
                status.name.removeprefix(f"{NODE}: "): status for status in message.status
            }
            self._changed.notify_all()

    def wait_for(self, accept):
        with self._changed:
            assert self._changed.wait_for(lambda: accept(self.statuses), LONG_S), self.statuses

    def wait_for_new(self):
        with self._changed:
            self.statuses = {}
        self.wait_for(bool)


@pytest.fixture
def ros():
    context = Context()
    rclpy.init(context=context)
    node = rclpy.create_node("state_manager", namespace="test_robot", context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def heard(ros):
    executor = SingleThreadedExecutor(context=ros.context)
    executor.add_node(ros)
    heard = Heard(ros)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    yield heard
    executor.shutdown(timeout_sec=5.0)
    spinner.join(10.0)


class Source:
    """Publishes odometry at a steady pace while it is told to."""

    def __init__(self, node):
        self.publisher = node.create_publisher(Odometry, "odom", SENSOR)
        self.flowing = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._over.wait(PACE_S):
            if self.flowing.is_set():
                self.publisher.publish(Odometry())

    def close(self):
        self._over.set()
        self._thread.join(10.0)


def test_the_companion_offers_nothing_that_nobody_would_answer(ros):
    client = TopicClient(ros, ["odom"], window_s=LONG_S)
    assert list(client.node.services) == []
    client.close()


@pytest.mark.parametrize("qos", [SENSOR, COMMAND, LATCHED])
def test_rate_and_age_of_what_was_published(ros, qos):
    publisher = ros.create_publisher(Odometry, "odom", qos)
    client = TopicClient(ros, ["odom", "scan"], window_s=LONG_S)
    deadline = time.monotonic() + LONG_S
    pause = threading.Event()
    while publisher.get_subscription_count() == 0:
        assert time.monotonic() < deadline
        client.discover(time.monotonic())
        pause.wait(PACE_S)

    def odom():
        client.collect(time.monotonic())
        figure, scan = client.figures(time.monotonic())
        assert (scan.rate_hz, scan.age_s, scan.messages) == (None, None, 0)
        return figure

    while not odom().messages:  # what is sent before both sides know each other is lost
        assert time.monotonic() < deadline
        sent = [time.monotonic()]
        publisher.publish(Odometry())
        pause.wait(10 * PACE_S)
    for number in range(30):
        sent.append(time.monotonic())
        publisher.publish(Odometry())
        pause.wait(PACE_S)
        # Several are taken at once now and then, as in the monitor.
        while number % 5 == 4 and odom().messages < len(sent):
            assert time.monotonic() < deadline
            pause.wait(PACE_S)
    figure = odom()
    assert figure.messages == 31
    assert figure.rate_hz == pytest.approx(30 / (sent[-1] - sent[0]), rel=0.25)
    assert PACE_S / 2 < figure.age_s <= time.monotonic() - sent[-1]
    client.close()


def test_a_topic_that_falls_silent_is_told_and_taken_back(ros, heard):
    source = Source(ros)
    source.flowing.set()
    config = MonitorConfig(
        topics=("odom 5", "scan 5"), topic_max_age=0.5, rate_window=1.0, cpu_max=100.0
    )
    monitor = Monitor(ros, config, lambda: {"me": os.getpid()}, "/")
    try:
        heard.wait_for(
            lambda s: s and s["health"].message == "healthy" and _value(s, "rate (Hz)") > 12.0
        )
        (odom, scan) = monitor.snapshot().topics
        assert (odom.name, scan.name, scan.age_s) == ("odom", "scan", -1.0)
        assert odom.rate_hz <= 1.0 / PACE_S * 1.1 and odom.age_s >= 0.0

        source.flowing.clear()
        heard.wait_for(lambda s: "odom has been silent" in s["health"].message)
        assert heard.statuses["topics/odom"].level == bytes([Level.ERROR])
        assert heard.statuses["health"].level == bytes([Level.ERROR])
        assert heard.statuses["topics/scan"].level == bytes([Level.OK])
        (sentence,) = monitor.snapshot().degraded
        assert sentence.startswith("The topic odom has been silent for")

        source.flowing.set()
        heard.wait_for(lambda s: s["health"].message == "healthy")
        assert monitor.snapshot().degraded == []
    finally:
        source.close()
        monitor.close()


def _value(statuses, key, part="topics/odom"):
    values = {item.key: item.value for item in statuses[part].values}
    try:
        return float(values[key])
    except ValueError:
        return -1.0


def test_the_diagnostics_name_everything_and_no_node(ros, heard):
    monitor = Monitor(ros, MonitorConfig(), lambda: {"me": os.getpid(), "gone": 2**30}, "/")
    try:
        monitor.command_ended({"planning": 0.5, "executing": 0.0, "total": 1.5})
        heard.wait_for(
            lambda s: (
                s and "stages/total" in s and _value(s, "CPU (% of one core)", "nodes/me") >= 0.0
            )
        )
        statuses = heard.statuses
        assert all(name.startswith(f"{NODE}: ") for name in heard.names)
        assert {
            f"machine/{part}" for part in ("CPU", "memory", "disk", "network", "processes")
        } < set(statuses)
        assert _value(statuses, "p50 (s)", "stages/planning") == 0.5
        assert "stages/executing" not in statuses
        assert _value(statuses, "resident memory (MB)", "nodes/me") > 10.0
        assert statuses["nodes/gone"].level == bytes([Level.STALE])
        assert statuses["topics/odom"].message == "nobody publishes it"
        snapshot = monitor.snapshot()
        assert {item.stage for item in snapshot.latencies} == {"planning", "total"}
        assert set(snapshot.loads) == {"me"}
        assert snapshot.machine.process_count > 0
    finally:
        monitor.close()


def test_the_aggregator_has_a_place_for_every_name():
    path = Path(__file__).resolve().parents[1] / "config" / "diagnostics.yaml"
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["analyzers"]["ros__parameters"]
    prefixes = [
        prefix
        for group in groups.values()
        if isinstance(group, dict)
        for prefix in group.get("find_and_remove_prefix", group.get("startswith"))
    ]
    latencies = StageLatencies()
    latencies.command_ended({"total": 1.0}, 0.0)
    sample = Sample(
        nodes={"planner": ProcessLoad(1.0, 2.0)},
        topics=[TopicFigure("odom")],
        stages=latencies.figures(),
    )
    message = Diagnostics("/vla/state_manager", "/", {}).to_msg(sample, (), {"planner": 1}, Time())
    names = [status.name for status in message.status]
    names += [f"/vla/{name}" for name in IntegrationConfig().components]
    matches = {name: sum(name.startswith(prefix) for prefix in prefixes) for name in names}
    assert matches == dict.fromkeys(names, 1)


def test_trouble_with_one_thing_does_not_end_the_watch(ros, heard):
    fail = threading.Event()
    failed = threading.Event()

    def pids():
        if fail.is_set():
            failed.set()
            raise RuntimeError("this test wants it")
        return {}

    monitor = Monitor(ros, MonitorConfig(), pids, "/")
    try:
        heard.wait_for(bool)
        fail.set()
        assert failed.wait(LONG_S)
        fail.clear()
        heard.wait_for_new()
    finally:
        monitor.close()
        monitor.close()  # twice is fine
    assert "monitor" not in {thread.name for thread in threading.enumerate()}
    assert "_state_manager_monitor" not in ros.get_node_names()


def test_before_the_first_sample_nothing_is_claimed():
    status = SystemStatus(
        components=[ComponentStatus(name="planner"), ComponentStatus(name="executor")],
        degraded=["perception: gone"],
    )
    Snapshot(degraded=["full"], loads={"planner": ProcessLoad(12.0, 80.0)}).fill(status)
    assert status.machine.cpu_percent == status.machine.process_count == -1
    assert status.degraded == ["perception: gone", "full"]
    assert [(item.cpu_percent, item.memory_mb) for item in status.components] == [
        (12.0, 80.0),
        (-1.0, -1.0),
    ]
