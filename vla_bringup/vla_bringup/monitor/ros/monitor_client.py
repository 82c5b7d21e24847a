# SPDX-License-Identifier: Apache-2.0
"""The monitor over ROS: measures once a second on a thread of its own, judges, publishes /diagnostics.

Publishes: /diagnostics (diagnostic_msgs/DiagnosticArray, 1 Hz). Subscribes: the topics of `monitor.topics`, best
effort, without reading them. What is measured is in `machine_probe` and `topic_client`, what counts as well in
`health_rules`.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from vla_bringup.monitor.config import MonitorConfig
from vla_bringup.monitor.health_rules import Finding, HealthRules
from vla_bringup.monitor.machine_probe import MachineProbe
from vla_bringup.monitor.measurements import Sample, StageLatencies
from vla_bringup.monitor.ros.conversions import Diagnostics, Snapshot, snapshot_of
from vla_bringup.monitor.ros.topic_counter import TopicClient

SAMPLE_PERIOD_S = 1.0
COLLECT_PERIOD_S = 0.1
JOIN_TIMEOUT_S = 2.0


class Monitor:
    """Watches the machine, the nodes' processes, topics and stages for the node that creates it."""

    def __init__(
        self,
        node: Any,
        config: MonitorConfig,
        pids: Callable[[], Mapping[str, int]],
        folder: str,
        cli_args: Sequence[str] = (),
    ) -> None:
        """pids: name -> process id of the nodes of this machine; called on the monitor's thread.

        folder: where journal and logs are written; its free disk is watched. cli_args: those that the node was
        made with, such as remappings.
        """
        self._node = node
        self._pids = pids
        self._probe = MachineProbe(folder)
        self._rules = HealthRules(config)
        self._topics = TopicClient(node, config.topic_min_rates_hz, config.rate_window, cli_args)
        self._diagnostics = Diagnostics(
            node.get_fully_qualified_name(), folder, config.topic_min_rates_hz
        )
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._lock = threading.Lock()
        self._latencies = StageLatencies()
        self._sample = Sample()
        self._findings: tuple[Finding, ...] = ()
        self._failures: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="monitor", daemon=True)
        self._thread.start()

    def command_ended(self, times_s: Mapping[str, float]) -> None:
        """A command has ended; stage -> seconds, by the names of vla_interfaces/msg/StageTimes."""
        with self._lock:
            self._latencies.command_ended(times_s, time.monotonic())

    def snapshot(self) -> Snapshot:
        """The last measurements, for the status. From any thread."""
        with self._lock:
            sample = dataclasses.replace(self._sample, stages=self._latencies.figures())
            return snapshot_of(sample, self._findings)

    def close(self) -> None:
        """End the thread and the subscriptions; safe to call twice."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join(JOIN_TIMEOUT_S)
        self._topics.close()

    def _work(self) -> None:
        next_sample_s = 0.0
        while not self._over.wait(COLLECT_PERIOD_S):
            now_s = time.monotonic()
            self._attempt(self._topics.collect, now_s)
            if now_s >= next_sample_s:
                next_sample_s = now_s + SAMPLE_PERIOD_S - COLLECT_PERIOD_S / 2.0
                self._attempt(self._take_sample, now_s)

    def _attempt(self, work: Callable[[float], None], now_s: float) -> None:
        """Watching must not end because one thing could not be read; the same trouble is told once."""
        try:
            work(now_s)
        except Exception:
            failure = traceback.format_exc()
            if failure not in self._failures and self._node.context.ok():
                self._failures.add(failure)
                self._node.get_logger().error(f"monitor:\n{failure}")

    def _take_sample(self, now_s: float) -> None:
        self._topics.discover(now_s)
        pids = dict(self._pids())
        machine, nodes = self._probe.sample(pids, now_s)
        topics = self._topics.figures(now_s)
        with self._lock:
            stages, usual_s = self._latencies.figures(), self._latencies.usual_s(now_s)
        sample = Sample(machine, nodes, topics, stages, usual_s)
        findings = self._rules.update(sample, now_s)
        self._tell(findings)
        with self._lock:
            self._sample, self._findings = sample, findings
        stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(self._diagnostics.to_msg(sample, findings, pids, stamp))

    def _tell(self, findings: Sequence[Finding]) -> None:
        """What is new and what is over goes to the log."""
        before = {finding.subject for finding in self._findings}
        for finding in findings:
            if finding.subject not in before:
                self._node.get_logger().warning(finding.sentence)
        for subject in sorted(before - {finding.subject for finding in findings}):
            self._node.get_logger().info(f"{subject} is well again")
