# SPDX-License-Identifier: Apache-2.0
"""espeak-ng for real, files, and the sound card with a library that only pretends to be PortAudio."""

from __future__ import annotations

import sys
import threading
import types
import wave
from typing import Any

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.config import SpeakerConfig
from vla_speech.voice import espeak, voice
from vla_speech.voice.espeak import Espeak, Manner, Sound
from vla_speech.voice.voice import EspeakVoice, NoVoice, SoundCard, SoundFiles, make_voice

TEXT = "I will go to the table and look for the red cup."


def never() -> bool:
    return False


def test_espeak_says_a_sentence_in_memory():
    sound = Espeak().say(TEXT)
    assert sound.samples.dtype == np.float32 and sound.samples.ndim == 1
    assert 1.5 < sound.duration_s < 6.0
    assert 0.1 < float(np.abs(sound.samples).max()) <= 1.0


def test_a_manner_changes_the_sound():
    one = Espeak()
    plain = one.say(TEXT, Manner("en-us"))
    slow = one.say(TEXT, Manner("en-us", words_per_minute=100))
    other = one.say(TEXT, Manner("en-us+f3"))
    soft = one.say(TEXT, Manner("en-us", volume=0.3))
    assert slow.duration_s > 1.2 * plain.duration_s
    assert float(np.abs(soft.samples).max()) < 0.6 * float(np.abs(plain.samples).max())
    assert not np.array_equal(other.samples, plain.samples)
    # Not to the sample: the library carries some state from sentence to sentence.
    again = one.say(TEXT, Manner("en-us"))
    assert again.duration_s == pytest.approx(plain.duration_s, rel=0.02)


@pytest.mark.parametrize(
    "text", ["", "   ", "\0", "<speak>[[x]]</speak>", "äöü ñ 你好", "x" * 5000]
)
def test_no_text_breaks_it(text):
    sound = Espeak().say(text)
    assert np.isfinite(sound.samples).all()


def test_an_unknown_voice_is_refused_by_name():
    with pytest.raises(VlaError) as caught:
        EspeakVoice(Manner("nonsense"), SoundFilesNowhere())
    assert caught.value.code is Code.INVALID_CONFIG and "'nonsense'" in caught.value.message


class SoundFilesNowhere:
    name = "nowhere"

    def play(self, sound: Sound, text: str, canceled: voice.Canceled) -> bool:
        raise AssertionError("nothing is to be played")


def test_synthesis_ends_when_it_is_canceled():
    calls = []

    def canceled() -> bool:
        calls.append(1)
        return len(calls) > 3

    cut = Espeak().say(TEXT * 5, canceled=canceled)
    assert cut.duration_s < 0.5 * Espeak().say(TEXT * 5).duration_s
    assert EspeakVoice(Manner(), SoundFilesNowhere()).say(TEXT, lambda: True) is False


def test_several_threads_do_not_mix_their_sentences():
    wanted = [Espeak().say(text).samples for text in ("one", "two hundred and five")]
    found: list[Any] = [None] * 8

    def work(number: int) -> None:
        found[number] = Espeak().say(("one", "two hundred and five")[number % 2]).samples

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lengths = [len(samples) for samples in found]
    assert lengths == pytest.approx([len(wanted[n % 2]) for n in range(8)], rel=0.05)


def test_a_machine_without_the_library_gets_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(espeak, "_loaded", None)
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(espeak.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(VlaError) as caught:
        Espeak()
    assert caught.value.code is Code.SPEECH_NO_MODEL and "pip install" in caught.value.message


def test_a_long_path_is_shortened(tmp_path):
    data = tmp_path / ("x" * 200) / "espeak-ng-data"
    data.mkdir(parents=True)
    short = espeak._short(data)
    assert len(short) < 120
    (data / "phontab").write_text("here")
    assert (espeak.Path(short) / "phontab").read_text() == "here"


def test_sentences_become_files(tmp_path):
    one = EspeakVoice(Manner(), SoundFiles(tmp_path / "said"))
    assert one.say("I see the red cup!", never) and one.say("Done.", never)
    names = sorted(path.name for path in (tmp_path / "said").iterdir())
    assert names == ["0001-i-see-the-red-cup.wav", "0002-done.wav"]
    with wave.open(str(tmp_path / "said" / names[0])) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert 0.5 < file.getnframes() / 22050 < 4.0


def test_a_folder_that_can_not_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VlaError) as caught:
        SoundFiles(tmp_path / "file" / "below")
    assert "speaker.folder" in caught.value.message


