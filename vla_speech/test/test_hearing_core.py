# SPDX-License-Identifier: Apache-2.0
"""The core of hearing without ROS: sound, sources, utterances, stop words, addressing, judging, recognition threads."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.language.halt_phrases import Wish
from vla_speech.audio.capture import Capture, CaptureRules
from vla_speech.audio.microphone import Microphone, find_device
from vla_speech.audio.samples import AudioFormat, Resampler, decode, encode, level_of, make_format
from vla_speech.audio.source import FakeSource
from vla_speech.audio.wav_source import FileSource
from vla_speech.listening.acceptance import judge
from vla_speech.listening.recognition_worker import WAITING, RecognitionWorker
from vla_speech.listening.segmenter import Ending, Rules, Segmenter, Utterance
from vla_speech.listening.utterance_detector import (
    Gate,
    PartialDue,
    StopHeard,
    UtteranceDetector,
    UtteranceEnded,
)
from vla_speech.listening.vad import FRAME, FRAME_S, LevelVad
from vla_speech.listening.wake_word import Addressing
from vla_speech.recognition.recognizer import FakeRecognizer, Recognition
from vla_speech.stopping.spoken_stops import heard_wish
from vla_speech.stopping.stop_spotter import (
    CarefulMatcher,
    FakeMatcher,
    Match,
    StopRules,
    StopSpotter,
    TwoMatchers,
    phrases_of,
)

LOUD = (0.3 * np.sin(np.arange(FRAME))).astype(np.float32)
QUIET = np.zeros(FRAME, np.float32)
ALWAYS = Addressing("", 8.0, False)


def tone(rate_hz: int, frequency_hz: float = 440.0, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(rate_hz * seconds)) / rate_hz)


# --- sound ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "kind", "scale"),
    [("S16LE", "<i2", 32767), ("S16BE", ">i2", 32767), ("S32LE", "<i4", 2**31 - 200), ("F32LE", "<f4", 1.0)],
)  # fmt: skip
def test_samples_of_every_format_come_out_the_same(encoding, kind, scale):
    wave = tone(16000) * 0.5
    both = np.stack([wave, wave], axis=1)
    data = (both * scale).astype(kind).tobytes()
    assert decode(data, make_format(2, 16000, encoding)) == pytest.approx(wave, abs=1e-4)


def test_24_bits_keep_their_sign():
    data = b"".join(int(v).to_bytes(3, "little", signed=True) for v in (-(2**22), 2**22))
    assert decode(data, make_format(1, 16000, "S24LE")) == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize(
    ("arguments", "piece"),
    [
        ((0, 16000, "S16LE"), "channels"),
        ((40, 16000, "S16LE"), "channels"),
        ((1, 100, "S16LE"), "samples per second"),
        ((1, 10**6, "S16LE"), "samples per second"),
        ((1, 16000, "S12XX"), "S12XX"),
        ((1, 16000, "S16LE", "MP3"), "MP3"),
    ],
)
def test_formats_that_cant_be_used_are_refused_by_name(arguments, piece):
    with pytest.raises(VlaError) as caught:
        make_format(*arguments)
    assert caught.value.code is Code.SPEECH_BAD_AUDIO and piece in caught.value.message


@pytest.mark.parametrize(
    "data", [b"abc", np.array([np.nan], "<f4").tobytes(), bytes(2 * 16000 * 11)]
)
def test_garbage_is_refused(data):
    form = AudioFormat(1, 16000, "F32LE") if len(data) == 4 else AudioFormat()
    with pytest.raises(VlaError):
        decode(data, form)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000])
def test_other_rates_become_16_khz_in_blocks_as_in_one_piece(rate_hz):
    wave = tone(rate_hz).astype(np.float32)
    whole = Resampler(rate_hz).feed(wave)
    parts = Resampler(rate_hz)
    blocks = np.concatenate([parts.feed(block) for block in np.array_split(wave, 37)])
    assert len(whole) == 16000 and blocks == pytest.approx(whole, abs=1e-6)
    wanted = np.sin(2 * np.pi * 440.0 * (np.arange(16000) / 16000 - parts.delay_s))
    assert np.abs(whole - wanted)[500:-500].max() < 0.01


def test_what_16_khz_cant_carry_is_filtered_out():
    out = Resampler(48000).feed(tone(48000, 12000.0).astype(np.float32))
    assert level_of(out[1000:]).rms_db < -45.0


def test_levels():
    assert level_of(np.zeros(0, np.float32)).peak_db == -120.0
    assert level_of(np.ones(100, np.float32)).clipped == 1.0
    assert level_of(np.full(100, 0.1, np.float32)).rms_db == pytest.approx(-20.0, abs=0.01)


# --- sources --------------------------------------------------------------------------------------


def write(path, samples, rate_hz, channels=1):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(path, np.stack([samples] * channels, axis=1), rate_hz)
    return path


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels"), [("a.wav", 8000, 1), ("a.wav", 48000, 2), ("a.flac", 44100, 2)]
)
def test_a_file_is_played_in_real_time_at_16_khz(tmp_path, name, rate_hz, channels):
    path = write(tmp_path / name, 0.5 * tone(rate_hz), rate_hz, channels)
    clock = Clock()
    source = FileSource(path, 0.032, clock=clock, wait=clock.wait)
    out = []
    while not source.ended:
        out.append(source.read(1.0))
    assert clock.now_s == pytest.approx(1.0, abs=0.1)
    sound = np.concatenate(out)
    assert level_of(sound[1000:15000]).rms_db == pytest.approx(-9.03, abs=0.3)
    assert not source.read(1.0).any()  # silence after its end


def test_a_file_can_be_faster_repeat_itself_or_end(tmp_path):
    path = write(tmp_path / "a.wav", 0.5 * tone(16000, seconds=0.1), 16000)
    clock = Clock()
    fast = FileSource(path, 0.032, speed=10.0, clock=clock, wait=clock.wait)
    for _ in range(100):
        fast.read(1.0)
    assert clock.now_s == pytest.approx(0.32, abs=0.05)
    again = FileSource(path, 0.032, after="again", clock=clock, wait=clock.wait)
    assert all(again.read(1.0).any() for _ in range(20))
    once = FileSource(path, 0.032, after="nothing", clock=clock, wait=clock.wait)
    while not once.ended:
        once.read(1.0)
    assert len(once.read(0.1)) == 0


@pytest.mark.parametrize("content", [b"", b"RIFF garbage", bytes(5000)])
def test_a_file_of_garbage_is_refused_with_its_name(tmp_path, content):
    pytest.importorskip("soundfile")
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(VlaError) as caught:
        FileSource(path, 0.032)
    assert caught.value.code is Code.SPEECH_BAD_AUDIO and "bad.wav" in caught.value.message


DEVICES = [
    {"name": "HDMI", "max_input_channels": 0, "max_output_channels": 2},
    {"name": "USB Mic", "max_input_channels": 1, "default_samplerate": 44100.0},
    {"name": "USB Mic Pro", "max_input_channels": 2},
]


@pytest.mark.parametrize(
    ("wanted", "default", "number"),
    [("", 2, 2), ("", -1, 1), ("2", -1, 2), ("usb mic", -1, 1), ("pro", -1, 2)],
)
def test_microphones_are_found_by_name_or_number(wanted, default, number):
    assert find_device(DEVICES, wanted, default) == number


@pytest.mark.parametrize(("wanted", "piece"), [("0", "1: 'USB Mic'"), ("webcam", "'webcam'")])
def test_a_microphone_that_is_not_there_is_named_with_those_that_are(wanted, piece):
    with pytest.raises(VlaError) as caught:
        find_device(DEVICES, wanted, -1)
    assert caught.value.code is Code.SPEECH_NO_DEVICE and piece in caught.value.message


class FakePortAudio:
    """A device that knows 44.1 kHz only; the test plays the callback."""

    def __init__(self) -> None:
        self.streams = []
        self.default = type("Default", (), {"device": [1, 0]})

    def query_devices(self):
        return DEVICES

    def RawInputStream(self, **options):
        if options["samplerate"] == 16000:
            raise RuntimeError("Invalid sample rate")
        stream = type(
            "Stream",
            (),
            {"start": lambda s: None, "abort": lambda s: None, "close": lambda s: None},
        )()
        stream.active, stream.options = True, options
        self.streams.append(stream)
        return stream


def test_a_microphone_that_cant_16_khz_is_converted_and_its_loss_is_told():
    backend = FakePortAudio()
    microphone = Microphone("", 0.032, backend)
    options = backend.streams[0].options
    assert (microphone.name, options["samplerate"]) == ("USB Mic", 44100)
    options["callback"](encode(tone(44100).astype(np.float32)), 44100, None, None)
    assert len(microphone.read(0.1)) == 16000
    assert len(microphone.read(0.01)) == 0
    backend.streams[0].active = False
    with pytest.raises(VlaError) as caught:
        microphone.read(0.01)
    assert caught.value.code is Code.SPEECH_NO_DEVICE and "gone" in caught.value.message


def test_a_lost_source_is_tried_again_with_growing_pauses():
    gone = VlaError(Code.SPEECH_NO_DEVICE, "gone")
    tries = itertools.count()
    pauses, health = [], []
    clock = Clock()

    def opener():
        if next(tries) == 4:
            capture.stop()
            return FakeSource([])
        raise gone

    def wait(seconds):
        pauses.append(seconds)
        clock.wait(seconds)

    capture = Capture(
        opener, CaptureRules(1.0, 3.0), lambda b: None, health.append, clock=clock, wait=wait
    )
    capture.run()
    assert pauses == [1.0, 2.0, 3.0, 3.0] and capture.losses == 4
    assert [result.code for result in health] == [Code.SPEECH_NO_DEVICE] * 4 + [Code.OK]


def test_a_source_that_stalls_is_opened_again():
    clock, sources, health = Clock(), [], []

    class Silent(FakeSource):
        def read(self, timeout_s):
            clock.wait(timeout_s)
            return super().read(timeout_s)

    def opener():
        if len(sources) == 2:
            capture.stop()
        sources.append(Silent([LOUD]))
        return sources[-1]

    capture = Capture(
        opener,
        CaptureRules(stall_s=2.0),
        lambda b: None,
        health.append,
        clock=clock,
        wait=clock.wait,
    )
    capture.run()
    assert [s.closed for s in sources] == [1, 1, 1]
    assert "nothing for 2 s" in health[1].message


# --- utterances -----------------------------------------------------------------------------------


def listener(matcher=None, **rules):
    phrases = phrases_of(("stop", "halt"))
    spotter = StopSpotter(matcher, phrases, StopRules()) if matcher else None
    return UtteranceDetector(LevelVad(), Segmenter(Rules(**rules)), spotter)


def feed(target, pattern, covered=False, start_s=0.0):
    """pattern: "." is a quiet frame, "#" a loud one."""
    events = []
    for number, sign in enumerate(pattern):
        frame = LOUD if sign == "#" else QUIET
        events += target.feed(frame, start_s + number * FRAME_S, covered)
    return events


def utterances(events):
    return [event.utterance for event in events if isinstance(event, UtteranceEnded)]


def stops(events):
    return [event.word for event in events if isinstance(event, StopHeard)]


def test_an_utterance_has_its_pre_roll_its_times_and_little_silence():
    (found,) = utterances(feed(listener(), "." * 20 + "#" * 30 + "." * 30))
    assert found.start_s == pytest.approx(20 * FRAME_S)
    assert found.end_s == pytest.approx(50 * FRAME_S)
    assert found.voiced_s == pytest.approx(30 * FRAME_S)
    assert len(found.samples) / FRAME == 9 + 30 + 8 and found.ending is Ending.SILENCE
    assert not found.samples[: 9 * FRAME].any() and found.samples[9 * FRAME : 10 * FRAME].any()


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("#" * 4 + "." * 30, 0),  # a click
        ("#" * 10 + "." * 15 + "#" * 10 + "." * 30, 1),  # a pause within an utterance
        ("#" * 10 + "." * 30 + "#" * 10 + "." * 30, 2),
    ],
)
def test_pauses_part_utterances(pattern, count):
    assert len(utterances(feed(listener(), pattern))) == count


def test_what_is_too_long_is_cut_and_its_rest_is_no_utterance():
    found = utterances(
        feed(listener(max_utterance_s=2.0), "#" * 200 + "." * 30 + "#" * 20 + "." * 30)
    )
    assert [u.ending for u in found] == [Ending.TOO_LONG, Ending.SILENCE]


def test_sound_that_stays_away_ends_the_utterance():
    target = listener()
    feed(target, "#" * 20)
    assert [u.ending for u in utterances(target.flush())] == [Ending.STALLED]
    assert target.flush() == []


def test_nothing_begins_while_the_robot_speaks_and_what_was_begun_is_covered():
    assert utterances(feed(listener(), "#" * 30 + "." * 30, covered=True)) == []
    target = listener()
    feed(target, "#" * 20)
    assert [u.ending for u in utterances(feed(target, "#", covered=True))] == [Ending.COVERED]


def test_blocks_of_any_size_give_the_same():
    sound = np.concatenate([QUIET] * 10 + [LOUD] * 30 + [QUIET] * 30)
    target, events, at = listener(), [], 0
    for size in itertools.cycle([1, 700, 33, 2048]):
        if at >= len(sound):
            break
        events += target.feed(sound[at : at + size], at / 16000)
        at += size
    (found,) = utterances(events)
    (whole,) = utterances(listener().feed(sound, 0.0))
    assert found.start_s == pytest.approx(whole.start_s) and np.array_equal(
        found.samples, whole.samples
    )


class QuickVad(LevelVad):
    def probability(self, frame):
        return float(frame[1] != 0.0)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.parametrize("loud", [False, True], ids=["silence", "noise"])
def test_an_hour_of_it_keeps_the_memory_flat(loud):
    matcher = FakeMatcher(Match())
    spotter = StopSpotter(matcher, phrases_of(("stop",)), StopRules())
    target = UtteranceDetector(QuickVad(), Segmenter(Rules()), spotter)
    second = np.tile(LOUD if loud else QUIET, 32)[:16000]
    for number in range(3600):
        target.feed(second, float(number))
        if number == 60:
            first_mb = resident_mb()
    assert resident_mb() - first_mb < 8.0  # an hour of sound is 230 MB


def test_the_gate_has_a_tail():
    gate = Gate(0.4)
    assert not gate.closed(0.0)
    gate.speaking(True, 1.0)
    assert gate.closed(100.0)
    gate.speaking(False, 101.0)
    assert gate.closed(101.3) and not gate.closed(101.5)


# --- stop words -----------------------------------------------------------------------------------

HEARD = "." * 10 + "#" * 12 + "." * 4
"""A short word alone, with the pause behind it that is asked for."""


def test_a_stop_word_alone_is_heard_after_a_short_pause_and_is_no_utterance():
    target = listener(FakeMatcher(Match("stop", 0.9)))
    assert stops(feed(target, HEARD)) == ["stop"]
    assert utterances(feed(target, "." * 40)) == []


@pytest.mark.parametrize(
    ("match", "pattern"),
    [
        (Match("stop", 0.9), "." * 10 + "#" * 12 + "." * 3),  # the pause is not over
        (Match("stop", 0.4), HEARD),
        (Match("go", 0.9), HEARD),
        (Match("stop at the table", 0.9), HEARD),
        (Match("don't stop", 0.9), HEARD),
        (Match(), HEARD),
        (Match("stop", 0.9), "." * 10 + "#" * 12 + ".." + "#" * 100 + "." * 5),  # more follows
        (Match("stop", 0.9), "." * 10 + "#" * 2 + "." * 5),  # a click
    ],
)
def test_what_is_no_stop(match, pattern):
    assert stops(feed(listener(FakeMatcher(match)), pattern)) == []


def test_a_stop_word_right_behind_other_words_is_not_meant_and_after_a_pause_it_is():
    matcher = FakeMatcher(Match())
    target = listener(matcher)
    feed(target, "." * 10 + "#" * 30 + "." * 5)
    matcher.answer = Match("stop", 0.9)
    assert stops(feed(target, "#" * 12 + "." * 5)) == []
    assert stops(feed(target, "." * 3 + "#" * 12 + "." * 5)) == ["stop"]


@pytest.mark.parametrize(
    "said", ["stop right now", "emergency stop", "please stop", "stop driving"]
)
def test_whoever_plainly_wants_a_stop_gets_one_whatever_the_configured_words_are(said):
    assert stops(feed(listener(FakeMatcher(Match(said, 0.9))), HEARD)) == [said]


def test_the_quick_matcher_is_asked_first_and_only_about_short_pieces():
    quick, good = FakeMatcher(Match("stop", 0.9)), FakeMatcher(Match("halt", 0.6))
    both = TwoMatchers(quick, good, 0.5)
    short, long = np.zeros(16000, np.float32), np.zeros(40000, np.float32)
    assert both.match(short).phrase == "stop" and good.asked == []
    assert both.match(long).phrase == "halt" and len(quick.asked) == 1
    quick.answer = Match("stop", 0.4)
    assert both.match(short).phrase == "halt"
    quick.answer = Match("", 0.9)
    assert both.match(short).phrase == "halt"


@pytest.mark.parametrize(
    ("quick", "good", "counts"),
    [
        # plainly "stop"
        (Match("stop", 0.95), Match("", 0.0), True),
        (Match("please stop moving", 0.95), Match("", 0.0), True),
        (Match("stop it", 0.95), Match("", 0.0), False),  # "start", "stock"
        (Match("stop it", 0.95), Match("stop it", 0.8), True),
        # "three" is heard as "freeze", "down" as "don't move", "off" as "halt"
        (Match("freeze", 0.95), Match("", 0.0), False),
        (Match("don't move", 0.95), Match("don't move", 0.01), False),
        (Match("halt", 0.95), Match("halt", 0.01), False),
        (Match("stop", 0.6), Match("stop", 0.01), False),
        # the good one is sure enough, or nearly so and both heard the same
        (Match("", 0.0), Match("halt", 0.8), True),
        (Match("halt", 0.6), Match("halt", 0.2), True),
        (Match("freeze", 0.6), Match("halt", 0.2), False),
        (Match("halt", 0.3), Match("halt", 0.2), False),
        # only the quick one heard it, and the good one nothing that it is sure of
        (Match("halt", 0.99), Match("", 0.0, others=0.1), True),
        (Match("freeze", 0.99), Match("", 0.0, others=0.6), False),
        (Match("freeze", 0.9), Match("", 0.0, others=0.1), False),
    ],
)
def test_what_is_not_plainly_stop_is_confirmed(quick, good, counts):
    match = TwoMatchers(FakeMatcher(quick), FakeMatcher(good), 0.5).match(
        np.zeros(8000, np.float32)
    )
    assert (match.confidence >= 0.5) is counts


def test_what_the_quick_matcher_hears_in_a_longer_piece_counts_only_as_support():
    longer = np.zeros(28000, np.float32)
    for good, counts in ((Match("", 0.0), False), (Match("stop stop", 0.2), True)):
        both = TwoMatchers(FakeMatcher(Match("stop stop stop", 0.95)), FakeMatcher(good), 0.5)
        assert (both.match(longer).confidence >= 0.5) is counts


def test_alone_the_quick_matcher_has_to_be_surer_of_what_sounds_like_other_words():
    def confidence(phrase, sure):
        return CarefulMatcher(FakeMatcher(Match(phrase, sure))).match(QUIET).confidence

    assert confidence("stop", 0.6) == 0.6 and confidence("stop now", 0.6) == 0.6
    assert confidence("freeze", 0.85) == 0.0 and confidence("freeze", 0.95) == 0.95


def test_a_partial_transcript_waits_while_nobody_speaks():
    target = UtteranceDetector(LevelVad(), Segmenter(Rules()), None, 0.1)
    spoken = feed(target, "." * 10 + "#" * 20)
    assert sum(isinstance(event, PartialDue) for event in spoken) >= 3
    assert not [event for event in feed(target, "." * 15) if isinstance(event, PartialDue)]


def test_said_again_and_again_it_needs_no_pause():
    target = listener(FakeMatcher(Match("stop stop stop", 0.9)))
    assert stops(feed(target, "." * 10 + "#" * 40)) == ["stop stop stop"]
    assert stops(feed(target, "#" * 30 + "." * 10)) == []  # once


def test_stop_words_are_heard_while_the_robot_speaks():
    assert stops(feed(listener(FakeMatcher(Match("stop", 0.9))), HEARD, covered=True)) == ["stop"]


@pytest.mark.parametrize(
    ("heard", "wish"),
    [
        ("Stop.", Wish.REST),
        ("Stop. Stop. Stop. Stop.", Wish.REST),
        ("Emergency stop! Emergency stop!", Wish.REST),
        ("hold it", Wish.REST),
        ("Cancel that.", Wish.END),
        # an exclamation, and what a stuck recogniser makes of one
        ("Wow!", Wish.NONE),
        ("wow wow wow wow", Wish.NONE),
        ("Ho.", Wish.NONE),
        ("3 3 3 3", Wish.NONE),
        ("", Wish.NONE),
    ],
)
def test_what_was_heard_means_stop_or_not(heard, wish):
    assert heard_wish(heard) is wish


def over_voice(answer):
    """A listener whose matcher hears this among the robot's own words, and nothing alone."""
    spotter = StopSpotter(
        FakeMatcher(Match()), phrases_of(("stop",)), StopRules(), FakeMatcher(answer)
    )
    return UtteranceDetector(LevelVad(), Segmenter(Rules()), spotter)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Match("to the red cup stop", 0.9), ["to the red cup stop"]),
        (Match("please stop", 0.9), ["please stop"]),
        (Match("please stop", 0.4), []),
        (Match("going to the bus stop", 0.9), []),
        (Match("i stopped", 0.9), []),
        (Match("", 0.9), []),
    ],
)
def test_a_stop_is_heard_among_the_words_of_the_robot_without_a_pause(answer, word):
    assert stops(feed(over_voice(answer), "." * 10 + "#" * 90, covered=True))[:1] == word
    assert stops(feed(over_voice(answer), "." * 10 + "#" * 90)) == []


