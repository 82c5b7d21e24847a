# SPDX-License-Identifier: Apache-2.0
"""Whether somebody plainly wants the robot to stop: the one definition for what is typed, spoken and answered.

A stop goes straight to the executor: no queue, no planner, no language model. So whoever wants one has to get it,
however often, politely or angrily it is said, and what only mentions stopping ("don't stop", "stop at the table", "say
stop", "go forward and then stop") must not. The rule, where words leave room: said first, "stop" stops, unless a
condition, a place or a name follows; said last, it stops, unless something before makes a mention, a name or a part of
a sequence of it. A stop too many costs less than one too few.

Knows words only: not what the robot does, nor what can be planned. The words are in `stop_vocabulary`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from vla_common.language import halt_vocabulary

LONGEST = 8000
"""Characters that are looked at, half of them from the end; of a longer text, the middle is left out."""
MOST_WORDS = 120
"""Words of one clause that are looked at, in the same way."""
MOST_CLAUSES = 200
"""Clauses, in the same way."""
SAME = 3
"""How often a word in a row counts: people repeat themselves."""

SPOTTED = halt_vocabulary.SPOTTED
PHRASES = frozenset(
    {*SPOTTED, *halt_vocabulary.SPOTTED_LONGER, "abort", "hold it", "hold still"}
) | {"emergency stop"}
"""Common ways to say it, for who has to have them as a list (grammars of recognisers); `wish` knows many more."""
POLITE = frozenset({"please", "robot", "now", "hey", "ok", "okay", "immediately"})
"""Words that may stand around them, for the same."""


_T = TypeVar("_T")


class Wish(Enum):
    """What a sentence wants of the robot's motion."""

    NONE = "none"
    END = "end"
    """Take back what was said: the robot comes to rest at once and every command ends, but the next one may move it."""
    REST = "rest"
    """Stop: the robot comes to rest at once and stays so until it is reset."""


@dataclass(frozen=True)
class Wanted:
    """left_out: what the same words ask for beside the stop, as written; it is not carried out. Empty for nothing."""

    wish: Wish
    left_out: str = ""


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Clause:
    """Words between two marks. sentence: how many sentences have ended before it; quoted: it is in quotes."""

    words: tuple[_Word, ...]
    sentence: int
    quoted: bool

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)


@dataclass(frozen=True)
class _Found:
    """A wish in a clause.

    after: index of the first word behind it that asks for something else, -1 for none; begins: of its own first word.
    """

    wish: Wish
    after: int = -1
    begins: int = 0


def is_halt_command(command: str) -> bool:
    """Whether the robot has to come to rest at once because of these words."""
    return wanted(command).wish is not Wish.NONE


def wanted(command: str) -> Wanted:
    """What the words want at once. Takes linear time, and bounded time for long texts."""
    text = _plain(command)
    clauses = _clauses(text)
    if all(_KEYS.isdisjoint(clause.texts) for clause in clauses):
        return Wanted(Wish.NONE)
    found = [_first(clause) for clause in clauses]
    empty = [
        item is None and _is_filler(clause.texts)
        for item, clause in zip(found, clauses, strict=True)
    ]
    filled = [i for i, nothing in enumerate(empty) if not nothing]
    if not filled:
        return Wanted(Wish.NONE)
    first = filled[0]
    here = found[first]
    if here is not None and not _condition_follows(clauses, first):
        wish = _strongest(here, found[first:])
        if wish is Wish.END:
            wish = _raised(clauses[first].texts, here)
        return Wanted(wish, _left_out(text, clauses, found, first, here))
    for index in reversed(filled):
        if here := _later(clauses, found, index, filled):
            earlier = [i for i in filled if i < index]
            if earlier:
                end = clauses[earlier[-1]].words[-1].end
            else:
                end = clauses[index].words[here.begins - 1].end
            before = text[clauses[first].words[0].start : end]
            told = before if clauses[first].texts[0] in halt_vocabulary.IMPERATIVES else ""
            rest = _left_out(text, clauses, found, index, here)
            wish = _raised(clauses[index].texts, here)
            return Wanted(wish, " ".join(part for part in (_tidy(told), rest) if part))
    return Wanted(Wish.NONE)


