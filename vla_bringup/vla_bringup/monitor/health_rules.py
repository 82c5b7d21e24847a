# SPDX-License-Identifier: Apache-2.0
"""Health rules: from measurements to plain sentences on what is not well.

Each rule has a limit in `monitor_config`, and a memory so that a value near its limit does not flap. What was not
measured changes nothing. What follows from a finding is left to the state manager. Times are seconds of a
steady clock and come in from outside.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from vla_bringup.monitor.config import MonitorConfig
from vla_bringup.monitor.measurements import MachineLoad, ProcessLoad, Sample, TopicFigure

CLEAR_AFTER_S = 5.0
"""How long everything has to be well until a finding is taken back."""
SLOW_AFTER_S = 3.0
PERCENT_MARGIN = 5.0
"""A share that was above its limit has to fall this far below it (percentage points)."""
SIZE_MARGIN = 0.1
"""A size that was beyond its limit has to come back by this part of the limit."""
GROWTH_BINS = 6
STEADY_PART = 0.25
"""Growth is steady when each part of the window has at least this part of the mean growth."""


class Level(IntEnum):
    """Same numbers as diagnostic_msgs/msg/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Finding:
    """Something that is not well. subject: as in the diagnostics, for example `topics/odom`."""

    subject: str
    sentence: str
    level: Level


class Alarm:
    """On after being bad for a time, off after being well for a time."""

    def __init__(self, clear_after_s: float = CLEAR_AFTER_S) -> None:
        self.on = False
        self._clear_after_s = clear_after_s
        self._since_s: float | None = None

    def update(self, bad: bool | None, now_s: float, raise_after_s: float = 0.0) -> bool:
        """bad: None when it was not measured, which changes nothing and starts the wait anew."""
        if bad is None or bad == self.on:
            self._since_s = None
            return self.on
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s >= (raise_after_s if bad else self._clear_after_s):
            self.on = bad
            self._since_s = None
        return self.on


class Growth:
    """Whether a size grows without a pause.

    The window is cut into equal parts, and the least value of each counts: caches that fill and are emptied,
    and peaks, leave it where it is. One step up is no steady growth: a model was loaded, or the node has started.
    """

    def __init__(self, window_s: float) -> None:
        self._bin_s = window_s / GROWTH_BINS
        self._least: deque[float] = deque(maxlen=GROWTH_BINS)
        self._start_s: float | None = None
        self._last_s = 0.0
        self._current: float | None = None
        self.mb_per_h = 0.0
        """Of the last full window; 0 when it did not grow in every part of it."""

    def add(self, size_mb: float, now_s: float) -> None:
        if self._start_s is None or now_s - self._last_s > self._bin_s:
            self._least.clear()  # the first value ever, or after a gap
            self._start_s, self._current = now_s, None
            self.mb_per_h = 0.0
        self._last_s = now_s
        if now_s - self._start_s >= self._bin_s:
            if self._current is not None:
                self._least.append(self._current)
                self._judge()
            self._start_s, self._current = now_s, None
        self._current = size_mb if self._current is None else min(self._current, size_mb)

    def _judge(self) -> None:
        self.mb_per_h = 0.0
        if len(self._least) < GROWTH_BINS:
            return
        values = list(self._least)
        mean = (values[-1] - values[0]) / (GROWTH_BINS - 1)
        rises = [after - before for before, after in itertools.pairwise(values)]
        if mean > 0.0 and min(rises) >= STEADY_PART * mean:
            self.mb_per_h = mean / self._bin_s * 3600.0


