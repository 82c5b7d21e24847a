# SPDX-License-Identifier: Apache-2.0
"""Skills of the camera: look_at, count, describe."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import chain

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import SceneObject, matches
from vla_common.contracts.skills import ObjectRef
from vla_executor.robot.robot import View
from vla_executor.search import observing, searching
from vla_executor.skills import catalog
from vla_executor.skills.context import SkillContext
from vla_executor.skills.objects import single
from vla_executor.skills.skill import Skill
from vla_executor.skills.verification import seen
from vla_executor.skills.wording import kind, listing, plural
from vla_executor.spatial.geometry import Point3

_SIZES = frozenset({"small", "large"})
_DIRECTIONS = {
    "ahead": (0.0, 0.8),
    "left": (1.3, 0.8),
    "right": (-1.3, 0.8),
    "up": (0.0, 1.8),
    "down": (0.0, 0.0),
}
"""Heading from the robot and height of a point 1.2 m away."""


class LookAt(Skill):
    """Turn the camera; an object counts as looked at when it is then seen."""

    spec = catalog.LOOK_AT

    def __init__(self) -> None:
        self._ref: ObjectRef | None = None

    def sentence(self, context: SkillContext) -> str:
        if "object" in context.arguments:
            return f"Looking at the {context.object('object').describe()}."
        if "place" in context.arguments:
            return f"Looking at the {context.text('place')}."
        return f"Looking {context.text('direction')}."

    def check(self, context: SkillContext) -> None:
        if "object" in context.arguments:
            single(context.object("object"))

    def run(self, context: SkillContext) -> None:
        if "object" in context.arguments:
            self._ref = context.object("object")
            searching.search(context, self._ref, moving=True)
        elif "place" in context.arguments:
            place = observing.place_named(context, context.text("place"))
            observing.face(context, place.position)
            context.point_head(place.position)
        else:
            base = context.base()
            angle, height = _DIRECTIONS[context.text("direction")]
            reach = observing.GAZE_RANGE_M
            x, y = base.to_outer(reach * math.cos(angle), reach * math.sin(angle))
            context.point_head((x, y, height))

    def verify(self, context: SkillContext) -> bool:
        if self._ref is None:
            return False
        if not searching.still_seen(context, self._ref):
            raise VlaError(
                Code.POSTCONDITION_FAILED, f"The {self._ref.describe()} is out of sight."
            )
        return True


class _Telling(Skill):
    """Skills that look and then tell the person what they saw."""

    def check(self, context: SkillContext) -> None:
        if "place" in context.arguments and "object" in context.arguments:
            if self.spec is catalog.DESCRIBE:
                raise VlaError(
                    Code.INVALID_ARGUMENT, "'describe' takes a place or an object, not both."
                )
        if self.spec is catalog.DESCRIBE and "object" in context.arguments:
            single(context.object("object"))
        if "place" in context.arguments:
            observing.place_named(context, context.text("place"))

    def _seen(self, context: SkillContext, ref: ObjectRef, place: str) -> list[SceneObject]:
        """Everything that fits, over all looks, each thing once. Errors: EXECUTION_FAILED where not all was looked at.

        What is described may be a part of what is there, but neither a number nor "nothing" may.
        """
        target = observing.place_named(context, place) if place else None
        if target is not None:
            if not observing.in_view(context.base(), target):
                observing.go_to_view(context, target)
            points = observing.gaze_points(target)
        else:
            points = observing.sweep_points(context.base())
        found: dict[str, SceneObject] = {}
        unsure: dict[str, SceneObject] = {}
        refused: list[Point3] = []
        points_and_rest = chain(points, observing.once_more(context, refused))
        for view in observing.looks_at(context, ref, points_and_rest, refused):
            found.update((item.id, item) for item in view.objects)
            unsure.update(
                (item.id, item) for item in view.scene.objects if _may_fit(item, ref, view)
            )
        items = list(found.values())
        if self.spec is catalog.COUNT and unsure:
            raise VlaError(
                Code.BAD_IMAGE,
                "I can't tell colours, because the camera's picture is grey. What may be meant: "
                f"{listing(unsure.values())}.",
            )
        if refused and (self.spec is catalog.COUNT or not items):
            where = f" at the {target.name}" if target is not None else ""
            raise observing.not_everywhere(f"I saw {listing(items)}{where}", refused)
        return items

    def verify(self, context: SkillContext) -> bool:
        # What is said comes from looks taken during this step; otherwise `look` has failed.
        return True


def _may_fit(item: SceneObject, ref: ObjectRef, view: View) -> bool:
    """Whether something in view would fit, were it of the colour that is asked for, which nobody could see."""
    if item.color or item.held or not seen(item, view.observed_at_s):
        return False
    return any(
        matches(replace(item, color=word), ref) for word in ref.attributes if word not in _SIZES
    )


class Count(_Telling):
    """Says how many objects of a kind are seen."""

    spec = catalog.COUNT

    def sentence(self, context: SkillContext) -> str:
        return "Counting."

    def run(self, context: SkillContext) -> None:
        ref = context.object("object")
        place = str(context.arguments.get("place", "")) or ref.place
        if place:
            ref = replace(ref, place=observing.place_named(context, place).name)
        ref = replace(ref, quantity="")
        items = self._seen(context, ref, place)
        words = plural(kind(ref), len(items))
        where = f" at the {ref.place}" if ref.place else ""
        context.tell(f"I see {words}{where}.")


class Describe(_Telling):
    """Says what is seen."""

    spec = catalog.DESCRIBE

    def sentence(self, context: SkillContext) -> str:
        return "Looking."

    def run(self, context: SkillContext) -> None:
        if "object" in context.arguments:
            item = searching.search(context, context.object("object"), moving=True)
            size = " x ".join(f"{value * 100:.0f}" for value in item.size)
            where = f" at the {item.place}" if item.place else ""
            context.tell(f"I see a {item.describe()}{where}, {size} centimetres.")
            return
        place = str(context.arguments.get("place", ""))
        name = observing.place_named(context, place).name if place else ""
        items = self._seen(context, ObjectRef(place=name), place)
        where = f" at the {name}" if name else ""
        context.tell(f"I see {listing(items)}{where}.")
