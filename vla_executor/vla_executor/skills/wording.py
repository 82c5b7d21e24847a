# SPDX-License-Identifier: Apache-2.0
"""Objects in sentences for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from vla_common.contracts.scene import SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.spatial.geometry import Pose2

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def plural(words: str, count: int) -> str:
    """ "two red cups", "one box", "no objects"."""
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {words if count == 1 else several(words)}"


def several(words: str) -> str:
    """ "red cups", "boxes"."""
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")


def listing(items: Iterable[SceneObject]) -> str:
    """ "two red cups and one green block", or "nothing"."""
    counts = Counter(item.describe() for item in items)
    parts = [plural(words, count) for words, count in sorted(counts.items())]
    if not parts:
        return "nothing"
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def kind(ref: ObjectRef) -> str:
    """Without number and whereabouts: "red cup"."""
    return " ".join([*ref.attributes, ref.label or "object"])


def where(ref: ObjectRef) -> str:
    """What follows the kind: " at the table", or nothing."""
    return replace(ref, quantity="").describe()[len(kind(ref)) :]


def where_from(item: SceneObject, base: Pose2) -> str:
    """ "The red cup is 1.2 m in front of me."."""
    ahead, left = base.to_local(item.position[0], item.position[1])
    if abs(left) > abs(ahead):
        side = "to my left" if left > 0.0 else "to my right"
    else:
        side = "in front of me" if ahead > 0.0 else "behind me"
    return f"The {item.describe()} is {math.hypot(ahead, left):.1f} m {side}."


def with_article(words: str) -> str:
    """ "a red cup", "an orange"."""
    return f"{'an' if words[:1].lower() in tuple('aeiou') else 'a'} {words}"


def wanted(ref: ObjectRef) -> str:
    """ "a red cup at the table", "two red cups", "all red cups"."""
    if ref.quantity == "all":
        return f"all {several(kind(ref))}{where(ref)}"
    if ref.quantity in ("", "one", "1"):
        return with_article(kind(ref) + where(ref))
    return plural(kind(ref), int(ref.quantity)) + where(ref)


def there_is(ref: ObjectRef) -> str:
    """ "There is a red cup at the table.", "There are two red cups."."""
    if ref.quantity == "all":
        ref = replace(ref, quantity="")
    verb = "is" if ref.quantity in ("", "one", "1") else "are"
    return f"There {verb} {wanted(ref)}."
