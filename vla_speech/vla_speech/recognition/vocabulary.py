# SPDX-License-Identifier: Apache-2.0
"""Which words the recognisers should expect: those of the map, the scene and the catalogue of skills."""

from __future__ import annotations

from collections.abc import Iterable

from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import SkillSpec
from vla_speech.recognition.recognizer import Vocabulary

MOST = 200
"""Names of one kind; a scene of more objects adds no new words that matter."""


def vocabulary_of(
    places: Iterable[Place],
    objects: Iterable[SceneObject],
    skills: Iterable[SkillSpec],
    hot_words: Iterable[str] = (),
) -> Vocabulary:
    """Equal for scenes in which only poses differ, so that nothing is made anew for those.

    hot_words: expected wherever an object may be named.
    """
    names = [name for place in places for name in (place.name, *place.aliases)]
    labels = sorted({item.label for item in objects if item.label})
    phrases = [phrase for skill in skills for phrase in (skill.phrases or (skill.name,))]
    return Vocabulary(_tidy(names), _tidy([*labels, *hot_words]), _tidy(phrases))


def _tidy(names: Iterable[str]) -> tuple[str, ...]:
    plain = (" ".join(name.lower().replace("_", " ").split()) for name in names)
    return tuple(dict.fromkeys(name for name in plain if name))[:MOST]
