# SPDX-License-Identifier: Apache-2.0
"""The node in this process with a fake voice: what is said, `speaking`, what silences it, no sound card, life cycle."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from vla_interfaces.msg import ExecutionState, Feedback, Transcript  # noqa: E402

from vla_common.contracts.outcomes import OK, Code, Result  # noqa: E402
from vla_common.ros import qos  # noqa: E402
from vla_common.ros.spin import spin_on  # noqa: E402
from vla_speech.ros.speaker_node import SpeakerNode  # noqa: E402
from vla_speech.voice.voice import FakeVoice, make_voice  # noqa: E402

LONG_S = 30.0
NUMBERS = itertools.count(1)


class Rig:
    """The speaker with a fake voice, and the rest of the system as one node that publishes."""

    def __init__(self, voice: FakeVoice, trouble: Result = OK, real: bool = False) -> None:
        self.voice = voice
        self.changed = threading.Condition()
        self.speaking: list[bool] = []
        self.health: list[tuple[str, dict[str, str]]] = []
        self.context = Context()
        rclpy.init(context=self.context, domain_id=int(os.environ.get("ROS_DOMAIN_ID", "95")))
        name = f"rig{next(NUMBERS)}"
        options = {
            "namespace": name,
            "context": self.context,
            "parameter_overrides": [Parameter("speaker.voice", value="en-us")],
        }
        make = make_voice if real else lambda config: (voice, trouble)
        self.node = SpeakerNode(make, **options)
        self.other = Node("other", namespace=name, context=self.context)
        self.feedback = self.other.create_publisher(Feedback, "feedback", qos.COMMAND)
        self.state = self.other.create_publisher(ExecutionState, "execution_state", qos.LATCHED)
        self.transcript = self.other.create_publisher(Transcript, "transcript", qos.COMMAND)
        self.other.create_subscription(Bool, "speaking", self._on_speaking, qos.LATCHED)
        self.other.create_subscription(DiagnosticArray, "/diagnostics", self._on_health, 10)
        self.executor = MultiThreadedExecutor(num_threads=4, context=self.context)
        for node in (self.node, self.other):
            self.executor.add_node(node)
        self.thread = threading.Thread(target=spin_on, args=(self.executor,), daemon=True)
        self.thread.start()

    def up(self) -> Rig:
        assert self.node.trigger_configure() is TransitionCallbackReturn.SUCCESS
        assert self.node.trigger_activate() is TransitionCallbackReturn.SUCCESS
        for publisher in (self.feedback, self.state, self.transcript):
            self.until(lambda p=publisher: p.get_subscription_count() > 0)
        self.until(lambda: self.node.count_subscribers("speaking") > 0)
        return self

    def _on_speaking(self, message: Bool) -> None:
        with self.changed:
            if self.speaking[-1:] != [message.data]:
                self.speaking.append(message.data)

    def _on_health(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self.node.get_fully_qualified_name():
                facts = {item.key: item.value for item in status.values}
                self.health.append((status.message, facts))

    def say(self, text: str, kind: int = Feedback.INFO, speak: bool = True) -> None:
        self.feedback.publish(Feedback(text=text, kind=kind, speak=speak))

    @staticmethod
    def until(condition: Callable[[], bool]) -> None:
        """Wait for what nobody tells."""
        for _ in range(int(LONG_S / 0.005)):
            if condition():
                return
            threading.Event().wait(0.005)
        raise AssertionError("timed out")

    def close(self) -> None:
        self.node.close()
        self.executor.shutdown(timeout_sec=5.0)
        for node in (self.node, self.other):
            node.destroy_node()
        rclpy.shutdown(context=self.context)
        self.thread.join(5.0)


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(held: bool = False, **options: object) -> Rig:
        made.append(Rig(FakeVoice(held=held), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_says_what_is_to_be_said_and_nothing_else(rig):
    one = rig().up()
    one.say("Shown only.", speak=False)
    one.say("Said.")
    one.say("Of a later version.", kind=77)
    one.until(lambda: len(one.voice.said) == 2)
    assert one.voice.said == ["Said.", "Of a later version."]


def test_speaking_is_latched_and_true_while_sound_comes_out(rig):
    one = rig(held=True).up()
    one.until(lambda: one.speaking == [False])
    one.say("A sentence.")
    one.until(lambda: one.speaking == [False, True])
    late: list[bool] = []
    one.other.create_subscription(Bool, "speaking", lambda m: late.append(m.data), qos.LATCHED)
    one.until(lambda: late == [True])
    one.voice.release()
    one.until(lambda: one.speaking == [False, True, False])


def test_a_stop_silences_at_once_but_the_problem_is_told(rig):
    one = rig(held=True).up()
    one.say("I will go to the table.")
    one.until(lambda: one.speaking[-1:] == [True])
    one.say("And something else.")
    one.state.publish(ExecutionState(state=ExecutionState.STOPPED))
    one.until(lambda: one.voice.cut == ["I will go to the table."])
    one.until(lambda: one.speaking[-1:] == [False])
    one.say("Stopped.", Feedback.PROBLEM)
    one.voice.release()
    one.until(lambda: one.voice.said == ["Stopped."])
    # The same state again is no new stop.
    one.say("Still stopped.", Feedback.PROBLEM)
    one.until(lambda: one.speaking[-1:] == [True])
    one.state.publish(ExecutionState(state=ExecutionState.STOPPED))
    one.voice.release()
    one.until(lambda: one.voice.said == ["Stopped.", "Still stopped."])


@pytest.mark.parametrize("is_stop", [True, False])
def test_only_a_stop_word_silences_the_robot(rig, is_stop):
    one = rig(held=True).up()
    one.say("I talk and talk.")
    one.until(lambda: one.speaking[-1:] == [True])
    message = Transcript(text="stop" if is_stop else "turn left", is_stop=is_stop, is_final=True)
    message.speech_end = one.other.get_clock().now().to_msg()
    one.transcript.publish(message)
    if is_stop:
        one.until(lambda: one.voice.cut == ["I talk and talk."])
    else:
        one.say("A problem comes through the same queue.", Feedback.PROBLEM)
        one.until(lambda: one.voice.cut == ["I talk and talk."])  # cut by the problem
        one.voice.release()
        one.until(lambda: one.voice.said == ["A problem comes through the same queue."])


def test_without_a_sound_card_it_is_active_and_well(rig, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    one = rig(real=True).up()
    one.until(lambda: any("backend" in facts for _, facts in one.health))
    message, facts = next(item for item in one.health if "backend" in item[1])
    assert (message, facts["code"]) == ("active", "0")
    assert facts["backend"].startswith("none (") and "sounddevice" in facts["backend"]
    one.say("Nobody hears this.")
    one.until(lambda: one.health[-1][1].get("said") == "1")


def test_a_voice_that_was_asked_for_and_is_missing_is_in_the_health(rig):
    one = rig(trouble=Result(Code.SPEECH_NO_DEVICE, "There is no sound card.")).up()
    one.until(lambda: one.health and one.health[-1][0] == "There is no sound card.")
    assert one.node.active


def test_deactivated_it_is_silent_and_activated_again_it_speaks(rig):
    one = rig(held=True).up()
    one.say("A long story.")
    one.until(lambda: one.speaking[-1:] == [True])
    assert one.node.trigger_deactivate() is TransitionCallbackReturn.SUCCESS
    one.until(lambda: one.speaking[-1:] == [False])
    assert one.voice.cut == ["A long story."]
    one.voice.held = False
    assert one.node.trigger_activate() is TransitionCallbackReturn.SUCCESS
    one.until(lambda: one.feedback.get_subscription_count() > 0)
    one.say("Here I am again.")
    one.until(lambda: one.voice.said == ["Here I am again."])
