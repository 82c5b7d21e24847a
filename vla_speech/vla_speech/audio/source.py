# SPDX-License-Identifier: Apache-2.0
"""What a source of sound is, and a fake one. `wav_source` and `microphone` are the real ones, `capture` drives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vla_common.contracts.outcomes import VlaError
from vla_speech.recognition.recognizer import F32

NO_SOUND: F32 = np.zeros(0, np.float32)


class Source(Protocol):
    """Opened when it is made; read by one thread."""

    name: str
    """For the diagnostics, and the frame of the sound."""

    def read(self, timeout_s: float) -> F32:
        """The next block: (n,) mono float32 at 16 kHz; NO_SOUND when none came in time.

        Errors: SPEECH_NO_DEVICE when the source is lost, SPEECH_BAD_AUDIO when what it delivers can't be used.
        """
        ...

    def close(self) -> None:
        """Let go of the device; safe to call twice."""
        ...


@dataclass
class FakeSource:
    """Delivers the given blocks one by one; an error in their place is raised. At the end: no sound."""

    blocks: Sequence[F32 | VlaError]
    name: str = "fake"
    closed: int = 0
    taken: int = 0

    def read(self, timeout_s: float) -> F32:
        if self.taken >= len(self.blocks):
            return NO_SOUND
        block = self.blocks[self.taken]
        self.taken += 1
        if isinstance(block, VlaError):
            raise block
        return block

    def close(self) -> None:
        self.closed += 1
