"""The lexicon together with one scene and one catalogue of skills.

Decides what each word of a command could be: the file's classes, the names of the map's places, the kinds and qualities
of things that were seen, and what asks for skills that only the catalogue knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vla_common.scene import ANY_LABELS, Scene
from vla_common.skills import SkillSpec
from vla_planner.lexicon import Candidate, Lexicon, Phrases, add, longest_first, plural_of
from vla_planner.splitting import Word, plain

_LONGEST_NUMBER = 12
_LONGEST_NAME = 4
SPOKEN_FOR = frozenset(
    {"move", "turn", "go_to", "find", "pick", "place", "hand_over", "look_at", "say", "wait", "count", "describe",
     "follow", "guide", "greet", "ask"}
)  # fmt: skip
"""Skills that the grammar has its own clauses for."""


@dataclass(frozen=True)
class Overlay:
    """places: every word for a place -> its name on the map, "" if it is not there; labels: the scene's."""

    lexicon: Lexicon
    phrases: Phrases
    places: Mapping[str, str] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()

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
        if not found:
            return [Candidate("UNKNOWN", texts[0], 1)]
        # "The left cup" before the choice "left" of some skill.
        found.sort(key=lambda item: (item.type is None, -item.length, item.type == "CHOICE"))
        return found

    def label_of(self, word: str) -> tuple[str, bool] | None:
        """Singular label and whether the word was a plural; None for a word that names no kind of thing."""
        if word in self.labels:
            return word, False
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
    for word, name in names.items():
        add(phrases, word, Candidate("PLACE", (word, name), 0))
    for label in labels:
        word = plain(label)
        if word in ANY_LABELS or word in lexicon.label_words:
            continue
        if _is_a_name(lexicon, word):
            add(phrases, word, Candidate("LABEL", label, 0))
            add(phrases, plural_of(word), Candidate("LABEL", label, 0, plural=True))
    for attribute in attributes:
        if _is_a_name(lexicon, plain(attribute)):
            add(phrases, plain(attribute), Candidate("ADJ", attribute, 0))
    longest_first(phrases)
    made = Overlay(lexicon, phrases, names, labels)
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


def _place_names(
    lexicon: Lexicon, places: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, aliases in places:
        for word in (name, *aliases):
            names.setdefault(plain(word), name)
            names.setdefault(_spoken(lexicon, plain(word)), name)
    for canonical, words in lexicon.place_words.items():
        on_map = names.get(canonical, "")
        if not on_map:
            meant = {names[word] for word in words if word in names}
            on_map = meant.pop() if len(meant) == 1 else ""
        for word in words:
            names.setdefault(word, on_map)
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
