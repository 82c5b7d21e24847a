# SPDX-License-Identifier: Apache-2.0
"""A voice for the tests: espeak-ng at the rate that recognisers take."""

from __future__ import annotations

import numpy as np

from vla_speech.recognition.recognizer import F32
from vla_speech.voice.espeak import Espeak, Manner


def spoken(text: str, voice: str = "en-us") -> F32:
    """At 16 kHz, with a little silence around it."""
    sound = Espeak().say(text, Manner(voice=voice))
    count = int(len(sound.samples) * 16000 / sound.rate_hz)
    times = np.arange(count) * sound.rate_hz / 16000
    voice_samples = 0.5 * np.interp(times, np.arange(len(sound.samples)), sound.samples)
    return np.concatenate([np.zeros(4000), voice_samples, np.zeros(2500)]).astype(np.float32)
