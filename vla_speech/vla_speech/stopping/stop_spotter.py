# SPDX-License-Identifier: Apache-2.0
"""Whether somebody says a stop word, and nothing but that, while the sound comes in.

"Stop" counts where it stands alone: after a pause, and with a pause behind it. That needs no more than the pause, while
a whole utterance is over only after its hangover. "Don't stop" and "go to the bus stop" have other words in front
without a pause. Repeated ("stop stop stop"), it counts without a pause. What the sound resembles is the matcher's.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vla_common.language.halt_phrases import PHRASES, POLITE, Wish
from vla_speech.listening.vad import FRAME_S
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ
from vla_speech.stopping.spoken_stops import heard_wish

BEFORE_S = 0.2
"""Silence before a stop word."""
PRE_ROLL_S = 0.25
"""Sound before the first voice that the matcher gets: the model notices a soft "s" or "h" late."""
LONGEST_S = 2.5
"""What lasts longer is no stop word, repeated or not."""
REPEATED_S = 1.0
"""From this length on it is looked every so often whether it is a stop word said again and again."""
SHORTEST_S = 0.09
COVERED_S = 1.5
"""Sound that is looked at while the robot itself speaks and leaves no pause: a stop word, and some of its own words."""
COVERED_PERIOD_S = 0.6
"""How often."""


@dataclass(frozen=True)
class Match:
    """phrase: what the sound resembles, empty for nothing; confidence 0..1.

    others: how sure the matcher is of other words, 0..1.
    """

    phrase: str = ""
    confidence: float = 0.0
    others: float = 1.0


class Matcher(Protocol):
    """Holds a short piece of sound against the stop words."""

    def match(self, samples: F32) -> Match:
        """samples: (n,) float32 at 16 kHz with a little silence on both sides; takes a few milliseconds."""
        ...


SHORT_PIECE_S = 1.2
"""Sound with its pauses into which one stop word fits; of a longer one, a chain of stop words explains anything.
Of up to twice as much, it counts only together with what the good matcher heard."""


PLAIN = "stop"
"""The word that a quick matcher tells from others; "halt", "freeze" and "don't move" sound like many words."""
PLAINLY = 0.8
"""How sure a quick matcher has to be of them, where a good one can be asked."""
VERY_SURELY = 0.97
UNSURE = 0.15
"""How sure the one has to be, and the other unsure of anything else, for a word that only the former hears."""
SUPPORT = 3.0
"""What it adds that both heard the same, as a logarithm of odds."""


class TwoMatchers:
    """Asks a quick matcher about short pieces, and a good one about whatever is not plainly "stop"."""

    def __init__(self, quick: Matcher, good: Matcher, confidence: float) -> None:
        """confidence: from which on a match counts."""
        self._quick, self._good, self._confidence = quick, good, confidence

    def match(self, samples: F32) -> Match:
        quick = Match()
        if len(samples) <= 2 * SHORT_PIECE_S * SAMPLE_RATE_HZ:
            quick = self._quick.match(samples)
            surely = quick.confidence >= max(PLAINLY, self._confidence)
            if surely and is_plain(quick.phrase) and len(samples) <= SHORT_PIECE_S * SAMPLE_RATE_HZ:
                return quick
        good = self._good.match(samples)
        if quick.confidence >= VERY_SURELY and good.others < UNSURE:
            return quick
        agree = quick.confidence >= self._confidence and _core(quick.phrase) == _core(good.phrase)
        if not good.phrase or not agree:
            return good
        odds = good.confidence / max(1e-9, 1.0 - good.confidence) * math.exp(SUPPORT)
        return Match(good.phrase, odds / (1.0 + odds))


class CarefulMatcher:
    """A quick matcher alone: of what other words sound like it has to be surer than of "stop"."""

    def __init__(self, quick: Matcher) -> None:
        self._quick = quick

    def match(self, samples: F32) -> Match:
        found = self._quick.match(samples)
        if is_plain(found.phrase) or found.confidence >= SURELY:
            return found
        return Match(found.phrase, 0.0)


SURELY = 0.9
"""How sure it has to be of them."""


def is_plain(phrase: str) -> bool:
    """Whether it begins with "stop", polite words aside; with "it" or "that" it may be "start" or "stock"."""
    core = _core(phrase)
    return core[:1] == (PLAIN,) and not {"it", "that"}.intersection(core)


def _core(phrase: str) -> tuple[str, ...]:
    """Each of its words once, without the polite ones."""
    return tuple(dict.fromkeys(word for word in phrase.split() if word not in POLITE))


@dataclass
class FakeMatcher:
    """Always answers the same, and keeps what it was asked."""

    answer: Match = Match("stop", 1.0)
    asked: list[F32] = field(default_factory=list)

    def match(self, samples: F32) -> Match:
        self.asked.append(samples)
        return self.answer


@dataclass(frozen=True)
class StopRules:
    """See `config.SpeechConfig`."""

    threshold: float = 0.5
    release: float = 0.35
    pause_s: float = 0.13
    confidence: float = 0.5


def phrases_of(stop_words: Iterable[str]) -> tuple[str, ...]:
    """The stop words, and the longer ways to say them that mean the same ("stop moving" where "stop" is one)."""
    words = [" ".join(word.lower().split()) for word in stop_words if word.strip()]
    longer = [
        phrase for phrase in sorted(PHRASES) if any(phrase.startswith(w + " ") for w in words)
    ]
    return tuple(dict.fromkeys((*words, *longer)))


def count_phrases(text: str, phrases: Collection[str]) -> int:
    """How many stop phrases a text is made of, polite words aside; 0 when anything else is in it."""
    words, count = text.split(), 0
    while words:
        size = next(
            (n for n in range(len(words), 0, -1) if " ".join(words[:n]) in phrases),
            0,
        )
        if size:
            count += 1
        elif words[0] not in POLITE:
            return 0
        words = words[size or 1 :]
    return count


class StopSpotter:
    """Feed it every frame with the probability of voice in it."""

    def __init__(
        self,
        matcher: Matcher,
        phrases: Iterable[str],
        rules: StopRules,
        covered_matcher: Matcher | None = None,
    ) -> None:
        """covered_matcher: knows stop words among other ones; None: over the robot's voice they have to stand alone."""
        self._matcher, self._rules = matcher, rules
        self._covered_matcher = covered_matcher
        self._covered: deque[F32] = deque(maxlen=round(COVERED_S / FRAME_S))
        self._next_covered_s = 0.0
        self._phrases = frozenset(phrases)
        self._pre_roll: deque[F32] = deque(maxlen=round(PRE_ROLL_S / FRAME_S))
        self._frames: list[F32] = []
        self._quiet_s = BEFORE_S  # before the first sound nothing was said
        self._start_s = self._end_s = self._silent_s = self._voiced_s = 0.0
        self._looked_s = 0.0
        self._alone = True

    def feed(
        self, frame: F32, probability: float, at_s: float, covered: bool = False
    ) -> tuple[str, float, float] | None:
        """The word with start and end of its voice, when one has just been said. covered: the robot itself speaks."""
        alone = self._feed(frame, probability, at_s)
        among = self._look_covered(frame, probability, at_s, covered)
        return alone or among

    def _look_covered(
        self, frame: F32, probability: float, at_s: float, covered: bool
    ) -> tuple[str, float, float] | None:
        if self._covered_matcher is None:
            return None
        if not covered:
            self._covered.clear()
            return None
        if not self._covered:
            self._next_covered_s = at_s + COVERED_PERIOD_S
        self._covered.append(frame)
        if at_s < self._next_covered_s or probability < self._rules.release:
            return None
        self._next_covered_s = at_s + COVERED_PERIOD_S
        match = self._covered_matcher.match(np.concatenate(self._covered))
        if match.confidence < self._rules.confidence or heard_wish(match.phrase) is not Wish.REST:
            return None
        self._covered.clear()
        return match.phrase, max(0.0, at_s - COVERED_S), at_s + FRAME_S

    def _feed(self, frame: F32, probability: float, at_s: float) -> tuple[str, float, float] | None:
        if not self._frames:
            if probability < self._rules.threshold:
                self._quiet_s += FRAME_S
                self._pre_roll.append(frame)
                return None
            self._alone = self._quiet_s >= BEFORE_S
            self._frames = [*self._pre_roll]
            self._start_s, self._voiced_s, self._looked_s = at_s, 0.0, 0.0
        self._frames.append(frame)
        if probability >= self._rules.release:
            self._silent_s = 0.0
            self._end_s = at_s + FRAME_S
            self._voiced_s = self._end_s - self._start_s
            return self._look_early()
        self._silent_s += FRAME_S
        # A pause is over when it is as long as asked for, to the nearest frame.
        return self._end() if self._silent_s >= self._rules.pause_s - FRAME_S / 2 else None

    def flush(self) -> tuple[str, float, float] | None:
        """The sound stays away: nothing more follows."""
        return self._end() if self._frames else None

    def _look_early(self) -> tuple[str, float, float] | None:
        if self._voiced_s > LONGEST_S:
            self._alone = False
            self._frames = self._frames[-self._pre_roll.maxlen :]  # type: ignore[operator]
            return None
        if not self._alone or self._voiced_s < max(REPEATED_S, self._looked_s + REPEATED_S / 2):
            return None
        self._looked_s = self._voiced_s
        found = self._match()
        return self._found(found) if count_phrases(found, self._phrases) >= 2 else None

    def _end(self) -> tuple[str, float, float] | None:
        found = ""
        if self._alone and SHORTEST_S <= self._voiced_s <= LONGEST_S:
            found = self._match()
        out = self._found(found) if found else None
        self._pre_roll.extend(self._frames)
        self._frames = []
        self._quiet_s, self._silent_s = self._silent_s, 0.0
        return out

    def _match(self) -> str:
        match = self._matcher.match(np.concatenate(self._frames))
        if match.confidence < self._rules.confidence:
            return ""
        plainly = heard_wish(match.phrase) is Wish.REST
        return match.phrase if plainly or count_phrases(match.phrase, self._phrases) else ""

    def _found(self, phrase: str) -> tuple[str, float, float]:
        # What follows without a pause belongs to it: "stop stop stop" stops once.
        self._alone = False
        return phrase, self._start_s, self._end_s