class HealthRules:
    """Judges one sample after the other."""

    def __init__(self, config: MonitorConfig) -> None:
        self._config = config
        self._alarms: dict[str, Alarm] = {}
        self._growths: dict[str, Growth] = {}

    def update(self, sample: Sample, now_s: float) -> tuple[Finding, ...]:
        """What is not well now."""
        self._forget({f"nodes/{name}" for name in sample.nodes})
        findings = [*self._machine(sample.machine, now_s)]
        for name, load in sample.nodes.items():
            findings += self._node(f"nodes/{name}", name, load, now_s)
        for topic in sample.topics:
            findings += self._topic(topic, now_s)
        for stage, limit_s in self._config.stage_limits_s.items():
            usual_s = sample.usual_stage_times_s.get(stage)
            # Without recent commands there is nothing to complain about.
            if self._alarm(f"stages/{stage}").update((usual_s or 0.0) > limit_s, now_s):
                shown = "" if usual_s is None else f" now takes {usual_s:.1f} s;"
                sentence = f"{stage.capitalize()} was slow:{shown} the limit is {limit_s:g} s."
                findings.append(Finding(f"stages/{stage}", sentence, Level.WARN))
        return tuple(findings)

    def _alarm(self, key: str) -> Alarm:
        return self._alarms.setdefault(key, Alarm())

    def _forget(self, present: set[str]) -> None:
        """Nodes that are gone take their findings with them."""
        for store in (self._alarms, self._growths):
            for key in list(store):
                if key.startswith("nodes/") and key.split(" ")[0] not in present:
                    del store[key]

    def _above(
        self,
        key: str,
        value: float | None,
        limit: float,
        margin: float,
        now_s: float,
        raise_after_s: float = 0.0,
    ) -> bool:
        alarm = self._alarm(key)
        bad = None if value is None else value > (limit - margin if alarm.on else limit)
        return alarm.update(bad, now_s, raise_after_s)

    def _machine(self, machine: MachineLoad, now_s: float) -> Iterator[Finding]:
        config = self._config
        limit, free = config.disk_free_min, machine.disk_free_mb
        lacking = None if free is None else -free
        if self._above("machine/disk", lacking, -limit, SIZE_MARGIN * limit, now_s):
            level = Level.ERROR if free is not None and free < limit / 4.0 else Level.WARN
            sentence = f"Only {_text(free)} MB of disk are free; at least {limit:g} MB are wanted."
            yield Finding("machine/disk", sentence, level)
        limit, used = config.memory_max, machine.memory_percent
        if self._above("machine/memory", used, limit, PERCENT_MARGIN, now_s):
            sentence = (
                f"{_text(used)} % of the machine's memory are in use; the limit is {limit:g} %."
            )
            yield Finding("machine/memory", sentence, Level.WARN)
        limit, busy = config.cpu_max, machine.cpu_percent
        if self._above("machine/CPU", busy, limit, PERCENT_MARGIN, now_s, config.cpu_max_time):
            sentence = (
                f"The machine's CPU has been busy for more than {config.cpu_max_time:g} s:"
                f" {_text(busy)} %; the limit is {limit:g} %."
            )
            yield Finding("machine/CPU", sentence, Level.WARN)

    def _node(self, key: str, name: str, load: ProcessLoad, now_s: float) -> Iterator[Finding]:
        limit, used = self._config.node_memory_max, load.memory_mb
        if self._above(key, used, limit, SIZE_MARGIN * limit, now_s):
            sentence = f"{name} uses {_text(used)} MB of memory; the limit is {limit:g} MB."
            yield Finding(key, sentence, Level.WARN)
        growth = self._growths.get(key)
        if growth is None:
            growth = self._growths[key] = Growth(self._config.node_growth_window)
        if used is not None:
            growth.add(used, now_s)
        limit = self._config.node_growth_max
        if self._above(f"{key} growth", growth.mb_per_h, limit, 0.0, now_s):
            sentence = (
                f"The memory of {name} grows steadily: {growth.mb_per_h:.0f} MB an hour;"
                f" the limit is {limit:g} MB an hour."
            )
            yield Finding(key, sentence, Level.WARN)

    def _topic(self, topic: TopicFigure, now_s: float) -> Iterator[Finding]:
        rate_hz = self._config.topic_min_rates_hz.get(topic.name)
        if rate_hz is None or topic.silent_s is None:
            return
        silent = topic.silent_s > self._config.topic_max_silence_s(topic.name)
        slow = None if topic.rate_hz is None else topic.rate_hz < rate_hz
        key = f"topics/{topic.name}"
        wait_s = 0.0 if silent else SLOW_AFTER_S
        if not self._alarm(key).update(silent or slow, now_s, wait_s):
            return
        if silent:
            nobody = "" if topic.publishers else " Nobody publishes it any more."
            sentence = f"The topic {topic.name} has been silent for {topic.silent_s:.0f} s.{nobody}"
            yield Finding(key, sentence, Level.ERROR)
        else:
            sentence = (
                f"The topic {topic.name} was slow: now {_text(topic.rate_hz, 1)} Hz;"
                f" at least {rate_hz:g} Hz are wanted."
            )
            yield Finding(key, sentence, Level.WARN)


def _text(value: float | None, digits: int = 0) -> str:
    return "an unknown number of" if value is None else f"{value:.{digits}f}"
