# SPDX-License-Identifier: Apache-2.0
"""The recogniser faster_whisper: Whisper of any size, on the CPU or with CUDA, in many languages.

English is heard twice over one look at the sound: held to the words of this world (`whisper_guide`), of which the most
usual wording is taken (`guided_decoding`), and freely, to see what is no command. Other languages are heard freely; hot
words and a prompt make the words of this world likelier there.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.language.halt_phrases import Wish
from vla_common.machine.quiet_libraries import keep_libraries_quiet
from vla_speech.config import WhisperConfig
from vla_speech.recognition.guided_decoding import (
    Command,
    Hypothesis,
    believable,
    left_out,
    likeliest,
    may_echo,
    once,
    plain_words,
    too_fast,
)
from vla_speech.recognition.languages import is_foreign, is_latin
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ, Recognition, Vocabulary
from vla_speech.recognition.whisper.whisper_guide import PROMPT, Guide, make_guide
from vla_speech.recognition.whisper.whisper_models import INSTALL, FoundModel, find_model
from vla_speech.stopping.spoken_stops import heard_text, heard_wish
from vla_speech.stopping.stop_spotter import Match

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
WORD_S = 4.0
"""The same for stop words: free words of so little sound are as good, and there is no time to lose."""
MARGIN_S = 1.0
FRAMES_PER_S = 100
QUICK_WIDTH = 512
"""Numbers for each moment of sound that come out of the encoder of "base". The CPU makes partial transcripts of models
up to that size in a small part of the time that the words take."""
QUICK_BEAM = 4
EVEN = 0.75
"""Confidence of a stop word that was heard freely, at least."""
EVEN_MARGIN = 1.5
"""By how much a stop word has to explain the sound better than other words, where those were heard; as a logarithm."""
LONGEST_WORD_S = 2.0
"""Sound with its pauses into which a stop word fits, repeated perhaps; in more it has to be heard freely."""
SURE_WORD = 0.5
"""Probability of a word, given the sound and the words before it, from which on it was said."""
MOST_CONTEXT = 223
"""Tokens that the prompt may have."""
MOST_TOKENS = 12
TOKENS_PER_S = 8
"""That are made of a sound, and of each second of it; people don't speak faster, but Whisper may repeat itself."""


_PIECES = re.compile(r"'[a-z]+| ?[^\W\d_]+| ?\d+| ?[^\s\w]+")
"""Words with the space before them, figures, signs: what tokens are made within."""
_SPACE = "\u0120"
"""A space in a tokenizer of this kind."""