# --- from text to clauses -----------------------------------------------------------------------------

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`′", "'") | dict.fromkeys("“”„«»", '"'))
_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\s.\-_*]{1,3}){3,99}[^\W\d_](?![^\W_])")
_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)|(?P<number>\d+)|(?P<quote>\"|(?<!\w)'|'(?!\w))"
    r"|(?P<end>[.!?;…\n]+)|(?P<comma>[,:()\[\]]|[-–—]+(?!\w)|(?<!\w)[-–—]+|[–—])"
)
_STRETCHED = {re.sub(r"(.)\1+", r"\1", word): word for word in halt_vocabulary.STRETCHED}
_ZERO = re.compile(r"(?<=[A-Za-z])0(?=[A-Za-z])")
_RUN = re.compile(r"(.)\1{3,}")
_SHOUTED = re.compile(r"(?:stop|halt|abort|freeze){2,}")


def interrupts(command: str) -> bool:
    """Whether words that are no stop by themselves can only mean one while the robot moves: "no, no", "wait!"."""
    clauses = _clauses(_plain(command))
    texts = [text for clause in clauses for text in clause.texts]
    if any(clause.quoted for clause in clauses) or not halt_vocabulary.INTERRUPTING & set(texts):
        return False
    rest = [text for text in texts if text not in halt_vocabulary.INTERRUPTING]
    return _is_filler(rest)


def _plain(command: str) -> str:
    """No accents, nothing invisible, straight quotes; bounded."""
    command = _RUN.sub(r"\1\1\1", _cut(command, LONGEST * 8))
    command = _cut(command, LONGEST)
    command = _ZERO.sub("o", command)
    if command.isascii() and command.isprintable():
        return _SPELLED.sub(_spelled, command.replace("`", "'"))
    for sign, word in halt_vocabulary.SIGNS.items():
        command = command.replace(sign, word)
    text = unicodedata.normalize("NFKD", command.translate(_APOSTROPHES))
    text = text.translate(halt_vocabulary.LOOKALIKES)
    kept = (
        char if char.isprintable() or char == "\n" else "" if _invisible(char) else " "
        for char in text
        if unicodedata.category(char) != "Mn"
    )
    return _SPELLED.sub(_spelled, "".join(kept))


