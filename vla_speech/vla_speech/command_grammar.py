"""The sentences that the offline recogniser can hear: a grammar in JSGF, made of the planner's own lexicon.

Which words there are is the lexicon's (`lexicon.yaml` of vla_planner, read as data), in which order they come is here,
in the terms of its classes. The places, objects and skills of this world are put in front of what the lexicon knows
anyway: a "kitchen" that the map lacks must be heard as a kitchen, or it would be taken for something else.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vla_common.outcomes import Code, VlaError
from vla_speech.pronouncing import pronunciations, words_of
from vla_speech.recogniser import Vocabulary

NAME = "commands"
WORLD_WEIGHT = 40
"""How much likelier a name of this world is than one that only the lexicon has."""
_KEEP = 8
"""Phrases of each class, as the lexicon puts the usual ones first; more only make the others harder to tell apart."""
_KEEP_ALL = frozenset({"ADJ", "SIDE", "LINE", "RELATION", "STOP"})

# Upper-case rules are classes of the lexicon, lower-case ones are those of this table. The decoder copies a rule
# wherever it is named, so that "noun", the big one, may be named three times only: all verbs with an object share a
# line, although that lets through some sentences which nobody says. The planner refuses those.
_RULES = {
    "clause": (
        "<drive> [<length>] <heading> [<length>]",
        "<TURN> [[by] <angle>] [(a little | slightly)] <side> [[by] <angle>]",
        "<TURN> around", "<ABOUT_FACE>", "(make | take) a (left | right) turn", "go [back] home",
        "<act> <noun> [<particle>] (<tail>)*", "<LOOK> <gaze>", "<DESCRIBE_ALL>",
        "say (hello | goodbye | good morning | good evening | thank you)", "<WAIT> [[for] <time>]",
        "<FOLLOW> me", "<GREET> (me | the visitor | the guest)", "<skill>",
    ),
    "drive": ("<GO_drive>", "go", "walk", "<ADVANCE>", "take"),
    "heading": ("<LINE>", "back", "<SIDE>", "to the (left | right)"),
    "side": ("<SIDE>", "to the (left | right)"),
    "gaze": ("<SIDE>", "up", "down", "ahead", "around"),
    "act": (
        "(<GO_go> | drive | move | <RETURN>) [over | back] to", "<APPROACH>", "<FIND>", "<SEARCH>", "where is",
        "is there",
        "<PICK_pick> [up]", "<PICK_fetch>", "<PUT> [down | back]", "<DROP>", "<BRING_fetch> [me]", "<BRING_carry>",
        "<THROW> [away]", "<HAND> [me]", "<LOOK> at", "describe", "<FACE>", "what is (on | in | at)", "<COUNT>",
        "if (there is | you see) [no]",
    ),
    "particle": ("up", "down", "back", "away", "over", "here", "there", "are there", "are"),
    "tail": ("(<RELATION> | at | from | out of | off | under | for | [over | back] to) (<noun> | me | us)",),
    "skill": (),
    # The weights keep rare words such as "everything" from being heard in place of frequent ones.
    "noun": (
        "/60/ [<the>] [<rank> | <size>] [<colour>] (<label> | <labels> | <place>)",
        "/20/ (<the> [<size>] [<colour>] | <colour>) (one | ones | object | objects | thing | things)",
        "/16/ it", "/1/ everything", "/1/ that one", "/1/ something <colour>", "/1/ the room",
    ),
    "the": (
        "/60/ the", "/40/ a", "/10/ an", "/1/ this", "/1/ my", "/2/ one", "/2/ two", "/2/ three", "/1/ all the",
    ),
    "colour": ("<ADJ_colour>",),
    "size": ("<ADJ_size>",),
    "rank": ("nearest", "closest", "largest", "biggest", "smallest", "left", "right", "first", "second", "last"),
    # --- amounts
    "digit": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "tens": ("ten", "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    "number": (
        "<digit>", "<tens>", "(twenty | thirty | forty | fifty) five", "(eleven | twelve)",
        "(one | a) hundred [[and] <tens>]",
    ),
    "length": (
        "[by | for] <number> (meter | meters | centimeters | steps | step | feet | foot | inches)", "half a meter",
        "a meter", "one and a half meters", "<digit> point <digit> meters", "a (little | bit | step)",
    ),
    "angle": ("<number> degrees", "half a turn", "a quarter turn"),
    "time": ("<number> (seconds | second | minutes | minute)", "half a minute", "a (minute | moment)"),
    # --- talk
    "answer": (
        "yes [please | do it | go ahead | you may]", "okay", "sure", "go ahead", "do it", "of course", "no [thanks]",
        "never mind", "cancel [that]", "forget it", "none of them", "any of them", "all of them", "both [of them]",
        "[no] [on | in | at] <noun>", "again", "(do | repeat) (that | it) [again]", "once more",
    ),
    "lead": (
        "please", "robot", "hey robot", "okay robot", "(could | can | would | will) you [please]", "now", "first",
    ),
    "link": ("and", "then", "and then", "after that", "and after that", "otherwise", "if not"),
}  # fmt: skip
_TOP = ("[<lead>] ( [<link>] <clause> )+ [please | now]", "<answer>", "<STOP>")
_SIZES = frozenset({"small", "large"})


@dataclass(frozen=True)
class Grammar:
    """jsgf: the text; words: all of its words with their pronunciations; unspoken: names that nobody can pronounce."""

    jsgf: str
    words: Mapping[str, tuple[str, ...]]
    unspoken: tuple[str, ...] = ()


def make_grammar(vocabulary: Vocabulary, wake_word: str = "") -> Grammar:
    """The grammar of one world. Errors: SPEECH_NO_MODEL when the lexicon or the dictionary is missing."""
    return _Maker(load_lexicon(), vocabulary, wake_word).make()


@functools.lru_cache(maxsize=1)
def load_lexicon() -> Mapping[str, Any]:
    """The planner's lexicon as plain data. Errors: SPEECH_NO_MODEL."""
    spec = importlib.util.find_spec("vla_planner")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / "grammar" / "lexicon.yaml"
        if path.is_file():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            data: Mapping[str, Any] = yaml.load(path.read_text("utf-8"), Loader=loader)
            return data
    raise VlaError(
        Code.SPEECH_NO_MODEL,
        "The words of the command grammar are missing: the package vla_planner.",
    )


