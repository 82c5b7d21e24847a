# SPDX-License-Identifier: Apache-2.0
"""Sentences to sound with libespeak-ng, in memory, through ctypes.

The library and its data come with the wheel espeakng-loader; without that, Debian's libespeak-ng1 will do. One process
has one library with one state, so all synthesis in a process goes one after the other; the state carries over, so
that a sentence said again differs a little. Playing is left to `voice`.
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import importlib.util
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.recognition.recognizer import F32

INSTALL = "pip install espeakng-loader==0.2.4, or apt-get install libespeak-ng1"
MAX_TEXT = 2000
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_POSITION_CHARACTER = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_LONGEST_PATH = 120
"""The library cuts paths off at 160 characters, including what it appends."""
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_lock = threading.Lock()
_loaded: _Library | None = None


@dataclass(frozen=True)
class Manner:
    """How something is said. voice: espeak's name with or without variant, "en-us+f3"; pitch and range 0..100."""

    voice: str = "en-us"
    words_per_minute: int = 165
    pitch: int = 50
    pitch_range: int = 50
    volume: float = 1.0


@dataclass(frozen=True)
class Sound:
    """samples: (n,) float32 in -1..1, mono."""

    samples: F32
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


class Espeak:
    """Cheap to make: the library is loaded once per process. Errors: SPEECH_NO_MODEL."""

    name = "espeak"

    def __init__(self) -> None:
        self._library = _load()

    def check(self, manner: Manner) -> None:
        """Errors: INVALID_CONFIG for a voice that there is not."""
        with _lock:
            self._library.choose(manner)

    def say(
        self, text: str, manner: Manner = Manner(), canceled: Callable[[], bool] = lambda: False
    ) -> Sound:
        """The sound of a text; what there is of it when `canceled` says so. Errors: INVALID_CONFIG."""
        with _lock:
            self._library.choose(manner)
            return self._library.synthesise(text[:MAX_TEXT].replace("\0", " "), canceled)


class _Library:
    """libespeak-ng of this process; not to be used by two threads at once."""

    def __init__(self, library: Any, data: str | None) -> None:
        self._library = library
        rate_hz = library.espeak_Initialize(
            _SYNCHRONOUS, 0, data.encode() if data else None, _DO_NOT_EXIT
        )
        if rate_hz <= 0:
            raise VlaError(
                Code.SPEECH_NO_MODEL,
                f"espeak-ng does not find its data ({data or 'system'}): {INSTALL}",
            )
        self.rate_hz = int(rate_hz)
        self._blocks: list[F32] = []
        self._canceled: Callable[[], bool] = lambda: False
        self._callback = _CALLBACK(self._on_sound)  # the library keeps only its address
        library.espeak_SetSynthCallback(self._callback)

    def choose(self, manner: Manner) -> None:
        if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
            raise VlaError(
                Code.INVALID_CONFIG,
                f"espeak-ng has no voice '{manner.voice[:40]}'; it has en-us, en-gb-x-rp, en-us+f3, de and many more.",
            )
        for parameter, value in (
            (_RATE, manner.words_per_minute),
            (_VOLUME, round(100 * manner.volume)),
            (_PITCH, manner.pitch),
            (_RANGE, manner.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, int(value), 0)

    def synthesise(self, text: str, canceled: Callable[[], bool]) -> Sound:
        self._blocks, self._canceled = [], canceled
        raw = text.encode("utf-8", "replace")
        self._library.espeak_Synth(raw, len(raw) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        blocks, self._blocks = self._blocks, []
        samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
        return Sound(samples, self.rate_hz)

    def _on_sound(self, samples: Any, count: int, events: Any) -> int:
        """Called by the library for each piece; 1 ends it. It must not raise: ctypes would only print that."""
        del events
        if self._canceled():
            return 1
        if samples and count > 0:
            block = np.ctypeslib.as_array(samples, (count,)).astype(np.float32)
            self._blocks.append(block / np.float32(32768.0))
        return 0


def _load() -> _Library:
    global _loaded
    with _lock:
        if _loaded is None:
            path, data = _files()
            try:
                library = ctypes.CDLL(path)
            except OSError as error:
                raise VlaError(
                    Code.SPEECH_NO_MODEL, f"espeak-ng can't be loaded ({error}): {INSTALL}"
                ) from None
            _loaded = _Library(library, data)
        return _loaded


def _files() -> tuple[str, str | None]:
    """The library, and the folder of its data; None: where the library itself looks."""
    spec = importlib.util.find_spec("espeakng_loader")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        library, data = Path(folder) / "libespeak-ng.so", Path(folder) / "espeak-ng-data"
        if library.is_file() and data.is_dir():
            return str(library), _short(data)
    found = ctypes.util.find_library("espeak-ng")
    if found is None:
        raise VlaError(Code.SPEECH_NO_MODEL, f"There is no espeak-ng on this machine: {INSTALL}")
    return found, None


def _short(data: Path) -> str:
    """A path that the library does not cut off."""
    if len(str(data)) <= _LONGEST_PATH:
        return str(data)
    folder = tempfile.mkdtemp(prefix="vla-voice-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder) / data.name
    link.symlink_to(data)
    return str(link)
