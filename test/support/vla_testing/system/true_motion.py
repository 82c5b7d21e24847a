# SPDX-License-Identifier: Apache-2.0
"""How fast the robot really moved, and since when it stands still: decisions on samples of the truth, no ROS."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from vla_bringup.cli.verdict import STANDSTILL_MPS

STILL = STANDSTILL_MPS
"""Speed below which base and joints stand still: m/s and rad/s alike. Gravity and servos leave less than 0.005."""
HOLD_S = 0.1
"""So long it has to stay below, as for the simulator's own actions: a swing through zero is no standstill."""


@dataclass(frozen=True)
class Sample:
    """True speeds at a time (s of one clock), of each part the fastest axis: m/s or rad/s. The jaw is left out."""

    at_s: float
    base: float
    arm: float = 0.0
    head: float = 0.0

    @property
    def speed(self) -> float:
        return max(self.base, self.arm, self.head)


class Trace:
    """Samples in the order of time. Written by one thread, read by others."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self._changed = threading.Condition()
        self._samples = list(samples)

    def add(self, samples: Iterable[Sample]) -> None:
        with self._changed:
            for sample in samples:
                if not self._samples or sample.at_s > self._samples[-1].at_s:
                    self._samples.append(sample)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all but the newest."""
        with self._changed:
            del self._samples[:-1]

    def wait(self, timeout_s: float) -> bool:
        """Until something new comes."""
        with self._changed:
            return self._changed.wait(timeout_s)

    @property
    def newest(self) -> Sample | None:
        with self._changed:
            return self._samples[-1] if self._samples else None

    def between(self, begin_s: float, end_s: float = float("inf")) -> list[Sample]:
        with self._changed:
            first = bisect.bisect_left(self._samples, begin_s, key=lambda s: s.at_s)
            last = bisect.bisect_right(self._samples, end_s, key=lambda s: s.at_s)
            return self._samples[first:last]

    def at(self, at_s: float) -> Sample | None:
        """The newest sample that is not younger."""
        with self._changed:
            index = bisect.bisect_right(self._samples, at_s, key=lambda s: s.at_s)
            return self._samples[index - 1] if index else None

    def largest(self, begin_s: float, end_s: float = float("inf")) -> float:
        """Highest speed; 0 where there is no sample."""
        return max((s.speed for s in self.between(begin_s, end_s)), default=0.0)

    def standstill_after(self, begin_s: float, hold_s: float = HOLD_S) -> float | None:
        """When it came to rest: the first time at or after begin_s from which it stayed still for hold_s.

        None when it has not happened yet, also when hold_s is not yet over.
        """
        since: float | None = None
        for sample in self.between(begin_s):
            if sample.speed >= STILL:
                since = None
            elif since is None:
                since = sample.at_s
            if since is not None and sample.at_s - since >= hold_s:
                return since
        return None