def test_nothing_is_looked_at_while_nobody_speaks():
    target = over_voice(Match("please stop", 0.9))
    assert stops(feed(target, "." * 90, covered=True)) == []


def test_configured_words_bring_their_longer_forms():
    assert "stop moving" in phrases_of(("stop",)) and "stop moving" not in phrases_of(("halt",))
    assert phrases_of(("Alto  Ahora", "")) == ("alto ahora",)


# --- who is meant, and what is believed -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("computer go to the table", "go to the table", Code.OK),
        ("Computer, turn left", "turn left", Code.OK),
        ("go to the table", "go to the table", Code.SPEECH_NOT_FOR_ROBOT),
        ("computer", "computer", Code.SPEECH_NOTHING_HEARD),
    ],
)
def test_the_wake_word(text, words, code):
    assert (lambda found: (found[0], found[1].code))(
        Addressing("computer", 8.0, False).address(text, 0.0, 1.0)
    ) == (words, code)


def test_after_the_wake_word_the_talk_goes_on_for_a_while():
    addressing = Addressing("computer", 8.0, False)
    addressing.address("computer", 0.0, 1.0)
    assert addressing.address("go", 8.5, 9.0)[1].ok and addressing.address("go", 16.0, 17.0)[1].ok
    assert not addressing.address("go", 26.0, 27.0)[1].ok


