# SPDX-License-Identifier: Apache-2.0
"""A sound file that is played as if it were a microphone: WAV, FLAC, and what else libsndfile reads.

Paced by a steady clock, block by block; the whole file is never in memory. Nothing is decided here but what comes
before the beginning and after the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.audio.samples import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ, Resampler
from vla_speech.audio.source import NO_SOUND
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ

_CHUNK = 4096
"""Samples that are read from the file at once."""
MAX_LAG_S = 1.0
"""When the reader is later than this, the file waits for it instead of catching up."""


class FileSource:
    """Errors when made: SPEECH_NO_DEVICE, SPEECH_BAD_AUDIO. after: "silence", "nothing" or "again"."""

    def __init__(
        self,
        path: str | Path,
        block_s: float,
        speed: float = 1.0,
        delay_s: float = 0.0,
        after: str = "silence",
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Any] | None = None,
    ) -> None:
        self._path = Path(path).expanduser()
        self.name = self._path.name
        self._block = max(1, round(block_s * SAMPLE_RATE_HZ))
        self._speed, self._after = speed, after
        self._clock = clock
        self._wait = wait if wait is not None else threading.Event().wait
        self._silence = round(delay_s * SAMPLE_RATE_HZ)
        self._left = NO_SOUND
        self._due_s: float | None = None
        self.may_begin: Callable[[], bool] = lambda: True
        """Until it says so for the first time, silence is played."""
        self._begun = False
        self.ended = False
        """The end of the file was played."""
        self._open()

    def read(self, timeout_s: float) -> F32:
        """Waits until the block is due."""
        if self.ended and self._after == "nothing":
            self._wait(timeout_s)
            return NO_SOUND
        now_s = self._clock()
        if self._due_s is None or now_s - self._due_s > MAX_LAG_S:
            self._due_s = now_s
        early_s = self._due_s - now_s
        if early_s > 0.0:
            self._wait(min(early_s, timeout_s))
            if early_s > timeout_s:
                return NO_SOUND
        block = self._next_block()
        self._due_s += len(block) / SAMPLE_RATE_HZ / self._speed
        return block

    def close(self) -> None:
        self._file.close()

    def _next_block(self) -> F32:
        self._begun = self._begun or self.may_begin()
        if not self._begun:
            return np.zeros(self._block, np.float32)
        parts, missing = [], self._block
        if self._silence:
            quiet = min(self._silence, missing)
            self._silence -= quiet
            missing -= quiet
            parts.append(np.zeros(quiet, np.float32))
        while missing:
            if not len(self._left):
                self._left = self._more()
            if self.ended and not len(self._left):
                parts.append(np.zeros(missing, np.float32))
                break
            parts.append(self._left[:missing])
            missing -= len(parts[-1])
            self._left = self._left[len(parts[-1]) :]
        return np.concatenate(parts)

    def _more(self) -> F32:
        """Some of the file; nothing only at its end."""
        while not self.ended:
            try:
                data = self._file.read(_CHUNK, dtype="float32", always_2d=True)
            except Exception as error:
                raise _bad(self._path, error) from None
            if not len(data):
                # What the filter still holds comes out with silence; then it is over.
                rest = self._resampler.feed(np.zeros(self._flush, np.float32))
                if self._after == "again":
                    self._file.close()
                    self._open()
                    if len(rest):
                        return rest
                    continue
                self.ended = True
                return rest
            mono = np.nan_to_num(data.mean(axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
            out = self._resampler.feed(np.clip(mono, -1.0, 1.0).astype(np.float32))
            if len(out):
                return out
        return NO_SOUND

    def _open(self) -> None:
        if not self._path.is_file():
            raise VlaError(Code.SPEECH_NO_DEVICE, f"There is no sound file {self._path}.")
        try:
            import soundfile
        except (ImportError, OSError) as error:
            raise VlaError(
                Code.SPEECH_NO_DEVICE,
                f"Sound files need soundfile ({error}): pip install soundfile",
            ) from None
        try:
            self._file = soundfile.SoundFile(str(self._path))
        except Exception as error:
            raise _bad(self._path, error) from None
        rate, channels = int(self._file.samplerate), int(self._file.channels)
        if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ or channels > MAX_CHANNELS or not len(self._file):
            raise VlaError(
                Code.SPEECH_BAD_AUDIO,
                f"The sound file {self._path} has {len(self._file)} samples, {channels} channels, {rate} Hz; "
                "that can't be used.",
            )
        self._resampler = Resampler(rate)
        self._flush = round(self._resampler.delay_s * rate)


def _bad(path: Path, error: Exception) -> VlaError:
    why = " ".join(str(error).split())[:200]
    return VlaError(Code.SPEECH_BAD_AUDIO, f"The sound file {path} can't be read: {why}")
