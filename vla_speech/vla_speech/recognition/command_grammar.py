# SPDX-License-Identifier: Apache-2.0
"""The sentences that the offline recogniser expects: a grammar in JSGF's notation, of the planner's own lexicon.

Which words there are is the lexicon's (`lexicon.yaml` of vla_planner, read as data), in which order they come, and how
often, is here. The places, objects and skills of this world come first, but what the lexicon knows besides stays: a
"kitchen" that the map lacks must be heard as a kitchen, or it would be taken for something else. `command_model` makes
of it what the decoder searches.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.recognition.recognizer import Vocabulary
from vla_speech.recognition.sphinx.pronouncing import pronunciations, words_of

NAME = "commands"
WORLD_WEIGHT = 150
"""How much likelier a name of this world is than one that only the lexicon has."""
_KEEP = 8
"""Phrases of each class, as the lexicon puts the usual ones first; more only make the others harder to tell apart."""
_KEEP_ALL = frozenset({"ADJ", "SIDE", "LINE", "RELATION", "STOP"})

# Upper-case rules are classes of the lexicon, of which the first phrases are the usual ones; lower-case ones are those
# of this table. Weights (/9/) say how often something is said: what is rare is heard only where nothing usual fits.
_RULES = {
    "clause": (
        "/10/ <move>", "/8/ <turn>", "/12/ <go_to>", "/10/ <find>", "/14/ <pick>", "/12/ <put>", "/8/ <bring>",
        "/5/ <look>", "/3/ <count>", "/3/ <describe>", "/2/ <say>", "/3/ <wait>", "/1/ <people>", "/1/ <give>",
        "/1/ <throw>", "/1/ <skill>",
    ),
    "move": (
        "/8/ (move | drive | go) <heading> [<length>]", "/4/ (move | drive | go) <length> <heading>",
        "/1/ <GO_drive> <heading> [<length>]", "/1/ take (a | two | three) (step | steps) <heading>",
    ),
    "heading": (
        "/12/ forward", "/8/ backward", "/6/ back", "/4/ left", "/4/ right", "/4/ to the (left | right)",
        "/1/ <LINE>",
    ),
    "turn": (
        "/8/ turn (left | right) [<angle>]", "/3/ turn <angle> (left | right)", "/3/ turn around",
        "/2/ turn to the (left | right) [<angle>]", "/1/ <TURN> (left | right) [<angle>]", "/1/ <ABOUT_FACE>",
        "/1/ turn (a little | slightly) (left | right)",
    ),
    "go_to": (
        "/10/ (go | drive) [back | over] to <where>", "/3/ (come | return | go) back to <where>",
        "/1/ (<GO_go> | move) to <where>", "/1/ <APPROACH> <where>", "/1/ go [back] home",
    ),
    "find": (
        "/6/ find a [<size>] [<colour>] (<label> | object) [<at>]", "/4/ find <thing> [<at>]",
        "/3/ look for <thing> [<at>]", "/1/ <FIND> <thing> [<at>]", "/1/ where is <thing>",
    ),
    "pick": (
        "/10/ pick up <thing> [<from>]", "/3/ pick <thing> up", "/3/ (grab | take | get) <thing> [<from>]",
        "/1/ <PICK_pick> <thing> [<from>]", "/1/ <PICK_fetch> <thing> [<from>]",
    ),
    "put": (
        "/10/ (put | place) <thing> <onto>", "/2/ put <thing> down", "/2/ put down <thing>",
        "/2/ drop <thing> [<onto>]",
        "/1/ <PUT> <thing> <onto>",
    ),
    "bring": (
        "/6/ (bring | take) <thing> [<from>] to <spot>", "/3/ bring me <thing> [<from>]",
        "/1/ <BRING_fetch> me <thing>",
        "/1/ (carry | move) <thing> to <spot>",
    ),
    "look": ("/4/ look at <where>", "/4/ look (left | right | up | down | around)", "/1/ <LOOK> at <where>"),
    "count": ("/4/ how many <several> are [there] <at>", "/1/ count the <several> [<at>]"),
    "describe": ("/4/ what is <at>", "/1/ what do you see", "/1/ describe <where>", "/1/ <DESCRIBE_ALL>"),
    "say": ("say (hello | goodbye | good morning | good evening | thank you | yes | no)",),
    "wait": ("/4/ wait [for] <time>", "/1/ wait", "/1/ <WAIT> <time>"),
    "people": ("follow me", "greet (me | the visitor | the guest)", "guide me to <spot>"),
    "give": ("/2/ (give | hand) me <thing>", "/1/ <HAND> me <thing>"),
    "throw": ("throw <thing> away", "throw away <thing>", "throw <thing> (in | into) <spot>"),
    "skill": (),
    # --- things and places
    "where": ("/3/ <spot>", "/1/ <thing>"),
    "spot": ("/20/ the <place>", "/1/ there"),
    "thing": (
        "/20/ the [<size>] [<colour>] <label>", "/10/ the <colour> <label>", "/6/ a [<size>] [<colour>] <label>",
        "/4/ a <colour> (object | thing)", "/3/ the <colour> (object | one)", "/10/ it", "/1/ an <label>",
        "/1/ the <rank> <label>", "/1/ (this | that | my | two | three) [<colour>] (<label> | <labels>)",
        "/1/ (everything | all [the] <labels>)", "/1/ something <colour>",
    ),
    "several": ("/4/ [<colour>] <labels>", "/1/ [<colour>] (objects | things)"),
    "at": ("/8/ on <spot>", "/3/ (at | in) <spot>", "/1/ (under | near | behind | next to) <spot>"),
    "from": ("/6/ from <spot>", "/3/ on <spot>", "/1/ (at | in | out of) <spot>"),
    "onto": (
        "/10/ on <where>", "/4/ (in | into) <where>", "/4/ next to <where>", "/2/ (behind | in front of) <where>",
        "/2/ to the (left | right) of <where>", "/1/ <RELATION> <where>", "/1/ (there | here | away)",
    ),
    "colour": ("<ADJ_colour>",),
    "size": ("<ADJ_size>",),
    "rank": ("nearest", "closest", "largest", "biggest", "smallest", "left", "right", "first", "second", "last"),
    # --- amounts
    "digit": ("two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "tens": ("ten", "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    "number": (
        "/8/ <digit>", "/8/ <tens>", "/4/ (twenty | thirty | forty | fifty | seventy | eighty) <digit>",
        "/1/ (eleven | twelve)", "/2/ one hundred [[and] <tens>]",
    ),
    "length": (
        "/6/ one meter", "/6/ <digit> meters", "/5/ <number> (centimeters | steps)", "/3/ half a meter",
        "/2/ a meter",
        "/2/ one and a half meters", "/1/ <digit> (feet | inches)", "/1/ <digit> point <digit> meters",
        "/1/ a (little | bit | step)",
    ),
    "angle": ("/8/ [by] <number> degrees", "/1/ half a turn", "/1/ a quarter turn"),
    "time": (
        "/6/ <number> seconds", "/2/ <digit> minutes", "/1/ (one | a) (second | minute | moment)",
        "/1/ half a minute",
    ),
    # --- talk
    "if": ("if there is (a | an | no) [<colour>] <label> [<at>]", "if you see a [<colour>] <label>"),
    "answer": (
        "/6/ yes [please | do it | go ahead | you may]", "/2/ okay", "sure", "go ahead", "do it", "of course",
        "/6/ no [thanks]", "never mind", "/2/ cancel [that]", "forget it", "none of them", "any of them",
        "all of them",
        "both [of them]", "/6/ [no] the <colour> one", "/2/ the (first | second | left | right | small | large) one",
        "/3/ [no] <thing> [<at>]", "/3/ <spot>", "again", "do (that | it) again", "once more",
    ),
    "lead": (
        "/4/ please", "/2/ robot", "hey robot", "okay robot", "(could | can | would | will) you [please]", "now",
    ),
    "link": ("/8/ and", "/2/ then", "/3/ and then", "after that"),
    "one": ("/6/ <clause>", "/1/ <lead> <clause>", "/1/ <clause> please"),
}  # fmt: skip
_TOP = (
    "/50/ <one>", "/25/ <clause> <link> <clause>", "/8/ <clause> <clause> <link> <clause>",
    "/4/ <clause> <link> <clause> <link> <clause>", "/2/ <if> <clause> [otherwise <clause>]", "/8/ <answer>",
    "/15/ <STOP>",
    "/30/ <other> <other> (<other>)+",
)  # fmt: skip
_SIZES = frozenset({"small", "large"})
_OTHER_TEXT = """
    about after am because been before being big but call came coffee could did didn't does doing doesn't don't door
    dinner even every expensive friend game garden gave getting glass going good got great had has have
    having he heard
    hear her here's him his home hour house how i i'll i'm i've its job kind know last late let's life like
    long looked
    made make many maybe meeting money month more morning mother movie much must my name need never new
    news night
    nobody not nothing now of old only or other our out people play really remember rain said same
    saw school see
    seen she she's should since so some somebody something soon sunday sure than that's their
    then they they're thing think this those though thought thursday time today told tomorrow too town train
    trip try two under us usually very want wants was watch way we we'll week well went were what's
    when which while
    who whole why will with without woman word work would year yesterday you'll your