def test_push_to_talk_counts_from_down_to_up():
    addressing = Addressing("", 8.0, True)
    assert not addressing.address("go", 0.0, 1.0)[1].ok
    addressing.push(True, 2.0)
    addressing.push(False, 4.0)
    assert addressing.address("go", 1.5, 2.5)[1].ok and addressing.address("go", 3.0, 5.0)[1].ok
    assert not addressing.address("go", 4.5, 5.0)[1].ok and not addressing.address("go", 0, 1)[1].ok


@pytest.mark.parametrize(
    ("recognition", "ending", "text", "code"),
    [
        (Recognition("go home", 0.6), Ending.SILENCE, "go home", Code.OK),
        (Recognition(" go  home ", 0.5), Ending.STALLED, "go home", Code.OK),
        (Recognition("go home", 0.49), Ending.SILENCE, "go home", Code.SPEECH_LOW_CONFIDENCE),
        (Recognition("", 0.9), Ending.SILENCE, "", Code.SPEECH_NOTHING_HEARD),
        (Recognition("go", 0.9), Ending.TOO_LONG, "go", Code.SPEECH_NOT_FOR_ROBOT),
        (Recognition("go", 0.9), Ending.COVERED, "go", Code.SPEECH_NOT_FOR_ROBOT),
        (Recognition("go", 0.9, "en", Result(Code.SPEECH_NOT_FOR_ROBOT, "no")), Ending.SILENCE, "go",
         Code.SPEECH_NOT_FOR_ROBOT),
        (Recognition("stop", 0.3), Ending.COVERED, "stop", Code.OK),
        (Recognition("stop", 0.2), Ending.SILENCE, "stop", Code.SPEECH_LOW_CONFIDENCE),
    ],
)  # fmt: skip
def test_what_is_carried_out(recognition, ending, text, code):
    utterance = Utterance(QUIET, 0.0, 1.0, 1.0, ending)
    found, result = judge(recognition, utterance, 0.5, ALWAYS, (0.0, 1.0))
    assert (found, result.code) == (text, code)
    assert result.ok or result.message


