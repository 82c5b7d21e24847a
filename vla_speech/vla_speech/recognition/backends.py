# SPDX-License-Identifier: Apache-2.0
"""Which recogniser runs, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.recognition.recognizer import Recognizer
from vla_speech.recognition.sphinx.pocketsphinx_recognizer import PocketsphinxRecognizer
from vla_speech.recognition.whisper.faster_whisper_recognizer import FasterWhisperRecognizer
from vla_speech.recognition.whisper.whisper_models import FoundModel, find_any
from vla_speech.stopping.stop_spotter import phrases_of


@dataclass(frozen=True)
class Choice:
    """A backend, and the sentence that says why it is that one."""

    backend: str
    reason: str
    model: FoundModel | None = None


def choose(speech: SpeechConfig, model: WhisperConfig) -> Choice:
    """Looks only whether the model is here; loads nothing. A start never depends on a download."""
    asked = f"speech.backend asks for it: {speech.backend}."
    if speech.backend == "pocketsphinx":
        return Choice(speech.backend, asked)
    try:
        found = find_any(model)
    except VlaError as error:
        if speech.backend != "auto":
            return Choice(speech.backend, asked)
        return Choice(
            "pocketsphinx", f"{error.message} Commands in English are recognised offline."
        )
    return Choice("faster_whisper", found.note or f"Its model is here: {found.folder}", found)


def make_recognizer(
    speech: SpeechConfig, model: WhisperConfig, tell: Callable[[str], None]
) -> tuple[Recognizer, str]:
    """The recogniser, and why it is that one. Errors: SPEECH_NO_MODEL where no other may take its place."""
    choice = choose(speech, model)
    reason = choice.reason
    if choice.backend == "faster_whisper":
        try:
            phrases = phrases_of(speech.stop_words)
            return FasterWhisperRecognizer(model, choice.model, speech.wake_word, phrases), reason
        except VlaError as error:
            if speech.backend != "auto" or error.code is not Code.SPEECH_NO_MODEL:
                raise
            reason = f"{error.message} Commands in English are recognised offline."
    if model.language not in ("en", "auto"):
        tell(f"whisper.language is '{model.language}', but pocketsphinx knows English only.")
    return PocketsphinxRecognizer(speech.wake_word, tell), reason
