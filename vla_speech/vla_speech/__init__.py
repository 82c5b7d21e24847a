# SPDX-License-Identifier: Apache-2.0
"""Sound to commands and sentences to sound: microphone or file, recognizers, halt phrases, speaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_speech.recognition.recognizer import FakeRecognizer as FakeRecognizer
    from vla_speech.recognition.recognizer import Recognition as Recognition
    from vla_speech.recognition.recognizer import Recognizer as Recognizer
    from vla_speech.recognition.recognizer import Vocabulary as Vocabulary
    from vla_speech.voice.voice import FakeVoice as FakeVoice
    from vla_speech.voice.voice import Voice as Voice

__all__ = [
    "FakeRecognizer",
    "FakeVoice",
    "Recognition",
    "Recognizer",
    "Vocabulary",
    "Voice",
]

__getattr__ = public(
    __name__,
    {
        "FakeRecognizer": "vla_speech.recognition.recognizer",
        "FakeVoice": "vla_speech.voice.voice",
        "Recognition": "vla_speech.recognition.recognizer",
        "Recognizer": "vla_speech.recognition.recognizer",
        "Vocabulary": "vla_speech.recognition.recognizer",
        "Voice": "vla_speech.voice.voice",
    },
)
