# SPDX-License-Identifier: Apache-2.0
"""A command that is spoken: its sound, and what becomes of it, seen through the topics that everybody sees."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from vla_interfaces.msg import Feedback, Transcript
from vla_interfaces.msg import Plan as PlanMsg

from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import Plan
from vla_common.ros import qos
from vla_common.ros.conversions import outcome_from_msg, plan_from_msg, time_from_msg


def write_command(text: str, path: Path, voice: str = "en-us", words_per_minute: int = 150) -> None:
    """A WAV file in which espeak-ng says the text. Errors: SPEECH_NO_MODEL without espeak-ng."""
    from vla_speech.voice.espeak import Espeak, Manner
    from vla_speech.voice.voice import write_wav

    write_wav(path, Espeak().say(text, Manner(voice, words_per_minute)))


@dataclass(frozen=True)
class Heard:
    """A final transcript."""

    text: str
    confidence: float
    delay_s: float
    result: Result
    trace_id: str

    def __str__(self) -> str:
        sure = f"{100 * self.confidence:.0f} % sure, {1000 * self.delay_s:.0f} ms after the end of speech"
        return f'"{self.text}" ({sure})' if self.text else f"nothing ({self.result.message})"


class SpokenCommand:
    """Follows the first utterance from its transcript to its end. Make it before anybody speaks."""

    def __init__(
        self,
        client: Any,
        on_message: Callable[[str, bool], None] = lambda text, is_question: None,
        on_plan: Callable[[Plan], None] = lambda plan: None,
        on_heard: Callable[[Heard], None] = lambda heard: None,
    ) -> None:
        """on_heard is called before anything else is told of the command."""
        self._on_message, self._on_plan, self._on_heard = on_message, on_plan, on_heard
        self._changed = threading.Condition()
        self._heard: Heard | None = None
        self._early: list[Any] = []
        self._result: Result | None = None
        self._question = ""
        self.plan: Plan | None = None
        # One group: what comes is handled in order.
        group = MutuallyExclusiveCallbackGroup()
        for kind, topic, profile, callback in (
            (Transcript, "transcript", qos.COMMAND, self._on_transcript),
            (Feedback, "feedback", qos.COMMAND, self._on_feedback),
            (PlanMsg, "plan", qos.LATCHED, self._on_plan_message),
        ):
            client.node.create_subscription(kind, topic, callback, profile, callback_group=group)

    def wait_heard(self, timeout_s: float) -> Heard:
        """Errors: SPEECH_NOTHING_HEARD when nothing comes in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._heard is not None, timeout_s):
                raise VlaError(Code.SPEECH_NOTHING_HEARD, "Nothing was heard of what was spoken.")
            assert self._heard is not None
            return self._heard

    def wait_end(self, timeout_s: float) -> Result:
        """OK when the system says that the command was carried out; else its sentence."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._result is not None, timeout_s):
                return Result(Code.EXECUTION_TIMEOUT, "The spoken command did not end.")
            assert self._result is not None
            return self._result

    def _on_transcript(self, message: Transcript) -> None:
        with self._changed:
            if not message.is_final or self._heard is not None:
                return
            self._heard = Heard(
                message.text,
                message.confidence,
                time_from_msg(message.processing_time),
                outcome_from_msg(message.outcome),
                message.trace_id,
            )
            self._on_heard(self._heard)
            early, self._early = self._early, []
            self._changed.notify_all()
        for kept in early:  # topics have no order among them
            self._on_feedback(kept) if isinstance(kept, Feedback) else self._on_plan_message(kept)

    def _mine(self, message: Any) -> bool:
        with self._changed:
            if self._heard is None:
                self._early.append(message)
                return False
            return bool(message.trace_id) and message.trace_id == self._heard.trace_id

    def _on_plan_message(self, message: PlanMsg) -> None:
        if self._mine(message):
            self.plan = plan_from_msg(message)
            self._on_plan(self.plan)

    def _on_feedback(self, message: Feedback) -> None:
        if not self._mine(message):
            return
        asked = message.kind == Feedback.QUESTION
        self._on_message(message.text, asked)
        # A question that comes again is the end of a command that nobody answered.
        unanswered = asked and message.text == self._question
        self._question = message.text if asked else ""
        if message.kind in (Feedback.SUCCESS, Feedback.PROBLEM) or unanswered:
            ok = message.kind == Feedback.SUCCESS
            code = Code.AMBIGUOUS if unanswered else Code.EXECUTION_FAILED
            with self._changed:
                self._result = OK if ok else Result(code, message.text)
                self._changed.notify_all()
