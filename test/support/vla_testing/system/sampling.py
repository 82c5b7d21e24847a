# SPDX-License-Identifier: Apache-2.0
"""What processes need over time: memory, threads, descriptors; and whether it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from vla_testing.measuring import Line, fit_line


@dataclass(frozen=True)
class Need:
    """One look at a process. at: how many commands were done by then. Memory in MB.

    uss: what only it uses at the moment; that of libraries comes and goes with other processes that use them too.
    own: what it has written to, and nobody else has: what a leak adds to.
    """

    at: int
    rss_mb: float
    uss_mb: float
    own_mb: float
    threads: int
    descriptors: int


def look(process: psutil.Process, at: int) -> Need:
    """Errors: psutil.Error when the process is gone."""
    with process.oneshot():
        memory = process.memory_full_info()
        return Need(
            at,
            memory.rss / 1e6,
            memory.uss / 1e6,
            own_memory_mb(process.pid),
            process.num_threads(),
            process.num_fds(),
        )


def own_memory_mb(pid: int) -> float:
    """Private dirty pages, by Linux's smaps_rollup. Errors: psutil.NoSuchProcess."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None
    for line in text.splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


@dataclass(frozen=True)
class Growth:
    """What became of a process's needs after the warm-up. Slopes in MB per 1000 commands, with standard error."""

    name: str
    first: Need
    last: Need
    rss: Line
    uss: Line
    own: Line
    threads: int
    descriptors: int
    """Growth from the first third's largest to the last third's smallest: what is only a wave does not count."""

    @property
    def uss_slope(self) -> float:
        return 1000.0 * self.uss.slope

    @property
    def rss_slope(self) -> float:
        return 1000.0 * self.rss.slope

    @property
    def own_slope(self) -> float:
        return 1000.0 * self.own.slope

    @property
    def own_error(self) -> float:
        return 1000.0 * self.own.slope_error

    @property
    def commands(self) -> int:
        return self.last.at - self.first.at


def growth(name: str, needs: Sequence[Need], warm_up: int) -> Growth | None:
    """None with fewer than two samples after `warm_up` commands."""
    after = [need for need in needs if need.at >= warm_up]
    if len({need.at for need in after}) < 2:
        return None
    ats = [float(need.at) for need in after]
    third = max(1, len(after) // 3)

    def grown(values: Sequence[int]) -> int:
        return min(values[-third:]) - max(values[:third])

    return Growth(
        name,
        after[0],
        after[-1],
        fit_line(ats, [need.rss_mb for need in after]),
        fit_line(ats, [need.uss_mb for need in after]),
        fit_line(ats, [need.own_mb for need in after]),
        grown([need.threads for need in after]),
        grown([need.descriptors for need in after]),
    )


@dataclass(frozen=True)
class Limits:
    """What still counts as no growth. Memory: slope less twice its error, per 1000 commands, over enough of them:
    what a process still fills in its first minutes would look like a slope.
    """

    own_mb_per_1000: float = 1.0
    memory_commands: int = 500
    threads: int = 0
    descriptors: int = 0
    latency_ratio: float = 1.25
    latency_slack_s: float = 0.02


def grows(one: Growth, limits: Limits) -> list[str]:
    """What grows in one process; empty when nothing does."""
    found = []
    enough = one.commands >= limits.memory_commands
    if enough and one.own_slope - 2 * one.own_error > limits.own_mb_per_1000:
        found.append(f"memory {one.own_slope:+.2f} MB per 1000 commands")
    if one.threads > limits.threads:
        found.append(f"{one.threads:+d} threads")
    if one.descriptors > limits.descriptors:
        found.append(f"{one.descriptors:+d} descriptors")
    return found


def quarters(values: Sequence[float]) -> tuple[list[float], list[float]] | None:
    """The first and the last quarter, one value each at least; None with fewer than two values."""
    if len(values) < 2:
        return None
    size = max(1, len(values) // 4)
    return list(values[:size]), list(values[-size:])


def slower(values: Mapping[str, Sequence[float]], limits: Limits, at_least: int = 8) -> list[str]:
    """Kinds of commands whose median grew from the first to the last quarter; those with few values are left out."""
    found = []
    for name, times in values.items():
        parts = quarters(times)
        if parts is None or len(times) < at_least:
            continue
        first, last = (sorted(part)[len(part) // 2] for part in parts)
        if last > limits.latency_ratio * first + limits.latency_slack_s:
            found.append(f"{name}: {1000 * first:.0f} to {1000 * last:.0f} ms")
    return found
