# SPDX-License-Identifier: Apache-2.0
"""A microphone, through PortAudio (the Python package sounddevice and Debian's libportaudio2).

Decides which device is meant and what to do when it can't deliver 16 kHz. Trying again after a loss is left to
`capture`.
"""

from __future__ import annotations

import queue
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.audio.samples import Resampler
from vla_speech.audio.source import NO_SOUND
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ

QUEUE_BLOCKS = 256
INSTALL = "sudo apt-get install -y libportaudio2"


def load_backend() -> Any:
    """The module sounddevice. Errors: SPEECH_NO_DEVICE with the line that installs what is missing."""
    try:
        import sounddevice
    except ImportError as error:
        raise _lost(
            f"Microphones and sound cards need sounddevice ({error}): pip install sounddevice"
        ) from None
    except OSError:
        raise _lost(f"Microphones and sound cards need PortAudio: {INSTALL}") from None
    return sounddevice


def find_device(devices: list[dict[str, Any]], wanted: str, default: int) -> int:
    """The number of the device that `wanted` means: empty, a number, or a part of a name, case ignored.

    devices: as sounddevice lists them. default: the number of the system's own choice, -1: none.
    Errors: SPEECH_NO_DEVICE with the names of those that there are.
    """
    inputs = {i: str(d["name"]) for i, d in enumerate(devices) if d["max_input_channels"] > 0}
    names = ", ".join(f"{number}: '{name}'" for number, name in inputs.items())
    if not inputs:
        raise _lost("There is no microphone.")
    text = wanted.strip()
    if not text:
        return default if default in inputs else min(inputs)
    if text.isdigit():
        if int(text) in inputs:
            return int(text)
        raise _lost(f"There is no microphone number {text}; there are {names}.")
    exact = [i for i, name in inputs.items() if name.lower() == text.lower()]
    partly = [i for i, name in inputs.items() if text.lower() in name.lower()]
    found = exact or partly
    if not found:
        raise _lost(f"There is no microphone '{text}'; there are {names}.")
    return found[0]


class Microphone:
    """Opened when it is made. Errors: SPEECH_NO_DEVICE. backend: sounddevice, or what plays it in a test."""

    def __init__(self, device: str, block_s: float, backend: Any = None) -> None:
        self._backend = backend if backend is not None else load_backend()
        self._blocks: queue.Queue[bytes] = queue.Queue(QUEUE_BLOCKS)
        self._over = False
        self.lost_blocks = 0
        """Blocks that came while nobody read."""
        try:
            self._renew()
            devices = [dict(entry) for entry in self._backend.query_devices()]
            number = find_device(devices, device, self._default())
        except VlaError:
            raise
        except Exception as error:
            raise _lost(f"The microphones can't be listed: {_short(error)}") from None
        entry = devices[number]
        self.name = str(entry["name"])
        self._stream, rate = self._open(number, entry, block_s)
        self._resampler = Resampler(rate)

    def read(self, timeout_s: float) -> F32:
        try:
            data = self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            if self._over or not self._stream.active:
                raise _lost(f"The microphone '{self.name}' is gone.") from None
            return NO_SOUND
        samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
        return self._resampler.feed(samples)

    def close(self) -> None:
        self._over = True
        try:
            self._stream.abort()
            self._stream.close()
        except Exception:  # a device that is gone can't be closed in order
            pass

    # --- PortAudio ----------------------------------------------------------------------------------

    def _renew(self) -> None:
        """PortAudio lists the devices once: what was plugged in since is seen only after it is started again."""
        for name in ("_terminate", "_initialize"):
            step = getattr(self._backend, name, None)
            if step is not None:
                step()

    def _default(self) -> int:
        try:
            return int(self._backend.default.device[0])
        except Exception:
            return -1

    def _open(self, number: int, entry: dict[str, Any], block_s: float) -> tuple[Any, int]:
        """At 16 kHz; a device that can't is opened at its own rate."""
        own = round(float(entry.get("default_samplerate") or 48000))
        failure: Exception | None = None
        for rate in dict.fromkeys((SAMPLE_RATE_HZ, own, 48000)):
            try:
                stream = self._backend.RawInputStream(
                    samplerate=rate,
                    blocksize=max(1, round(block_s * rate)),
                    device=number,
                    channels=1,
                    dtype="int16",
                    callback=self._take,
                    finished_callback=self._finish,
                )
                stream.start()
                return stream, rate
            except Exception as error:
                failure = error
        raise _lost(f"The microphone '{self.name}' can't be opened: {_short(failure)}")

    def _take(self, data: Any, frames: int, when: Any, status: Any) -> None:
        """On PortAudio's own thread: must not wait."""
        del frames, when, status
        try:
            self._blocks.put_nowait(bytes(data))
        except queue.Full:
            self.lost_blocks += 1

    def _finish(self) -> None:
        self._over = True


def _lost(sentence: str) -> VlaError:
    return VlaError(Code.SPEECH_NO_DEVICE, sentence)


def _short(error: Exception | None) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
