# SPDX-License-Identifier: Apache-2.0
"""pocketsphinx with the real model: its grammar, its stop words, its doubts. Voices by espeak-ng from its wheel."""

from __future__ import annotations

import numpy as np
import pytest

from vla_speech.listening.vad import FRAME, SileroVad
from vla_speech.recognition.command_grammar import make_grammar
from vla_speech.recognition.recognizer import Vocabulary
from vla_speech.recognition.sphinx.pronouncing import pronunciations
from vla_speech.stopping.stop_matcher import SphinxMatcher
from vla_speech.stopping.stop_spotter import count_phrases, phrases_of
from vla_testing.speech.spoken import spoken

PHRASES = phrases_of(("stop", "halt", "freeze", "don't move"))
WORLD = Vocabulary(("table", "side table", "pantry"), ("cup",), ("wave",))


def test_the_grammar_has_the_words_of_the_world_and_how_they_sound():
    grammar = make_grammar(WORLD)
    assert "pantry" in grammar.words and "wave" in grammar.words and not grammar.unspoken
    assert "kitchen" in grammar.words  # known to the planner, though not on this map


def test_names_that_nobody_can_pronounce_are_told_and_left_out():
    grammar = make_grammar(Vocabulary(("xqzzt",)))
    assert grammar.unspoken == ("xqzzt",) and "xqzzt" not in grammar.words


def test_a_word_may_be_made_of_two():
    assert pronunciations(["cupboardtop", "xqzzt"]).keys() == {"cupboardtop"}


@pytest.fixture(scope="module")
def matcher():
    return SphinxMatcher(PHRASES)


@pytest.mark.parametrize("text", ["stop", "please stop", "halt", "stop moving"])
def test_stop_words_are_spotted(matcher, text):
    found = [
        matcher.match(spoken(text, v)) for v in ("en-us", "en-us+m3", "en-gb-x-rp", "en-us+f3")
    ]
    hits = [m for m in found if count_phrases(m.phrase, PHRASES) and m.confidence >= 0.5]
    assert len(hits) >= 2


@pytest.mark.parametrize(
    "text", ["don't stop", "go to the bus stop", "turn left", "what is on the table"]
)
def test_other_words_are_not(matcher, text):
    found = [
        matcher.match(spoken(text, v)) for v in ("en-us", "en-us+m3", "en-gb-x-rp", "en-us+f3")
    ]
    hits = [m for m in found if count_phrases(m.phrase, PHRASES) and m.confidence >= 0.5]
    assert len(hits) <= 1


def test_a_stop_word_that_cant_be_pronounced_is_told():
    assert SphinxMatcher(("xqzzt", "stop")).unspoken == ("xqzzt",)


def test_voice_activity_tells_a_voice_from_silence_and_noise():
    vad = SileroVad()
    noise = np.random.default_rng(0).normal(0.0, 0.05, 32 * FRAME).astype(np.float32)
    for quiet in (np.zeros(32 * FRAME, np.float32), noise):
        vad.reset()
        assert max(vad.probability(f) for f in quiet.reshape(-1, FRAME)) < 0.5
    vad.reset()
    voice = spoken("go to the table")
    frames = voice[: len(voice) // FRAME * FRAME].reshape(-1, FRAME)
    assert max(vad.probability(frame) for frame in frames) > 0.8
