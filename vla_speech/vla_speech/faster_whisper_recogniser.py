"""The recogniser faster_whisper: Whisper of any size, on the CPU or with CUDA, in many languages.

English is heard twice over one look at the sound: held to the words of this world (`whisper_guide`), of which the most
usual wording is taken (`guided_decoding`), and freely, to see what is no command. Other languages are heard freely; hot
words and a prompt make the words of this world likelier there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vla_common.outcomes import Code, Result, VlaError
from vla_common.quiet_libraries import keep_libraries_quiet
from vla_speech.config import WhisperConfig
from vla_speech.guided_decoding import Hypothesis, believable, likeliest, once, plain_words
from vla_speech.recogniser import F32, SAMPLE_RATE_HZ, Recognition, Vocabulary
from vla_speech.stop_spotter import Match
from vla_speech.whisper_guide import PROMPT, Guide, make_guide
from vla_speech.whisper_models import INSTALL, FoundModel, find_model

MOST_HOT_WORDS = 80
"""The decoder takes 223 tokens of context; names are two or three each."""
NO_SPEECH = 0.6
"""Probability of silence above which a segment counts as none, as in Whisper's own decoding."""
UNSURE = -1.0
"""Mean logarithm of the probability of a token below which silence is believed in; Whisper's own limit."""
REPETITION = 2.4
"""Text that compresses better than this repeats itself: the model got stuck. Whisper's own limit."""
LONGEST_S = 30.0
"""Whisper looks at so much sound at once."""
BEAM = 16
"""Wordings that are followed, and offered, where it is held to the words of this world; few are cheap to decide on."""
SHORT_S = 10.0
"""What fits into this, with MARGIN_S of silence, is looked at as so much only: seven times faster, and hardly worse."""
MARGIN_S = 1.0
FRAMES_PER_S = 100
QUICK_SIZES = ("tiny", "base")
"""Whose partial transcripts the CPU makes in a small part of the time that the words take."""
QUICK_BEAM = 4
MOST_CONTEXT = 223
"""Tokens that the prompt may have."""
MOST_TOKENS = 12
TOKENS_PER_S = 8
"""That are made of a sound, and of each second of it; people don't speak faster, but Whisper may repeat itself."""


