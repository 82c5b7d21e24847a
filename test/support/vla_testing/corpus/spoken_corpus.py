# SPDX-License-Identifier: Apache-2.0
"""Spoken commands, made when they are needed and kept nowhere: espeak-ng voices, mixed with noise that is made too.

The corpus is synthetic: it says how recognisers compare and whether a change makes things worse, not how well people
in a living room are understood. Seeds below EVALUATION_SEED are for tuning; from there on sentences and voices are
others. Everything comes from the seed. espeak-ng carries some state from sentence to sentence: the same calls in a new
process give the same samples, in another order they differ a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vla_speech.voice.espeak import Espeak, Manner
from vla_testing.corpus.spoken_sentences import EVALUATION, TUNING, Sentences

F32 = NDArray[np.float32]
RATE_HZ = 16000
EVALUATION_SEED = 10000
TUNING_VOICES = ("en-us", "en-us+f2", "en-us+m3", "en-gb-x-rp", "en-gb-x-rp+f4", "en-gb-scotland")
EVALUATION_VOICES = (
    "en-us+m7",
    "en-us+f3",
    "en-us-nyc",
    "en-gb-x-rp+m1",
    "en-gb-x-rp+f5",
    "en-gb-scotland+f1",
    "en+m4",
)
SPEEDS = (130, 160, 190)
"""Words per minute: slow, ordinary, fast."""
PITCHES = (35, 50, 65)
NOISES = ("white", "babble", "motor")
SNRS_DB = (20.0, 10.0, 5.0, 0.0)
LEVEL_DB = (-30.0, -20.0)
"""Loudness of the voice, RMS of what is not silence."""
FLOOR_DB = -66.0
"""No microphone delivers digital silence."""
LEAD_S, TAIL_S = 0.8, 1.6
_BABBLERS = 6
_EDGE = 0.01
"""Below this share of its peak a voice counts as silent."""


class Kind(Enum):
    """What a clip is, and so what has to come of it."""

    COMMAND = "command"
    CHATTER = "chatter"
    STOP = "stop"
    NEAR_STOP = "near stop"


@dataclass(frozen=True)
class Clip:
    """samples: (n,) float32 at RATE_HZ, speech from start_s to end_s. noise: one of NOISES; empty: clean."""

    text: str
    kind: Kind
    voice: str
    words_per_minute: int
    noise: str
    snr_db: float | None
    samples: F32
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


def sentences_of(seed: int) -> Sentences:
    return EVALUATION if seed >= EVALUATION_SEED else TUNING


def voices_of(seed: int) -> tuple[str, ...]:
    return EVALUATION_VOICES if seed >= EVALUATION_SEED else TUNING_VOICES


def texts_of(seed: int, kind: Kind) -> tuple[str, ...]:
    sentences = sentences_of(seed)
    return {
        Kind.COMMAND: sentences.commands,
        Kind.CHATTER: sentences.chatter,
        Kind.STOP: sentences.stops,
        Kind.NEAR_STOP: sentences.near_stops,
    }[kind]


def clips(
    seed: int, kind: Kind, count: int, snr_db: float | None = None, noises: Sequence[str] = NOISES
) -> list[Clip]:
    """So many clips; voices, speeds and sentences take turns, so that few clips have all of them.

    snr_db: None for clean ones; else noises take turns too.
    """
    texts, voices = texts_of(seed, kind), voices_of(seed)
    # The same sentences in the same voices at every noise level: levels can be compared.
    rng = np.random.default_rng([seed, list(Kind).index(kind)])
    order = [int(i) for i in rng.permutation(len(texts))]
    out = []
    for number in range(count):
        text = texts[order[number % len(texts)]]
        voice = voices[(number + number // len(voices)) % len(voices)]
        speed = SPEEDS[(number // 2) % len(SPEEDS)]
        noise = noises[number % len(noises)] if snr_db is not None else ""
        out.append(make_clip(seed, number, text, kind, voice, speed, noise, snr_db))
    return out


def make_clip(
    seed: int,
    number: int,
    text: str,
    kind: Kind,
    voice: str,
    words_per_minute: int,
    noise: str = "",
    snr_db: float | None = None,
) -> Clip:
    """One sentence with some quiet, or noise, before and after it."""
    rng = np.random.default_rng([seed, number, list(Kind).index(kind)])
    said = spoken(text, voice, words_per_minute, int(rng.choice(PITCHES)))
    first, last = _edges(said)
    level = 10 ** (rng.uniform(*LEVEL_DB) / 20)
    said = (said * (level / _rms(said[first:last]))).astype(np.float32)
    samples = np.zeros(round((LEAD_S + TAIL_S) * RATE_HZ) + len(said), np.float32)
    lead = round(LEAD_S * RATE_HZ)
    samples[lead : lead + len(said)] = said
    samples += white(len(samples), rng) * 10 ** (FLOOR_DB / 20)
    if noise and snr_db is not None:
        samples += make_noise(noise, len(samples), seed, number) * level * 10 ** (-snr_db / 20)
    return Clip(
        text,
        kind,
        voice,
        words_per_minute,
        noise,
        snr_db,
        np.clip(samples, -1.0, 1.0),
        (lead + first) / RATE_HZ,
        (lead + last) / RATE_HZ,
    )


@lru_cache(maxsize=4096)
def spoken(text: str, voice: str, words_per_minute: int, pitch: int = 50) -> F32:
    """(n,) float32 at RATE_HZ, as espeak-ng says it."""
    sound = Espeak().say(text, Manner(voice, words_per_minute, pitch))
    return _resampled(sound.samples, sound.rate_hz)


def make_noise(name: str, count: int, seed: int, number: int = 0) -> F32:
    """(count,) float32 with an RMS of 1. Errors: KeyError for a name that is not in NOISES."""
    rng = np.random.default_rng([seed, number, 7, NOISES.index(name)])
    if name == "babble":
        return babble(count, rng, seed)
    return {"white": white, "motor": motor}[name](count, rng)


def white(count: int, rng: np.random.Generator) -> F32:
    return rng.standard_normal(count, dtype=np.float32)


def babble(count: int, rng: np.random.Generator, seed: int) -> F32:
    """Other people who talk at once, of whom no word can be made out."""
    texts, voices = sentences_of(seed).chatter, voices_of(seed)
    out = np.zeros(count, np.float32)
    for _ in range(_BABBLERS):
        at = -int(rng.integers(0, 2 * RATE_HZ))
        voice, pitch = voices[rng.integers(len(voices))], int(rng.choice(PITCHES))
        gain = rng.uniform(0.6, 1.4)
        while at < count:
            piece = spoken(texts[rng.integers(len(texts))], voice, int(rng.choice(SPEEDS)), pitch)
            start, end = max(at, 0), min(at + len(piece), count)
            if start < end:
                out[start:end] += gain * piece[start - at : end - at]
            at += len(piece)
    return _unit(out)


def motor(count: int, rng: np.random.Generator) -> F32:
    """A drive of a robot: a fundamental that wanders, its harmonics, the whine of a gear, and rumble."""
    time = np.arange(count) / RATE_HZ
    base_hz = rng.uniform(70.0, 220.0)
    wander = np.cumsum(rng.standard_normal(count // 1600 + 2)) * 0.6
    speed = base_hz + np.interp(time, np.arange(len(wander)) * 0.1, wander)
    phase = 2 * np.pi * np.cumsum(speed) / RATE_HZ
    hum = sum(np.sin(k * phase + rng.uniform(0, 6)) / k**0.8 for k in range(1, 13))
    whine = 0.5 * np.sin(rng.integers(14, 24) * phase) * (1.0 + 0.4 * np.sin(phase / 9))
    rumble = np.convolve(rng.standard_normal(count), np.full(40, 0.1), "same")
    return _unit((hum + whine + rumble).astype(np.float32))


def _resampled(samples: F32, rate_hz: int) -> F32:
    """By cutting off the spectrum; the whole sound at once."""
    pieces = -(
        -len(samples) * 10 // rate_hz
    )  # of a tenth of a second, so that both lengths are whole
    padded = np.zeros(pieces * rate_hz // 10, np.float32)
    padded[: len(samples)] = samples
    count = pieces * RATE_HZ // 10
    spectrum = np.fft.rfft(padded)[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * (count / len(padded))).astype(np.float32)


def _edges(samples: F32) -> tuple[int, int]:
    """First and last sample that are voice."""
    loud = np.flatnonzero(np.abs(samples) > _EDGE * float(np.abs(samples).max()))
    return int(loud[0]), int(loud[-1]) + 1


def _rms(samples: F32) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _unit(samples: F32) -> F32:
    return (samples / max(_rms(samples), 1e-9)).astype(np.float32)
