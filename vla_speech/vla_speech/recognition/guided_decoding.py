# SPDX-License-Identifier: Apache-2.0
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

from vla_speech.recognition.command_grammar import BEGINNINGS, punctuated
from vla_speech.recognition.command_model import WordModel

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
IDLE = frozenset(
    "a an the of and so well uh um er oh ah please robot hey ok okay now then just thanks thank you".split()  # noqa: SIM905
)
"""Words without which a command is the same."""
SMALL = frozenset("a an the of to it on in at up and for from please by".split())  # noqa: SIM905
"""Words that free decoding swallows: a command may have them all the same."""
MOST_MADE_UP = 1
"""Other words that a command may have and that nobody heard freely."""
TURNING = frozenset(
    "not don't didn't doesn't won't never no nobody i he she they we was were had said told says yesterday".split()  # noqa: SIM905
)
"""Words that make something else of a command wherever they stand."""
MOST_WORDS_PER_S = 6.5
SPARE_WORDS = 1
"""People don't speak faster than the one, by more than the other."""
ECHO = 3
"""So many words in a row that were shown to the recogniser first may be an echo of them, and no sound at all."""
TWICE = 4
"""So many words in a row are not said twice in one command; a recogniser that got stuck does that."""


@dataclass(frozen=True)
class Hypothesis:
    """One wording. sureness: mean natural logarithm of the probability of its tokens; tokens: with the end.

    ids: the tokens themselves, where the recogniser tells them.
    """

    text: str
    sureness: float
    tokens: int
    ids: tuple[int, ...] = ()


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


def aligned(heard: Sequence[str], words: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of places in both, with as few differences as possible; None where the other has a word more.

    Of several such ways one that pairs what sounds alike at its beginning.
    """
    rows = [[float(j) for j in range(len(words) + 1)]]
    for i, one in enumerate(heard, 1):
        row = [float(i)]
        for j, other in enumerate(words, 1):
            change = 0.0 if one == other else 0.9 if one[:2] == other[:2] else 1.1
            row.append(min(rows[i - 1][j - 1] + change, rows[i - 1][j] + 1.0, row[j - 1] + 1.0))
        rows.append(row)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(heard), len(words)
    while i or j:
        if i and j:
            one, other = heard[i - 1], words[j - 1]
            change = 0.0 if one == other else 0.9 if one[:2] == other[:2] else 1.1
            if rows[i][j] == rows[i - 1][j - 1] + change:
                i, j = i - 1, j - 1
                pairs.append((i, j))
                continue
        if i and rows[i][j] == rows[i - 1][j] + 1.0:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def left_out(command: Command, free: Hypothesis) -> tuple[int, ...]:
    """Places of the freely heard words that a command leaves out though they make something else of it.

    Those before and after it ("I put the cup there yesterday"), and those that turn it around wherever they stand.
    """
    heard, words = once(plain_words(free.text)), command.words
    pairs = aligned(heard, words)
    kept = [n for n, (i, j) in enumerate(pairs) if i is not None and j is not None]
    if not kept:
        return tuple(range(len(heard)))
    out = []
    for n, (i, j) in enumerate(pairs):
        if i is None or heard[i] in IDLE:
            continue
        outside = j is None and not kept[0] < n < kept[-1]
        if outside or (heard[i] in TURNING and heard[i] not in words):
            out.append(i)
    return tuple(out)


def made_up(command: Command, free: Hypothesis) -> bool:
    """Whether a command has words that nobody heard freely, neither as they are nor as others.

    Its first one, its last one, or several.
    """
    heard, words = once(plain_words(free.text)), command.words
    missing = [j for i, j in aligned(heard, words) if i is None and j is not None]
    if 0 in missing or len(words) - 1 in missing:
        return True
    return sum(words[j] not in SMALL for j in missing) > MOST_MADE_UP


def too_fast(text: str, seconds: float) -> bool:
    """Whether nobody says so many words in so little time."""
    return len(plain_words(text)) > SPARE_WORDS + MOST_WORDS_PER_S * seconds


def may_echo(text: str, shown: str) -> bool:
    """Whether a run of the words, or all of them, is in what the recogniser was shown first."""
    words, before = plain_words(text), plain_words(shown)
    size = min(ECHO, len(words))
    runs = {before[i : i + size] for i in range(len(before) - size + 1)}
    return size > 0 and any(words[i : i + size] in runs for i in range(len(words) - size + 1))


def believable(command: Command | None, free: Hypothesis) -> bool:
    """Whether it is a command at all, held against what was heard without holding it to anything.

    What it leaves out is another question: see `left_out`.
    """
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
    if command.sureness < free.sureness - FREE_MARGIN or made_up(command, free):
        return False
    return len(words) >= LEAST_COVERED * len(heard)