class FakeStream:
    def __init__(self, card: FakePortAudio, rate_hz: int, **options: Any) -> None:
        self.card, self.rate_hz, self.ended = card, rate_hz, ""
        card.streams.append(self)

    def __enter__(self) -> FakeStream:
        return self

    def __exit__(self, *error: object) -> None:
        self.ended = self.ended or "closed"

    def write(self, block: Any) -> None:
        if self.card.lost:
            raise self.card.PortAudioError("Unanticipated host error")
        assert block.ndim == 2 and block.flags["C_CONTIGUOUS"]
        self.card.played.append(block[:, 0].copy())

    def stop(self) -> None:
        self.ended = "stopped"

    def abort(self) -> None:
        self.ended = "aborted"


class FakePortAudio(types.ModuleType):
    """As much of sounddevice as the sound card uses."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.there, self.lost, self.only_hz = True, False, 0
        self.played: list[Any] = []
        self.streams: list[FakeStream] = []

    def query_devices(self, device: Any, kind: str) -> dict[str, Any]:
        if not self.there:
            raise self.PortAudioError("Error querying device -1")
        return {"name": "pretended", "default_samplerate": 48000.0}

    def check_output_settings(
        self, device: Any, channels: int, dtype: str, samplerate: int
    ) -> None:
        if self.only_hz and samplerate != self.only_hz:
            raise self.PortAudioError("Invalid sample rate")

    def OutputStream(self, rate_hz: int, **options: Any) -> FakeStream:
        return FakeStream(self, rate_hz, **options)


@pytest.fixture
def card(monkeypatch):
    fake = FakePortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_the_sound_card_gets_every_sample(card):
    sound = Espeak().say(TEXT)
    assert SoundCard("").play(sound, TEXT, never)
    assert np.array_equal(np.concatenate(card.played), sound.samples)
    assert card.streams[0].ended == "stopped"  # which waits for what is still in the card


def test_silence_drops_what_the_card_holds(card):
    sound = Espeak().say(TEXT)
    assert not SoundCard("").play(sound, TEXT, lambda: len(card.played) >= 3)
    assert len(card.played) == 3 and card.streams[0].ended == "aborted"


def test_a_card_with_a_rate_of_its_own_gets_that_rate(card):
    card.only_hz = 48000
    sound = Espeak().say(TEXT)
    assert SoundCard("").play(sound, TEXT, never)
    assert card.streams[0].rate_hz == 48000
    assert sum(map(len, card.played)) / 48000 == pytest.approx(sound.duration_s, abs=1e-3)


def test_a_lost_card_is_an_outcome_and_it_may_come_back(card):
    one, sound = SoundCard(""), Espeak().say("Done.")
    card.lost = True
    with pytest.raises(VlaError) as caught:
        one.play(sound, "", never)
    assert caught.value.code is Code.SPEECH_NO_DEVICE
    card.lost = False
    assert one.play(sound, "", never)


@pytest.mark.parametrize("backend", ["auto", "espeak"])
@pytest.mark.parametrize("missing", ["card", "portaudio"])
def test_without_a_sound_card_nothing_is_said_and_one_sentence_tells(
    monkeypatch, card, backend, missing
):
    if missing == "card":
        card.there = False
    else:
        monkeypatch.setattr(voice, "_sounddevice", _no_portaudio)
    found, trouble = make_voice(SpeakerConfig(backend=backend))
    assert isinstance(found, NoVoice) and found.say(TEXT, never)
    # Only who asked for the card is told that something is wrong.
    assert trouble.code is (Code.OK if backend == "auto" else Code.SPEECH_NO_DEVICE)
    assert ("libportaudio2" in found.name) is (missing == "portaudio")


def _no_portaudio() -> Any:
    raise VlaError(Code.SPEECH_NO_DEVICE, voice.NO_PORTAUDIO)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"backend": "none"}, "none (switched off)"),
        ({"backend": "auto"}, "espeak-ng en-us, sound card 'pretended'"),
        ({"backend": "espeak", "voice": "en-us+f3"}, "espeak-ng en-us+f3, sound card 'pretended'"),
    ],
)
def test_the_voice_that_the_parameters_ask_for(card, settings, name):
    found, trouble = make_voice(SpeakerConfig(**settings))
    assert (found.name, trouble.ok) == (name, True)


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"backend": "file"}, "speaker.folder"), ({"voice": "nonsense"}, "nonsense")],
)
def test_parameters_that_can_not_work_are_refused(card, settings, word):
    with pytest.raises(VlaError) as caught:
        make_voice(SpeakerConfig(**settings))
    assert caught.value.code is Code.INVALID_CONFIG and word in caught.value.message