class _Maker:
    def __init__(self, lexicon: Mapping[str, Any], vocabulary: Vocabulary, wake_word: str) -> None:
        self._lexicon, self._vocabulary = lexicon, vocabulary
        self._wake_word = wake_word
        self._used: set[str] = set()
        self._unspoken: list[str] = []
        self._sounds: dict[str, tuple[str, ...]] = {}

    def make(self) -> Grammar:
        rules = {name: list(alternatives) for name, alternatives in _RULES.items()}
        rules["skill"] = self._spoken(self._vocabulary.skills, tell=True)
        if not rules[
            "skill"
        ]:  # a rule without alternatives makes the decoder drop those that name it
            del rules["skill"]
            rules["clause"].remove("<skill>")
        lines = ["#JSGF V1.0;", f"grammar {NAME};"]
        top = list(_TOP)
        if wake := " ".join(words_of(self._wake_word)):
            if self._spoken([wake], tell=True):
                top = [f"[{wake}] ( {' | '.join(top)} )", wake]
        lines.append(f"public <{NAME}> = {' | '.join(top)};")
        bodies = {name: " | ".join(alternatives) for name, alternatives in rules.items()}
        bodies |= self._things()
        for name, body in bodies.items():
            lines.append(f"<{name}> = {body};")
        needed = {
            name
            for line in lines
            for name in _references(line)
            if name not in bodies and name != NAME
        }
        for name in sorted(needed):
            lines.append(f"<{name}> = {self._class(name)};")
        text = "\n".join(lines) + "\n"
        words = {w for line in lines[2:] for w in _plain_words(line)}
        missing = words - self._sounds.keys()
        self._sounds.update(pronunciations(missing))
        return Grammar(text, {w: self._sounds[w] for w in sorted(words)}, tuple(self._unspoken))

    def _things(self) -> dict[str, str]:
        lexicon, world = self._lexicon, self._vocabulary
        labels = _synonyms(lexicon["labels"], world.objects)
        places = _synonyms(lexicon["places"], world.places)
        return {
            "label": self._weighted(world.objects, labels),
            "labels": self._weighted(
                [_plural(lexicon, name) for name in world.objects],
                [
                    _plural(lexicon, word)
                    for words in lexicon["labels"].values()
                    for word in words[:1]
                ],
            ),
            "place": self._weighted(world.places, places),
        }

    def _weighted(self, world: Iterable[str], rest: Iterable[str]) -> str:
        """Names of the world first; JSGF weights go before an alternative."""
        own = self._spoken(world, tell=True)
        others = [word for word in self._spoken(rest) if word not in own]
        share = 1.0 / (WORLD_WEIGHT * len(own) + len(others))
        parts = [f"/{WORLD_WEIGHT * share:.6f}/ {word}" for word in own]
        return " | ".join(parts + [f"/{share:.6f}/ {word}" for word in others])

    def _class(self, name: str) -> str:
        """The phrases of a class of the lexicon, or of one meaning of it ("GO_drive")."""
        kind, meaning = name, ""
        if name not in self._lexicon["classes"]:
            kind, _, meaning = name.rpartition("_")
        entries = self._lexicon["classes"][kind]
        if isinstance(entries, dict):
            if meaning in ("colour", "size"):
                lists = [w for m, w in entries.items() if (m in _SIZES) == (meaning == "size")]
            else:
                lists = [w for m, w in entries.items() if not meaning or m == meaning]
        else:
            lists = [entries]
        keep = None if kind in _KEEP_ALL else _KEEP
        phrases = [phrase for words in lists for phrase in words[:keep]]
        return " | ".join(self._spoken(phrases))

    def _spoken(self, phrases: Iterable[str], tell: bool = False) -> list[str]:
        """Those whose words all have a pronunciation, as the dictionary spells them. tell: note the others."""
        out: list[str] = []
        for phrase in phrases:
            words = words_of(str(phrase).replace("_", " "))
            if not words:
                continue
            self._sounds.update(pronunciations(w for w in words if w not in self._sounds))
            if all(word in self._sounds for word in words):
                out.append(" ".join(words))
            elif tell:
                self._unspoken.append(str(phrase))
        return list(dict.fromkeys(out))


def _synonyms(entries: Mapping[str, Any], world: Iterable[str]) -> list[str]:
    """All words for what is in this world, and the usual one for everything else."""
    here = set(world)
    return [
        word for name, words in entries.items() for word in (words if name in here else words[:1])
    ]


def _plural(lexicon: Mapping[str, Any], name: str) -> str:
    """As the planner makes plurals: by rule, except those that the lexicon gives."""
    if name in lexicon["plurals"]:
        return str(lexicon["plurals"][name])
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def _references(line: str) -> set[str]:
    return {part.split(">")[0] for part in line.split("<")[1:]}


def _plain_words(line: str) -> set[str]:
    """The words of one rule: what is neither a rule, a weight nor punctuation."""
    body = line.partition("=")[2]
    for sign in "|[]();+*":
        body = body.replace(sign, " ")
    return {part for part in body.split() if part[0] not in "</"}
