# SPDX-License-Identifier: Apache-2.0
"""Whether a sentence that nobody expected is worded as a command is: for the planner to decide on, not for the ear.

By the lexicon of the planner, read as data: polite words aside, a command begins with one of its verbs or questions and
does not tell of people and of yesterday. What comes of it is the planner's: a plan, or a reason why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vla_speech.recognition.recognizer import Vocabulary
from vla_speech.recognition.sphinx.pronouncing import words_of

_ORDERS = (
    "GO", "ADVANCE", "GET", "APPROACH", "RETURN", "TURN", "ABOUT_FACE", "FACE", "MAKE", "FIND", "SEARCH", "PICK", "PUT",
    "DROP", "BRING", "THROW", "HAND", "LOOK", "COUNT", "DESCRIBE", "DESCRIBE_ALL", "TELL", "ASK", "WAIT", "FOLLOW",
    "GREET", "GUIDE", "AGAIN",
)  # fmt: skip
_QUESTIONS = ("FIND", "WHERE", "CHECK", "DESCRIBE", "DESCRIBE_ALL", "COUNT", "EXIST")
_NO_VERBS = (
    "RELATION", "BETWEEN", "FROM", "TO", "AT", "OF", "FOR", "BY", "THE", "A", "SOME", "ALL", "BOTH", "EVERYTHING",
    "PRONOUN", "ONE", "PERSON", "ME", "THERE", "HERE", "WITH", "IN_THE", "ADJ", "GENERIC", "RANK", "SIDE", "LINE",
    "BACK", "UP", "DOWN", "OVER", "LITTLE", "OR", "EMPTY", "THAT",
)  # fmt: skip
_DETERMINERS = frozenset({"the", "a", "an", "my", "your", "this", "that", "these", "those", "all"})
_LEADS = ("OPENER", "MIND", "PRAISE", "LATER")
_MORE_LEADS = ("and", "and then", "then", "yes", "no", "please", "robot")
_ASKING_TEXT = "what what's where where's how who which is are do does did can could have has may"
_ASKING = frozenset(_ASKING_TEXT.split())
"""A sentence that begins so asks, and asks people too: all of its words have to be the robot's."""
_TELLING_TEXT = """
    i i'm i've i'd i'll he he's he'll she she's she'll they they're they've we we're we've we'll was were had did didn't
    said says told yesterday because never won't wouldn't don't didn't doesn't not
"""
_TELLING = frozenset(_TELLING_TEXT.split())
"""Words of which none is in an order, as the ear knows them: negations would need more than an ear."""
LEAST_WORDS = 2
"""One word is too little to tell an order from anything."""


class CommandShape:
    """lexicon: as `command_grammar.load_lexicon`. wake_word: may come first."""

    def __init__(
        self, lexicon: Mapping[str, Any], vocabulary: Vocabulary, wake_word: str = ""
    ) -> None:
        classes = lexicon["classes"]
        self._orders = _Phrases(p for name in _ORDERS for p in _phrases(classes[name]))
        self._orders.add(phrase for phrase in vocabulary.skills)
        self._sayings = _Phrases(_phrases(classes["SAY"]))
        self._questions = _Phrases(p for name in _QUESTIONS for p in _phrases(classes[name]))
        self._conditions = _Phrases(_phrases(classes["IF"]))
        self._leads = _Phrases(p for name in _LEADS for p in _phrases(classes[name]))
        self._leads.add((*lexicon["fillers"], *_MORE_LEADS, wake_word))
        self._known = frozenset(_all_words(lexicon)) | {
            word for phrase in vocabulary.words() for word in words_of(phrase)
        }
        things = [lexicon["labels"], lexicon["places"], list(vocabulary.words())]
        small = [phrase for name in _NO_VERBS for phrase in _phrases(classes[name])]
        self._no_verbs = frozenset(_all_words([small, *things]))

    def fits(self, words: Sequence[str]) -> bool:
        """words: lower case, without punctuation."""
        for start in self._beginnings(words):
            rest = words[start:]
            if len(rest) >= LEAST_WORDS and self._is_command(rest):
                return True
        return False

    def _is_command(self, words: Sequence[str]) -> bool:
        if self._sayings.begin(words):
            return True
        if _TELLING.intersection(words):
            return False
        if words[0] in _ASKING:
            return self._questions.begin(words) > 0 and self._knows(words)
        if self._conditions.begin(words):
            return self._knows(words)
        return self._orders.begin(words) > 0 or self._is_other_order(words)

    def _is_other_order(self, words: Sequence[str]) -> bool:
        """Such as "open the door": a verb that the planner lacks, and says so, with a thing that it knows."""
        if len(words) < 3 or words[0] in self._no_verbs or words[1] not in _DETERMINERS:
            return False
        return self._knows(words[1:])

    def _knows(self, words: Sequence[str]) -> bool:
        return all(self._known.intersection((word, *_singular(word))) for word in words)

    def _beginnings(self, words: Sequence[str]) -> Iterable[int]:
        """Where the command may begin: at the first word, and behind whatever polite words come first."""
        at = 0
        while at < len(words):
            yield at
            size = self._leads.begin(words[at:])
            if not size:
                return
            at += size


class _Phrases:
    def __init__(self, phrases: Iterable[str]) -> None:
        self._known: set[tuple[str, ...]] = set()
        self._longest = 0
        self.add(phrases)

    def add(self, phrases: Iterable[str]) -> None:
        for phrase in phrases:
            words = tuple(words_of(phrase.replace("_", " ")))
            # What begins with "I" is told to people as well.
            if words and words[0] not in _TELLING:
                self._known.add(words)
                self._longest = max(self._longest, len(words))

    def begin(self, words: Sequence[str]) -> int:
        """How many words the longest phrase has that these begin with; 0: none does."""
        sizes = range(min(self._longest, len(words)), 0, -1)
        return next((n for n in sizes if tuple(words[:n]) in self._known), 0)


def _singular(word: str) -> list[str]:
    return [word[: -len(end)] for end in ("s", "es") if word.endswith(end)]


def _phrases(entry: Any) -> list[str]:
    """All phrases of a class of the lexicon, whatever they mean."""
    if isinstance(entry, dict):
        return [str(phrase) for phrases in entry.values() for phrase in phrases]
    return [str(phrase) for phrase in entry]


def _all_words(node: Any) -> Iterable[str]:
    """Every word of the lexicon; the names of meanings too, which are words themselves where it matters."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from words_of(str(key).replace("_", " "))
            yield from _all_words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _all_words(value)
    else:
        yield from words_of(str(node))
