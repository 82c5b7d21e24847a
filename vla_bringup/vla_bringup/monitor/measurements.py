# SPDX-License-Identifier: Apache-2.0
"""Figures of the monitor: what was measured, how long stages took, how often topics come.

Plain bookkeeping over what is handed in, times included (seconds of a steady clock). Measuring is left to
`machine_probe` and `topic_client`, judging to `health_rules`. None stands for "not measured" throughout.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STAGES = ("queued", "perceiving", "planning", "confirming", "executing", "total")
"""Stages of a command, by the names of vla_interfaces/msg/StageTimes."""
MAX_COMMANDS = 200
USUAL_COMMANDS = 10
"""Commands that the usual time of a stage is taken from; few, so that it follows what is the case now."""
USUAL_MIN_COMMANDS = 3
USUAL_MAX_AGE_S = 600.0
"""Commands from longer ago say nothing about now: a system that idles does not stay degraded by them."""
MAX_ARRIVALS = 5000


@dataclass(frozen=True)
class MachineLoad:
    """The machine. network: without the loopback. disk: where journal and logs are written."""

    cpu_percent: float | None = None  # of all cores
    memory_percent: float | None = None
    disk_free_mb: float | None = None
    network_receive_kbps: float | None = None  # kilobit per second
    network_send_kbps: float | None = None
    process_count: int | None = None
    nodes_memory_mb: float | None = None  # all watched processes together, each counted once


@dataclass(frozen=True)
class ProcessLoad:
    """The process of one node."""

    cpu_percent: float | None = None  # of one core
    memory_mb: float | None = None  # resident


@dataclass(frozen=True)
class TopicFigure:
    """One topic. silent_s: since the last message, or since the first publisher when there was no message."""

    name: str
    publishers: int = 0
    rate_hz: float | None = None
    age_s: float | None = None  # None: no message yet
    silent_s: float | None = None  # None: it has never had a publisher
    messages: int = 0  # since the watch began


@dataclass(frozen=True)
class StageFigure:
    """How long a stage took, over the last commands in which it ran."""

    stage: str
    count: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True)
class Sample:
    """Everything that was measured at one time."""

    machine: MachineLoad = field(default_factory=MachineLoad)
    nodes: Mapping[str, ProcessLoad] = field(default_factory=dict)
    topics: Sequence[TopicFigure] = ()
    stages: Sequence[StageFigure] = ()
    usual_stage_times_s: Mapping[str, float] = field(default_factory=dict)


def nearest_rank(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed. Errors: ValueError when empty."""
    if not values:
        raise ValueError("no values")
    rank = math.ceil(percent / 100.0 * len(values))
    return sorted(values)[max(rank, 1) - 1]


class StageLatencies:
    """Times of the last commands, bounded. A stage that took no time did not run and is not counted."""

    def __init__(self, max_commands: int = MAX_COMMANDS) -> None:
        self._times: dict[str, deque[tuple[float, float]]] = {
            stage: deque(maxlen=max_commands) for stage in STAGES
        }

    def command_ended(self, times_s: Mapping[str, float], now_s: float) -> None:
        """Stage -> seconds; other names and values that are no times are left out."""
        for stage, seconds in times_s.items():
            if stage in self._times and math.isfinite(seconds) and seconds > 0.0:
                self._times[stage].append((now_s, seconds))

    def figures(self) -> tuple[StageFigure, ...]:
        """The stages that have run, in their order."""
        out = []
        for stage, entries in self._times.items():
            if entries:
                values = [seconds for _, seconds in entries]
                p50, p95 = nearest_rank(values, 50.0), nearest_rank(values, 95.0)
                out.append(StageFigure(stage, len(values), p50, p95))
        return tuple(out)

    def usual_s(self, now_s: float) -> dict[str, float]:
        """Stage -> median of the last few commands, where there were enough of them lately."""
        out = {}
        for stage, entries in self._times.items():
            last = list(entries)[-USUAL_COMMANDS:]
            values = [seconds for at_s, seconds in last if now_s - at_s <= USUAL_MAX_AGE_S]
            if len(values) >= USUAL_MIN_COMMANDS:
                out[stage] = nearest_rank(values, 50.0)
        return out


class TopicFigures:
    """Rate and age of one topic from the times at which its messages came in."""

    def __init__(self, name: str, window_s: float) -> None:
        self._name = name
        self._window_s = window_s
        self._arrivals: deque[float] = deque(maxlen=MAX_ARRIVALS)
        self._last_s: float | None = None
        self._since_s: float | None = None
        self._publishers = 0
        self._messages = 0

    def published(self, publishers: int, now_s: float) -> None:
        """How many publishers the topic has now."""
        self._publishers = publishers
        if publishers and self._since_s is None:
            self._since_s = now_s

    def arrived(self, at_s: float) -> None:
        """A message came in; times never go back."""
        at_s = max(at_s, self._last_s) if self._last_s is not None else at_s
        self._last_s = at_s
        if self._since_s is None:
            self._since_s = at_s
        self._arrivals.append(at_s)
        self._messages += 1

    def figure(self, now_s: float) -> TopicFigure:
        while self._arrivals and now_s - self._arrivals[0] > self._window_s:
            self._arrivals.popleft()
        age_s = None if self._last_s is None else max(now_s - self._last_s, 0.0)
        silent_s = age_s
        if silent_s is None and self._since_s is not None:
            silent_s = max(now_s - self._since_s, 0.0)
        rate_hz = self._rate_hz(now_s)
        return TopicFigure(self._name, self._publishers, rate_hz, age_s, silent_s, self._messages)

    def _rate_hz(self, now_s: float) -> float | None:
        if self._since_s is None:
            return None
        count = len(self._arrivals)
        if count < 2:
            # Nothing can be said before the topic has been watched for as long as the window.
            return count / self._window_s if now_s - self._since_s >= self._window_s else None
        first_s, last_s = self._arrivals[0], self._arrivals[-1]
        period_s = (last_s - first_s) / (count - 1)
        # A silence that is longer than the usual period counts from its beginning.
        silent = now_s - last_s > 1.5 * period_s
        span_s = (now_s if silent else last_s) - first_s
        return (count - 1) / span_s if span_s > 0.0 else None
