"""Which recogniser runs, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vla_common.outcomes import Code, VlaError
from vla_speech import faster_whisper_recogniser as whisper
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.pocketsphinx_recogniser import PocketsphinxRecogniser
from vla_speech.recogniser import Recogniser


@dataclass(frozen=True)
class Choice:
    """A backend, and the sentence that says why it is that one."""

    backend: str
    reason: str


def choose(speech: SpeechConfig, model: WhisperConfig) -> Choice:
    """Looks only whether the model is here; loads nothing. A start never depends on a download."""
    if speech.backend != "auto":
        return Choice(speech.backend, f"speech.backend asks for it: {speech.backend}.")
    try:
        where = whisper.find_model(model)
    except VlaError as error:
        return Choice(
            "pocketsphinx", f"{error.message} Commands in English are recognised offline."
        )
    return Choice("faster_whisper", f"Its model is on this machine: {where}")


def make_recogniser(
    speech: SpeechConfig, model: WhisperConfig, tell: Callable[[str], None]
) -> tuple[Recogniser, str]:
    """The recogniser, and why it is that one. Errors: SPEECH_NO_MODEL where no other may take its place."""
    choice = choose(speech, model)
    reason = choice.reason
    if choice.backend == "faster_whisper":
        try:
            return whisper.FasterWhisperRecogniser(model), reason
        except VlaError as error:
            if speech.backend != "auto" or error.code is not Code.SPEECH_NO_MODEL:
                raise
            reason = f"{error.message} Commands in English are recognised offline."
    if model.language not in ("en", "auto"):
        tell(f"whisper.language is '{model.language}', but pocketsphinx knows English only.")
    return PocketsphinxRecogniser(speech.wake_word, tell), reason
