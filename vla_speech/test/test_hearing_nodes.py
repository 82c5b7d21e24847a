# SPDX-License-Identifier: Apache-2.0
"""audio_source and speech over real ROS, with fakes for the device, the recogniser and the executor."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402
from vla_interfaces.msg import Place, PlaceArray, Transcript  # noqa: E402
from vla_interfaces.srv import Stop  # noqa: E402

from vla_common.contracts.outcomes import Code, VlaError  # noqa: E402
from vla_common.ros import qos  # noqa: E402
from vla_common.ros.spin import spin_on  # noqa: E402
from vla_speech.audio.source import FakeSource  # noqa: E402
from vla_speech.listening.assembly import Parts, make_listener  # noqa: E402
from vla_speech.listening.vad import FRAME, LevelVad  # noqa: E402
from vla_speech.recognition.recognizer import FakeRecognizer, Recognition  # noqa: E402
from vla_speech.ros import audio_qos  # noqa: E402
from vla_speech.ros.audio_source_node import AudioSourceNode  # noqa: E402
from vla_speech.ros.conversions import audio_to_msg, info_to_msg  # noqa: E402
from vla_speech.ros.speech_node import SpeechNode  # noqa: E402
from vla_speech.stopping.stop_spotter import FakeMatcher, Match  # noqa: E402

LONG_S = 60.0
NUMBERS = itertools.count(1)
LOUD = (0.3 * np.sin(np.arange(FRAME))).astype(np.float32)
QUIET = np.zeros(FRAME, np.float32)


class Around(Node):
    """Everything around the two nodes; `wait` blocks until something was received."""

    def __init__(self, **options) -> None:
        super().__init__("around", **options)
        self.changed = threading.Condition()
        self.transcripts, self.blocks, self.infos, self.stops = [], [], [], []
        self.at_s = 100.0
        self.health: dict[str, dict[str, str]] = {}
        self.audio = self.create_publisher(AudioDataStamped, "audio", audio_qos.AUDIO)
        self.info = self.create_publisher(AudioInfo, "audio_info", qos.LATCHED)
        self.speaking = self.create_publisher(Bool, "speaking", qos.LATCHED)
        self.places = self.create_publisher(PlaceArray, "places", qos.LATCHED)
        self.push = self.create_client(SetBool, "push_to_talk")
        self.create_subscription(
            Transcript, "transcript", self._keep(self.transcripts), qos.COMMAND
        )
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 50)
        self.create_service(Stop, "stop", self._stop)

    def hear_source(self) -> None:
        self.create_subscription(
            AudioDataStamped, "audio", self._keep(self.blocks), audio_qos.AUDIO
        )
        self.create_subscription(AudioInfo, "audio_info", self._keep(self.infos), qos.LATCHED)

    def _keep(self, into):
        def keep(message) -> None:
            with self.changed:
                into.append(message)
                self.changed.notify_all()

        return keep

    def _stop(self, request, response):
        self._keep(self.stops)(request.reason)
        return response

    def _diagnose(self, message) -> None:
        with self.changed:
            for status in message.status:
                entry = {item.key: item.value for item in status.values}
                self.health[status.name] = {**entry, "message": status.message}
            self.changed.notify_all()

    def wait(self, condition) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, LONG_S), "it did not come"

    def say(self, voiced: int, silent: int = 30) -> None:
        for frame in [LOUD] * voiced + [QUIET] * silent:
            self.audio.publish(audio_to_msg(frame, self.at_s, "test"))
            self.at_s += len(frame) / 16000

    def finals(self):
        return [t for t in self.transcripts if t.is_final]


@pytest.fixture
def world():
    context = Context()
    rclpy.init(context=context)
    options = {"context": context, "namespace": f"speech_test_{next(NUMBERS)}"}
    around = Around(**options)
    executor = MultiThreadedExecutor(num_threads=8, context=context)
    executor.add_node(around)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    nodes = []

    def start(factory, **parameters):
        overrides = [Parameter(key.replace("__", "."), value=v) for key, v in parameters.items()]
        node = factory(parameter_overrides=overrides, **options)
        nodes.append(node)
        executor.add_node(node)
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        return node

    yield SimpleNamespace(around=around, start=start, options=options)
    for node in nodes:
        node.close()
    executor.shutdown(timeout_sec=5.0)
    rclpy.try_shutdown(context=context)
    spinner.join(10.0)


def speech(world, recognizer=None, matcher=None, **parameters):
    """The speech node with fakes inside, listening."""
    recognizer = recognizer or FakeRecognizer()
    matcher = matcher or FakeMatcher(Match())

    def make(config, whisper, tell):
        del whisper, tell
        return Parts(recognizer, "a test", lambda: make_listener(config, LevelVad(), matcher))

    node = world.start(lambda **options: SpeechNode(make, **options), **parameters)
    around = world.around
    around.wait(lambda: True)
    while not around.audio.get_subscription_count():  # bounded by pytest's own limit
        threading.Event().wait(0.02)
    return node


def test_what_is_said_becomes_one_transcript_with_its_times(world):
    recognizer = FakeRecognizer([Recognition("go to the table", 0.9, "en")])
    speech(world, recognizer, speech__partial_interval_s=0.0)
    world.around.say(30)
    world.around.wait(lambda: world.around.finals())
    (heard,) = world.around.finals()
    assert (heard.text, heard.language, heard.accepted) == ("go to the table", "en", True)
    assert heard.confidence == pytest.approx(0.9) and len(heard.trace_id) == 36
    length_s = heard.speech_end.sec - heard.speech_start.sec
    length_s += (heard.speech_end.nanosec - heard.speech_start.nanosec) * 1e-9
    assert length_s == pytest.approx(30 * 0.032, abs=0.001)
    assert heard.speech_start.sec == 100 and heard.speech_start.nanosec < 1e6
    assert heard.header.frame_id == "test"
    assert not world.around.stops


def test_a_partial_transcript_comes_while_somebody_speaks_and_has_the_same_trace(world):
    recognizer = FakeRecognizer([Recognition("go home", 0.9)], partials=["go"])
    speech(world, recognizer, speech__partial_interval_s=0.2)
    world.around.say(40, 0)
    world.around.wait(lambda: world.around.transcripts)
    world.around.say(0, 30)
    world.around.wait(lambda: world.around.finals())
    partial = world.around.transcripts[0]
    assert (partial.text, partial.is_final, partial.accepted) == ("go", False, False)
    assert partial.trace_id == world.around.finals()[0].trace_id


def test_what_is_not_sure_enough_is_published_and_not_accepted(world):
    speech(world, FakeRecognizer([Recognition("pick up the cup", 0.3)]))
    world.around.say(30)
    world.around.wait(lambda: world.around.finals())
    (heard,) = world.around.finals()
    assert not heard.accepted and heard.outcome.code == Code.SPEECH_LOW_CONFIDENCE
    assert heard.text == "pick up the cup" and "pick up the cup" in heard.outcome.message


def test_a_stop_word_calls_stop_at_once_and_is_not_heard_again_as_a_command(world):
    recognizer = FakeRecognizer([Recognition("stop", 0.9)])
    speech(world, recognizer, FakeMatcher(Match("stop", 1.0)))
    world.around.say(15, 6)  # less silence than an utterance needs to end
    world.around.wait(lambda: world.around.stops and world.around.finals())
    (heard,) = world.around.finals()
    assert (heard.text, heard.accepted, heard.is_stop) == ("stop", True, True)
    assert world.around.stops == ["somebody said 'stop'"]
    assert recognizer.heard == []


def test_a_stop_that_was_not_spotted_calls_stop_at_the_end_of_the_utterance(world):
    answers = [
        Recognition("would you please stop right now", 0.9),
        Recognition("stop at the table", 0.9),
    ]
    speech(world, FakeRecognizer(answers), speech__partial_interval_s=0.0)
    world.around.say(30)
    world.around.wait(lambda: world.around.stops and world.around.finals())
    assert world.around.stops == ["somebody said 'would you please stop right now'"]
    assert world.around.finals()[0].accepted
    world.around.say(30)
    world.around.wait(lambda: len(world.around.finals()) == 2)
    assert len(world.around.stops) == 1


def test_while_the_robot_speaks_only_stop_words_are_heard(world):
    recognizer = FakeRecognizer([Recognition("go to the table", 0.9)])
    matcher = FakeMatcher(Match())
    node = speech(world, recognizer, matcher, speech__tail_s=0.0)
    world.around.speaking.publish(Bool(data=True))
    while not node._gate.closed(time.monotonic()):
        threading.Event().wait(0.02)
    world.around.say(30)
    while len(matcher.asked) < 1:
        threading.Event().wait(0.02)
    matcher.answer = Match("stop", 1.0)
    world.around.say(15)
    world.around.wait(lambda: world.around.stops and world.around.finals())
    assert recognizer.heard == []
    assert [t.text for t in world.around.finals()] == ["stop"]
    world.around.speaking.publish(Bool(data=False))
    while node._gate.closed(time.monotonic()):
        threading.Event().wait(0.02)
    matcher.answer = Match()
    world.around.say(30)
    world.around.wait(lambda: len(world.around.finals()) == 2)
    assert world.around.finals()[1].text == "go to the table"


def test_sound_that_stays_away_ends_the_utterance_and_is_told(world):
    speech(world, FakeRecognizer([Recognition("turn left", 0.9)]), speech__no_audio_s=0.5)
    world.around.say(20, 0)
    world.around.wait(lambda: world.around.finals())
    name = f"/{world.options['namespace']}/speech"
    code = str(int(Code.SPEECH_NO_DEVICE))
    world.around.wait(lambda: world.around.health.get(name, {}).get("code") == code)
    world.around.say(20)
    world.around.wait(lambda: len(world.around.finals()) == 2)


def test_odd_sound_is_told_and_the_next_is_heard(world):
    speech(world, FakeRecognizer([Recognition("turn left", 0.9)]))
    odd = info_to_msg()
    odd.coding_format = "MP3"
    world.around.info.publish(odd)
    name = f"/{world.options['namespace']}/speech"
    code = str(int(Code.SPEECH_BAD_AUDIO))
    world.around.wait(lambda: world.around.health.get(name, {}).get("code") == code)
    assert "MP3" in world.around.health[name]["message"]
    world.around.info.publish(info_to_msg())
    world.around.wait(lambda: world.around.health[name].get("code") != code)
    world.around.audio.publish(AudioDataStamped(audio=AudioData(data=[1, 2, 3])))
    world.around.say(30)
    world.around.wait(lambda: world.around.finals())
    assert world.around.finals()[0].text == "turn left"


def test_with_push_to_talk_nothing_else_counts(world):
    speech(world, FakeRecognizer([Recognition("turn left", 0.9)]), speech__push_to_talk=True)
    world.around.say(30)
    world.around.wait(lambda: world.around.finals())
    assert world.around.finals()[0].outcome.code == Code.SPEECH_NOT_FOR_ROBOT
    assert world.around.push.wait_for_service(LONG_S)
    assert world.around.push.call(SetBool.Request(data=True), timeout_sec=LONG_S).success
    world.around.say(30)
    world.around.wait(lambda: len(world.around.finals()) == 2)
    assert world.around.finals()[1].accepted


def test_places_of_the_map_become_words_of_the_recognizer(world):
    recognizer = FakeRecognizer()
    speech(world, recognizer)
    world.around.places.publish(PlaceArray(places=[Place(name="pantry", aliases=["larder"])]))
    while not recognizer.vocabularies:
        threading.Event().wait(0.02)
    assert recognizer.vocabularies[-1].places == ("pantry", "larder")


def test_a_recognizer_that_fails_is_an_outcome_and_the_next_utterance_is_heard(world):
    def fail_once(samples, partial):
        del samples, partial
        recognizer.on_call = lambda s, p: None
        raise RuntimeError("broken")

    recognizer = FakeRecognizer([Recognition("turn left", 0.9)], on_call=fail_once)
    speech(world, recognizer, speech__partial_interval_s=0.0)
    world.around.say(30)
    world.around.wait(lambda: world.around.finals())
    assert world.around.finals()[0].outcome.code == Code.INTERNAL_ERROR
    world.around.say(30)
    world.around.wait(lambda: len(world.around.finals()) == 2)
    assert world.around.finals()[1].accepted


def test_the_source_publishes_its_blocks_and_comes_back_after_a_loss(world):
    gone = VlaError(Code.SPEECH_NO_DEVICE, "The microphone is gone.")
    sources = [FakeSource([LOUD, gone]), FakeSource([QUIET] * 3)]
    opened = []

    def opener(config):
        del config
        if len(opened) == 1:
            opened.append(None)
            raise gone
        opened.append(sources[0] if not opened else sources[1])
        return opened[-1]

    world.around.hear_source()
    world.start(
        lambda **options: AudioSourceNode(opener, **options),
        audio__retry_s=0.05, audio__stall_s=60.0,
    )  # fmt: skip
    world.around.wait(lambda: len(world.around.blocks) >= 3 and world.around.infos)
    assert world.around.infos[0].sample_rate == 16000 and world.around.infos[0].channels == 1
    assert len(world.around.blocks[-1].audio.data) == 2 * FRAME
    assert sources[0].closed == 1 and len(opened) == 3
    name = f"/{world.options['namespace']}/audio_source"
    world.around.wait(lambda: world.around.health.get(name, {}).get("losses") == "2")
    assert world.around.health[name]["code"] == "0" and "rms_db" in world.around.health[name]


def test_without_a_microphone_the_source_stays_up_and_says_so(world):
    def opener(config):
        raise VlaError(Code.SPEECH_NO_DEVICE, "There is no microphone.")

    node = world.start(lambda **options: AudioSourceNode(opener, **options), audio__retry_s=0.05)
    name = f"/{world.options['namespace']}/audio_source"
    code = str(int(Code.SPEECH_NO_DEVICE))
    world.around.wait(lambda: world.around.health.get(name, {}).get("code") == code)
    assert node.active and world.around.health[name]["message"] == "There is no microphone."


def test_a_file_that_is_not_there_fails_the_configuration_by_its_key(world):
    node = AudioSourceNode(
        parameter_overrides=[Parameter("audio.file", value="/nowhere/a.wav")], **world.options
    )
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node._health.code is Code.INVALID_CONFIG and "audio.file" in node._health.message
    node.destroy_node()