def _cut(text: str, most: int) -> str:
    """Without its middle where it is longer; a letter that is drawn out stays one."""
    if len(text) <= most:
        return text
    head, tail = text[: most // 2], text[-most // 2 :]
    return head + ("" if head[-1] == tail[0] else "\n") + tail


def _invisible(char: str) -> bool:
    return unicodedata.category(char) == "Cf"


def _spelled(match: re.Match[str]) -> str:
    """ "s t o p" as "stop"."""
    word = "".join(char for char in match[0] if char.isalpha())
    if not _SHOUTED.fullmatch(word.lower() * 2):
        return match[0]
    return f" {word} ".ljust(len(match[0]))


def _clauses(text: str) -> list[_Clause]:
    clauses: list[_Clause] = []
    words: list[_Word] = []
    sentence, quoted, was_quoted = 0, False, False

    def close() -> None:
        nonlocal words, was_quoted
        if words:
            clauses.append(
                _Clause(_middle_left_out(_joined(words), MOST_WORDS), sentence, was_quoted)
            )
        words, was_quoted = [], quoted

    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            words += _written(match)
        elif kind == "number":
            # "Stop!!1!", "stop1": a slip of the finger.
            if text[match.start() - 1 : match.start()].strip(" .,;:?-\n") == "":
                words.append(_Word(match[0], match.start(), match.end()))
        elif kind == "quote":
            quoted = not quoted
            close()
            was_quoted = quoted
        else:
            close()
            sentence += kind == "end"
    close()
    return list(_middle_left_out(clauses, MOST_CLAUSES))


def _middle_left_out(items: Sequence[_T], most: int) -> tuple[_T, ...]:
    if len(items) <= most:
        return tuple(items)
    return (*items[: most // 2], *items[-most // 2 :])


def _written(match: re.Match[str]) -> list[_Word]:
    """One word, as it was meant: drawn out, mistyped, or several in one."""
    word, start, end = match[0].lower(), match.start(), match.end()
    if _SHOUTED.fullmatch(word):
        word = "stop"
    word = {"cannot": "can't", "dont": "don't", "donot": "don't"}.get(word, word)
    if len(word) > 2 and re.search(r"(.)\1", word):
        squeezed = re.sub(r"(.)\1+", r"\1", word)
        if word != "stoop" and squeezed in _STRETCHED:
            word = _STRETCHED[squeezed]
    if word in halt_vocabulary.TYPOS and word not in halt_vocabulary.ONLY_ALONE:
        word = halt_vocabulary.TYPOS[word]
    return [_Word(word, start, end)]


_FILLER_WORDS = frozenset(phrase[0] for phrase in halt_vocabulary.FILLERS if len(phrase) == 1)


def _joined(words: Sequence[_Word]) -> list[_Word]:
    """ "Do not" as "don't"; a word that is only a slip where it stands alone."""
    out: list[_Word] = []
    for word in words:
        if len(out) >= SAME and all(item.text == word.text for item in out[-SAME:]):
            continue
        if word.text == "not" and out and out[-1].text == "do":
            out[-1] = _Word("don't", out[-1].start, word.end)
        else:
            out.append(word)
    alone = [word for word in out if word.text not in _FILLER_WORDS]
    if alone and all(word.text in halt_vocabulary.ONLY_ALONE for word in alone):
        return [
            _Word(halt_vocabulary.TYPOS.get(word.text, word.text), word.start, word.end)
            for word in out
        ]
    return out


# --- one clause ---------------------------------------------------------------------------------------


def _longest(
    texts: Sequence[str], start: int, *sets: frozenset[tuple[str, ...]], longest: int = 8
) -> int:
    """How many words from `start` on are one of these phrases."""
    for size in range(min(longest, len(texts) - start), 0, -1):
        phrase = tuple(texts[start : start + size])
        if any(phrase in phrases for phrases in sets):
            return size
    return 0


def _is_filler(texts: Sequence[str]) -> bool:
    index = 0
    while index < len(texts):
        size = _longest(texts, index, halt_vocabulary.FILLERS, halt_vocabulary.STOP_AND_STAY)
        if not size:
            return False
        index += size
    return True


_KEYS = (
    halt_vocabulary.VERBS
    | halt_vocabulary.NARROW_VERBS
    | halt_vocabulary.GERUNDS
    | {halt_vocabulary.CANCEL}
    | {max(phrase, key=len) for phrase in halt_vocabulary.ALONE | halt_vocabulary.ENDS}
)
"""Without one of these there is no wish: the longest word of every phrase. Most commands are done with that look."""


def _first(clause: _Clause) -> _Found | None:
    """A wish with which the clause begins, whatever politeness is before it."""
    if _KEYS.isdisjoint(clause.texts):
        return None
    return _from(clause.texts, 0)


def _from(texts: tuple[str, ...], index: int) -> _Found | None:
    gerund = False
    while index < len(texts):
        found = _at(texts, index, gerund)
        if found is not None:
            return found
        size = _longest(texts, index, halt_vocabulary.GERUND_OPENERS)
        gerund = gerund or size > 0
        size = size or _longest(texts, index, halt_vocabulary.FILLERS, halt_vocabulary.OPENERS)
        if not size:
            return None
        index += size
    return None


@functools.lru_cache(maxsize=1024)
def _at(texts: tuple[str, ...], index: int, gerund: bool = False) -> _Found | None:
    """A wish that begins with this word. Remembered, since it is asked from several sides."""
    best: _Found | None = None
    if texts[index] == "don't" and texts[-1] == "again":
        return None  # a rule for later
    if size := _longest(texts, index, halt_vocabulary.ALONE):
        best = _bare(texts, index + size, Wish.REST)
    if best is None and (size := _longest(texts, index, halt_vocabulary.ENDS)):
        best = _bare(texts, index + size, Wish.END)
    if best is not None:
        return best
    word = texts[index]
    if word == halt_vocabulary.CANCEL:
        end = index + 1
        while end < len(texts) and texts[end] in halt_vocabulary.CANCELED - {"and"}:
            end += 1
        return _bare(texts, end, Wish.END)
    if word in halt_vocabulary.VERBS or (gerund and word in halt_vocabulary.GERUNDS):
        return _verb(texts, index + 1, narrow=False)
    if word in halt_vocabulary.NARROW_VERBS:
        return _verb(texts, index + 1, narrow=True)
    return None


def _bare(texts: tuple[str, ...], index: int, wish: Wish) -> _Found | None:
    """Behind a phrase that has to stand alone."""
    index = _over_idioms(texts, index)
    if index >= len(texts):
        return _Found(wish)
    word = texts[index]
    if word in ("and", "then", "but") or _asks_politely(texts, index):
        return _joined_on(texts, index, wish)
    if _explains(texts, index):
        return _Found(wish)
    return _again(texts, index, wish)


def _verb(texts: tuple[str, ...], index: int, narrow: bool) -> _Found | None:
    """Behind "stop": what makes a condition, a place or a name of it, and what does not."""
    said_first, index = index, _over_idioms(texts, index)
    if index >= len(texts):
        return _Found(Wish.REST)
    word = texts[index]
    if word in ("and", "then", "but") or _asks_politely(texts, index):
        return _joined_on(texts, index, Wish.REST)
    if (again := _again(texts, index, Wish.REST)) is not None:
        return again
    if word in halt_vocabulary.NOUN_ENDINGS and index == said_first:
        return None
    if _is_gerund(word) or (word in halt_vocabulary.PRONOUNS and not _is_subject(texts, index)):
        if narrow and set(texts[index + 1 :]) & {"is", "was"}:
            return None  # "quit smoking is hard"
        return _object(texts, index + 1, own=True)
    if word not in halt_vocabulary.DETERMINERS and _explains(texts, index):
        return _Found(Wish.REST)
    if word == "every" and _counts(texts, index + 1):
        return None  # "stop every two meters"
    if word in halt_vocabulary.DETERMINERS or word in halt_vocabulary.OWN:
        return _named(texts, index, narrow)
    if word in ("forward", "forwards", "backward", "backwards", "left", "right", "all", "any"):
        if set(texts[index + 1 : index + 3]) & halt_vocabulary.OWN:
            return _object(texts, index + 2, own=True)
        return None
    if narrow or _begins_condition(word):
        return None
    return _object(texts, index + 1, own=True)


def _named(texts: tuple[str, ...], index: int, narrow: bool) -> _Found | None:
    """From "the" or "your" on: whether what is to be stopped is this robot's."""
    if _says_something(texts, index):
        return _Found(Wish.REST)
    end = index
    while end < len(texts) and not _marks(texts, end) and texts[end] not in _ENDS_OBJECT:
        end += 1
    named = set(texts[index:end])
    own = bool(named & halt_vocabulary.OWN)
    if (named & halt_vocabulary.FOREIGN or narrow) and not own:
        return None
    return _object(texts, end, own)


def _begins_condition(word: str) -> bool:
    """Of where, when, or how far to stop."""
    if word.isdigit() or word in halt_vocabulary.NUMBERS or word == "as":
        return True
    return word in halt_vocabulary.WHERES or word in halt_vocabulary.CONDITIONS


_ENDS_OBJECT = frozenset({"from", "and", "then", "but", "or", "because"})


def _object(texts: tuple[str, ...], index: int, own: bool) -> _Found | None:
    """Behind what is to be stopped: a condition may still follow, or something else to do."""
    while index < len(texts):
        size = _longest(texts, index, halt_vocabulary.IDIOMS, halt_vocabulary.FILLERS)
        if size:
            index += size
            continue
        word = texts[index]
        if word in ("and", "then") and index + 1 < len(texts):
            if _is_gerund(texts[index + 1]) or texts[index + 1] in halt_vocabulary.DETERMINERS:
                index += 1  # "stop turning and driving", "stop the arm and the base"
                continue
            return _joined_on(texts, index, Wish.REST)
        if word in ("or", "because", "cause", "cuz", "since", "so"):
            return _Found(Wish.REST)
        if word == "before" and _prevents(texts, index):
            return _Found(Wish.REST)
        if word == "from" and not own:
            return None
        if _marks(texts, index):
            return None
        index += 1
    return _Found(Wish.REST)


def _marks(texts: Sequence[str], index: int) -> bool:
    """Whether a condition begins here."""
    word = texts[index]
    after = texts[index + 1] if index + 1 < len(texts) else ""
    if word in halt_vocabulary.CONDITIONS or word in halt_vocabulary.LATER_WHERES:
        return True
    if word == "as" and after in ("soon", "close", "near", "long"):
        return True
    if word in ("next", "close") and after == "to":
        return True
    if word == "by" and after in ("the", "a", "an"):
        return True
    counted = after.isdigit() or after in halt_vocabulary.NUMBERS or after in ("a", "an")
    unit = texts[index + 2] if index + 2 < len(texts) else ""
    return word == "in" and counted and unit in halt_vocabulary.UNITS


def _over_idioms(texts: Sequence[str], index: int) -> int:
    """Past politeness, and past "right there"; not past a pronoun that begins an explanation."""
    while index < len(texts):
        size = _longest(texts, index, halt_vocabulary.FILLERS, halt_vocabulary.IDIOMS, longest=10)
        if not size or (size == 1 and _begins_motion_noun(texts, index)) or _repeats(texts, index):
            break
        if size == 1 and texts[index] == "there" and _place_follows(texts, index + 1):
            break
        if size == 1 and texts[index] in ("then", "but", "right", "so", "do"):
            # "stop then turn left" goes on; "stop right before the table" is no "right".
            if texts[index] in ("then", "but") and index + 1 < len(texts):
                break
            if texts[index] == "right" and index + 1 < len(texts):
                if texts[index + 1] in halt_vocabulary.WHERES or texts[index + 1] in ("of", "when"):
                    return index
        index += size
    return index


def _begins_motion_noun(texts: Sequence[str], index: int) -> bool:
    """ "Robot" in "stop robot motion" and "machine" in "stop machine"."""
    return texts[index] in ("robot", "machine") and index + 1 < len(texts)


def _place_follows(texts: Sequence[str], index: int) -> bool:
    """ "stop there is a child" explains; so "there" is passed over unless a verb follows."""
    return index < len(texts) and texts[index] in ("is", "are", "was", "will")


def _asks_politely(texts: Sequence[str], index: int) -> bool:
    """ "Stop would you", "stop could you turn left": something else may follow."""
    return texts[index] in ("can", "could", "would", "will", "won't") and (
        texts[index + 1 : index + 2] in (("you",), ("we",))
    )


def _explains(texts: Sequence[str], index: int) -> bool:
    """ "You are going to hit it", "or it falls", "there is a child", "before you break it"."""
    word = texts[index]
    after = texts[index + 1] if index + 1 < len(texts) else ""
    if word == "before":
        return _prevents(texts, index)
    if word == "there":
        return after in ("is", "are", "was")
    return word in halt_vocabulary.NEW_CLAUSE


def _prevents(texts: Sequence[str], index: int) -> bool:
    """ "before you hit something": what is to be prevented, not where to stop."""
    after = texts[index + 1 : index + 9]
    return (
        bool(after)
        and after[0] in (halt_vocabulary.SUBJECTS | halt_vocabulary.DETERMINERS)
        and any(word in halt_vocabulary.HARMS for word in after)
    )


def _counts(texts: Sequence[str], index: int) -> bool:
    """Whether an amount begins here."""
    word = texts[index] if index < len(texts) else ""
    return word.isdigit() or word in halt_vocabulary.NUMBERS or word in halt_vocabulary.UNITS


def _is_gerund(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing") and word not in halt_vocabulary.NO_GERUND


def _is_subject(texts: Sequence[str], index: int) -> bool:
    """ "It is ..." and "that hurts" behind a stop are sentences, "it" and "that thing" objects."""
    after = texts[index + 1] if index + 1 < len(texts) else ""
    return after in ("is", "was", "hurts", "will", "has", "are", "isn't", "looks", "broke", "fell")


def _says_something(texts: Sequence[str], index: int) -> bool:
    """ "The wall is right there": a sentence, not an object."""
    for word in texts[index + 1 : index + 5]:
        if word in halt_vocabulary.CONDITIONS or word in _ENDS_OBJECT:
            return False
        if word in ("is", "are", "was", "will", "hurts", "isn't", "has"):
            return True
    return False


def _again(texts: tuple[str, ...], index: int, wish: Wish) -> _Found | None:
    """Another wish right behind the first: "stop stop", "stop don't move"."""
    # A loop and no recursion: people repeat themselves.
    count = 0
    while index < len(texts):
        size = _longest(texts, index, halt_vocabulary.ALONE, halt_vocabulary.ENDS)
        if not size and texts[index] in halt_vocabulary.VERBS | halt_vocabulary.NARROW_VERBS:
            size = 1
        if not size:
            break
        count += 1
        after = _over_idioms(texts, index + size)
        if after < len(texts) and not _repeats(texts, after):
            return _at(texts, index)
        index = after
    if not count:
        return None
    return _Found(wish)


def _repeats(texts: Sequence[str], index: int) -> bool:
    return bool(_longest(texts, index, halt_vocabulary.ALONE, halt_vocabulary.ENDS)) or (
        texts[index] in halt_vocabulary.VERBS | halt_vocabulary.NARROW_VERBS
    )


def _joined_on(texts: tuple[str, ...], index: int, wish: Wish) -> _Found | None:
    """Behind "stop and": something else to do, a condition, or nothing new."""
    while index < len(texts) and texts[index] in ("and", "then", "but", "also", "please", "now"):
        index += 1
    if index >= len(texts) or _is_filler(texts[index:]):
        return _Found(wish)
    word = texts[index]
    only = {"only", "not", "when", "once", "if", "after", "until", "unless"}
    if word in only or (word in halt_vocabulary.LATER_WHERES and not _prevents(texts, index)):
        return None
    more = _from(texts, index)
    return _Found(wish, index) if more is None else _Found(wish, more.after)


# --- several clauses ----------------------------------------------------------------------------------


def _condition_follows(clauses: Sequence[_Clause], index: int) -> bool:
    """ "Stop, when you reach the table": in the same sentence, a condition or a place and nothing else."""
    if index + 1 >= len(clauses):
        return False
    here, after = clauses[index], clauses[index + 1]
    if after.sentence != here.sentence or after.quoted != here.quoted:
        return False
    if _longest(after.texts, 0, halt_vocabulary.FILLERS, halt_vocabulary.IDIOMS, longest=10):
        return False
    texts = after.texts
    if texts[0] == "but" and len(texts) > 1:
        texts = texts[1:]
    if texts[0] in halt_vocabulary.LATER_WHERES and _prevents(texts, 0):
        return False
    return _marks(texts, 0) or (texts[0] == "just" and len(texts) > 1 and _marks(texts, 1))


def _strongest(here: _Found, found: Sequence[_Found | None]) -> Wish:
    others = {item.wish for item in found if item is not None}
    return Wish.REST if Wish.REST in others | {here.wish} else here.wish


def _raised(texts: tuple[str, ...], here: _Found) -> Wish:
    """ "Never mind stop": what takes back may go on with a stop, which is the stronger wish."""
    if here.wish is Wish.REST:
        return here.wish
    for index in range(1, len(texts)):
        if (
            texts[index - 1] in halt_vocabulary.NOUN_BEGINNINGS
            or texts[index] not in halt_vocabulary.VERBS
        ):
            continue
        found = _at(texts, index)
        if found is not None and found.wish is Wish.REST:
            return Wish.REST
    return here.wish


def _later(
    clauses: Sequence[_Clause],
    found: Sequence[_Found | None],
    index: int,
    filled: Sequence[int],
) -> _Found | None:
    """A stop that is not said first: alone in its clause, or at the end of one."""
    clause = clauses[index]
    here = found[index]
    first = filled[0]
    is_last = all(found[i] is not None for i in filled if i > index)
    imperative = _is_imperative(clauses[first])
    same_sentence = [c for c in clauses[:index] if c.sentence == clause.sentence]
    if index != first and any(_is_conditional(c.texts) for c in same_sentence):
        return None
    if here is not None and index != first:
        if clause.texts[0] in ("and", "then"):
            return None  # a part of a sequence
        before = clauses[index - 1]
        talk = before.texts[-1] in halt_vocabulary.TALK
        if before.sentence == clause.sentence and (talk or clause.quoted):
            return None
        if not is_last and imperative:
            return None  # "go forward 1 meter, stop, turn left"
        return here if not _condition_follows(clauses, index) else None
    if here is None:
        return _inside(clause, is_last)
    return None


def _is_imperative(clause: _Clause) -> bool:
    """Whether it says what is to be done, politeness aside."""
    texts, index = clause.texts, 0
    while index < len(texts):
        if texts[index] in halt_vocabulary.IMPERATIVES:
            return True
        size = _longest(texts, index, halt_vocabulary.FILLERS, halt_vocabulary.OPENERS)
        if not size:
            return False
        index += size
    return False


def _is_conditional(texts: Sequence[str]) -> bool:
    index = 0
    while index < len(texts) and texts[index] in ("and", "then", "but", "or", "also", "please"):
        index += 1
    if index >= len(texts):
        return False
    if _longest(texts, index, halt_vocabulary.FILLERS) > 1:
        return False  # "if you please"
    return texts[index] in halt_vocabulary.CONDITIONS or _marks(texts, index)


def _inside(clause: _Clause, is_last: bool) -> _Found | None:
    """A stop behind other words of the same clause: "turn left stop", "you are too close stop"."""
    texts = clause.texts
    if _KEYS.isdisjoint(texts):
        return None
    for index in range(len(texts) - 1, 0, -1):
        word = texts[index]
        if word not in _INSIDE_STARTS:
            continue
        if (
            word not in halt_vocabulary.VERBS
            and word != "freeze"
            and not _longest(texts, index, _INSIDE)
        ):
            continue
        here = _at(texts, index)
        if here is None:
            return None
        while index > 1 and texts[index - 1] in halt_vocabulary.VERBS:
            index -= 1
        while index > 1 and texts[index - 1] in _JUST_BEFORE:
            index -= 1
        if _mentions(texts, index, repeated=_count(texts, index) > 1):
            return None
        if here.after >= 0 and _is_imperative(clause):
            return None
        if not is_last and _is_imperative(clause):
            return None
        return _Found(here.wish, here.after, index)
    return None


_INSIDE = halt_vocabulary.ALONE & {
    ("emergency", "stop"), ("hold", "it"), ("whoa",), ("don't", "move"), ("that's", "enough"),
}  # fmt: skip
_JUST_BEFORE = frozenset(
    {"please", "robot", "now", "just", "no", "oh", "wait", "hey", "ok", "okay"}
)
_INSIDE_STARTS = halt_vocabulary.VERBS | {"freeze"} | {phrase[0] for phrase in _INSIDE}


def _count(texts: Sequence[str], index: int) -> int:
    return sum(word in halt_vocabulary.VERBS for word in texts[index:])


def _mentions(texts: Sequence[str], index: int, repeated: bool) -> bool:
    """Whether the words before make a mention, a name or a part of a sequence of the stop at `index`."""
    before = list(texts[:index])
    if not before:
        return False
    if before[0] in halt_vocabulary.QUESTIONS and not _is_gerund(before[-1]):
        return True  # "what are you doing stop" is none
    if any(word in halt_vocabulary.CONDITIONS for word in before) or _is_conditional(before):
        return True
    if any(word in halt_vocabulary.TALK for word in before[-4:]):
        return True
    reach = len(before) - 1
    while reach >= 0 and before[reach] in halt_vocabulary.AFTER_NEGATION:
        reach -= 1
    if reach >= 0 and before[reach] in halt_vocabulary.NEGATIONS:
        return True
    last = before[-1]
    if last in halt_vocabulary.SEQUENCE:
        return True
    if last in ("this", "that") and before[-2:-1] and before[-2] in halt_vocabulary.WHERES:
        return True
    return last in halt_vocabulary.NOUN_BEGINNINGS and not repeated


def _left_out(
    text: str,
    clauses: Sequence[_Clause],
    found: Sequence[_Found | None],
    index: int,
    here: _Found,
) -> str:
    """What else is asked for behind the stop, as written."""
    parts = []
    if here.after >= 0:
        parts.append(clauses[index].words[here.after].start)
    for number in range(index + 1, len(clauses)):
        clause = clauses[number]
        if found[number] is None and _over_idioms(clause.texts, 0) < len(clause.texts):
            if not parts and _explains(clause.texts, 0):
                continue
            if parts or _asks(clause):
                parts.append(_skip_joints(clause))
    if not parts:
        return ""
    return _tidy(text[parts[0] : clauses[-1].words[-1].end])


def _asks(clause: _Clause) -> bool:
    """Whether it may be a command: anything that is no explanation."""
    return not _explains(clause.texts, 0)


def _skip_joints(clause: _Clause) -> int:
    for word in clause.words:
        if word.text not in ("and", "then", "but", "also"):
            return word.start
    return clause.words[0].start


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;:-")
