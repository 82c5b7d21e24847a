# SPDX-License-Identifier: Apache-2.0
"""Whether what was recognised is carried out, and why not.

An utterance is accepted only when the recogniser believes in it, is sure enough, the whole of it was heard, and it was
meant for the robot (wake word, push to talk). Everything else is published with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.language.foreign_text import line
from vla_common.language.halt_phrases import Wish
from vla_speech.listening.segmenter import Ending, Utterance
from vla_speech.listening.wake_word import Addressing
from vla_speech.recognition.recognizer import Recognition
from vla_speech.stopping.spoken_stops import heard_wish


@dataclass(frozen=True)
class Transcript:
    """As vla_interfaces/msg/Transcript; seconds on the clock of the source."""

    text: str
    confidence: float = 0.0
    language: str = ""
    start_s: float = 0.0
    end_s: float = 0.0
    processing_s: float = 0.0
    is_final: bool = True
    accepted: bool = False
    is_stop: bool = False
    result: Result = OK
    trace_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", line(self.text))

    def moved(self, start_s: float, end_s: float, processing_s: float) -> Transcript:
        """The same on another clock."""
        return replace(self, start_s=start_s, end_s=end_s, processing_s=processing_s)


def judge(
    recognition: Recognition,
    utterance: Utterance,
    threshold: float,
    addressing: Addressing,
    said_s: tuple[float, float],
) -> tuple[str, Result]:
    """The words that count, and OK or why they are not carried out.

    Words that mean stop are accepted from anybody and with half the confidence: a stop too many costs less than one too
    few.
    said_s: from when to when, on the clock of `addressing`.
    """
    text = " ".join(recognition.text.split())
    stops = heard_wish(text) is Wish.REST
    if stops and recognition.result.ok and recognition.confidence >= threshold / 2:
        return text, OK
    if not text:
        result = recognition.result
        if result.ok:
            result = Result(Code.SPEECH_NOTHING_HEARD, "I heard a voice but no words.")
        return "", result
    if not recognition.result.ok:
        return text, recognition.result
    if utterance.ending is Ending.COVERED:
        return text, Result(
            Code.SPEECH_NOT_FOR_ROBOT, "I was speaking myself, so I did not hear all of that."
        )
    if utterance.ending is Ending.TOO_LONG:
        return text, Result(
            Code.SPEECH_NOT_FOR_ROBOT, "Somebody spoke for longer than a command lasts."
        )
    if recognition.confidence < threshold:
        return text, Result(
            Code.SPEECH_LOW_CONFIDENCE,
            f"I may have heard '{text[:100]}', but I am not sure enough ({recognition.confidence:.2f}, "
            f"needed {threshold:.2f}).",
        )
    return addressing.address(text, *said_s)
