# SPDX-License-Identifier: Apache-2.0
"""The evaluation of speech: its counts, on clips whose outcome is made up."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, Result
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.listening.assembly import Parts, make_listener
from vla_speech.listening.vad import LevelVad
from vla_speech.recognition.recognizer import FakeRecognizer, Recognition
from vla_speech.stopping.stop_spotter import FakeMatcher, Match
from vla_testing.corpus.offline_hearing import Heard, OfflineHearing, Said, Stopped, word_errors
from vla_testing.corpus.spoken_corpus import RATE_HZ, Clip, Kind

# The benchmark has the same name.
_spec = importlib.util.spec_from_file_location(
    "speech_evaluation", Path(__file__).parents[1] / "evaluation" / "speech.py"
)
speech = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = speech
_spec.loader.exec_module(speech)


def clip(text: str, kind: Kind = Kind.COMMAND, seconds: float = 3.0) -> Clip:
    """Quiet, a second of voice from 1 to 2, quiet."""
    samples = np.zeros(round(seconds * RATE_HZ), np.float32)
    samples[RATE_HZ : 2 * RATE_HZ] = 0.3
    return Clip(text, kind, "en-us", 160, "", None, samples, 1.0, 2.0)


def heard(
    text: str,
    *said: str,
    kind: Kind = Kind.COMMAND,
    accepted: bool = True,
    stop_s: float = 0.0,
) -> Heard:
    finals = tuple(Said(item, accepted, 0.9, "", 2.6, 0.1) for item in said)
    stops = (Stopped("stop", stop_s, 0.05),) if stop_s else ()
    return Heard(clip(text, kind), finals, stops, 0.3)


def meaning(text: str) -> str | None:
    """What "the planner" makes of it: nothing of what it does not know."""
    known = {"turn left": "L", "turn to the left": "L", "turn right": "R"}
    return known.get(text)


@pytest.mark.parametrize(
    ("said", "found", "errors"),
    [
        ("turn left", "Turn left.", 0),
        ("turn left", "", 2),
        ("", "turn left", 2),
        ("turn to the left", "turn left", 2),
        ("go to the table", "go to a table now", 2),
        ("don't move", "dont move", 1),
    ],
)
def test_word_errors(said, found, errors):
    assert word_errors(said, found) == errors


def test_commands_are_counted_by_words_by_plan_and_by_harm():
    figures = speech.commands(
        [
            heard("turn left", "turn left"),
            heard("turn left", "turn to the left"),  # other words, the same plan
            heard("turn left", "turn right"),  # the robot would do something else
            heard("turn left", "turn left", accepted=False),
            heard("turn left", "turn", "left"),  # in two pieces
            heard("turn left"),
            heard("turn left", "stop"),  # harmless, but no command
        ],
        meaning,
    )
    assert figures["clips"] == 7
    assert figures["exact"] == pytest.approx(1 / 7)
    assert figures["same_plan"] == pytest.approx(2 / 7)
    assert figures["carried_out_wrongly"] == pytest.approx(1 / 7)
    assert figures["word_error_rate"] == pytest.approx((0 + 2 + 1 + 0 + 0 + 2 + 2) / 14)
    assert figures["stopped"] == 1
    assert figures["delay_ms"]["p50"] == pytest.approx(700.0)


def test_what_was_not_meant_is_counted_per_hour():
    figures = speech.others(
        [
            heard("nice weather", kind=Kind.CHATTER),
            heard("nice weather", "nice weather", kind=Kind.CHATTER, accepted=False),
            heard("we turned left", "turn left", kind=Kind.CHATTER),
            heard("we turned", "turn everything", kind=Kind.CHATTER),
            heard("do not stop", kind=Kind.NEAR_STOP, stop_s=2.2),
        ],
        meaning,
    )
    hours = 5 * 3.0 / 3600
    assert figures["taken"] == pytest.approx(2 / 5)
    assert figures["commands_per_hour"] == pytest.approx(2 / hours)
    assert figures["plans_per_hour"] == pytest.approx(1 / hours)
    assert figures["stops_per_hour"] == pytest.approx(1 / hours)


def test_stop_words_count_by_spotter_or_utterance_and_the_first_one_gives_the_delay():
    figures = speech.stops(
        [
            heard("stop", kind=Kind.STOP, stop_s=2.2),
            heard("stop", "stop", kind=Kind.STOP),
            heard("stop", "stop", kind=Kind.STOP, accepted=False),
            heard("stop", kind=Kind.STOP),
        ]
    )
    assert (figures["recall"], figures["early"]) == (0.5, 0.25)
    assert figures["delay_ms"]["p50"] == pytest.approx(700.0)
    assert heard("stop", "stop", kind=Kind.STOP, stop_s=2.2).stop_delay_s == pytest.approx(0.25)


def run(text: str, recognition: Recognition, match: Match | None, **settings: float) -> Heard:
    config = SpeechConfig(partial_interval_s=0.0, **settings)
    matcher = None if match is None else FakeMatcher(match)
    parts = Parts(
        FakeRecognizer((recognition,)), "", lambda: make_listener(config, LevelVad(), matcher)
    )
    return OfflineHearing(parts, config, WhisperConfig(), lambda: 0.0).hear(clip(text))


@pytest.mark.parametrize(
    ("recognition", "accepted"),
    [
        (Recognition("turn left", 0.9, "en"), True),
        (Recognition("turn left", 0.2, "en"), False),
        (Recognition("turn left", 0.9, "en", Result(Code.SPEECH_NOT_FOR_ROBOT, "No.")), False),
    ],
)
def test_a_clip_goes_through_the_real_listener_and_judge(recognition, accepted):
    found = run("turn left", recognition, None, hangover_s=0.6)
    (said,) = found.said
    assert (said.text, said.accepted) == ("turn left", accepted)
    assert said.at_s == pytest.approx(2.0 + 0.6, abs=0.1)  # the hangover after the voice
    assert not found.stopped and found.stop_delay_s is None


def test_a_stop_word_is_heard_before_the_utterance_is_over():
    found = run("stop", Recognition("stop", 0.9, "en"), Match("stop", 1.0), stop_pause_s=0.13)
    assert [stop.word for stop in found.stops] == ["stop"] and not found.said
    assert found.stop_delay_s == pytest.approx(0.13, abs=0.1)


def test_noise_clips_are_as_long_as_asked_and_silent_of_voice():
    clips = speech.noise_clips(1, 0.05)
    assert sum(item.duration_s for item in clips) == pytest.approx(60.0)
    assert {item.text for item in clips} == {""}


def test_targets_are_missed_when_figures_are_bad():
    level = {
        "commands": speech.commands([heard("turn left", "turn right")], meaning),
        "chatter": speech.others([heard("x", "turn left")], meaning),
        "stops": speech.stops([heard("stop", kind=Kind.STOP)]),
        "near_stops": speech.others([heard("x", kind=Kind.NEAR_STOP, stop_s=2.1)], meaning),
    }
    names = ("clean", "20 dB", "10 dB", "5 dB", "0 dB")
    noise = speech.others([heard("", "turn left", stop_s=1.0)], meaning)
    figures = {
        "recogniser": "none",
        "levels": dict.fromkeys(names, level),
        "noise": noise,
        "real_time_factor": 2.0,
    }
    assert [met for _, met in speech.checks(figures)] == [False] * len(speech.checks(figures))
    assert "none" in speech.table(figures)
