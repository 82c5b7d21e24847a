# SPDX-License-Identifier: Apache-2.0
"""Where a moment of the sound lies on other clocks.

Sound is counted in samples, so that a stamp that jumps moves no utterance. The newest block ties the count to the clock
of ROS, which may be simulated, and to the steady one.
"""

from __future__ import annotations

from vla_speech.recognition.recognizer import SAMPLE_RATE_HZ


class StreamTime:
    """One thread adds, any may ask."""

    def __init__(self) -> None:
        self._samples = 0
        self._tie = (0.0, 0.0, 0.0)

    def add(self, samples: int, at_s: float, now_s: float) -> float:
        """A block of stamp at_s came at now_s of the steady clock. The stream's time of its start."""
        start_s = self._samples / SAMPLE_RATE_HZ
        self._samples += samples
        # The block came when its last sample had been taken.
        self._tie = (start_s, at_s, now_s - samples / SAMPLE_RATE_HZ)
        return start_s

    def ros(self, *moments_s: float) -> tuple[float, ...]:
        """Moments of one utterance on the clock of ROS; never before its zero."""
        tie_s, at_s, _ = self._tie
        return tuple(max(0.0, at_s + moment_s - tie_s) for moment_s in moments_s)

    def steady(self, stream_s: float) -> float:
        """On the steady clock."""
        tie_s, _, now_s = self._tie
        return now_s + stream_s - tie_s
