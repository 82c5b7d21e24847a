# SPDX-License-Identifier: Apache-2.0
"""What a place or an object can't be: numbers that are none, sizes below nothing, positions beyond any map.

Decides by the numbers alone, for whoever takes places and objects from others or from a disk. Each function returns
what is wrong as the rest of a sentence ("has a size that is not positive"), or "" when nothing is.
"""

from __future__ import annotations

import math

from vla_common.contracts.scene import Place, SceneObject

FARTHEST_M = 1e5
"""From the middle of a map; a float32 still tells centimetres apart there."""
LARGEST_PLACE_M = 1e3
LARGEST_OBJECT_M = 100.0
LONGEST_NAME = 200
MOST_WORDS = 50
"""Attributes of an object, or aliases of a place."""
LATEST_S = 1e11
"""A time later than the year 5000 is none."""


def wrong_place(place: Place) -> str:
    """What is wrong with a place of the map."""
    if not place.name.strip():
        return "has no name"
    if len(place.name) > LONGEST_NAME or any(len(word) > LONGEST_NAME for word in place.aliases):
        return f"has a name of more than {LONGEST_NAME} characters"
    if len(place.aliases) > MOST_WORDS:
        return f"has {len(place.aliases)} other names, more than {MOST_WORDS}"
    if not _finite(*place.position, place.yaw, *place.size):
        return "has a number that is not finite"
    if max(map(abs, place.position)) > FARTHEST_M:
        return f"is {max(map(abs, place.position)):.3g} m away, farther than any map is wide"
    if min(place.size) < 0.0:
        return "has a negative size"
    if max(place.size) > LARGEST_PLACE_M:
        return f"is {max(place.size):.3g} m large"
    return ""


def wrong_object(item: SceneObject) -> str:
    """What is wrong with an object of the scene."""
    words = (item.id, item.label, item.color, item.place, *item.attributes)
    if any(len(word) > LONGEST_NAME for word in words):
        return f"has a word of more than {LONGEST_NAME} characters"
    if len(item.attributes) > MOST_WORDS:
        return f"has {len(item.attributes)} attributes, more than {MOST_WORDS}"
    return wrong_numbers(
        item.position,
        item.size,
        (item.yaw, item.confidence, *item.covariance),
        (item.first_seen_s, item.last_seen_s),
    )


def wrong_numbers(
    position: tuple[float, ...],
    size: tuple[float, ...],
    others: tuple[float, ...] = (),
    times_s: tuple[float, ...] = (),
) -> str:
    """What is wrong with the numbers of an object: position and size in m."""
    if not _finite(*position, *size, *others, *times_s):
        return "has a number that is not finite"
    if max(map(abs, position)) > FARTHEST_M:
        return f"is {max(map(abs, position)):.3g} m away, farther than any map is wide"
    if min(size) < 0.0:
        return "has a negative size"
    if max(size) > LARGEST_OBJECT_M:
        return f"is {max(size):.3g} m large"
    if any(not 0.0 <= value <= LATEST_S for value in times_s):
        return "was seen at a time that is none"
    return ""


def _finite(*values: float) -> bool:
    return all(math.isfinite(value) for value in values)