class FasterWhisperRecognizer:
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
        self._shown = config.initial_prompt.strip() or PROMPT
        self._foreign = _foreign_tokens(self._model.hf_tokenizer, self._language) if many else []
        self._all = [-1, *self._foreign]
        # On the CPU one pass of a big model takes about as long as the speech: it would delay the final one.
        quick = guided and _width(self._model) <= QUICK_WIDTH
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
            self._encode,
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
        """As a matcher of the spotter of stop words, beside a quicker one; only where `spots_stops`.

        Sure of what it hears freely; else by how much better free words explain the sound than a stop word does.
        """
        if self._guide is None:
            return Match()
        sound, seconds = self._look(samples, WORD_S), len(samples) / SAMPLE_RATE_HZ
        found = self._match_freely(sound, seconds)
        if found.phrase or seconds > LONGEST_WORD_S:
            return found
        text, margin = self._stop_margin(sound, seconds, self._guide)
        confidence = 1.0 / (1.0 + math.exp(EVEN_MARGIN - margin)) if text else 0.0
        return Match(text, confidence, found.others)

    def match_among(self, samples: F32) -> Match:
        """The same among other words, such as those of the robot itself: what is heard freely, and nothing else."""
        return self._match_freely(self._look(samples, WORD_S), len(samples) / SAMPLE_RATE_HZ)

    def _match_freely(self, sound: Any, seconds: float) -> Match:
        free, _ = self._hear_plainly(sound, seconds)
        if heard_wish(free.text) is not Wish.REST:
            return Match(others=_probability(free))
        return Match(heard_text(free.text), max(_probability(free), EVEN), 0.0)

    def _stop_margin(self, sound: Any, seconds: float, guide: Guide) -> tuple[str, float]:
        """The stop word that explains the sound best, and how much better than free words: natural logarithm."""
        (stop, *_), _ = self._decode(sound, seconds, guide.no_stop, QUICK_BEAM, shown=False)
        text = heard_text(stop.text)
        if heard_wish(text) is not Wish.REST:
            return "", -math.inf
        (bare, *_), _ = self._decode(sound, seconds, self._all, 1, shown=False)
        return text, _said_once(stop) - _said_once(bare)

    def _hear_beginning(self, samples: F32, guide: Guide) -> Recognition:
        seconds = len(samples) / SAMPLE_RATE_HZ
        sound = self._look(samples)
        wordings, _ = self._decode(sound, seconds, guide.suppressed, QUICK_BEAM)
        command = likeliest(wordings, guide.model)
        return Recognition("" if command is None else command.text, 0.0, "en")

    def _look(self, samples: F32, least_s: float = SHORT_S) -> Any:
        """What the encoder makes of the sound. least_s: WORD_S, SHORT_S or LONGEST_S."""
        frames = self._model.feature_extractor(samples)
        needed_s = len(samples) / SAMPLE_RATE_HZ + MARGIN_S
        sizes = (WORD_S, SHORT_S, LONGEST_S)
        size_s = next((s for s in sizes if s >= max(least_s, needed_s)), LONGEST_S)
        count = round(size_s * FRAMES_PER_S)
        whole = np.zeros((frames.shape[0], count), np.float32)
        whole[:, : min(count, frames.shape[1])] = frames[:, :count]
        return self._model.encode(whole)

    def _hear_command(self, samples: F32, guide: Guide) -> Recognition:
        sound, seconds = self._look(samples), len(samples) / SAMPLE_RATE_HZ
        free, silence = self._hear_plainly(sound, seconds)
        words = once(plain_words(free.text))
        if heard_wish(free.text) is not Wish.NONE:
            return Recognition(heard_text(free.text), _probability(free), "en")
        wordings, _ = self._decode(sound, seconds, guide.suppressed, BEAM)
        # What was heard freely may be a command too; the search for commands does not always come across it.
        offered = [likeliest(wordings, guide.model), likeliest([free], guide.model)]
        commands = [c for c in offered if c is not None and self._may_be(c, free, seconds)]
        shaped = guide.shape.fits(words)
        # The sentences that it is shown make commands of tales: without them, "I put it there" has its "I".
        bare = (
            self._decode(sound, seconds, self._all, 1, False)[0][0] if commands or shaped else free
        )
        for command in commands:
            if (
                heard_wish(command.text) is not Wish.NONE
                and self._stop_margin(sound, seconds, guide)[1] < EVEN_MARGIN
            ):
                continue  # what is held to the words of this world makes "don't move" of "down"
            if self._is_all(command, free, sound, seconds) and (
                bare is free or self._is_all(command, bare, sound, seconds)
            ):
                return Recognition(command.text, command.confidence, "en")
        text = " ".join(free.text.split() if words == plain_words(free.text) else words)
        if not text:
            return Recognition("", 0.0, "en")
        sureness = _probability(free)
        if _is_noise(text, silence, free.sureness) or too_fast(text, seconds):
            return Recognition(text, sureness, "en", _noise())
        if self._config.commands_only and not (shaped and guide.shape.fits(plain_words(bare.text))):
            return Recognition(text, sureness, "en", _no_command(text))
        return Recognition(text, sureness, "en")

    def _hear_plainly(self, sound: Any, seconds: float) -> tuple[Hypothesis, float]:
        """What is heard without holding it to anything, and the probability that nobody speaks."""
        (free, *_), silence = self._decode(sound, seconds, self._all, beam=1)
        if may_echo(free.text, self._shown) or too_fast(free.text, seconds):
            (free, *_), silence = self._decode(sound, seconds, self._all, beam=1, shown=False)
        return free, silence

    def _may_be(self, command: Command, free: Hypothesis, seconds: float) -> bool:
        """Whether it was this command or another sentence; free words are without the echo of what was shown."""
        if not believable(command, free) or too_fast(command.text, seconds):
            return False
        return may_echo(free.text, self._shown) or not may_echo(command.text, self._shown)

    def _is_all(self, command: Command, heard: Hypothesis, sound: Any, seconds: float) -> bool:
        """Whether nothing was certainly said beside this command."""
        missing = left_out(command, heard)
        return not missing or not self._is_sure(heard, missing, sound, seconds)

    def _is_sure(self, free: Hypothesis, places: Sequence[int], sound: Any, seconds: float) -> bool:
        """Whether one of these of the freely heard words was certainly said."""
        tokens = self._tokens
        start = [*tokens.sot_sequence, tokens.no_timestamps]
        frames = max(1, round(seconds * FRAMES_PER_S))
        try:
            (found,) = self._model.model.align(sound, start, [list(free.ids)], frames)
        except Exception:  # a model without alignment heads, of somebody's own making
            return True
        sure: list[float] = []
        text, least = "", 1.0
        for number, probability in zip(free.ids, found.text_token_probs, strict=False):
            piece = tokens.decode([number])
            if piece.startswith(" ") and text.strip():
                sure += [least] * len(plain_words(text))
                text, least = "", 1.0
            text += piece
            least = min(least, float(probability)) if plain_words(piece) else least
        sure += [least] * len(plain_words(text))
        return any(sure[place] >= SURE_WORD for place in places if place < len(sure))

    def _decode(
        self,
        sound: Any,
        seconds: float,
        suppressed: Sequence[int],
        beam: int,
        shown: bool = True,
    ) -> tuple[list[Hypothesis], float]:
        """The wordings, the likeliest first and one at least, and the probability that nobody speaks.

        shown: whether some sentences were said before, for the decoder.
        """
        tokens = self._tokens
        before = self._encode(" " + self._shown)[-MOST_CONTEXT:] if shown else []
        start = [tokens.sot_prev, *before] if before else []
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
            Hypothesis(tokens.decode(list(ids)).strip(), float(score), len(ids) + 1, tuple(ids))
            for ids, score in zip(found.sequences_ids, found.scores, strict=True)
        ]
        return wordings or [Hypothesis("", -math.inf, 1)], float(found.no_speech_prob)

    def _encode(self, text: str) -> list[int]:
        """Whole words where the vocabulary has them: the rules of some models' tokenizers break "the" up."""
        out: list[int] = []
        for piece in _PIECES.findall(text):
            whole = self._model.hf_tokenizer.token_to_id(piece.replace(" ", _SPACE))
            out += [whole] if whole is not None else self._tokens.encode(piece)
        return out

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


