# SPDX-License-Identifier: Apache-2.0
"""Which known objects fit the words of a reference, best first.

Decides label, colour, size, place and relation; how many are wanted, and what to do when several fit, is left to who
asks. Sides are those of an observer: left of the mug as seen from where the robot stands. A reference is one phrase per
thing ("white bowl"); "object" and the like mean any kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from vla_common.contracts.scene import ANY_LABELS, Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_perception.detect.color_names import NAMES

SYNONYMS = {
    "mug": "cup",
    "glass": "cup",
    "cube": "block",
    "brick": "block",
    "flask": "bottle",
    "dish": "bowl",
    "sphere": "ball",
}
SIZE_WORDS = {
    "small": "small", "little": "small", "tiny": "small", "smaller": "small",
    "large": "large", "big": "large", "bigger": "large", "larger": "large",
}  # fmt: skip
COLOR_SYNONYMS = {"gray": "grey", "violet": "purple"}
NEAR_M = 0.35
"""How far apart the rims of things "next to" each other may be."""
TOUCH_M = 0.03
SUPERLATIVES = (
    "nearest",
    "closest",
    "farthest",
    "largest",
    "biggest",
    "smallest",
    "tallest",
    "leftmost",
    "rightmost",
)


def find(
    ref: ObjectRef,
    objects: Sequence[SceneObject],
    places: Sequence[Place] = (),
    observer: tuple[float, float] | None = None,
) -> list[SceneObject]:
    """The objects that fit, best first; all of them for an empty reference.

    observer: where the robot stands (map, m); without it "nearest" and sides fit nothing that needs them.
    Best is: what the relation prefers, then what is in view, certain and near.
    """
    if ref.id:
        return [item for item in objects if item.id == ref.id]
    fitting = [item for item in objects if _words_fit(item, ref.label, ref.attributes, objects)]
    if ref.place:
        place = _place(ref.place, places)
        name = place.name if place else ref.place.strip().lower()
        fitting = [item for item in fitting if item.place == name]
    fitting.sort(key=lambda item: _rank(item, observer))
    if ref.relation:
        fitting = _related(ref, fitting, objects, places, observer)
    return fitting


def find_unsure(
    ref: ObjectRef,
    objects: Sequence[SceneObject],
    places: Sequence[Place] = (),
    observer: tuple[float, float] | None = None,
) -> list[SceneObject]:
    """Those that do not fit but may: were they of the colour that is asked for, which nobody could see."""
    words = [word for part in (*ref.attributes, *ref.reference) for word in part.lower().split()]
    colors = {COLOR_SYNONYMS.get(word, word) for word in words} & {*NAMES}
    unknown = {item.id for item in objects if not item.color}
    if not colors or not unknown:
        return []
    sure = {item.id for item in find(ref, objects, places, observer)}
    may: dict[str, SceneObject] = {}
    for color in sorted(colors):
        painted = [replace(item, color=color) if item.id in unknown else item for item in objects]
        may.update((item.id, item) for item in find(ref, painted, places, observer))
    return [item for item in objects if item.id in may and item.id not in sure]


def _rank(item: SceneObject, observer: tuple[float, float] | None) -> tuple[float, ...]:
    distance = math.dist(item.position[:2], observer) if observer else 0.0
    return (
        not item.visible and not item.held,
        -round(item.confidence, 1),
        round(distance, 2),
        -item.last_seen_s,
    )


def _words_fit(
    item: SceneObject, label: str, attributes: Sequence[str], objects: Sequence[SceneObject]
) -> bool:
    wanted = label.strip().lower()
    wanted = SYNONYMS.get(wanted, wanted)
    if wanted not in ANY_LABELS and wanted != item.label:
        return False
    for raw in attributes:
        word = COLOR_SYNONYMS.get(raw.strip().lower(), raw.strip().lower())
        if word in SIZE_WORDS:
            if not _size_fits(item, SIZE_WORDS[word], objects):
                return False
        elif word != item.color and word not in item.attributes:
            return False
    return True


def _size_fits(item: SceneObject, word: str, objects: Sequence[SceneObject]) -> bool:
    """An only one of its kind has nothing to be small against, and fits."""
    own = [w for w in item.attributes if w in ("small", "large")]
    if own:
        return word in own
    return sum(other.label == item.label for other in objects) < 2


def _place(name: str, places: Sequence[Place]) -> Place | None:
    return next((place for place in places if place.name and place.is_called(name)), None)


def _related(
    ref: ObjectRef,
    fitting: list[SceneObject],
    objects: Sequence[SceneObject],
    places: Sequence[Place],
    observer: tuple[float, float] | None,
) -> list[SceneObject]:
    relation = ref.relation.strip().lower().replace(" ", "_")
    if relation in SUPERLATIVES:
        return _superlative(relation, ref, fitting, objects, places, observer)
    if relation == "between":
        ends = [
            anchor for phrase in ref.reference for anchor in _anchors(phrase, objects, places)[:1]
        ]
        if len(ends) != 2:
            return []
        return [
            item
            for item in fitting
            if item.id not in (ends[0].id, ends[1].id) and _between(item, ends[0], ends[1])
        ]
    scored: list[tuple[float, int, SceneObject]] = []
    for order, item in enumerate(fitting):
        values = [
            _nearness(relation, item, phrase, objects, places, observer) for phrase in ref.reference
        ]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            scored.append((sum(known), order, item))
    return [item for _, _, item in sorted(scored, key=lambda entry: entry[:2])]


def _nearness(
    relation: str,
    item: SceneObject,
    phrase: str,
    objects: Sequence[SceneObject],
    places: Sequence[Place],
    observer: tuple[float, float] | None,
) -> float | None:
    """Of the item to the best thing that the phrase names, see `_relation_value`; None when it holds for none."""
    place = _place(_bare(phrase), places)
    if place is not None and relation in ("on", "in", "at", "inside", "on_top_of"):
        return 0.0 if item.place == place.name else None
    values = (
        _relation_value(relation, item, anchor, observer)
        for anchor in _anchors(phrase, objects, places)
        if anchor.id != item.id
    )
    return min((value for value in values if value is not None), default=None)


def _bare(phrase: str) -> str:
    """Without an article."""
    words = phrase.lower().split()
    return " ".join(words[1:] if words[:1] in (["the"], ["a"], ["an"]) else words)


def _anchors(
    phrase: str, objects: Sequence[SceneObject], places: Sequence[Place]
) -> list[SceneObject]:
    """Objects that a phrase names, or a place as if it were an object."""
    words = _bare(phrase).split()
    if not words:
        return []
    place = _place(" ".join(words), places)
    if place is not None:
        size = (place.size[0], place.size[1], 0.0)
        return [
            SceneObject(f"place:{place.name}", place.name, place.position, yaw=place.yaw, size=size)
        ]
    # Where the qualities end and the kind begins is not marked: kinds may have several words.
    found = [
        item
        for item in objects
        if any(
            _words_fit(item, " ".join(words[split:]), words[:split], objects)
            for split in range(len(words))
        )
    ]
    return sorted(found, key=lambda item: _rank(item, None))


def _relation_value(
    relation: str, item: SceneObject, anchor: SceneObject, observer: tuple[float, float] | None
) -> float | None:
    """How far the item is from being a perfect example (m); None when the relation does not hold."""
    dx, dy = item.position[0] - anchor.position[0], item.position[1] - anchor.position[1]
    gap = math.hypot(dx, dy) - _radius(item) - _radius(anchor)
    bottom = item.position[2] - item.size[2] / 2
    top = anchor.position[2] + anchor.size[2] / 2
    if relation in ("on", "on_top_of"):
        return math.hypot(dx, dy) if gap < 0 and abs(bottom - top) < TOUCH_M else None
    if relation in ("in", "inside"):
        return math.hypot(dx, dy) if math.hypot(dx, dy) < _radius(anchor) and bottom < top else None
    if relation in ("under", "below"):
        return math.hypot(dx, dy) if gap < 0 and item.position[2] < anchor.position[2] else None
    if relation in ("next_to", "near", "beside", "by", "close_to", "at"):
        return gap if gap < NEAR_M and abs(item.position[2] - anchor.position[2]) < 0.3 else None
    if observer is None:
        return None
    vx, vy = anchor.position[0] - observer[0], anchor.position[1] - observer[1]
    norm = math.hypot(vx, vy)
    if norm < 1e-3:
        return None
    along, left = (dx * vx + dy * vy) / norm, (dy * vx - dx * vy) / norm
    signed = {"left_of": left, "right_of": -left, "behind": along, "in_front_of": -along}.get(
        relation
    )
    if signed is None:
        return None
    sideways = abs(along) if relation in ("left_of", "right_of") else abs(left)
    # More to that side than anything else, and on that side with its middle.
    return math.hypot(dx, dy) if signed > 0.02 and signed > 0.6 * sideways else None


def _radius(item: SceneObject) -> float:
    return (item.size[0] + item.size[1]) / 4


def _between(item: SceneObject, first: SceneObject, second: SceneObject) -> bool:
    ax, ay = second.position[0] - first.position[0], second.position[1] - first.position[1]
    length = math.hypot(ax, ay)
    if length < 1e-3:
        return False
    dx, dy = item.position[0] - first.position[0], item.position[1] - first.position[1]
    share, aside = (dx * ax + dy * ay) / length**2, abs(dx * ay - dy * ax) / length
    return 0.1 < share < 0.9 and aside < max(0.10, 0.3 * length)


def _superlative(
    relation: str,
    ref: ObjectRef,
    fitting: list[SceneObject],
    objects: Sequence[SceneObject],
    places: Sequence[Place],
    observer: tuple[float, float] | None,
) -> list[SceneObject]:
    """All that fit, sorted by the property: the first is meant."""
    if relation in ("largest", "biggest", "smallest", "tallest"):

        def key(item: SceneObject) -> float:
            return (
                item.size[2]
                if relation == "tallest"
                else item.size[0] * item.size[1] * item.size[2]
            )

        return sorted(fitting, key=key, reverse=relation != "smallest")
    if relation in ("nearest", "closest", "farthest"):
        return _by_distance(ref, fitting, objects, places, observer, relation == "farthest")
    if observer is None:
        return []
    center = [
        sum(item.position[axis] for item in fitting) / max(1, len(fitting)) for axis in (0, 1)
    ]
    heading = math.atan2(center[1] - observer[1], center[0] - observer[0])

    def bearing(item: SceneObject) -> float:
        turn = math.atan2(item.position[1] - observer[1], item.position[0] - observer[0]) - heading
        return math.remainder(turn, 2 * math.pi)

    return sorted(fitting, key=bearing, reverse=relation == "leftmost")


def _by_distance(
    ref: ObjectRef,
    fitting: list[SceneObject],
    objects: Sequence[SceneObject],
    places: Sequence[Place],
    observer: tuple[float, float] | None,
    reverse: bool,
) -> list[SceneObject]:
    """Sorted by the distance to the nearest thing that the reference names, without one to the observer."""
    if not ref.reference:
        origins = [] if observer is None else [("", observer)]
    else:
        anchors = [a for phrase in ref.reference for a in _anchors(phrase, objects, places)]
        origins = [(anchor.id, anchor.position[:2]) for anchor in anchors]
        # "The block nearest to the red block" is not a red one, unless all are.
        names = {anchor.id for anchor in anchors}
        fitting = [item for item in fitting if item.id not in names] or fitting
    scored = []
    for order, item in enumerate(fitting):
        distances = [math.dist(item.position[:2], at) for name, at in origins if name != item.id]
        if distances:
            scored.append((min(distances), order, item))
    scored.sort(key=lambda entry: (-entry[0] if reverse else entry[0], entry[1]))
    return [item for _, _, item in scored]
