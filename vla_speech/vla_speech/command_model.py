"""A model of word sequences for the decoder, estimated from sentences that the command grammar makes.

The grammar itself could be searched too, but then every wording counts as much as the usual one, and the search takes
ten times longer. Here a wording is as likely as it is often made: trigrams, interpolated after Witten and Bell
(IEEE Transactions on Information Theory 37, 1991), written in the ARPA format.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

ORDER = 3
SENTENCES = 12000
OPTIONAL = 0.25
"""How often what may be left out is said."""
AGAIN = 0.2
"""How often what may be repeated comes once more."""
BEGIN, END = "<s>", "</s>"
_TOKEN = re.compile(r"<[^>]+>|/[\d.]+/|[()\[\]|*+;=]|[^\s()\[\]|*+/<>;=]+")


@dataclass
class _Choice:
    """Alternatives with weights; each a sequence of words, rule names and nodes. kind: "", "[", "*" or "+"."""

    kind: str = ""
    weights: list[float] = field(default_factory=list)
    sequences: list[list[str | _Choice]] = field(default_factory=list)


def model_of(jsgf: str, seed: int = 0, sentences: int = SENTENCES) -> str:
    """The ARPA text for a grammar. Errors: KeyError for a rule that is named and not there."""
    return arpa(sample(jsgf, random.Random(seed), sentences))


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


def arpa(sentences: list[list[str]]) -> str:
    """Trigrams of sentences, interpolated with bigrams and single words."""
    counts: list[Counter[tuple[str, ...]]] = [Counter() for _ in range(ORDER + 1)]
    for words in sentences:
        marked = (BEGIN, *words, END)
        for size in range(1, ORDER + 1):
            counts[size].update(zip(*(marked[i:] for i in range(size)), strict=False))
    followers: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for size in range(1, ORDER + 1):
        for gram, count in counts[size].items():
            if gram != (BEGIN,):
                entry = followers[gram[:-1]]
                entry[0] += count
                entry[1] += 1
    known: dict[tuple[str, ...], float] = {(): 1.0 / len(counts[1])}

    def probability(gram: tuple[str, ...]) -> float:
        """Of the last word after the ones before it."""
        total, kinds = followers[gram[:-1]]
        lower = known[gram[1:]] if len(gram) > 1 else known[()]
        return (counts[len(gram)][gram] + kinds * lower) / (total + kinds)

    lines = ["\\data\\", *(f"ngram {n}={len(counts[n])}" for n in range(1, ORDER + 1)), ""]
    for size in range(1, ORDER + 1):
        lines.append(f"\\{size}-grams:")
        for gram in sorted(counts[size]):
            known[gram] = 1e-99 if gram == (BEGIN,) else probability(gram)
            line = f"{math.log10(known[gram]):.4f}\t{' '.join(gram)}"
            if size < ORDER and gram[-1] != END:
                total, kinds = followers[gram]
                line += f"\t{math.log10(kinds / (total + kinds)):.4f}"
            lines.append(line)
        lines.append("")
    return "\n".join([*lines, "\\end\\", ""])
