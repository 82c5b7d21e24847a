# SPDX-License-Identifier: Apache-2.0
"""Puts the parts of hearing together as the parameters say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vla_common.contracts.outcomes import VlaError
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.listening.foreground import Foreground
from vla_speech.listening.segmenter import Rules, Segmenter
from vla_speech.listening.utterance_detector import UtteranceDetector
from vla_speech.listening.vad import SileroVad, VoiceActivity
from vla_speech.recognition.backends import make_recognizer
from vla_speech.recognition.recognizer import Recognizer
from vla_speech.recognition.whisper.faster_whisper_recognizer import (
    FasterWhisperRecognizer,
    StopAmongWords,
)
from vla_speech.stopping.stop_matcher import SphinxMatcher
from vla_speech.stopping.stop_spotter import (
    CarefulMatcher,
    Matcher,
    StopRules,
    StopSpotter,
    TwoMatchers,
    phrases_of,
)


@dataclass(frozen=True)
class Parts:
    """make_listener starts anew: nothing of an earlier listener comes along."""

    recognizer: Recognizer
    reason: str
    make_listener: Callable[[], UtteranceDetector]


def make_parts(speech: SpeechConfig, whisper: WhisperConfig, tell: Callable[[str], None]) -> Parts:
    """The real ones. Errors: SPEECH_NO_MODEL.

    Without a spotter stops still come from whole utterances, and `tell` says so.
    """
    recognizer, reason = make_recognizer(speech, whisper, tell)
    good = recognizer if isinstance(recognizer, FasterWhisperRecognizer) else None
    if good is not None and not good.spots_stops:
        tell(
            f"{recognizer.name} is too slow here to transcribe while somebody speaks and to confirm stop words: "
            "there are no partial transcripts, and pocketsphinx spots stop words alone."
        )
        good = None
    matcher = _make_matcher(good, speech, tell)
    among = None if good is None else StopAmongWords(good)
    vad = SileroVad()
    return Parts(
        recognizer, reason, lambda: make_listener(speech, vad, matcher, Foreground(), among)
    )


def _make_matcher(
    good: Matcher | None, speech: SpeechConfig, tell: Callable[[str], None]
) -> Matcher | None:
    """pocketsphinx, and Whisper for what it is not sure of: noise hides short words from the former.

    good: Whisper, where it is quick enough.
    """
    phrases = phrases_of(speech.stop_words)
    if not phrases:
        return None
    try:
        quick = SphinxMatcher(phrases)
    except VlaError as error:
        if good is None:
            tell(f"Stop words are heard only at the end of an utterance: {error.message}")
        return good
    if quick.unspoken and good is None:
        tell(f"Stop words that can't be spotted: {', '.join(quick.unspoken)}.")
    return (
        CarefulMatcher(quick) if good is None else TwoMatchers(quick, good, speech.stop_threshold)
    )


def make_listener(
    speech: SpeechConfig,
    vad: VoiceActivity,
    matcher: Matcher | None,
    foreground: Foreground | None = None,
    covered_matcher: Matcher | None = None,
) -> UtteranceDetector:
    """A listener by the parameters around the given parts. covered_matcher: see `StopSpotter`."""
    vad.reset()
    release = min(speech.vad_release, speech.vad_threshold)
    rules = Rules(
        speech.vad_threshold,
        release,
        speech.pre_roll_s,
        speech.hangover_s,
        speech.min_speech_s,
        speech.max_utterance_s,
    )
    spotter = None
    if matcher is not None:
        stop_rules = StopRules(
            speech.vad_threshold, release, speech.stop_pause_s, speech.stop_threshold
        )
        spotter = StopSpotter(matcher, phrases_of(speech.stop_words), stop_rules, covered_matcher)
    return UtteranceDetector(vad, Segmenter(rules), spotter, speech.partial_interval_s, foreground)
