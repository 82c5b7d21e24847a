# SPDX-License-Identifier: Apache-2.0
"""The core of hearing: a stream of sound in, what happened in it out.

Ties voice activity, segmentation, the spotter of stop words and the gate while the robot speaks. Knows no recogniser:
who gets an utterance hands it to one, on a thread of its own, because that may take longer than the sound does. Keeps
no more than one utterance of sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_speech.listening.foreground import Foreground
from vla_speech.listening.segmenter import Segmenter, Utterance
from vla_speech.listening.vad import FRAME, FRAME_S, VoiceActivity
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ
from vla_speech.stopping.stop_spotter import StopSpotter


@dataclass(frozen=True)
class SpeechBegan:
    """The first voice of an utterance."""

    at_s: float


@dataclass(frozen=True)
class PartialDue:
    """Somebody speaks on: what there is so far."""

    samples: F32
    start_s: float
    until_s: float


@dataclass(frozen=True)
class StopHeard:
    """A stop word, said alone. start_s, end_s: of the voice."""

    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class UtteranceEnded:
    """A whole utterance, ready to be recognized."""

    utterance: Utterance


Event = SpeechBegan | PartialDue | StopHeard | UtteranceEnded


class Gate:
    """Closed while the robot itself speaks, and for a tail after it. Times are seconds of one clock."""

    def __init__(self, tail_s: float) -> None:
        self._tail_s = tail_s
        self._speaking = False
        self._until_s = float("-inf")

    def speaking(self, on: bool, now_s: float) -> None:
        if self._speaking and not on:
            self._until_s = now_s + self._tail_s
        self._speaking = on

    def closed(self, now_s: float) -> bool:
        return self._speaking or now_s < self._until_s


class UtteranceDetector:
    """One thread feeds it; `at_s` is the time of the first sample on the clock of the source."""

    def __init__(
        self,
        vad: VoiceActivity,
        segmenter: Segmenter,
        spotter: StopSpotter | None,
        partial_interval_s: float = 0.0,
        foreground: Foreground | None = None,
    ) -> None:
        """foreground: without one, every voice counts."""
        self._vad, self._segmenter, self._spotter = vad, segmenter, spotter
        self._partial_interval_s = partial_interval_s
        self._foreground = foreground
        self._rest = np.zeros(0, np.float32)
        self._next_partial_s = 0.0
        self.probability = 0.0
        """Of voice in the newest frame."""

    def feed(self, samples: F32, at_s: float, covered: bool = False) -> list[Event]:
        """samples: (n,) at 16 kHz, of any length. covered: the robot itself speaks meanwhile."""
        events: list[Event] = []
        at_s -= len(self._rest) / SAMPLE_RATE_HZ
        data = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        whole = len(data) // FRAME * FRAME
        for start in range(0, whole, FRAME):
            self._frame(data[start : start + FRAME], at_s + start / SAMPLE_RATE_HZ, covered, events)
        self._rest = data[whole:].copy()
        return events

    def flush(self) -> list[Event]:
        """The sound stays away: what is under way ends, and what comes next is something new."""
        self._rest = np.zeros(0, np.float32)
        self._vad.reset()
        if self._foreground is not None:
            self._foreground.reset()
        events: list[Event] = []
        if self._spotter is not None:
            self._add_stop(self._spotter.flush(), events)
        ended = self._segmenter.flush()
        if ended is not None:
            events.append(UtteranceEnded(ended))
        return events

    def _frame(self, frame: F32, at_s: float, covered: bool, events: list[Event]) -> None:
        self.probability = self._vad.probability(frame)
        if self._foreground is not None:
            if not self._foreground.stands_out(frame, self.probability):
                self.probability = 0.0
        if self._spotter is not None:
            found = self._spotter.feed(frame, self.probability, at_s, covered)
            self._add_stop(found, events)
        spoke = self._segmenter.speaking
        ended = self._segmenter.feed(frame, self.probability, at_s, covered)
        if self._segmenter.speaking and not spoke:
            events.append(SpeechBegan(at_s))
            self._next_partial_s = at_s + self._partial_interval_s
        if ended is not None:
            events.append(UtteranceEnded(ended))
        elif self._segmenter.speaking and self._partial_interval_s:
            # In the pause that may be the end nothing new is said, and the final transcript must not wait for this one.
            if at_s >= self._next_partial_s and not self._segmenter.pausing:
                self._next_partial_s = at_s + self._partial_interval_s
                events.append(
                    PartialDue(self._segmenter.so_far(), self._segmenter.start_s, at_s + FRAME_S)
                )

    def _add_stop(self, word: tuple[str, float, float] | None, events: list[Event]) -> None:
        if word is not None:
            events.append(StopHeard(*word))
            # What was said is done with: the same words must not come back as a command.
            self._segmenter.drop()
