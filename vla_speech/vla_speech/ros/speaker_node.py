# SPDX-License-Identifier: Apache-2.0
"""The speaker: says aloud what the person is told.

Subscribes: feedback (vla_interfaces/Feedback; those that say `speak`), execution_state (vla_interfaces/ExecutionState,
latched: a stop silences), transcript (vla_interfaces/Transcript: a stop word silences).
Publishes: speaking (std_msgs/Bool, latched: true while sound comes out), and /diagnostics.
Parameters: group `speaker`, see `config`.
"""

from __future__ import annotations

from typing import Any

from std_msgs.msg import Bool
from vla_interfaces.msg import ExecutionState, Feedback, Transcript

from vla_common.contracts.outcomes import Result
from vla_common.ros import qos, spin
from vla_common.ros.conversions import time_from_msg
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_speech.config import SPEAKER_GROUPS, SpeakerConfig
from vla_speech.voice.speaking import Kind, QueueRules, Sentence, SentenceQueue
from vla_speech.voice.talker import Talker
from vla_speech.voice.voice import Voice, make_voice

STOP_SLACK_S = 2.0
"""A problem that came at most so long before the news of a stop tells of that stop, and is said."""
LOG_PERIOD_S = 10.0


class SpeakerNode(VlaLifecycleNode):
    """See the module. make: makes the voice from the parameters; tests bring their own."""

    def __init__(self, make: Any = make_voice, **kwargs: Any) -> None:
        super().__init__("speaker", SPEAKER_GROUPS, **kwargs)
        self._make = make
        self._talker: Talker | None = None
        self._stopped = False

    # --- transitions --------------------------------------------------------------------------------

    def configure(self) -> None:
        self._config: SpeakerConfig = self.config("speaker")
        found: tuple[Voice, Result] = self._make(self._config)
        self._voice, self._trouble = found
        self._speaking = self.create_publisher(Bool, "speaking", qos.LATCHED)
        self._speaking.publish(Bool(data=False))
        if not self._trouble.ok:
            self.get_logger().warning(f"nothing can be said: {self._trouble.message}")
        else:
            self.get_logger().info(f"voice: {self._voice.name}")

    def activate(self) -> None:
        rules = QueueRules(self._config.queue_size, self._config.stale_s)
        self._queue = SentenceQueue(rules)
        self._talker = Talker(
            self._voice, self._queue, self._now_s, self._on_speaking, self._on_said
        )
        self._stopped, self._said = False, 0
        self.create_subscription(Feedback, "feedback", self._on_feedback, qos.COMMAND)
        self.create_subscription(
            ExecutionState, "execution_state", self._on_execution_state, qos.LATCHED
        )
        self.create_subscription(Transcript, "transcript", self._on_transcript, qos.COMMAND)
        self._talker.start()
        self.report_health(self._trouble, backend=self._voice.name, said=0)

    def deactivate(self) -> None:
        talker, self._talker = self._talker, None
        if talker is not None and not talker.close():
            self.get_logger().error("a sentence did not end in time")
        self._speaking.publish(Bool(data=False))

    # --- what comes in ------------------------------------------------------------------------------

    def _on_feedback(self, message: Feedback) -> None:
        if not message.speak:
            return
        try:
            kind = Kind(message.kind)
        except ValueError:
            kind = Kind.INFO  # of a later version
        talker = self._talker
        if talker is not None:
            talker.add(Sentence(message.text, kind, self._now_s(), message.trace_id))

    def _on_execution_state(self, message: ExecutionState) -> None:
        stopped = message.state == ExecutionState.STOPPED
        if stopped and not self._stopped and self._talker is not None:
            self._talker.silence(self._now_s() - STOP_SLACK_S)
        self._stopped = stopped

    def _on_transcript(self, message: Transcript) -> None:
        """Barge-in: who says stop is not talked over."""
        if message.is_stop and self._talker is not None:
            now_s = self._now_s()
            end_s = time_from_msg(message.speech_end)
            # Stamps of another clock must not silence what is still to come, nor nothing at all.
            self._talker.silence(end_s if 0.0 < now_s - end_s < 10.0 else now_s)

    # --- what goes out, on the talker's thread ------------------------------------------------------

    def _on_speaking(self, speaking: bool) -> None:
        self._speaking.publish(Bool(data=speaking))

    def _on_said(self, sentence: Sentence, result: Result, whole: bool) -> None:
        self._said += whole
        if result.ok:
            self.report_health(self._trouble, said=self._said, left_out=self._queue.left_out)
            return
        self.get_logger().warning(
            f"'{sentence.text}' was not said: {result.message}",
            throttle_duration_sec=LOG_PERIOD_S,
        )
        self.report_health(result)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9


def main() -> None:
    """Entry point of the console script."""
    spin.main(SpeakerNode)


if __name__ == "__main__":
    main()