class FasterWhisperRecogniser:
    """Loads the model; Errors: SPEECH_NO_MODEL.

    Decoding is bounded: one pass, without the retries at other temperatures.
    """

    def __init__(
        self,
        config: WhisperConfig,
        model: FoundModel | None = None,
        wake_word: str = "",
        stop_phrases: Sequence[str] = (),
    ) -> None:
        """model: where to find it; else where the config says."""
        found = find_model(config) if model is None else model
        device, compute = _device(config.device), config.compute_type
        if compute == "auto":
            compute = "float16" if device == "cuda" else "int8"
        self._model = _load(found.folder, device, compute, config.threads)
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
                    f"'{found.size}' knows English only.",
                )
            self._language = "en"
        guided = config.guided and self._language == "en"
        how = ", ".join((device, compute, *(["guided"] if guided else [])))
        self.name = f"faster-whisper {found.size.rsplit('/', 1)[-1]} ({how})"
        self._wake_word, self._stop_phrases = wake_word, tuple(stop_phrases)
        self._guide: Guide | None = None
        self._tokens: Any = self._make_tokens() if guided else None
        self.set_vocabulary(Vocabulary())
        # On the CPU one pass of a big model takes about as long as the speech: it would delay the final one.
        quick = guided and found.size.startswith(QUICK_SIZES)
        self.offers_partials = device == "cuda" or quick
        self.spots_stops = quick or (guided and device == "cuda")
        """Whether it is quick enough for that."""

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._hot_words = ", ".join(vocabulary.words()[:MOST_HOT_WORDS])
        if self._tokens is None:
            return
        self._guide = make_guide(
            vocabulary,
            self._wake_word,
            self._stop_phrases,
            self._tokens.encode,
            range(self._model.hf_tokenizer.get_vocab_size()),
            self._tokens.eot,
        )

    def cancel(self) -> None:
        """One pass can't be ended; it is short where partial transcripts are offered."""

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        try:
            if self._guide is None or len(samples) > LONGEST_S * SAMPLE_RATE_HZ:
                return self._hear_freely(samples)
            if partial:
                return self._hear_beginning(samples, self._guide)
            return self._hear_command(samples, self._guide)
        except Exception as error:
            why = " ".join(str(error).split())[:200]
            raise VlaError(
                Code.INTERNAL_ERROR, f"faster-whisper failed: {why or type(error).__name__}"
            ) from None

    def match(self, samples: F32) -> Match:
        """As a matcher of the spotter of stop words, beside a quicker one; only where `spots_stops`."""
        if self._guide is None:
            return Match()
        found = self._hear_command(samples, self._guide, QUICK_BEAM)
        if not found.result.ok:
            return Match()
        return Match(" ".join(plain_words(found.text)), found.confidence)

    def _hear_beginning(self, samples: F32, guide: Guide) -> Recognition:
        seconds = len(samples) / SAMPLE_RATE_HZ
        sound = self._look(samples)
        wordings, _ = self._decode(sound, seconds, guide.suppressed, QUICK_BEAM)
        command = likeliest(wordings, guide.model)
        return Recognition("" if command is None else command.text, 0.0, "en")

    def _look(self, samples: F32) -> Any:
        """What the encoder makes of the sound."""
        frames = self._model.feature_extractor(samples)
        short = len(samples) <= (SHORT_S - MARGIN_S) * SAMPLE_RATE_HZ
        count = round((SHORT_S if short else LONGEST_S) * FRAMES_PER_S)
        whole = np.zeros((frames.shape[0], count), np.float32)
        whole[:, : min(count, frames.shape[1])] = frames[:, :count]
        return self._model.encode(whole)

    def _hear_command(self, samples: F32, guide: Guide, beam: int = BEAM) -> Recognition:
        seconds = len(samples) / SAMPLE_RATE_HZ
        sound = self._look(samples)
        (free, *_), silence = self._decode(sound, seconds, [-1], beam=1)
        wordings, _ = self._decode(sound, seconds, guide.suppressed, beam)
        # What was heard freely may be a command too; the search for commands does not always come across it.
        for offered in (wordings, [free]):
            command = likeliest(offered, guide.model)
            if command is not None and believable(command, free):
                return Recognition(command.text, command.confidence, "en")
        words = plain_words(free.text)
        text = " ".join(free.text.split() if once(words) == words else once(words))
        sureness = math.exp(min(0.0, free.sureness))
        if not text:
            return Recognition("", 0.0, "en")
        if _is_noise(text, silence, free.sureness):
            return Recognition(text, sureness, "en", _noise())
        if self._config.commands_only:
            return Recognition(text, sureness, "en", _no_command(text))
        return Recognition(text, sureness, "en")

    def _decode(
        self, sound: Any, seconds: float, suppressed: Sequence[int], beam: int
    ) -> tuple[list[Hypothesis], float]:
        """The wordings, the likeliest first and one at least, and the probability that nobody speaks."""
        tokens = self._tokens
        before = tokens.encode(" " + (self._config.initial_prompt.strip() or PROMPT))
        start = [tokens.sot_prev, *before[-MOST_CONTEXT:]]
        start += [*tokens.sot_sequence, tokens.no_timestamps]
        (found,) = self._model.model.generate(
            sound,
            [start],
            beam_size=beam,
            num_hypotheses=beam,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=False,
            suppress_tokens=suppressed,
            max_length=len(start) + MOST_TOKENS + round(TOKENS_PER_S * seconds),
        )
        wordings = [
            Hypothesis(tokens.decode(list(ids)).strip(), float(score), len(ids) + 1)
            for ids, score in zip(found.sequences_ids, found.scores, strict=True)
        ]
        return wordings or [Hypothesis("", -math.inf, 1)], float(found.no_speech_prob)

    def _make_tokens(self) -> Any:
        keep_libraries_quiet()
        from faster_whisper.tokenizer import Tokenizer

        many = bool(self._model.model.is_multilingual)
        return Tokenizer(self._model.hf_tokenizer, many, task="transcribe", language="en")

    def _hear_freely(self, samples: F32) -> Recognition:
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
        return _recognition(list(segments), str(info.language or ""))


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
    if stuck or (silent / weights > NO_SPEECH and logs / weights < UNSURE):
        return Recognition(text, confidence, language, _noise())
    return Recognition(text, max(0.0, min(1.0, confidence)), language)


def _load(where: str, device: str, compute: str, threads: int) -> Any:
    """The model of a folder. Errors: SPEECH_NO_MODEL."""
    keep_libraries_quiet()
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise VlaError(
            Code.SPEECH_NO_MODEL, f"faster-whisper can't be imported ({error}): {INSTALL}"
        ) from None
    try:
        return WhisperModel(
            where, device=device, compute_type=compute, cpu_threads=threads, local_files_only=True
        )
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise VlaError(
            Code.SPEECH_NO_MODEL,
            f"The model {where} can't be loaded: {why or type(error).__name__}",
        ) from None


def _is_noise(text: str, silence: float, sureness: float) -> bool:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > REPETITION or (
        silence > NO_SPEECH and sureness < UNSURE
    )


def _noise() -> Result:
    return Result(Code.SPEECH_NOTHING_HEARD, "That was a noise, or the recogniser got stuck.")


def _no_command(text: str) -> Result:
    return Result(Code.SPEECH_NOT_FOR_ROBOT, f"I heard '{text[:100]}', and that is no command.")


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    try:
        import ctranslate2

        return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
    except Exception:
        return "cpu"
