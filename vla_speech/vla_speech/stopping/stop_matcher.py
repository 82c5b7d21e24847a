# SPDX-License-Identifier: Apache-2.0
"""What a short piece of sound resembles more: a stop word, or anything else that people say.

A grammar of its own for pocketsphinx. The stop words compete with common short words and with the ways in which they
are said without being meant ("don't stop", "bus stop"); a stop word has to win, and has to explain the sound well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from vla_common.language.halt_phrases import POLITE
from vla_speech.recognition.recognizer import F32, SAMPLE_RATE_HZ
from vla_speech.recognition.sphinx.pronouncing import pronunciations, words_of
from vla_speech.recognition.sphinx.sphinx import Sphinx
from vla_speech.stopping.stop_spotter import Match

GRAMMAR = "stop"
EVEN_ADVANTAGE = 5.0
SLOPE = 0.5
"""Advantage over the free loop of sounds at which the confidence is 0.5, and how fast it grows; fitted to words."""
SHORTEST_S = 0.2
_OTHERS = (
    "turn left", "turn right", "move", "go to the", "step", "please", "shop",
    "what is", "on the", "pick up", "yes", "no",
)  # fmt: skip
"""Few on purpose: a chain of all short words, or "stopped", explains a stop word as well as the word itself does. None
that differs from a stop word only by a sound that noise covers ("hall", "hot"): there a stop too many costs less."""
_AFTER = ("please", "now", "robot")
"""Of the polite words: others, such as "hey", explain the end of any word."""
_NOT_MEANT = ("don't", "do not", "never", "bus", "could not", "should", "can't", "will not")


class SphinxMatcher:
    """Made in a twentieth of a second. Errors: SPEECH_NO_MODEL.

    unspoken: stop words that can't be spotted, because nobody knows how to pronounce them.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        wanted = {phrase: words_of(phrase) for phrase in phrases}
        sounds = pronunciations(
            [w for words in wanted.values() for w in words]
            + [w for phrase in (*_NOT_MEANT, *POLITE, *_OTHERS) for w in words_of(phrase)]
        )
        spoken = {p: " ".join(w) for p, w in wanted.items() if w and all(x in sounds for x in w)}
        self.unspoken = tuple(phrase for phrase in wanted if phrase not in spoken)
        self._phrases = frozenset(spoken.values())
        # A word that stops must not be among those that it competes with.
        loop = [phrase for phrase in _OTHERS if phrase not in self._phrases]
        first = [phrase for phrase in self._phrases if len(phrase.split()) == 1]
        loop += [f"{before} {word}" for before in _NOT_MEANT for word in first]
        polite = " | ".join(word for word in _AFTER if word in sounds)
        share = 1 / max(1, len(self._phrases))
        grammar = "\n".join(
            [
                "#JSGF V1.0;",
                f"grammar {GRAMMAR};",
                f"public <{GRAMMAR}> = [please | robot] (<phrase>)+ [{polite}] | (<other>)+;",
                f"<phrase> = {' | '.join(f'/{share:.5f}/ {p}' for p in sorted(self._phrases))};",
                # With weights each word has its price: a chain of short words would explain anything.
                f"<other> = {' | '.join(f'/{1 / len(loop):.5f}/ {word}' for word in loop)};",
            ]
        )
        self._sphinx = Sphinx(sounds, {GRAMMAR: grammar}) if spoken else None

    def match(self, samples: F32) -> Match:
        if self._sphinx is None or len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
            return Match()
        data = self._sphinx.prepare(samples)
        text = self._sphinx.decode(GRAMMAR, data).text
        core = [word for word in text.split() if word not in POLITE]
        if not core or not self._begins_with_phrase(" ".join(core)):
            return Match()
        advantage = self._sphinx.advantage(text, data)
        return Match(text, 1.0 / (1.0 + math.exp(-SLOPE * (max(advantage, -100) - EVEN_ADVANTAGE))))

    def _begins_with_phrase(self, text: str) -> bool:
        return any(text == p or text.startswith(p + " ") for p in self._phrases)
