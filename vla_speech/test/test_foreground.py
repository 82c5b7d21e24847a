# SPDX-License-Identifier: Apache-2.0
"""A voice against the room: levels and probabilities are made up, so that each case is exact."""

from __future__ import annotations

import numpy as np
import pytest

from vla_speech.listening.foreground import Foreground
from vla_speech.listening.segmenter import Ending, Rules, Segmenter
from vla_speech.listening.utterance_detector import UtteranceDetector, UtteranceEnded
from vla_speech.listening.vad import FRAME, FRAME_S


def sound(level_db: float, seconds: float) -> list[np.ndarray]:
    samples = np.resize([1.0, -1.0], FRAME).astype(np.float32) * np.float32(10 ** (level_db / 20))
    return [samples] * round(seconds / FRAME_S)


def heard(foreground: Foreground, frames: list[np.ndarray], probability: float) -> list[bool]:
    return [foreground.stands_out(frame, probability) for frame in frames]


@pytest.mark.parametrize(
    ("room_db", "room_probability", "voice_db", "room_counts", "voice_counts"),
    [
        pytest.param(-40, 0.8, -20, False, True, id="a voice above babble"),
        pytest.param(-40, 0.8, -38, False, False, id="one voice among others"),
        pytest.param(-40, 0.01, -38, True, True, id="noise that is no voice is left to the model"),
        pytest.param(-66, 0.01, -30, True, True, id="a quiet room"),
    ],
)
def test_what_is_not_louder_than_a_room_of_voices_does_not_count(
    room_db, room_probability, voice_db, room_counts, voice_counts
):
    foreground = Foreground()
    room = heard(foreground, sound(room_db, 2.0), room_probability)
    assert room[-1] is room_counts
    voice = heard(foreground, sound(voice_db, 0.2), 0.9)
    assert all(voice[2:]) if voice_counts else not any(voice)
    after = heard(foreground, sound(room_db, 1.0), room_probability)
    assert after[-1] is room_counts


def test_a_long_sentence_does_not_become_the_room():
    foreground = Foreground()
    heard(foreground, sound(-45, 2.0), 0.8)
    words = [f for _ in range(10) for f in (*sound(-20, 0.5), *sound(-45, 0.06))]
    assert sum(heard(foreground, words, 0.9)) > 0.9 * len(words)


def test_a_room_that_gets_louder_is_the_room_after_a_while():
    foreground = Foreground()
    heard(foreground, sound(-50, 2.0), 0.8)
    louder = heard(foreground, sound(-35, 8.0), 0.8)
    assert louder[5] and not louder[-1]


def test_after_a_reset_the_room_is_unknown():
    foreground = Foreground()
    heard(foreground, sound(-40, 2.0), 0.8)
    foreground.reset()
    assert heard(foreground, sound(-40, 0.1), 0.8) == [True] * 3


class Babble:
    """Everything sounds like voices."""

    def probability(self, frame) -> float:
        return 0.9

    def reset(self) -> None:
        pass


def test_an_utterance_in_babble_ends_when_the_person_is_done():
    listener = UtteranceDetector(Babble(), Segmenter(Rules()), None, foreground=Foreground())
    events = []
    for number, frame in enumerate([*sound(-45, 3), *sound(-20, 1), *sound(-45, 1)]):
        events += listener.feed(frame, number * FRAME_S)
    found = [event.utterance for event in events if isinstance(event, UtteranceEnded)]
    assert [item.ending for item in found if item.start_s > 2.5] == [Ending.SILENCE]
    assert found[-1].start_s == pytest.approx(3.0, abs=0.15)
    assert found[-1].end_s == pytest.approx(4.0, abs=0.15)
