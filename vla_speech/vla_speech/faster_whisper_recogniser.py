"""The recogniser faster_whisper: Whisper of any size, on the CPU or with CUDA, in many languages.

Its models are not in its wheel: they come from the hub once, by hand, with the command that the error names. It hears
anything, so that hot words and a prompt only make the words of this world likelier.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vla_common.outcomes import Code, Result, VlaError
from vla_speech.config import WhisperConfig
from vla_speech.recogniser import F32, Recognition, Vocabulary

INSTALL = "pip install faster-whisper==1.2.1"
FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without tokenizer.json it would ask the hub for one."""
MOST_HOT_WORDS = 80
"""The decoder takes 223 tokens of context; names are two or three each."""
NO_SPEECH = 0.6
"""Probability of silence above which a segment counts as none, as in Whisper's own decoding."""
REPETITION = 2.4
"""Text that compresses better than this repeats itself: the model got stuck. Whisper's own limit."""


def fetch_command(model: str) -> str:
    return f"python -m vla_speech.fetch_model {model}"


def find_model(config: WhisperConfig) -> str:
    """The folder of the model on this machine. Errors: SPEECH_NO_MODEL with the command that fetches it."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise VlaError(Code.SPEECH_NO_MODEL, f"faster-whisper is missing: {INSTALL}.")
    folder = Path(config.model_size).expanduser()
    if folder.is_dir():
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise VlaError(
                Code.SPEECH_NO_MODEL,
                f"The folder {folder} is no model of faster-whisper: it has no {', '.join(missing)}.",
            )
        return str(folder)
    found = _in_cache(config)
    if found is None:
        raise VlaError(
            Code.SPEECH_NO_MODEL,
            f"The model '{config.model_size}' of faster-whisper is not on this machine; "
            f"in ./vla shell, this fetches it: {fetch_command(config.model_size)}",
        )
    return found


def _in_cache(config: WhisperConfig) -> str | None:
    """The snapshot in the hub's cache; looks at files only, and imports nothing big."""
    cache = Path(config.model_folder).expanduser() if config.model_folder else _hub_cache()
    size = config.model_size
    repositories = [size] if "/" in size else _repositories(size)
    for repository in repositories:
        folder = cache / ("models--" + repository.replace("/", "--"))
        for model in sorted(folder.glob("snapshots/*/model.bin")):
            if all((model.parent / name).exists() for name in FILES):
                return str(model.parent)
    return None


def _repositories(size: str) -> list[str]:
    """Where faster-whisper keeps the sizes that it knows by name."""
    special = {
        "large": "Systran/faster-whisper-large-v3",
        "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    }
    plain = (
        f"Systran/faster-{size}" if size.startswith("distil-") else f"Systran/faster-whisper-{size}"
    )
    return [special.get(size, plain)]


def _hub_cache() -> Path:
    import os

    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(base).expanduser() / "huggingface" / "hub"


class FasterWhisperRecogniser:
    """Loads the model; Errors: SPEECH_NO_MODEL.

    Decoding is bounded: one pass, without the retries at other temperatures.
    """

    def __init__(self, config: WhisperConfig) -> None:
        where = find_model(config)
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise VlaError(
                Code.SPEECH_NO_MODEL, f"faster-whisper can't be imported ({error}): {INSTALL}"
            ) from None
        device = _device(config.device)
        compute = config.compute_type
        if compute == "auto":
            compute = "float16" if device == "cuda" else "int8"
        try:
            self._model = WhisperModel(
                where,
                device=device,
                compute_type=compute,
                cpu_threads=config.threads,
                local_files_only=True,
            )
        except Exception as error:
            why = " ".join(str(error).split())[:200]
            raise VlaError(
                Code.SPEECH_NO_MODEL,
                f"The model {where} can't be loaded: {why or type(error).__name__}",
            ) from None
        self._config = config
        self._hot_words = ""
        many = bool(self._model.model.is_multilingual)
        self.languages: tuple[str, ...] = () if many else ("en",)
        self._language = None if config.language == "auto" else config.language
        if not many:
            if config.language not in ("en", "auto"):
                raise VlaError(
                    Code.INVALID_CONFIG,
                    f"Parameter 'whisper.language' is '{config.language}', but the model "
                    f"'{config.model_size}' knows English only.",
                )
            self._language = "en"
        self.name = f"faster-whisper {Path(config.model_size).name} ({device}, {compute})"
        # On the CPU one pass takes about as long as the speech: a partial one would delay the final one.
        self.offers_partials = device == "cuda"

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._hot_words = ", ".join(vocabulary.words()[:MOST_HOT_WORDS])

    def cancel(self) -> None:
        """One pass can't be ended; it is short where partial transcripts are offered."""

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        del partial
        try:
            segments, info = self._model.transcribe(
                samples,
                language=self._language,
                beam_size=self._config.beam_size,
                temperature=0.0,
                condition_on_previous_text=False,
                initial_prompt=self._config.initial_prompt or None,
                hotwords=self._hot_words or None,
                without_timestamps=True,
                vad_filter=False,  # voice activity was looked at already
            )
            found = list(segments)
        except Exception as error:
            why = " ".join(str(error).split())[:200]
            raise VlaError(
                Code.INTERNAL_ERROR, f"faster-whisper failed: {why or type(error).__name__}"
            ) from None
        return _recognition(found, str(info.language or ""))


def _recognition(segments: Iterable[Any], language: str) -> Recognition:
    """One text out of the segments. Confidence: the mean probability of its tokens, less what hints at silence."""
    texts, logs, weights, silent = [], 0.0, 0.0, 0.0
    stuck = False
    for segment in segments:
        size = max(1, len(segment.tokens))
        texts.append(segment.text.strip())
        logs += float(segment.avg_logprob) * size
        silent += float(segment.no_speech_prob) * size
        weights += size
        stuck = stuck or float(segment.compression_ratio) > REPETITION
    text = " ".join(part for part in texts if part)
    if not text:
        return Recognition("", 0.0, language)
    confidence = math.exp(min(0.0, logs / weights)) * (1.0 - max(0.0, silent / weights - 0.1))
    if stuck or (silent / weights > NO_SPEECH and logs / weights < -1.0):
        return Recognition(
            text,
            confidence,
            language,
            Result(Code.SPEECH_NOTHING_HEARD, "That was a noise, or the recogniser got stuck."),
        )
    return Recognition(text, max(0.0, min(1.0, confidence)), language)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    try:
        import ctranslate2

        return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
    except Exception:
        return "cpu"
