# SPDX-License-Identifier: Apache-2.0
"""Find, and what pick and place share: coming near enough for the arm."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_executor.plan import plan_segments as blocks
from vla_executor.robot import driving
from vla_executor.robot.robot import Target
from vla_executor.safety.guard import out_of_reach
from vla_executor.search import observing, searching
from vla_executor.skills import catalog, wording
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import Skill
from vla_executor.spatial import approach
from vla_executor.spatial.geometry import Point3, wrap

ALIGN_MARGIN_M = 0.02


class Find(Skill):
    """Look until it is seen, or as many as were asked for; the steps after this one take what was found."""

    spec = catalog.FIND

    def __init__(self) -> None:
        self._found = False

    def sentence(self, context: SkillContext) -> str:
        return f"Looking for {wording.wanted(context.object('object'))}."

    def check(self, context: SkillContext) -> None:
        place = context.object("object").place
        if place:
            observing.place_named(context, place)

    def run(self, context: SkillContext) -> None:
        ref = context.object("object")
        context.memory.mean(ref)  # looked for anew, whatever was found before
        if ref.quantity in blocks.SINGLE:
            item = searching.search(context, ref, moving=True)
            context.report(f"I see the {item.describe()}.", 1.0)
            context.answers.append(_where(context, item))
        else:
            items = searching.search_several(context, ref)
            sentence = f"I see {wording.listing(items)}{wording.where(ref)}."
            context.report(sentence, 1.0)
            context.answers.append(sentence)
        self._found = True

    def verify(self, context: SkillContext) -> bool:
        # A search ends only with objects that were seen in a look taken after it began.
        return self._found


def _where(context: SkillContext, item: SceneObject) -> str:
    """Where it is, as far as that can be told."""
    if item.place:
        return f"The {item.describe()} is at the {item.place}."
    try:
        return wording.where_from(item, context.base())
    except VlaError:  # it was seen all the same
        return f"I see the {item.describe()}."


def single(ref: ObjectRef) -> None:
    """For skills that have to do with one thing. Errors: NOT_POSSIBLE."""
    if ref.quantity not in blocks.SINGLE:
        raise VlaError(
            Code.NOT_POSSIBLE,
            f"That is possible with one object only, not with {wording.wanted(ref)}.",
        )


def come_near(
    context: SkillContext,
    target: Target,
    place: Place | None,
    places: Sequence[Place],
    what: str,
) -> bool:
    """Bring the target within reach; false when it already was, true when the base moved.

    Errors: UNREACHABLE and the failures of driving.
    """
    config = context.config
    base = context.base()
    if not out_of_reach(target, base, config):
        return False
    height = target.position[2]
    if not config.reach_low_m <= height <= config.reach_high_m:
        raise VlaError(
            Code.UNREACHABLE,
            f"The {what} is at a height of {height:.2f} m, out of the arm's reach.",
        )
    context.report(f"Going near the {what}.", 0.1)
    point = target.position[:2]
    poses = approach.reach_poses(point, place, places, base, config)
    driving.navigate_to_one(context, poses, f"the {what}")
    align(context, target.position)
    base = context.base()
    reason = out_of_reach(target, base, config)
    if reason:
        raise VlaError(Code.UNREACHABLE, f"The {what} stays out of reach: {reason}")
    return True


def align(context: SkillContext, point: Point3) -> None:
    """Make up by short drives for what navigation left: first the heading, then the distance."""
    config = context.config
    base = context.base()
    ahead, side = base.to_local(point[0], point[1])
    if abs(side) > config.reach_side_m - ALIGN_MARGIN_M:
        driving.turn(context, wrap(math.atan2(side, ahead)))
        base = context.base()
        ahead, side = base.to_local(point[0], point[1])
    low, high = config.reach_min_m + ALIGN_MARGIN_M, config.reach_max_m - ALIGN_MARGIN_M
    if ahead < low:
        driving.straight(context, ahead - low, 0.0)
    elif ahead > high:
        driving.straight(context, ahead - high, 0.0)