class StopAmongWords:
    """A matcher of the spotter, for while the robot itself speaks."""

    def __init__(self, recognizer: FasterWhisperRecognizer) -> None:
        self._recognizer = recognizer

    def match(self, samples: F32) -> Match:
        return self._recognizer.match_among(samples)


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


def _width(model: Any) -> int:
    """Numbers for each moment of sound that come out of the encoder: 384 of "tiny", 512 of "base", 768 of "small"."""
    silence = np.zeros((model.feature_extractor.mel_filters.shape[0], 2), np.float32)
    return int(model.encode(silence).shape[-1])


def _foreign_tokens(tokenizer: Any, language: str | None) -> list[int]:
    """Those with letters that the language is not written with; a model of many may wander into another."""
    if language is None or not is_latin(language):
        return []
    byte_of = _bytes_of_letters()
    pieces = tokenizer.get_vocab().items()
    return sorted(
        number
        for piece, number in pieces
        if is_foreign(bytes(byte_of[letter] for letter in piece if letter in byte_of))
    )


def _bytes_of_letters() -> dict[str, int]:
    """How tokenizers of this kind write bytes as printable letters: as they are, or above all of these."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {
        **{chr(byte): byte for byte in plain},
        **{chr(256 + n): byte for n, byte in enumerate(others)},
    }


def _said_once(one: Hypothesis) -> float:
    """Logarithm of its probability, for one time of what it has again and again: "3 3 3 3" is one "three"."""
    words = plain_words(one.text)
    return one.sureness * one.tokens * len(once(words)) / max(1, len(words))


def _probability(one: Hypothesis) -> float:
    return math.exp(min(0.0, one.sureness))


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
