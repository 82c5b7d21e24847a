"""Which command an utterance was, out of what a recogniser of anything may have heard.

A recogniser such as Whisper, held to the words of this world, offers several wordings. Each is weighed by how well it
explains the sound and by how usual such a command is. What no usual command explains about as well as free words do is
no command. How the wordings come about is left to the recogniser.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vla_speech.command_grammar import BEGINNINGS, punctuated
from vla_speech.command_model import WordModel

MODEL_WEIGHT = 0.6
"""How much the usual wording counts beside the sound; this and what follows was fitted to the tuning voices."""
WORD_BONUS = 1.0
"""Added for each word: every word costs probability, and short wordings must not win for being short."""
EVEN_SURENESS = -0.9
"""Mean logarithm of the probability of a token at which a wording is as likely right as not."""
SURENESS_SLOPE = 4.0
LEAST_SURENESS = -1.4
"""Below this it was another sentence."""
LEAST_USUAL = -3.1
"""Mean logarithm of the probability of a word below which no such command is given."""
LEAST_USUAL_AGREED = -4.4
"""The same where it was heard freely word for word: a thing that nobody has seen yet has an unusual name."""
FREE_MARGIN = 0.4
"""By how much free words may explain the sound better, in the mean logarithm for a token."""
LEAST_COVERED = 0.7
"""Share of the freely heard words that a command must have: it must not leave out half of what was said."""

_SMALL = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "  # noqa: SIM905
    "seventeen eighteen nineteen".split()
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TWICE = 4
"""So many words in a row are not said twice in one command; a recogniser that got stuck does that."""


@dataclass(frozen=True)
class Hypothesis:
    """One wording. sureness: mean natural logarithm of the probability of its tokens; tokens: with the end."""

    text: str
    sureness: float
    tokens: int


@dataclass(frozen=True)
class Command:
    """What was most likely said, if it was a command. usual: mean logarithm of the probability of a word."""

    text: str
    sureness: float
    usual: float

    @property
    def words(self) -> tuple[str, ...]:
        return plain_words(self.text)

    @property
    def confidence(self) -> float:
        """0..1."""
        return 1.0 / (1.0 + math.exp(-SURENESS_SLOPE * (self.sureness - EVEN_SURENESS)))


def plain_words(text: str) -> tuple[str, ...]:
    """Lower case, without punctuation, numbers as words."""
    found = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))
    return tuple(word for piece in found for word in spelled(piece))


def once(words: Sequence[str]) -> tuple[str, ...]:
    """Without repetitions of the whole: a recogniser that got stuck says "turn left turn left turn"."""
    for period in range(1, len(words) // 2 + 1):
        if all(words[i] == words[i - period] for i in range(period, len(words))):
            return tuple(words[:period])
    return tuple(words)


def spelled(word: str) -> tuple[str, ...]:
    """Numbers up to 199 as words, "90" as "ninety"; everything else as it is."""
    if not (word.isascii() and word.isdigit() and len(word) <= 3 and int(word) < 200):
        return (word,)
    number = int(word)
    if number >= 100:
        rest = spelled(str(number - 100)) if number > 100 else ()
        return ("one", "hundred", *rest)
    if number < len(_SMALL):
        return (_SMALL[number],)
    tens, ones = divmod(number, 10)
    return (_TENS[tens - 2], _SMALL[ones]) if ones else (_TENS[tens - 2],)


def clauses(text: str) -> list[tuple[str, ...]]:
    """The words between commas, where a new command begins behind the comma."""
    out: list[tuple[str, ...]] = []
    for part in text.split(","):
        words = plain_words(part)
        if out and words and words[0] not in BEGINNINGS:
            out[-1] += words
        elif words:
            out.append(words)
    return out


def likeliest(hypotheses: Iterable[Hypothesis], model: WordModel) -> Command | None:
    """The wording that sound and usage together speak for; None when there is none with words.

    What is said again and again counts once.
    """
    best: tuple[float, Command] | None = None
    for one in hypotheses:
        said = [once(words) for words in clauses(one.text)]
        if not said or not model.begins(said[0][0]):
            continue  # "and put it there" is what Whisper makes of a noise after the sentences that it was shown
        said = said[:1] if len(set(said)) == 1 else said
        size = sum(len(words) for words in said)
        usage = sum(model.log_probability(words) for words in said)
        score = one.sureness * one.tokens + MODEL_WEIGHT * usage + WORD_BONUS * size
        if best is None or score > best[0]:
            text = ", ".join(punctuated(" ".join(words)) for words in said)
            best = score, Command(text, one.sureness, usage / (size + len(said)))
    return None if best is None else best[1]


def believable(command: Command | None, free: Hypothesis) -> bool:
    """Whether it is a command at all, held against what was heard without holding it to anything."""
    if command is None or command.sureness < LEAST_SURENESS:
        return False
    heard, words = once(plain_words(free.text)), command.words
    if once(words) == heard:
        return command.usual >= LEAST_USUAL_AGREED
    if command.usual < LEAST_USUAL:
        return False
    runs = [words[i : i + TWICE] for i in range(len(words) - TWICE + 1)]
    if len(set(runs)) < len(runs):
        return False
    if command.sureness < free.sureness - FREE_MARGIN:
        return False
    return len(words) >= LEAST_COVERED * len(heard)
