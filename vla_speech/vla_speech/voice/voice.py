# SPDX-License-Identifier: Apache-2.0
"""How a sentence becomes sound: the protocol of voices, the real one, one into files, a silent one and a fake.

Decides nothing about what is said or when, see `speaking`. A voice blocks until the sentence is out, or until it is
told to be silent, which takes it at most about BLOCK_S and what the sound card holds.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_speech.config import SpeakerConfig
from vla_speech.recognition.recognizer import F32
from vla_speech.voice.espeak import Espeak, Manner, Sound

Canceled = Callable[[], bool]
BLOCK_S = 0.02
NO_PORTAUDIO = "The sound card needs PortAudio: sudo apt-get install -y libportaudio2"


class Voice(Protocol):
    """name: for status and diagnostics."""

    name: str

    def say(self, text: str, canceled: Canceled) -> bool:
        """Whether all of it was said. Errors: VlaError (SPEECH_NO_DEVICE when the sound card is lost)."""
        ...


class Output(Protocol):
    """Where sound goes."""

    name: str

    def play(self, sound: Sound, text: str, canceled: Canceled) -> bool:
        """Blocks until it is out; whether all of it. Errors: SPEECH_NO_DEVICE."""
        ...


class EspeakVoice:
    """espeak-ng into some output. Errors: SPEECH_NO_MODEL, INVALID_CONFIG for a voice that there is not."""

    def __init__(self, manner: Manner, output: Output) -> None:
        self._espeak, self._manner, self._output = Espeak(), manner, output
        self._espeak.check(manner)
        self.name = f"espeak-ng {manner.voice}, {output.name}"

    def say(self, text: str, canceled: Canceled) -> bool:
        sound = self._espeak.say(text, self._manner, canceled)
        return not canceled() and self._output.play(sound, text, canceled)


class SoundCard:
    """Playback through PortAudio; opened anew for each sentence, so that a lost device may come back.

    Errors: SPEECH_NO_DEVICE when there is none.
    """

    def __init__(self, device: str) -> None:
        self._sounddevice = _sounddevice()
        self._device: str | int | None = int(device) if device.isdigit() else device or None
        try:
            found = self._sounddevice.query_devices(self._device, "output")
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise _no_device(device, error) from None
        self.name = f"sound card '{found['name']}'"

    def play(self, sound: Sound, text: str, canceled: Canceled) -> bool:
        del text
        library = self._sounddevice
        try:
            rate_hz = self._rate_hz(sound.rate_hz)
            samples = resampled(sound, rate_hz)
            block = max(1, round(BLOCK_S * rate_hz))
            with library.OutputStream(
                rate_hz, device=self._device, channels=1, dtype="float32", latency="low"
            ) as stream:
                for start in range(0, len(samples), block):
                    if canceled():
                        stream.abort()
                        return False
                    stream.write(np.ascontiguousarray(samples[start : start + block, None]))
                stream.stop()  # waits for what the card still holds
        except (library.PortAudioError, ValueError) as error:
            raise _no_device(str(self._device or ""), error) from None
        return True

    def _rate_hz(self, wanted_hz: int) -> int:
        try:
            self._sounddevice.check_output_settings(
                self._device, channels=1, dtype="float32", samplerate=wanted_hz
            )
        except self._sounddevice.PortAudioError:
            found = self._sounddevice.query_devices(self._device, "output")
            return int(found["default_samplerate"])
        return wanted_hz


class SoundFiles:
    """Every sentence as a WAV file of its own, numbered, in a folder; as long as it would last, if `paced`."""

    def __init__(self, folder: Path, paced: bool = False) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VlaError(
                Code.INVALID_CONFIG, f"Parameter 'speaker.folder' can't be used: {error}."
            ) from None
        self._folder, self._paced, self._count = folder, paced, 0
        self.name = f"files in {folder}"

    def play(self, sound: Sound, text: str, canceled: Canceled) -> bool:
        self._count += 1
        slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
        try:
            write_wav(self._folder / f"{self._count:04d}-{slug}.wav", sound)
        except OSError as error:
            raise VlaError(
                Code.SPEECH_NO_DEVICE, f"What is said can't be written: {error}."
            ) from None
        end_s = time.monotonic() + (sound.duration_s if self._paced else 0.0)
        while time.monotonic() < end_s:
            if canceled():
                return False
            time.sleep(BLOCK_S)
        return True


class NoVoice:
    """Says nothing, at once."""

    def __init__(self, why: str = "switched off") -> None:
        self.name = f"none ({why})"

    def say(self, text: str, canceled: Canceled) -> bool:
        del text, canceled
        return True


@dataclass
class FakeVoice:
    """Remembers what it was given; with `held`, each sentence lasts until `release` or until it is cut off."""

    name: str = "fake"
    held: bool = False
    error: VlaError | None = None
    said: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    _go: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self._go.set()

    def say(self, text: str, canceled: Canceled) -> bool:
        if self.error is not None:
            raise self.error
        while self.held and not self._go.wait(0.002):
            if canceled():
                self.cut.append(text)
                return False
        self._go.clear()
        self.said.append(text)
        return True


def make_voice(config: SpeakerConfig) -> tuple[Voice, Result]:
    """The voice that the parameters ask for, and what is wrong with it.

    `auto` is silent without a sound card, and that is well; where `espeak` was asked for it is not. Errors:
    SPEECH_NO_MODEL, INVALID_CONFIG.
    """
    manner = Manner(config.voice, config.words_per_minute, config.pitch, volume=config.volume)
    if config.backend == "none":
        return NoVoice(), OK
    if config.backend == "file":
        if not config.folder:
            raise VlaError(
                Code.INVALID_CONFIG,
                "Parameter 'speaker.folder' has to be set for the backend 'file'.",
            )
        return EspeakVoice(manner, SoundFiles(Path(config.folder).expanduser(), paced=True)), OK
    try:
        return EspeakVoice(manner, SoundCard(config.device)), OK
    except VlaError as error:
        if error.code is Code.INVALID_CONFIG:
            raise
        if config.backend == "auto":
            return NoVoice(error.message), OK
        return NoVoice(error.message), error.result


def resampled(sound: Sound, rate_hz: int) -> F32:
    """By straight lines between samples: good enough for a voice whose highest tones are far below either rate."""
    if rate_hz == sound.rate_hz or not len(sound.samples):
        return sound.samples
    count = max(1, round(len(sound.samples) * rate_hz / sound.rate_hz))
    at = np.arange(count) * (sound.rate_hz / rate_hz)
    out: F32 = np.interp(at, np.arange(len(sound.samples)), sound.samples).astype(np.float32)
    return out


def write_wav(path: Path, sound: Sound) -> None:
    """16 bit, mono. Errors: OSError."""
    import wave

    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sound.rate_hz)
        out.writeframes((np.clip(sound.samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise VlaError(
            Code.SPEECH_NO_DEVICE,
            f"The sound card needs sounddevice ({error}): pip install sounddevice",
        ) from None
    except OSError:
        raise VlaError(Code.SPEECH_NO_DEVICE, NO_PORTAUDIO) from None
    return sounddevice


def _no_device(device: str, error: Exception) -> VlaError:
    which = f"'{device}'" if device else "of the system"
    return VlaError(
        Code.SPEECH_NO_DEVICE, f"The sound card {which} can't be used: {str(error).splitlines()[0]}"
    )
