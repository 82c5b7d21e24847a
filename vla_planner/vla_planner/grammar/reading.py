# SPDX-License-Identifier: Apache-2.0
"""Reading: words to a parse tree, with the grammar deciding what each word is.

A word may belong to several classes ("take", "orange", "left"). At every word only the classes that the grammar
permits there are tried, in the lexicon's order; when a choice leads nowhere, the last one is taken back. What led
nowhere once is not tried again, and the number of tries is bounded. What can't be read at all is reported with
the word that was reached.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lark import Lark, Token
from lark.lexer import Lexer as LarkLexer

from vla_planner.grammar.lalr import Leaf, Stack, Tables
from vla_planner.grammar.lexicon import Candidate
from vla_planner.grammar.overlay import Overlay
from vla_planner.grammar.splitting import Word

MAX_TRIES = 600
"""Tokens tried for one command; a command of 30 words takes about 60, and 600 take 2 ms."""
FREE_TEXT = ("SAY", "ASK", "TELL_THAT")
_PEOPLE = ("ME", "PERSON")
_JOINT = Candidate("SEP", "", 0)
"""What a person left out between two commands. Tried last, where the words make no command without it."""
_VERBS = frozenset(
    {"GO", "APPROACH", "RETURN", "TURN", "FIND", "PICK", "PUT", "BRING", "THROW", "DROP", "COUNT", "WAIT", "LOOK",
     "SAY", "FOLLOW", "GREET", "GUIDE"}
)  # fmt: skip
"""With which it may begin."""
_QUOTES = ("'", '"')
_OPENS_GERUNDS = "MIND"


class ReadToken(Token):
    """A token with what the lexicon knows of it."""

    meaning: Any
    plural: bool
    word_index: int


@dataclass(frozen=True)
class Stumble:
    """Where reading ended. index: of the word, len(words) when the command is unfinished."""

    index: int


class _NoLexer(LarkLexer):
    """The tokens are fed one by one, so lark has nothing to cut."""

    def __init__(self, lexer_conf: Any = None) -> None:
        del lexer_conf

    def lex(self, data: Any) -> Iterator[Token]:
        del data
        return iter(())


@functools.lru_cache(maxsize=1)
def _tables() -> Tables:
    grammar = (
        resources.files("vla_planner")
        .joinpath("grammar")
        .joinpath("command.lark")
        .read_text("utf-8")
    )
    return Tables(
        Lark(grammar, parser="lalr", lexer=_NoLexer, start="start", maybe_placeholders=False)
    )


def prepare() -> None:
    """Build the parser now (about 0.2 s) and not with the first command."""
    _tables()


@dataclass
class _Choice:
    """A word at which there is a choice, and which candidates are still to be tried."""

    index: int
    stack: Stack
    previous: str
    gerunds: bool
    options: Iterator[Candidate]


class Reader:
    """Reads one command."""

    def __init__(self, text: str, words: list[Word], overlay: Overlay) -> None:
        self.text = text
        self.words = words
        self.overlay = overlay
        self.reached = 0
        self._walk = _tables().walk()
        self._candidates: dict[int, list[Candidate]] = {}

    def read(self) -> Any | Stumble:
        """A lark Tree, or where it could not be read."""
        seen: set[tuple[int, int, str, bool]] = set()
        walk, count = self._walk, len(self.words)
        path = [self._choice(0, walk.start, "", False)]
        tries = 0
        while path and tries < MAX_TRIES:
            here = path[-1]
            candidate = next(here.options, None)
            if candidate is None:
                path.pop()
                continue
            tries += 1
            stack, previous, gerunds = here.stack, here.previous, here.gerunds
            if candidate is _JOINT:
                after = walk.feed(stack, "SEP", Leaf(self._joint, candidate, here.index))
                if after is None:
                    continue
                stack, previous = after, "SEP"
            elif candidate.type is not None:
                leaf = Leaf(self._token, candidate, here.index)
                after = walk.feed(stack, candidate.type, leaf)
                if after is None:
                    continue
                stack, previous = after, candidate.type
                gerunds = gerunds or previous == _OPENS_GERUNDS
            index = here.index + candidate.length
            if index >= count:
                self.reached = count
                tree = walk.finish(stack)
                if tree is not None:
                    return tree
                continue
            key = (index, stack.key, previous, gerunds)
            if key not in seen:
                seen.add(key)
                path.append(self._choice(index, stack, previous, gerunds))
        return Stumble(self.reached)

    def _choice(self, index: int, stack: Stack, previous: str, gerunds: bool) -> _Choice:
        self.reached = max(self.reached, index)
        allowed = self._walk.allowed(stack)
        options = [
            candidate
            for candidate in self._at(index, previous, "TEXT" in allowed)
            if (candidate.type is None or candidate.type in allowed)
            and (gerunds or not candidate.gerund)
        ]
        if "SEP" in allowed and previous not in ("", "SEP"):
            return _Choice(index, stack, previous, gerunds, self._and_joint(options, index))
        return _Choice(index, stack, previous, gerunds, iter(options))

    def _and_joint(self, options: list[Candidate], index: int) -> Iterator[Candidate]:
        """Looks for the joint only where nothing else has led anywhere."""
        yield from options
        if self._begins_with_verb(index):
            yield _JOINT

    def _begins_with_verb(self, index: int) -> bool:
        """Whether somebody may have left out the comma here: "go to the shelf get the cup"."""
        return any(item.type in _VERBS and not item.gerund for item in self._at(index, "", False))

    def _joint(self, candidate: Candidate, index: int) -> ReadToken:
        """The comma that was not written; it has no words."""
        start = self.words[index].start
        token = ReadToken("SEP", self.text[start:start])
        token.meaning, token.plural, token.word_index = candidate.value, False, index
        return token

    def _at(self, index: int, previous: str, text_allowed: bool) -> list[Candidate]:
        if text_allowed:
            if self.words[index].text in _QUOTES:
                return self._quoted(index)
            if previous in FREE_TEXT:
                return self._free_text(index)
        if index not in self._candidates:
            self._candidates[index] = self.overlay.candidates(self.words, index)
        return self._candidates[index]

    def _token(self, candidate: Candidate, index: int) -> ReadToken:
        start = self.words[index].start
        end = self.words[index + candidate.length - 1].end
        token = ReadToken(candidate.type or "", self.text[start:end])
        token.meaning, token.plural, token.word_index = candidate.value, candidate.plural, index
        return token

    # --- what is to be said ---------------------------------------------------------------------------

    def _quoted(self, index: int) -> list[Candidate]:
        """Up to the closing quote."""
        words = self.words
        for end in range(index + 1, len(words)):
            if words[end].text == words[index].text:
                inner = self.text[words[index].end : words[end].start].strip()
                return [Candidate("TEXT", inner, end + 1 - index)] if inner else []
        return []

    def _free_text(self, index: int) -> list[Candidate]:
        """Up to the first separator that a command follows, also one that nobody here can carry out, or a "twice" at
        the end; else all. So nothing of a command is taken for a part of what is to be said.
        """
        words = self.words
        for end in range(index + 1, len(words)):
            run, _, _ = self.overlay.lexicon.separator(words, end)
            after = end + run
            if run and after < len(words):
                then = any(word.text in _THEN for word in words[end:after])
                if then or self._starts_clause(after) or self._starts_command(after):
                    return [self._text(index, end)]
            elif (
                not run
                and end == index + self._greeting(index)
                and (words[end].text in _WHILE or self._starts_command(end))
            ):
                return [self._text(index, end)]
        end = len(words)
        while end > index + 1 and words[end - 1].is_separator:
            end -= 1
        found = [self._text(index, end)]
        if end < len(words):
            found.append(self._text(index, len(words)))
        for cut in range(max(index + 1, end - 4), end):
            if any(
                item.type in ("REPEAT", "TOGETHER") and cut + item.length == end
                for item in self.overlay.candidates(words, cut)
            ):
                return [self._text(index, cut), *found]
        return found

    def _text(self, start: int, end: int) -> Candidate:
        text = self.text[self.words[start].start : self.words[end - 1].end]
        return Candidate("TEXT", text, end - start)

    def _starts_clause(self, index: int) -> bool:
        allowed = self._walk.allowed(self._walk.start)
        for item in self.overlay.candidates(self.words, index):
            after = index + item.length
            if item.type in _BEFORE_A_CLAUSE:
                return after < len(self.words) and self._starts_clause(after)
            if item.type in allowed and item.type not in _STARTS_FRAGMENT and not item.gerund:
                return True
        return False

    def _starts_command(self, index: int) -> bool:
        """Whether what is here asks for something, known or not: "open the door", "dance", "frobnicate it"."""
        words, lexicon = self.words, self.overlay.lexicon
        while index < len(words) and words[index].text not in lexicon.imperatives:
            polite = [
                item.length
                for item in self.overlay.candidates(words, index)
                if item.type is None or item.type in ("OPENER", "MIND")
            ]
            if not polite:
                break
            index += max(polite)
        if index >= len(words) or words[index].text in lexicon.imperatives:
            return index < len(words)
        known = self.overlay.candidates(words, index)[0].type != "UNKNOWN"
        after = words[index + 1].text if index + 1 < len(words) else ""
        return not known and after in lexicon.after_verbs

    def _greeting(self, index: int) -> int:
        """How many words a greeting here has, 0 for none."""
        for length in (3, 2, 1):
            said = " ".join(word.text for word in self.words[index : index + length])
            if said in self.overlay.lexicon.greetings:
                return length
        return 0


_WHILE = frozenset({"while", "before", "after", "when", "if", "until", "once", "unless"})
_THEN = frozenset({"then", "afterwards", "afterward", "thereafter", "subsequently"})
_BEFORE_A_CLAUSE = ("TOGETHER", "OTHERWISE")
# With these a clause without a verb may begin; inside a text to be said they are no reason to end it.
_STARTS_FRAGMENT = frozenset(
    {"A", "THE", "ALL", "ADJ", "ALSO", "AROUND", "AT", "BACK", "BETWEEN", "BOTH", "BY", "DOWN", "EVERYTHING", "FOR",
     "FROM", "GENERIC", "LABEL", "LINE", "LITTLE", "NOTHING", "NUMBER", "ONE", "PLACE", "PRONOUN", "RANK", "RELATION",
     "SEP", "SIDE", "SOME", "THAT", "THERE", "TO", "UP"}
)  # fmt: skip
