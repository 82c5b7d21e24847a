"""What a short piece of sound resembles more: a stop word, or anything else that people say.

A grammar of its own for pocketsphinx. The stop words compete with common short words and with the ways in which they
are said without being meant ("don't stop", "bus stop"); a stop word has to win, and has to explain the sound well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from vla_common.stop_words import POLITE
from vla_speech.pronouncing import pronunciations, words_of
from vla_speech.recogniser import F32, SAMPLE_RATE_HZ
from vla_speech.sphinx import Sphinx
from vla_speech.stop_spotter import Match

GRAMMAR = "stop"
EVEN_ADVANTAGE = -4.0
SLOPE = 0.5
"""Advantage over the free loop of sounds at which the confidence is 0.5, and how fast it grows; fitted to words."""
SHORTEST_S = 0.2
_OTHERS = """
    a about after all am an and are as at back bad ball be bed big box boy but by call came can car cheese clean
    come cop could cup dad day did do does down drop eat end far fast feel few find food for found four free from
    get girl give go going good got great had half hall happy hard has hat have he head hear heat help her here hey
    hi high him his home hop hope hot house how hull i if in is it its job jump just keep know last late leave left
    let light like look lot love make man many may me mean men milk mine mom more most mother much must my name near
    need never new next nice night no not now of off oh okay on one open or our out over park past pick place play
    please pop put read red rest right room run said salt same saw say school see seem sell seven she shelf short
    should show side sit six sleep so some song soon sort soup spot stand star start stay step stick still stock
    stopped store straight street stuff such sun swap table take talk tall tell ten than thanks that the them then
    there these they thing think this three time to today told too took top town trees turn two under until up us
    use very wait walk wall want was water way we well went were what when where which while who why will wish with
    work world would year yes yet you your
"""
_NOT_MEANT = (
    "don't",
    "do not",
    "never",
    "bus",
    "could not",
    "should",
    "to",
    "not",
    "can't",
    "the",
    "at",
    "will",
    "and",
)


class SphinxMatcher:
    """Made in a twentieth of a second. Errors: SPEECH_NO_MODEL.

    unspoken: stop words that can't be spotted, because nobody knows how to pronounce them.
    """

    def __init__(self, phrases: Iterable[str], **options: float) -> None:
        wanted = {phrase: words_of(phrase) for phrase in phrases}
        others = _OTHERS.split()
        sounds = pronunciations(
            [w for words in wanted.values() for w in words]
            + [w for phrase in (*_NOT_MEANT, *POLITE) for w in words_of(phrase)]
            + others
        )
        spoken = {p: " ".join(w) for p, w in wanted.items() if w and all(x in sounds for x in w)}
        self.unspoken = tuple(phrase for phrase in wanted if phrase not in spoken)
        self._phrases = frozenset(spoken.values())
        # A word that stops must not be among those that it competes with.
        own = {word for words in wanted.values() for word in words[:1] if len(words) == 1}
        loop = [word for word in others if word in sounds and word not in own]
        first = [phrase for phrase in self._phrases if len(phrase.split()) == 1]
        loop += [f"{before} {word}" for before in _NOT_MEANT for word in first]
        polite = " | ".join(sorted(word for word in POLITE if word in sounds))
        share = 1 / max(1, len(self._phrases))
        grammar = "\n".join(
            [
                "#JSGF V1.0;",
                f"grammar {GRAMMAR};",
                f"public <{GRAMMAR}> = [{polite}] (<phrase>)+ [{polite}] | (<other>)+;",
                f"<phrase> = {' | '.join(f'/{share:.5f}/ {p}' for p in sorted(self._phrases))};",
                # With weights each word has its price: a chain of short words would explain anything.
                f"<other> = {' | '.join(f'/{1 / len(loop):.5f}/ {word}' for word in loop)};",
            ]
        )
        self._sphinx = Sphinx(sounds, {GRAMMAR: grammar}, **options) if spoken else None

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
