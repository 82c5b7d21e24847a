# SPDX-License-Identifier: Apache-2.0
"""Measures the machine and the processes of the nodes with psutil.

`MachineProbe` turns two readings after each other into percentages and rates; the readings themselves come from
`PsutilReadings`. Nothing waits, and nothing raises: what can't be read is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import psutil

from vla_bringup.monitor.measurements import MachineLoad, ProcessLoad

T = TypeVar("T")
LOOPBACK = re.compile(r"lo\d*")
MB = 1e6
KILOBIT_PER_BYTE = 8.0 / 1000.0


@dataclass(frozen=True)
class ProcessReading:
    """One process: when it started (with its id, that names it for good), CPU time so far, resident memory."""

    start_s: float
    cpu_s: float
    memory_bytes: int


class Readings(Protocol):
    """What the operating system says right now; None where it says nothing."""

    def cpu_s(self) -> tuple[float, float] | None:
        """Seconds that all cores together were busy, and seconds in all."""
        ...

    def memory_percent(self) -> float | None: ...

    def disk_free_bytes(self, folder: str) -> int | None: ...

    def network_bytes(self) -> Mapping[str, tuple[int, int]] | None:
        """Interface -> bytes received and sent so far, without the loopback."""
        ...

    def process_count(self) -> int | None: ...

    def process(self, pid: int) -> ProcessReading | None: ...


def _ask(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.Error, OSError, RuntimeError, NotImplementedError, ValueError, AttributeError):
        # Gone, not permitted, or a /proc that lacks what psutil looks for, as in some containers.
        return None


class PsutilReadings:
    """The machine that this process runs on."""

    def cpu_s(self) -> tuple[float, float] | None:
        times = _ask(psutil.cpu_times)
        if times is None:
            return None
        fields = times._asdict()
        # The time of guests is part of user and nice already.
        total = sum(v for k, v in fields.items() if k not in ("guest", "guest_nice"))
        return total - fields.get("idle", 0.0) - fields.get("iowait", 0.0), total

    def memory_percent(self) -> float | None:
        memory = _ask(psutil.virtual_memory)
        return None if memory is None else float(memory.percent)

    def disk_free_bytes(self, folder: str) -> int | None:
        usage = _ask(lambda: psutil.disk_usage(folder))
        return None if usage is None else int(usage.free)

    def network_bytes(self) -> Mapping[str, tuple[int, int]] | None:
        counters = _ask(lambda: psutil.net_io_counters(pernic=True, nowrap=False))
        if counters is None:
            return None
        return {
            name: (item.bytes_recv, item.bytes_sent)
            for name, item in counters.items()
            if not LOOPBACK.fullmatch(name)
        }

    def process_count(self) -> int | None:
        pids = _ask(psutil.pids)
        return None if pids is None else len(pids)

    def process(self, pid: int) -> ProcessReading | None:
        def read() -> ProcessReading:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                cpu_s = float(times.user + times.system)
                return ProcessReading(process.create_time(), cpu_s, int(process.memory_info().rss))

        return _ask(read)


class MachineProbe:
    """The load since the last sample. The first sample has no percentages of CPU and no rates."""

    def __init__(self, folder: str, readings: Readings | None = None) -> None:
        """folder: free disk is measured where it is."""
        self._folder = folder
        self._readings: Readings = readings if readings is not None else PsutilReadings()
        self._at_s: float | None = None
        self._cpu: tuple[float, float] | None = None
        self._network: Mapping[str, tuple[int, int]] | None = None
        self._processes: dict[int, ProcessReading] = {}

    def sample(
        self, pids: Mapping[str, int], now_s: float
    ) -> tuple[MachineLoad, dict[str, ProcessLoad]]:
        """The machine, and the load by name for those of `pids` whose process is there.

        Several names may share a process; each is given the load of the whole process.
        """
        elapsed_s = None if self._at_s is None else now_s - self._at_s
        if elapsed_s is not None and elapsed_s <= 0.0:
            elapsed_s = None
        self._at_s = now_s
        loads = self._process_loads(set(pids.values()), elapsed_s)
        memory = [load.memory_mb for load in loads.values() if load.memory_mb is not None]
        receive_kbps, send_kbps = self._network_kbps(elapsed_s)
        free = self._readings.disk_free_bytes(self._folder)
        machine = MachineLoad(
            cpu_percent=self._cpu_percent(),
            memory_percent=self._readings.memory_percent(),
            disk_free_mb=None if free is None else free / MB,
            network_receive_kbps=receive_kbps,
            network_send_kbps=send_kbps,
            process_count=self._readings.process_count(),
            nodes_memory_mb=sum(memory) if memory else None,
        )
        return machine, {name: loads[pid] for name, pid in pids.items() if pid in loads}

    def _cpu_percent(self) -> float | None:
        before, self._cpu = self._cpu, self._readings.cpu_s()
        if before is None or self._cpu is None:
            return None
        busy_s, total_s = self._cpu[0] - before[0], self._cpu[1] - before[1]
        if total_s <= 0.0:
            return None
        # Linux may take back some of what it counted as waiting for disks.
        return min(max(100.0 * busy_s / total_s, 0.0), 100.0)

    def _network_kbps(self, elapsed_s: float | None) -> tuple[float | None, float | None]:
        before, self._network = self._network, self._readings.network_bytes()
        if before is None or not self._network or elapsed_s is None:
            return None, None
        received = sent = 0
        counted = False
        for name, now in self._network.items():
            then = before.get(name)
            # An interface that is new, or whose counters wrapped or began anew, is left out this once.
            if then is not None and now[0] >= then[0] and now[1] >= then[1]:
                received += now[0] - then[0]
                sent += now[1] - then[1]
                counted = True
        if not counted:
            return None, None
        factor = KILOBIT_PER_BYTE / elapsed_s
        return received * factor, sent * factor

    def _process_loads(self, pids: set[int], elapsed_s: float | None) -> dict[int, ProcessLoad]:
        before, self._processes = self._processes, {}
        loads = {}
        for pid in pids:
            reading = self._readings.process(pid) if pid > 0 else None
            if reading is None:
                continue
            self._processes[pid] = reading
            then = before.get(pid)
            cpu_percent = None
            if then is not None and then.start_s == reading.start_s and elapsed_s is not None:
                cpu_percent = max(100.0 * (reading.cpu_s - then.cpu_s) / elapsed_s, 0.0)
            loads[pid] = ProcessLoad(cpu_percent, reading.memory_bytes / MB)
        return loads
