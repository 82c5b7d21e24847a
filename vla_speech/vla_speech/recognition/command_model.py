# SPDX-License-Identifier: Apache-2.0
"""A model of word sequences, estimated from sentences that the command grammar makes.

The grammar itself could be searched too, but then every wording counts as much as the usual one, and the search takes
ten times longer. Here a wording is as likely as it is often made: trigrams, interpolated after Witten and Bell
(IEEE Transactions on Information Theory 37, 1991). pocketsphinx searches them, written in the ARPA format; what Whisper
may have heard is weighed with them.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ORDER = 3
SENTENCES = 12000
OPTIONAL = 0.25
"""How often what may be left out is said."""
AGAIN = 0.2
"""How often what may be repeated comes once more."""
BEGIN, END = "<s>", "</s>"
NEVER = 1e-99
UNKNOWN = -12.0
"""Natural logarithm of the probability that a word counts with at least, known or not."""
Gram = tuple[str, ...]
_TOKEN = re.compile(r"<[^>]+>|/[\d.]+/|[()\[\]|*+;=]|[^\s()\[\]|*+/<>;=]+")


@dataclass
class _Choice:
    """Alternatives with weights; each a sequence of words, rule names and nodes. kind: "", "[", "*" or "+"."""

    kind: str = ""
    weights: list[float] = field(default_factory=list)
    sequences: list[list[str | _Choice]] = field(default_factory=list)


def model_of(jsgf: str, seed: int = 0, sentences: int = SENTENCES) -> WordModel:
    """The model of a grammar. Errors: KeyError for a rule that is named and not there."""
    return WordModel(sample_grammar(jsgf, seed, sentences))


def sample_grammar(jsgf: str, seed: int = 0, sentences: int = SENTENCES) -> list[list[str]]:
    """So many of its sentences, always the same. Errors: KeyError for a rule that is named and not there."""
    return sample(jsgf, random.Random(seed), sentences)


def sample(jsgf: str, rng: random.Random, count: int) -> list[list[str]]:
    """Sentences as lists of words. Weights (/2/) count; the public rule is where they begin."""
    rules: dict[str, _Choice] = {}
    public = ""
    for line in jsgf.splitlines():
        head, equals, body = line.partition("=")
        if equals:
            name = head.split("<")[1].split(">")[0]
            rules[name] = _parse(_TOKEN.findall(body.rstrip().rstrip(";")))
            public = name if head.startswith("public") else public
    out = []
    for _ in range(count):
        words: list[str] = []
        _speak(rules[public], rules, rng, words)
        out.append(words)
    return out


def _parse(tokens: list[str]) -> _Choice:
    """Takes tokens until the bracket that closes it."""
    choice, weight = _Choice(), 1.0
    sequence: list[str | _Choice] = []

    def close() -> None:
        choice.weights.append(weight)
        choice.sequences.append(sequence)

    while tokens and tokens[0] not in ")]":
        token = tokens.pop(0)
        if token == "|":
            close()
            weight, sequence = 1.0, []
        elif token.startswith("/"):
            weight = float(token.strip("/"))
        elif token in "([":
            inner = _parse(tokens)
            tokens.pop(0)
            inner.kind = "[" if token == "[" else ""
            if tokens and tokens[0] in "*+":
                inner.kind = tokens.pop(0)
            sequence.append(inner)
        else:
            sequence.append(token)
    close()
    return choice


def _speak(
    choice: _Choice, rules: dict[str, _Choice], rng: random.Random, words: list[str]
) -> None:
    if choice.kind == "[" and rng.random() >= OPTIONAL:
        return
    if choice.kind == "*" and rng.random() >= AGAIN:
        return
    while True:
        (sequence,) = rng.choices(choice.sequences, choice.weights)
        for item in sequence:
            if isinstance(item, _Choice):
                _speak(item, rules, rng, words)
            elif item.startswith("<"):
                _speak(rules[item[1:-1]], rules, rng, words)
            else:
                words.append(item)
        if choice.kind not in ("*", "+") or rng.random() >= AGAIN:
            return


class WordModel:
    """Trigrams of sentences, interpolated with bigrams and single words."""

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        self._counts: list[Counter[Gram]] = [Counter() for _ in range(ORDER + 1)]
        for words in sentences:
            marked = (BEGIN, *words, END)
            for size in range(1, ORDER + 1):
                self._counts[size].update(zip(*(marked[i:] for i in range(size)), strict=False))
        self._followers: dict[Gram, list[int]] = defaultdict(lambda: [0, 0])
        for size in range(1, ORDER + 1):
            for gram, count in self._counts[size].items():
                if gram != (BEGIN,):
                    entry = self._followers[gram[:-1]]
                    entry[0] += count
                    entry[1] += 1
        self._known: dict[Gram, float] = {(): 1.0 / max(1, len(self._counts[1]))}
        for size in range(1, ORDER + 1):
            for gram in self._counts[size]:
                self._known[gram] = NEVER if gram == (BEGIN,) else self._seen(gram)

    def probability(self, gram: Gram) -> float:
        """Of the last word after the ones before it (ORDER - 1 at most); 0 for a word that never came."""
        known = self._known.get(gram)
        if known is not None:
            return known
        if len(gram) == 1:
            return 0.0
        total, kinds = self._followers.get(gram[:-1], (0, 0))
        kept = kinds / (total + kinds) if total else 1.0
        return kept * self.probability(gram[1:])

    def begins(self, word: str) -> bool:
        """Whether a sentence began with it."""
        return (BEGIN, word) in self._known

    def log_probability(self, words: Sequence[str], unknown: float = UNKNOWN) -> float:
        """Natural logarithm for a whole sentence, its end included. unknown: what such a word counts."""
        total = 0.0
        before: Gram = (BEGIN,)
        for word in (*words, END):
            found = self.probability((*before, word))
            total += max(math.log(found), unknown) if found > 0.0 else unknown
            before = (*before, word)[1 - ORDER :]
        return total

    def arpa(self) -> str:
        """In the format that decoders read."""
        counts, followers = self._counts, self._followers
        lines = ["\\data\\", *(f"ngram {n}={len(counts[n])}" for n in range(1, ORDER + 1)), ""]
        for size in range(1, ORDER + 1):
            lines.append(f"\\{size}-grams:")
            for gram in sorted(counts[size]):
                line = f"{math.log10(self._known[gram]):.4f}\t{' '.join(gram)}"
                if size < ORDER and gram[-1] != END:
                    total, kinds = followers[gram]
                    line += f"\t{math.log10(kinds / (total + kinds)):.4f}"
                lines.append(line)
            lines.append("")
        return "\n".join([*lines, "\\end\\", ""])

    def _seen(self, gram: Gram) -> float:
        total, kinds = self._followers[gram[:-1]]
        lower = self._known[gram[1:]] if len(gram) > 1 else self._known[()]
        return (self._counts[len(gram)][gram] + kinds * lower) / (total + kinds)