"""
OTHER_WORDS = frozenset(_OTHER_TEXT.split())
"""Words of talk that is not for the robot: they catch what would else be taken for the nearest command. None
    that sounds
like a stop word or a place is among them."""


@dataclass(frozen=True)
class Grammar:
    """jsgf: the text; words: all of its words with their pronunciations; unspoken: names that nobody can pronounce."""

    jsgf: str
    words: Mapping[str, tuple[str, ...]]
    unspoken: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    """Those of the words that belong to no command."""


BEGINNINGS = frozenset(
    {
        "go",
        "drive",
        "move",
        "turn",
        "find",
        "pick",
        "grab",
        "get",
        "put",
        "drop",
        "bring",
        "carry",
        "look",
        "count",
        "wait",
        "describe",
        "follow",
        "greet",
    }
)
"""Words that begin a clause wherever they stand."""
_JOINING = frozenset(
    {
        "and",
        "then",
        "that",
        "otherwise",
        "please",
        "robot",
        "you",
        "now",
        "me",
        "no",
        "yes",
        "okay",
        "sure",
        "of",
        "if",
        "not",
        "don't",
        "never",
        "to",
        "again",
    }
)
"""Words after which a clause begins without a comma."""


def punctuated(text: str) -> str:
    """Commas between clauses that follow one another without a word between them, as the planner wants them."""
    out: list[str] = []
    for word in text.split():
        if out and word in BEGINNINGS and out[-1] not in _JOINING:
            out[-1] += ","
        out.append(word)
    return " ".join(out)


def make_grammar(vocabulary: Vocabulary, wake_word: str = "", pronounced: bool = True) -> Grammar:
    """The grammar of one world. Errors: SPEECH_NO_MODEL when the lexicon or the dictionary is missing.

    pronounced: with words only that the dictionary can pronounce, as pocketsphinx needs it.
    """
    return _Maker(load_lexicon(), vocabulary, wake_word, pronounced).make()


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
    def __init__(
        self, lexicon: Mapping[str, Any], vocabulary: Vocabulary, wake_word: str, pronounced: bool
    ) -> None:
        self._lexicon, self._vocabulary, self._pronounced = lexicon, vocabulary, pronounced
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
            rules["clause"].remove("/1/ <skill>")
        lines = ["#JSGF V1.0;", f"grammar {NAME};"]
        top = list(_TOP)
        if wake := " ".join(words_of(self._wake_word)):
            if self._spoken([wake], tell=True):
                top = [f"[{wake}] ( {' | '.join(top)} )", wake]
        lines.append(f"public <{NAME}> = {' | '.join(top)};")
        bodies = {name: " | ".join(alternatives) for name, alternatives in rules.items()}
        bodies |= self._things()
        own = {word for body in (*bodies.values(), *top) for word in _plain_words("=" + body)}
        others = frozenset(self._spoken(sorted(OTHER_WORDS - own)))
        bodies["other"] = " | ".join(sorted(others))
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
        self._learn(words)
        return Grammar(
            text, {w: self._sounds[w] for w in sorted(words)}, tuple(self._unspoken), others
        )

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
        # The lexicon puts the usual phrases of each meaning first.
        weights: dict[str, float] = {}
        for words in lists:
            for rank, phrase in enumerate(self._spoken(words[:keep])):
                weights.setdefault(phrase, 1.0 / (1 + rank) ** 2)
        return " | ".join(f"/{weight:.4f}/ {phrase}" for phrase, weight in weights.items())

    def _learn(self, words: Iterable[str]) -> None:
        """How they sound, where that matters and is known."""
        new = [word for word in words if word not in self._sounds]
        self._sounds.update(pronunciations(new) if self._pronounced else dict.fromkeys(new, ()))

    def _spoken(self, phrases: Iterable[str], tell: bool = False) -> list[str]:
        """Those whose words all have a pronunciation, as the dictionary spells them. tell: note the others."""
        out: list[str] = []
        for phrase in phrases:
            words = words_of(str(phrase).replace("_", " "))
            if not words:
                continue
            self._learn(words)
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
