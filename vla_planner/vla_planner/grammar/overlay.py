# SPDX-License-Identifier: Apache-2.0
"""The lexicon together with one scene and one catalogue of skills.

Decides what each word of a command could be: the file's classes, the names of the map's places, the kinds and qualities
of things that were seen, and what asks for skills that only the catalogue knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vla_common.contracts.scene import ANY_LABELS, Scene
from vla_common.contracts.skills import SkillSpec
from vla_planner.grammar.lexicon import Candidate, Lexicon, Phrases, add, longest_first
from vla_planner.grammar.splitting import Word, plain

_LONGEST_NUMBER = 12
_LONGEST_NAME = 4
SPOKEN_FOR = frozenset(
    {"move", "turn", "go_to", "find", "pick", "place", "hand_over", "look_at", "say", "wait", "count", "describe",
     "follow", "guide", "greet", "ask"}
)  # fmt: skip
"""Skills that the grammar has its own clauses for."""


@dataclass(frozen=True)
class Reading:
    """One kind of thing that a word may mean. name: what tells it from the others, for a question."""

    label: str
    plural: bool
    name: str


@dataclass(frozen=True)
class Overlay:
    """places: every word for a place -> its name on the map, "" if it is not there; labels: the scene's."""

    lexicon: Lexicon
    phrases: Phrases
    places: Mapping[str, str] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    several_places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that may be several places of the map."""
    several_labels: Mapping[str, tuple[Reading, ...]] = field(default_factory=dict)
    """Words that may be several kinds of things."""

    def candidates(self, words: Sequence[Word], start: int) -> list[Candidate]:
        """Every reading from `start` on, longest first, fillers last. Unknown words are one UNKNOWN."""
        found: list[Candidate] = []
        run, weak, ends = self.lexicon.separator(words, start)
        if run:
            if weak:
                found.append(Candidate("ALSO", "", run))
            found.append(Candidate("SEP", "end" if ends else "" if weak else "then", run))
        texts = [word.text for word in words[start : start + _LONGEST_NUMBER]]
        length, value = self.lexicon.numbers.read(texts)
        if length:
            found.append(Candidate("NUMBER", value, length))
            if length < len(texts) and texts[length] in self.lexicon.times:
                found.append(Candidate("REPEAT", value, length + 1))
        for table in (self.phrases, self.lexicon.phrases):
            for phrase, candidate in table.get(texts[0], ()):
                if candidate.length == 1 or phrase == tuple(texts[: candidate.length]):
                    found.append(candidate)
        if len(texts) > 1:  # "book shelf" for what the map calls a bookshelf
            for _, candidate in self.phrases.get(texts[0] + texts[1], ()):
                if candidate.length == 1 and candidate.type in ("LABEL", "PLACE"):
                    found.append(replace(candidate, length=2))
        if not found:
            return [Candidate("UNKNOWN", texts[0], 1)]
        # "The left cup" before the choice "left" of some skill.
        found.sort(key=lambda item: (item.type is None, -item.length, item.type == "CHOICE"))
        return found

    def label_of(self, word: str) -> tuple[str, bool] | None:
        """Singular label and whether the word was a plural; None for a word that names no kind of thing."""
        if word in self.labels:
            return word, False
        for _, candidate in self.phrases.get(word, ()):
            if candidate.type == "LABEL" and candidate.length == 1:
                return str(candidate.value), candidate.plural
        return self.lexicon.label_words.get(word)


_cache: dict[tuple[Any, ...], Overlay] = {}
_CACHE_SIZE = 32


def of(lexicon: Lexicon, scene: Scene, skills: Iterable[SkillSpec] = ()) -> Overlay:
    """What this scene and these skills add to the lexicon; made once for each."""
    places = tuple((place.name, place.aliases) for place in scene.places)
    labels = frozenset(item.label for item in scene.objects)
    attributes = frozenset(
        word for item in scene.objects for word in (item.color, *item.attributes) if word
    )
    asked_for = _words_of(skills)
    key = (id(lexicon), places, labels, attributes, asked_for)
    cached = _cache.get(key)  # one look-up: another thread may clear the cache
    if cached is not None:
        return cached
    names = _place_names(lexicon, places)
    phrases: Phrases = {}
    for kind, value, word in asked_for:
        add(phrases, plain(word), Candidate(kind, value, 0))
    readings = _label_readings(lexicon, labels)
    on_map = {plain(word) for name, aliases in places for word in (name, *aliases)}
    own = {word for word, found in readings.items() if any(plain(r.label) == word for r in found)}
    for word, found in names.items():
        if word in own and word not in on_map:
            continue  # what was seen goes before what a word may mean elsewhere
        add(phrases, word, Candidate("PLACE", (word, found[0] if found else ""), 0))
    for word, meant in readings.items():
        if (meant[0].label, meant[0].plural) == lexicon.label_words.get(word):
            continue  # as it is known anyway
        add(phrases, word, Candidate("LABEL", meant[0].label, 0, plural=meant[0].plural))
    for attribute in attributes:
        if _is_a_name(lexicon, plain(attribute)):
            add(phrases, plain(attribute), Candidate("ADJ", attribute, 0))
    longest_first(phrases)
    made = Overlay(
        lexicon,
        phrases,
        {word: found[0] if found else "" for word, found in names.items()},
        labels,
        {word: found for word, found in names.items() if len(found) > 1},
        {word: meant for word, meant in readings.items() if len(meant) > 1},
    )
    if len(_cache) >= _CACHE_SIZE:
        _cache.clear()
    _cache[key] = made
    return made


def _is_a_name(lexicon: Lexicon, text: str) -> bool:
    """Whether a label that perception made up can be one: a few words, none of which parts commands."""
    words = [(word,) for word in text.split()]
    parting = lexicon.weak | lexicon.strong
    return 0 < len(words) <= _LONGEST_NAME and not any(
        word in parting or not word[0].isalnum() for word in words
    )


def _label_readings(lexicon: Lexicon, labels: frozenset[str]) -> dict[str, tuple[Reading, ...]]:
    """What words for things mean here, where that is not simply the lexicon's.

    The own name of what was seen comes first; then what was seen of the kind that the lexicon knows by that word, or
    whose name ends with it ("phone" for a "cell phone"); then the lexicon's kinds, whether seen or not.
    """
    seen = sorted(label for label in labels if _is_seen_name(lexicon, label))
    own: dict[str, list[Reading]] = {}
    for label in seen:
        word = plain(label)
        for spoken in dict.fromkeys((word, word.replace(" ", ""))):
            own.setdefault(spoken, []).append(Reading(label, False, word))
            many = lexicon.plural(word)
            many = many if spoken == word else many.replace(" ", "")
            if many != spoken:
                own.setdefault(many, []).append(Reading(label, True, many))
    kinds = {
        label: {kind for kind, _ in lexicon.label_readings.get(plain(label), ())} for label in seen
    }
    heads = {label: plain(label).split()[-1] for label in seen if " " in plain(label)}
    touched = {kind for found in kinds.values() for kind in found}
    for head in heads.values():
        touched |= {kind for kind, _ in lexicon.label_readings.get(head, ())}
    words = {w for kind in touched for w in lexicon.words_of_label[kind]}
    words |= {lexicon.plural(word) for word in words}
    words |= {word for word, found in lexicon.label_readings.items() if len(found) > 1}
    out: dict[str, tuple[Reading, ...]] = {}
    for word in sorted(words):
        meant: list[Reading] = []
        unseen: list[Reading] = []
        for kind, plural in lexicon.label_readings.get(word, ()):
            base = next(
                (w for w in lexicon.words_of_label[kind] if lexicon.plural(w) == word), word
            )
            base = base if plural else word
            if kind in labels and plain(kind) in own:
                fitting = [kind]
            else:
                fitting = [label for label in seen if kind in kinds[label]]
                fitting += [label for label, head in heads.items() if head == base]
                fitting = list(dict.fromkeys(fitting))
            named = [lexicon.plural(plain(f)) if plural else plain(f) for f in fitting]
            meant += [Reading(f, plural, name) for f, name in zip(fitting, named, strict=True)]
            longest = max(lexicon.words_of_label[kind], key=len)
            unseen.append(Reading(kind, plural, lexicon.plural(longest) if plural else longest))
        default = lexicon.label_words[word]
        found_so = dict.fromkeys(meant or unseen)
        out[word] = tuple(sorted(found_so, key=lambda r: (r.label, r.plural) != default))
    for head in heads.values():
        if head not in out and head not in own and head not in lexicon.phrases:
            same = [other for other in seen if heads.get(other) == head]
            out[head] = tuple(Reading(other, False, plain(other)) for other in same)
            out[lexicon.plural(head)] = tuple(
                Reading(other, True, lexicon.plural(plain(other))) for other in same
            )
    for word, named_so in own.items():
        out[word] = tuple({reading.label: reading for reading in named_so}.values())
    return {word: _told_apart(lexicon, found) for word, found in out.items()}


def _told_apart(lexicon: Lexicon, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """With names that differ: of two kinds that are both called "glasses", by longer words for them."""
    if len({reading.name for reading in readings}) == len(readings):
        return readings
    named = []
    for reading in readings:
        words = lexicon.words_of_label.get(plain(reading.label), (reading.name,))
        longest = max(words, key=len)
        name = lexicon.plural(longest) if reading.plural else longest
        named.append(replace(reading, name=name))
    return tuple(named)


def _is_seen_name(lexicon: Lexicon, label: str) -> bool:
    return plain(label) not in ANY_LABELS and _is_a_name(lexicon, plain(label))


def _place_names(
    lexicon: Lexicon, places: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, tuple[str, ...]]:
    """What every word for a place means on this map; several names where it may be several, none where it is not there.

    Names come before aliases, and both before the lexicon's words for a kind of place.
    """
    names: dict[str, tuple[str, ...]] = {}
    for name, _ in places:
        names.setdefault(plain(name), (name,))
    called: dict[str, list[str]] = {}
    for name, aliases in places:
        for word in aliases:
            called.setdefault(plain(word), []).append(name)
    for word, those in called.items():
        names.setdefault(word, tuple(dict.fromkeys(those)))
    for word, found in list(names.items()):
        names.setdefault(_spoken(lexicon, word), found)
        names.setdefault(word.replace(" ", ""), found)
    known = dict(names)
    for canonical, words in lexicon.place_words.items():
        group = dict.fromkeys(
            name for word in (canonical, *words) if word in known for name in known[word]
        )
        for word in words:
            same = known.get(word.replace(" ", ""))
            names.setdefault(word, same or tuple(group))
    return names


def _spoken(lexicon: Lexicon, name: str) -> str:
    """ "station 2" as a recogniser of speech would write it."""
    words = {str(value): word for word, value in lexicon.numbers.small.items()}
    return " ".join(words.get(word, word) for word in name.split())


def _words_of(skills: Iterable[SkillSpec]) -> tuple[tuple[str, str, str], ...]:
    """(class, meaning, phrase) of everything that asks for skills without a clause of their own."""
    found: list[tuple[str, str, str]] = []
    for spec in skills:
        if spec.name in SPOKEN_FOR:
            continue
        found.extend(("SKILL", spec.name, phrase.lower()) for phrase in spec.phrases)
        found.append(("SKILL", spec.name, spec.name))
        for parameter in spec.parameters:
            found.append(("PARAMETER", parameter.name, parameter.name))
            found.extend(("CHOICE", choice, choice) for choice in parameter.choices)
    return tuple(dict.fromkeys(found))
