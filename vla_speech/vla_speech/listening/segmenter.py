# SPDX-License-Identifier: Apache-2.0
"""Where an utterance begins and ends, out of the probabilities of the voice activity model.

Keeps the sound itself, with some from before the first voice (pre-roll), since the model notices a voice late. What
was said is left to a recogniser.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from vla_speech.listening.vad import FRAME_S
from vla_speech.recognition.recognizer import F32

KEPT_SILENCE_S = 0.25
"""Silence at the end of an utterance that a recogniser gets; more only takes its time."""


class Ending(Enum):
    """Why an utterance is over."""

    SILENCE = "silence"
    STALLED = "stalled"  # the sound stayed away
    TOO_LONG = "too long"
    COVERED = "covered"  # the robot itself began to speak


@dataclass(frozen=True)
class Rules:
    """Seconds and probabilities; see `config.SpeechConfig`."""

    threshold: float = 0.5
    release: float = 0.35
    pre_roll_s: float = 0.3
    hangover_s: float = 0.6
    min_speech_s: float = 0.15
    max_utterance_s: float = 20.0


@dataclass(frozen=True)
class Utterance:
    """samples: pre-roll, speech, and a little silence. start_s, end_s: the voice alone, on the clock of the source."""

    samples: F32
    start_s: float
    end_s: float
    voiced_s: float
    ending: Ending


class Segmenter:
    """Feed it every frame in order; `flush` when the sound stays away."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._pre_roll: deque[F32] = deque(maxlen=max(1, round(rules.pre_roll_s / FRAME_S)))
        self._frames: list[F32] = []
        self._start_s = self._end_s = 0.0
        self._voiced_s = self._silent_s = 0.0
        self._cut = False

    @property
    def speaking(self) -> bool:
        """Whether an utterance is on."""
        return bool(self._frames)

    @property
    def pausing(self) -> bool:
        """Whether nobody spoke in the newest frame of an utterance."""
        return self._silent_s > 0.0

    @property
    def voiced_s(self) -> float:
        """How much voice the utterance has so far."""
        return self._voiced_s

    @property
    def start_s(self) -> float:
        return self._start_s

    def so_far(self) -> F32:
        """The utterance until now; empty when there is none."""
        return np.concatenate(self._frames) if self._frames else np.zeros(0, np.float32)

    def feed(
        self, frame: F32, probability: float, at_s: float, covered: bool = False
    ) -> Utterance | None:
        """at_s: when the frame began. covered: the robot itself speaks, nothing may begin. An utterance that ended."""
        rules = self._rules
        if self._cut:  # the rest of what was too long: wait for silence
            self._silent_s = self._silent_s + FRAME_S if probability < rules.release else 0.0
            self._cut = self._silent_s < rules.hangover_s
            return None
        if not self._frames:
            if probability < rules.threshold or covered:
                # What the robot said itself is no pre-roll of what somebody says after it.
                self._pre_roll.clear() if covered else self._pre_roll.append(frame)
                return None
            self._begin(at_s)
        self._frames.append(frame)
        if covered:
            return self._end(Ending.COVERED)
        if probability >= (rules.threshold if self._silent_s else rules.release):
            self._voiced_s += FRAME_S
            self._silent_s = 0.0
            self._end_s = at_s + FRAME_S
        else:
            self._silent_s += FRAME_S
            if self._silent_s >= rules.hangover_s:
                return self._end(Ending.SILENCE)
        if len(self._frames) * FRAME_S >= rules.max_utterance_s:
            self._cut = True
            return self._end(Ending.TOO_LONG)
        return None

    def flush(self) -> Utterance | None:
        """The sound stays away: what there is so far is all there will be."""
        self._pre_roll.clear()
        self._cut = False
        return self._end(Ending.STALLED) if self._frames else None

    def drop(self) -> None:
        """Forget the utterance; what follows without a pause belongs to it and is not heard either."""
        self._cut = bool(self._frames)
        self._reset()

    def _begin(self, at_s: float) -> None:
        self._frames = list(self._pre_roll)
        self._pre_roll.clear()
        self._start_s = self._end_s = at_s
        self._voiced_s = self._silent_s = 0.0

    def _end(self, ending: Ending) -> Utterance | None:
        surplus = round(max(0.0, self._silent_s - KEPT_SILENCE_S) / FRAME_S)
        tail = self._frames[len(self._frames) - surplus :]
        frames = self._frames[: len(self._frames) - surplus]
        found = Utterance(
            np.concatenate(frames), self._start_s, self._end_s, self._voiced_s, ending
        )
        self._reset()
        self._pre_roll.extend(tail)
        return found if found.voiced_s >= self._rules.min_speech_s else None

    def _reset(self) -> None:
        self._frames = []
        self._voiced_s = self._silent_s = 0.0
