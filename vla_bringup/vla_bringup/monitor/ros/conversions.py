# SPDX-License-Identifier: Apache-2.0
"""What the monitor measured as messages: for the status, and for /diagnostics. None becomes -1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from vla_interfaces.msg import MachineStatus, StageLatency, SystemStatus, TopicStatus

from vla_bringup.monitor.health_rules import Finding, Level
from vla_bringup.monitor.measurements import (
    MachineLoad,
    ProcessLoad,
    Sample,
    StageFigure,
    TopicFigure,
)
from vla_common.ros.conversions import duration_to_msg

NOT_MEASURED = -1.0


def _number(value: float | None) -> float:
    return NOT_MEASURED if value is None else float(value)


def machine_to_msg(machine: MachineLoad) -> MachineStatus:
    return MachineStatus(
        cpu_percent=_number(machine.cpu_percent),
        memory_percent=_number(machine.memory_percent),
        disk_free_mb=_number(machine.disk_free_mb),
        network_receive_kbps=_number(machine.network_receive_kbps),
        network_send_kbps=_number(machine.network_send_kbps),
        process_count=int(_number(machine.process_count)),
        nodes_memory_mb=_number(machine.nodes_memory_mb),
    )


def topic_to_msg(topic: TopicFigure) -> TopicStatus:
    return TopicStatus(name=topic.name, rate_hz=_number(topic.rate_hz), age_s=_number(topic.age_s))


def stage_to_msg(stage: StageFigure) -> StageLatency:
    return StageLatency(
        stage=stage.stage,
        count=stage.count,
        p50=duration_to_msg(stage.p50_s),
        p95=duration_to_msg(stage.p95_s),
    )


@dataclass(frozen=True)
class Snapshot:
    """The last measurements, ready for the status. degraded: one sentence for each thing that is not well."""

    machine: MachineStatus = field(default_factory=lambda: machine_to_msg(MachineLoad()))
    topics: Sequence[TopicStatus] = ()
    latencies: Sequence[StageLatency] = ()
    degraded: Sequence[str] = ()
    loads: Mapping[str, ProcessLoad] = field(default_factory=dict)

    def fill(self, status: SystemStatus) -> None:
        """Put everything into a status whose components are there already; sentences are added at the end."""
        status.machine = self.machine
        status.topics = list(self.topics)
        status.latencies = list(self.latencies)
        status.degraded = [*status.degraded, *self.degraded]
        for component in status.components:
            load = self.loads.get(component.name, ProcessLoad())
            component.cpu_percent = _number(load.cpu_percent)
            component.memory_mb = _number(load.memory_mb)


def snapshot_of(sample: Sample, findings: Sequence[Finding]) -> Snapshot:
    return Snapshot(
        machine=machine_to_msg(sample.machine),
        topics=[topic_to_msg(topic) for topic in sample.topics],
        latencies=[stage_to_msg(stage) for stage in sample.stages],
        degraded=[finding.sentence for finding in findings],
        loads=dict(sample.nodes),
    )


class Diagnostics:
    """Samples as diagnostics. Names are `<node>: <part>/<thing>`; no ROS name has a colon, so none is a node's."""

    def __init__(
        self, node_name: str, folder: str, min_rates_hz: Mapping[str, float | None]
    ) -> None:
        """node_name: fully qualified, of the node that measures."""
        self._prefix = f"{node_name}: "
        self._folder = folder
        self._min_rates_hz = min_rates_hz

    def to_msg(
        self, sample: Sample, findings: Sequence[Finding], pids: Mapping[str, int], stamp: Any
    ) -> DiagnosticArray:
        by_subject: dict[str, list[Finding]] = {}
        for finding in findings:
            by_subject.setdefault(finding.subject, []).append(finding)

        def status(
            subject: str, fine: str, values: Mapping[str, Any], level: Level = Level.OK
        ) -> DiagnosticStatus:
            """With the findings on the subject; without any, the level and sentence that are given."""
            own = by_subject.get(subject, [])
            level = max((item.level for item in own), default=level)
            return DiagnosticStatus(
                level=bytes([level]),
                name=self._prefix + subject,
                message=" ".join(item.sentence for item in own) or fine,
                values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
            )

        def measured(subject: str, values: Mapping[str, Any]) -> DiagnosticStatus:
            missing = all(value is None for value in values.values())
            level = Level.STALE if missing else Level.OK
            return status(subject, "not measured" if missing else "", values, level)

        machine = sample.machine
        disk = {"free (MB)": machine.disk_free_mb}
        parts = [
            status("health", "healthy", {}, Level.OK)
            if not findings
            else status(
                "health",
                " ".join(item.sentence for item in findings),
                {},
                max(item.level for item in findings),
            ),
            measured("machine/CPU", {"busy (% of all cores)": machine.cpu_percent}),
            measured(
                "machine/memory",
                {"in use (%)": machine.memory_percent, "all nodes (MB)": machine.nodes_memory_mb},
            ),
            measured("machine/disk", disk),
            measured(
                "machine/network",
                {
                    "receive (kbit/s)": machine.network_receive_kbps,
                    "send (kbit/s)": machine.network_send_kbps,
                },
            ),
            measured("machine/processes", {"count": machine.process_count}),
        ]
        parts[3].values.append(KeyValue(key="folder", value=self._folder))
        for name, pid in pids.items():
            load = sample.nodes.get(name)
            values: dict[str, Any] = {"process id": pid}
            if load is None:
                parts.append(status(f"nodes/{name}", "its process is gone", values, Level.STALE))
                continue
            values["CPU (% of one core)"] = load.cpu_percent
            values["resident memory (MB)"] = load.memory_mb
            parts.append(status(f"nodes/{name}", "", values))
        for topic in sample.topics:
            values = {
                "rate (Hz)": topic.rate_hz,
                "least rate (Hz)": self._min_rates_hz.get(topic.name) or "any",
                "age (s)": topic.age_s,
                "messages": topic.messages,
                "publishers": topic.publishers,
            }
            fine = "" if topic.publishers else "nobody publishes it"
            parts.append(status(f"topics/{topic.name}", fine, values))
        for stage in sample.stages:
            values = {"p50 (s)": stage.p50_s, "p95 (s)": stage.p95_s, "commands": stage.count}
            parts.append(status(f"stages/{stage.stage}", "", values))
        message = DiagnosticArray(status=parts)
        message.header.stamp = stamp
        return message


def _text(value: Any) -> str:
    if value is None:
        return "not measured"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
