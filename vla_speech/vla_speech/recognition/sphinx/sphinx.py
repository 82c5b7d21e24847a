# SPDX-License-Identifier: Apache-2.0
"""The edge of pocketsphinx: grammars in, words with scores out.

Sound is brought to one loudness and gets a little noise, since the model has never heard digital silence. Scores are
told against a free loop of all sounds over the same samples: how much worse the grammar explains them than anything
at all. What is good enough is left to the callers.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ
from vla_speech.recognition.sphinx.pronouncing import INSTALL, PHONES, model_folder

LOUDNESS = 0.08
"""Root mean square that the loud part of every utterance is brought to."""
NOISE = 0.0025
MAX_GAIN = 30.0
_PIECE = SAMPLE_RATE_HZ // 5 * 2
"""Bytes after which a partial decoding looks whether it is still wanted: 0.2 s."""
_LOOP = "loop"
_CHECK = "check"


@dataclass(frozen=True)
class Decoded:
    """text: empty when the grammar explains nothing. score: natural logarithm of the likelihood, per frame of 10 ms."""

    text: str = ""
    score: float = 0.0
    frames: int = 0
    words: tuple[tuple[str, int, int], ...] = ()
    """Word, first and last frame (10 ms each)."""


class Sphinx:
    """One decoder with several grammars over one dictionary. Errors: SPEECH_NO_MODEL, INVALID_REQUEST."""

    def __init__(
        self,
        words: Mapping[str, tuple[str, ...]],
        grammars: Mapping[str, str],
        models: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """words: with their pronunciations; grammars: name -> JSGF; models: name -> n-grams in the ARPA format."""
        try:
            import pocketsphinx
        except ImportError as error:
            raise VlaError(
                Code.SPEECH_NO_MODEL, f"The recogniser pocketsphinx is missing ({error}): {INSTALL}"
            ) from None
        folder = model_folder()
        lines = [
            f"{word}{'' if number == 0 else f'({number + 1})'} {sounds}"
            for word, all_sounds in words.items()
            for number, sounds in enumerate(all_sounds)
        ]
        lines += [f"ph{phone.lower()} {phone}" for phone in PHONES]
        with tempfile.TemporaryDirectory() as scratch:
            dictionary = Path(scratch) / "words.dict"
            dictionary.write_text("\n".join(lines) + "\n", encoding="utf-8")
            self._decoder = pocketsphinx.Decoder(
                hmm=str(folder / "en-us"),
                dict=str(dictionary),
                lm=None,
                loglevel="FATAL",
                samprate=SAMPLE_RATE_HZ,
                bestpath=False,
                **options,
            )
            for name, text in (models or {}).items():
                path = Path(scratch) / "model.arpa"
                path.write_text(text, encoding="utf-8")
                try:
                    self._decoder.add_lm_file(name, str(path))
                except Exception as error:
                    raise VlaError(
                        Code.INVALID_REQUEST, f"The model '{name}' can't be used: {error}."
                    ) from None
        loop = " | ".join(f"ph{phone.lower()}" for phone in PHONES)
        for name, grammar in {
            **grammars,
            _LOOP: f"#JSGF V1.0; grammar loop; public <loop> = ( {loop} )+;",
        }.items():
            try:
                self._decoder.add_jsgf_string(name, grammar)
            except Exception as error:
                raise VlaError(
                    Code.INVALID_REQUEST, f"The grammar '{name}' can't be used: {error}."
                ) from None
        self.canceled = False
        """Ends a decoding that is not whole; set by another thread."""
        self._noise = np.random.default_rng(0).normal(0.0, NOISE, SAMPLE_RATE_HZ).astype(np.float32)

    def prepare(self, samples: F32) -> bytes:
        """Samples as the decoder takes them."""
        # The loud part: the 80th percentile of the loudness over 20 ms.
        size = SAMPLE_RATE_HZ // 50
        whole = len(samples) // size * size
        gain = 1.0
        if whole:
            parts = np.sqrt(np.mean(np.square(samples[:whole].reshape(-1, size)), axis=1))
            gain = LOUDNESS / max(float(np.percentile(parts, 80)), LOUDNESS / MAX_GAIN)
        noise = np.resize(self._noise, len(samples))
        loud = np.clip(samples * np.float32(gain) + noise, -1.0, 1.0)
        return bytes((loud * 32767.0).astype("<i2").tobytes())

    def decode(self, name: str, data: bytes, whole: bool = True) -> Decoded:
        """The best sentence of a grammar over prepared samples.

        whole: the sentence is over, so that what is only its beginning does not count. Otherwise it ends early when
        `canceled` is set, with nothing.
        """
        decoder = self._decoder
        decoder.activate_search(name)
        decoder.start_utt()
        if whole:
            decoder.process_raw(data, False, True)
            decoder.end_utt()
        else:
            for start in range(0, len(data), _PIECE):
                if self.canceled:
                    break
                decoder.process_raw(data[start : start + _PIECE], False, False)
            begun = None if self.canceled else decoder.hyp()
            text = "" if begun is None else str(begun.hypstr)
            decoder.end_utt()
            return Decoded(text)
        found = decoder.hyp()
        if found is None:
            return Decoded()
        segments = list(decoder.seg())
        frames = sum(s.end_frame - s.start_frame + 1 for s in segments)
        words = tuple(
            (s.word.partition("(")[0], s.start_frame, s.end_frame)
            for s in segments
            if not s.word.startswith("<") and not s.word.startswith("(")
        )
        # The wheel tells likelihoods of the decoder's own scale, whose base is 1.0001.
        score = sum(math.log(max(s.ascore, 1e-300)) for s in segments) / max(1, frames) * 1e4
        return Decoded(found.hypstr, score, frames, words)

    def advantage(self, text: str, data: bytes) -> float:
        """How much better, per frame, exactly these words explain the sound than a free loop of all sounds does.

        The words alone: what the grammar thinks of them is left out.
        """
        self._decoder.add_jsgf_string(
            _CHECK, f"#JSGF V1.0; grammar check; public <check> = {text};"
        )
        checked, free = self.decode(_CHECK, data), self.decode(_LOOP, data)
        return checked.score - free.score if checked.text else -math.inf