# --- recognition on its own thread ----------------------------------------------------------------

SAID = Utterance(LOUD, 0.0, 1.0, 1.0, Ending.SILENCE)


def test_a_final_utterance_ends_the_partial_one_in_progress():
    begun, release, finals = threading.Event(), threading.Event(), []
    done = threading.Event()

    def on_call(samples, partial):
        if partial:
            begun.set()
            release.wait(100)

    recognizer = FakeRecognizer(on_call=on_call, partials=["go"])
    recognizer.cancel = release.set
    hearing = RecognitionWorker(
        recognizer, lambda *a: (finals.append(a), done.set()), lambda *a: None
    )
    hearing.partial(LOUD, "x")
    assert begun.wait(30)
    hearing.final(SAID, "x")
    assert done.wait(30) and finals[0][2].text == "move forward"
    assert hearing.close()


def test_a_recognizer_that_is_too_slow_says_so_instead_of_piling_up():
    release, results = threading.Event(), []
    enough = threading.Event()

    def on_final(utterance, context, recognition, took_s):
        results.append(recognition.result.code)
        if len(results) == WAITING + 3:
            enough.set()

    begun = threading.Event()
    recognizer = FakeRecognizer(on_call=lambda s, p: (begun.set(), release.wait(30)))
    hearing = RecognitionWorker(recognizer, on_final, lambda *a: None)
    hearing.final(SAID, 0)
    assert begun.wait(30)
    for number in range(WAITING + 2):
        hearing.final(SAID, number)
    assert results == [Code.SPEECH_NOTHING_HEARD] * 2
    release.set()
    assert enough.wait(30) and results[2:] == [OK.code] * (WAITING + 1)
    assert hearing.close()
