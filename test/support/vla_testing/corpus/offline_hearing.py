# SPDX-License-Identifier: Apache-2.0
"""The core of vla_speech without ROS and faster than real time: clips in, what was heard out, with the times it took.

The same pieces as in the speech node, one after the other on one thread: a frame of sound, and whatever it sets off. So
the time from the end of speech is the sound that had to come first plus the processing of that moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vla_common.language.halt_phrases import is_halt_command
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.listening.acceptance import judge
from vla_speech.listening.assembly import Parts
from vla_speech.listening.segmenter import Utterance
from vla_speech.listening.utterance_detector import StopHeard, UtteranceEnded
from vla_speech.listening.vad import FRAME
from vla_speech.listening.wake_word import Addressing
from vla_testing.corpus.spoken_corpus import RATE_HZ, Clip

BLOCK = FRAME
Clock = Callable[[], float]


@dataclass(frozen=True)
class Said:
    """A final transcript. at_s: sound that had come; took_s: recognising it. Times within the clip."""

    text: str
    accepted: bool
    confidence: float
    reason: str
    at_s: float
    took_s: float


@dataclass(frozen=True)
class Stopped:
    word: str
    at_s: float
    took_s: float


@dataclass(frozen=True)
class Heard:
    """All that came of one clip. spent_s: processing of all its sound."""

    clip: Clip
    said: tuple[Said, ...]
    stops: tuple[Stopped, ...]
    spent_s: float

    @property
    def accepted(self) -> tuple[Said, ...]:
        return tuple(item for item in self.said if item.accepted)

    @property
    def stopped(self) -> bool:
        """By the spotter, or by the words of a whole utterance."""
        return bool(self.stops) or any(is_halt_command(item.text) for item in self.accepted)

    @property
    def commands(self) -> tuple[Said, ...]:
        """What would be carried out, stops apart."""
        return tuple(item for item in self.accepted if not is_halt_command(item.text))

    @property
    def stop_delay_s(self) -> float | None:
        """From the end of the clip's voice to the first stop; None: there was none."""
        times = [stop.at_s + stop.took_s for stop in self.stops]
        times += [item.at_s + item.took_s for item in self.accepted if is_halt_command(item.text)]
        return min(times) - self.clip.end_s if times else None


class OfflineHearing:
    """Listener and recogniser of the real system, for many clips."""

    def __init__(
        self,
        parts: Parts,
        speech: SpeechConfig,
        whisper: WhisperConfig,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._parts, self._speech, self._whisper, self._clock = parts, speech, whisper, clock

    def hear(self, clip: Clip) -> Heard:
        """A clip on its own: nothing is left of the one before. Partial transcripts are left out."""
        c = self._speech
        listener = self._parts.make_listener()
        addressing = Addressing(c.wake_word, c.wake_timeout_s, c.push_to_talk)
        said: list[Said] = []
        stops: list[Stopped] = []
        spent_s = 0.0
        for start in range(0, len(clip.samples), BLOCK):
            block = clip.samples[start : start + BLOCK]
            at_s = (start + len(block)) / RATE_HZ
            begin = self._clock()
            events = listener.feed(block, start / RATE_HZ)
            fed_s = self._clock() - begin
            spent_s += fed_s
            for event in events:
                if isinstance(event, StopHeard):
                    stops.append(Stopped(event.word, at_s, fed_s))
                elif isinstance(event, UtteranceEnded):
                    one = self._recognize(event.utterance, addressing, at_s)
                    spent_s += one.took_s
                    said.append(one)
        return Heard(clip, tuple(said), tuple(stops), spent_s)

    def _recognize(self, utterance: Utterance, addressing: Addressing, at_s: float) -> Said:
        begin = self._clock()
        found = self._parts.recognizer.transcribe(utterance.samples)
        took_s = self._clock() - begin
        threshold = self._whisper.confidence_threshold
        times = (utterance.start_s, utterance.end_s)
        text, result = judge(found, utterance, threshold, addressing, times)
        return Said(text, result.ok, found.confidence, result.message, at_s, took_s)


def words_of(text: str) -> list[str]:
    """As they count for errors: lower case, no punctuation."""
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text.lower())
    return kept.split()


def word_errors(said: str, heard: str) -> int:
    """Least number of words to put in, leave out or replace."""
    wanted, found = words_of(said), words_of(heard)
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
