# SPDX-License-Identifier: Apache-2.0
"""The spoken corpus: repeatable, halves apart, noise as loud as it says, sentences that are what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from vla_common.language.halt_phrases import is_halt_command
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.planning import Planner
from vla_testing.corpus import spoken_corpus
from vla_testing.corpus.spoken_corpus import (
    EVALUATION_SEED,
    NOISES,
    RATE_HZ,
    SPEEDS,
    Kind,
    clips,
    make_noise,
)
from vla_testing.corpus.spoken_sentences import EVALUATION, TUNING
from vla_testing.planner.fixtures import CATALOGS, SCENES


@pytest.fixture(scope="module")
def planner():
    return Planner(PlannerConfig(backends=("rules",)), LlmConfig())


@pytest.mark.parametrize("half", [TUNING, EVALUATION], ids=["tuning", "evaluation"])
def test_commands_can_be_planned_and_chatter_can_not(planner, half):
    def planned(text: str) -> bool:
        return planner.plan(text, SCENES["room"], CATALOGS[""]).plan is not None

    assert [text for text in half.commands if not planned(text)] == []
    assert [text for text in (*half.chatter, *half.near_stops) if planned(text)] == []


@pytest.mark.parametrize("half", [TUNING, EVALUATION], ids=["tuning", "evaluation"])
def test_stops_are_stops_and_near_stops_are_none(half):
    assert all(is_halt_command(text) for text in half.stops)
    assert not any(
        is_halt_command(text) for text in (*half.near_stops, *half.commands, *half.chatter)
    )


def test_tuning_and_evaluation_share_no_voice_and_hardly_a_sentence():
    assert not set(spoken_corpus.TUNING_VOICES) & set(spoken_corpus.EVALUATION_VOICES)
    assert len(set(TUNING.commands) & set(EVALUATION.commands)) == 1  # the guide's own example
    assert not set(TUNING.chatter) & set(EVALUATION.chatter)


def test_a_seed_gives_the_same_clips_and_another_gives_others():
    first, again = (clips(3, Kind.COMMAND, 2, 5.0)[1] for _ in range(2))
    other = clips(4, Kind.COMMAND, 2, 5.0)[1]
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples[:1000], other.samples[:1000])


def test_few_clips_have_all_voices_speeds_and_noises():
    some = clips(EVALUATION_SEED, Kind.COMMAND, 24, 10.0)
    assert len({clip.voice for clip in some}) >= 6
    assert {clip.words_per_minute for clip in some} == set(SPEEDS)
    assert {clip.noise for clip in some} == set(NOISES)


@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_as_loud_as_the_ratio_says(noise):
    (clean,), (mixed,) = clips(1, Kind.COMMAND, 1), clips(1, Kind.COMMAND, 1, 0.0, (noise,))
    assert (clean.text, clean.voice) == (mixed.text, mixed.voice)
    voice = slice(round(clean.start_s * RATE_HZ), round(clean.end_s * RATE_HZ))
    added = mixed.samples - clean.samples
    assert np.std(added) == pytest.approx(np.std(clean.samples[voice]), rel=0.05)
    assert not np.array_equal(make_noise(noise, 100, 1), make_noise(noise, 100, 2))


def test_where_a_clip_speaks_is_known():
    (clip,) = clips(2, Kind.STOP, 1)
    loud = np.abs(clip.samples) > 0.02 * np.abs(clip.samples).max()
    first, last = np.flatnonzero(loud)[[0, -1]] / RATE_HZ
    assert clip.start_s == pytest.approx(first, abs=0.05)
    assert clip.end_s == pytest.approx(last, abs=0.05)
    assert clip.duration_s > clip.end_s + 1.5
