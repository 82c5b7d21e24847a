# SPDX-License-Identifier: Apache-2.0
"""Whether a voice stands out from what else is to be heard.

The voice activity model takes babble for speech, rightly, and so an utterance in babble never ends and a stop word in
it never stands alone. A person who talks to the robot is louder than the room: what is not, counts as silence. Where
the room does not sound like voices, the model tells them apart better than loudness does, and nothing is changed; a
voice that hardly rises above steady noise is taken for the room after a fifth of a second, though.
"""

from __future__ import annotations

import math

import numpy as np

from vla_speech.listening.vad import FRAME_S
from vla_speech.recognition.recognizer import F32

MARGIN_DB = 6.0
"""How far a voice stands above the floor, which follows the quietest moments; fitted to voices in noise."""
HELD = 2
"""Frames for which a voice still counts after it fell below that: the quiet sounds within a word."""
RISE_DB_PER_S = 3.0
"""How fast the floor follows a room that gets louder; a long sentence must not lift it to itself."""
FALL = 0.5
"""Share of the way that it falls in one frame."""
QUIETEST_DB = -70.0
LIKE_VOICES = 0.1
"""Mean probability of voice in the room itself from which on it is told apart by loudness."""
QUIET_S = 0.3
"""So long after the last loud frame the room itself is heard again."""
_ROOM_FRAMES = 60
"""Frames that the mean is over."""
_SMOOTHED = 3
"""Frames over which the level is taken."""


class Foreground:
    """Feed it every frame in order."""

    def __init__(self, margin_db: float = MARGIN_DB) -> None:
        self._margin_db = margin_db
        self.reset()

    def reset(self) -> None:
        """What comes next has nothing to do with what was."""
        self._powers: list[float] = []
        self._floor_db = QUIETEST_DB
        self._known = False
        self._held = 0
        self._quiet_s = QUIET_S
        self._room = 0.0
        self._room_frames = 0

    def stands_out(self, frame: F32, probability: float) -> bool:
        """probability: of voice in it. Until the room is known, everything stands out."""
        self._powers = [
            *self._powers[1 - _SMOOTHED :],
            float(np.mean(np.square(frame, dtype=np.float64))),
        ]
        level_db = max(10.0 * math.log10(max(float(np.mean(self._powers)), 1e-12)), QUIETEST_DB)
        if not self._known:
            self._known = len(self._powers) == _SMOOTHED
            self._floor_db = level_db
            return True
        if level_db < self._floor_db:
            self._floor_db += FALL * (level_db - self._floor_db)
        else:
            self._floor_db = min(level_db, self._floor_db + RISE_DB_PER_S * FRAME_S)
        loud = level_db >= self._floor_db + self._margin_db
        self._held = HELD + 1 if loud else max(0, self._held - 1)
        if loud:
            self._quiet_s = 0.0
        else:
            self._quiet_s += FRAME_S
            if self._quiet_s > QUIET_S:
                self._room_frames = min(self._room_frames + 1, _ROOM_FRAMES)
                self._room += (probability - self._room) / self._room_frames
        return self._held > 0 or self._room < LIKE_VOICES
