# SPDX-License-Identifier: Apache-2.0
"""The offline recogniser: pocketsphinx with a model of commands. English only; the sounds' model is in its wheel.

Most of its work is to tell what is no command. Words of ordinary talk compete with those of commands, and a sentence
with one of them is none; the rest is believed only when it explains the sound nearly as well as any sounds do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from vla_common.contracts.outcomes import Code, Result
from vla_speech.recognition.command_grammar import NAME, Grammar, make_grammar, punctuated
from vla_speech.recognition.command_model import model_of
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ, Recognition, Vocabulary
from vla_speech.recognition.sphinx.sphinx import Sphinx

LANGUAGE = "en"
EVEN_ADVANTAGE = 8.0
"""Advantage over a free loop of sounds, per frame, at which a sentence is as likely a command as not."""
SLOPE = 0.5
"""How fast doubt turns into certainty around that; both fitted to spoken commands and chatter, see the evaluation."""
SHORTEST_S = 0.1


class PocketsphinxRecognizer:
    """Made in about a tenth of a second; Errors: SPEECH_NO_MODEL."""

    name = "pocketsphinx (command grammar)"
    languages: tuple[str, ...] = (LANGUAGE,)
    offers_partials = True

    def __init__(
        self, wake_word: str = "", tell: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """tell: hears of names that can't be pronounced."""
        self._wake_word, self._tell = wake_word, tell
        self._vocabulary = Vocabulary()
        self._sphinx = self._make(self._vocabulary)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Makes a new decoder when something changed; the old one stays when that fails."""
        if vocabulary == self._vocabulary:
            return
        self._sphinx = self._make(vocabulary)
        self._vocabulary = vocabulary

    def cancel(self) -> None:
        """Ends a partial transcript; a final one takes a small part of the time that the speech took."""
        self._sphinx.canceled = True

    def transcribe(self, samples: F32, partial: bool = False) -> Recognition:
        if len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
            return Recognition("", 0.0, LANGUAGE)
        data = self._sphinx.prepare(samples)
        self._sphinx.canceled = False
        found = self._sphinx.decode(NAME, data, whole=not partial)
        if partial:
            return Recognition(found.text, 0.0, LANGUAGE)
        if not found.text:
            return Recognition("", 0.0, LANGUAGE, _not_for_robot())
        if self._others & set(found.text.split()):
            return Recognition(found.text, 0.0, LANGUAGE, _not_for_robot())
        confidence = confidence_of(self._sphinx.advantage(found.text, data))
        return Recognition(punctuated(found.text), confidence, LANGUAGE)

    def _make(self, vocabulary: Vocabulary) -> Sphinx:
        grammar: Grammar = make_grammar(vocabulary, self._wake_word)
        if grammar.unspoken:
            self._tell(
                "Can't be heard, since nobody knows how to pronounce it: "
                + ", ".join(grammar.unspoken)
            )
        self._others = grammar.others
        return Sphinx(grammar.words, {}, {NAME: model_of(grammar.jsgf).arpa()})


def confidence_of(advantage: float) -> float:
    """0..1 by how much better than a free loop of sounds the words explain what was heard."""
    return 1.0 / (1.0 + math.exp(-SLOPE * (max(advantage, -100.0) - EVEN_ADVANTAGE)))


def _not_for_robot() -> Result:
    return Result(Code.SPEECH_NOT_FOR_ROBOT, "I heard somebody, but no command.")
