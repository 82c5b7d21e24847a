# SPDX-License-Identifier: Apache-2.0
"""Sound as plain numbers: what a source may deliver, made into mono float32 at 16 kHz.

Decides which formats can be used, and refuses the rest with a sentence. Knows no device and no message.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ

MIN_RATE_HZ = 8000
MAX_RATE_HZ = 192_000
MAX_CHANNELS = 32
MAX_BLOCK_S = 10.0
"""More sound than that in one message is a mistake."""
CLIP_LEVEL = 0.999
FLOOR_DB = -120.0
_ENCODINGS = {
    "S8": ("i1", 1 / 128),
    "U8": ("u1", 1 / 128),
    "S16LE": ("<i2", 1 / 32768),
    "S16BE": (">i2", 1 / 32768),
    "S24LE": ("s24", 1 / 8388608),
    "S32LE": ("<i4", 1 / 2147483648),
    "S32BE": (">i4", 1 / 2147483648),
    "F32LE": ("<f4", 1.0),
    "F32BE": (">f4", 1.0),
    "F64LE": ("<f8", 1.0),
}
_RAW_CODINGS = ("", "wave", "wav", "pcm", "raw")
_TAPS = 24
"""Zero crossings of the filter on either side, at the lower of the two rates."""


@dataclass(frozen=True)
class AudioFormat:
    """How to read raw samples; encoding is a name of GStreamer's, such as S16LE."""

    channels: int = 1
    rate_hz: int = SAMPLE_RATE_HZ
    encoding: str = "S16LE"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        kind = _ENCODINGS[self.encoding][0]
        return self.channels * (3 if kind == "s24" else np.dtype(kind).itemsize)


def make_format(channels: int, rate_hz: int, encoding: str, coding: str = "") -> AudioFormat:
    """Checks what a source says of itself. Errors: SPEECH_BAD_AUDIO."""
    if coding.strip().lower() not in _RAW_CODINGS:
        raise _bad(f"The sound is coded as '{coding[:30]}'; only raw samples (wave) can be used.")
    name = encoding.strip().upper() or "S16LE"
    if name not in _ENCODINGS:
        known = ", ".join(_ENCODINGS)
        raise _bad(f"Samples of the format '{encoding[:30]}' can't be used; known are {known}.")
    if not 1 <= channels <= MAX_CHANNELS:
        raise _bad(f"The sound has {channels} channels; 1 to {MAX_CHANNELS} can be used.")
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise _bad(
            f"The sound has {rate_hz} samples per second; {MIN_RATE_HZ} to {MAX_RATE_HZ} can be used."
        )
    return AudioFormat(channels, rate_hz, name)


def decode(data: bytes | memoryview, form: AudioFormat) -> F32:
    """(n,) mono float32 in -1..1: the mean of the channels. Errors: SPEECH_BAD_AUDIO."""
    size = len(data)
    if size % form.frame_bytes:
        raise _bad(
            f"{size} bytes of sound are no whole number of samples of {form.frame_bytes} bytes."
        )
    if size > MAX_BLOCK_S * form.rate_hz * form.frame_bytes:
        raise _bad(f"{size} bytes of sound in one message are more than {MAX_BLOCK_S:g} s.")
    kind, scale = _ENCODINGS[form.encoding]
    if kind == "s24":
        raw = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(raw), 4), np.uint8)
        wide[:, 1:] = raw  # the low byte stays zero, the sign comes along
        values = wide.view("<i4").reshape(-1).astype(np.float32) / np.float32(2147483648.0)
    else:
        values = np.frombuffer(data, np.dtype(kind)).astype(np.float32)
        if kind == "u1":
            values -= 128.0
        values *= np.float32(scale)
    if not np.isfinite(values).all():
        raise _bad("The sound has samples that are no numbers.")
    mono = values if form.channels == 1 else values.reshape(-1, form.channels).mean(axis=1)
    out: F32 = np.clip(mono, -1.0, 1.0).astype(np.float32)
    return out


def encode(samples: F32) -> bytes:
    """(n,) float32 as S16LE."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


class Resampler:
    """A stream of one rate to 16 kHz, by a windowed sinc; delays by `delay_s`. The same in blocks as in one piece."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        common = math.gcd(rate_hz, SAMPLE_RATE_HZ)
        self._up, self._down = SAMPLE_RATE_HZ // common, rate_hz // common
        self._half = math.ceil(_TAPS * max(1.0, rate_hz / SAMPLE_RATE_HZ))
        self._filters = self._make_filters()
        self._history = np.zeros(2 * self._half, np.float32)
        self._next = (
            0  # position of the next output in units of 1 / up input samples, in the new input
        )

    @property
    def delay_s(self) -> float:
        return 0.0 if self._up == self._down else (self._half + 1) / self.rate_hz

    def feed(self, samples: F32) -> F32:
        """The output for which there is enough input by now."""
        if self._up == self._down:
            return samples
        data = np.concatenate([self._history, samples])
        count = max(0, -(-(len(samples) * self._up - self._next) // self._down))
        positions = self._next + np.arange(count, dtype=np.int64) * self._down
        self._next += count * self._down - len(samples) * self._up
        self._history = data[len(data) - 2 * self._half :].copy()
        first, phase = positions // self._up, positions % self._up
        windows = np.lib.stride_tricks.sliding_window_view(data, 2 * self._half)[first]
        out = np.einsum("ij,ij->i", windows, self._filters[phase])
        clipped: F32 = np.clip(out, -1.0, 1.0).astype(np.float32)
        return clipped

    def _make_filters(self) -> F32:
        """(up, 2 half): one filter for each position between two input samples."""
        cut = 0.92 * min(1.0, SAMPLE_RATE_HZ / self.rate_hz)
        offsets = np.arange(2 * self._half) - self._half + 1
        rows = []
        for phase in range(self._up):
            x = offsets - phase / self._up
            window = np.where(np.abs(x) < self._half, 0.5 + 0.5 * np.cos(np.pi * x / self._half), 0)
            row = cut * np.sinc(cut * x) * window
            rows.append(row / row.sum())
        return np.asarray(rows, np.float32)


@dataclass(frozen=True)
class Level:
    """How loud: full scale is 0 dB; clipped: share of samples at full scale."""

    rms_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    clipped: float = 0.0


def level_of(samples: F32) -> Level:
    """Of some samples; silence is FLOOR_DB."""
    if not len(samples):
        return Level()
    size = np.abs(samples)
    return Level(
        _decibels(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))),
        _decibels(float(size.max())),
        float(np.mean(size >= CLIP_LEVEL)),
    )


def _decibels(value: float) -> float:
    return max(FLOOR_DB, 20.0 * math.log10(value)) if value > 0.0 else FLOOR_DB


def _bad(sentence: str) -> VlaError:
    return VlaError(Code.SPEECH_BAD_AUDIO, sentence)
