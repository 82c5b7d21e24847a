# SPDX-License-Identifier: Apache-2.0
"""Skill: pick."""

from __future__ import annotations

from collections.abc import Sequence

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import SceneObject
from vla_executor.robot.robot import Operation, Target
from vla_executor.search import observing, searching
from vla_executor.skills import catalog, verification
from vla_executor.skills.context import SkillContext
from vla_executor.skills.objects import come_near, single
from vla_executor.skills.skill import Skill
from vla_executor.spatial.geometry import Point3

_RETRY = (Code.GRASP_FAILED, Code.POSTCONDITION_FAILED)


class Pick(Skill):
    """See it, come near, see it again, grasp, and look whether it is gone from where it was."""

    spec = catalog.PICK

    def sentence(self, context: SkillContext) -> str:
        return f"Picking up the {context.object('object').describe()}."

    def check(self, context: SkillContext) -> None:
        single(context.object("object"))
        if context.robot.grip().holding:
            held = context.memory.held
            name = f"the {held.describe()}" if held else "something that nobody saw it take"
            raise VlaError(
                Code.PRECONDITION_FAILED, f"The gripper already holds {name}; put it down first."
            )

    def run(self, context: SkillContext) -> None:
        attempts = context.config.grasp_attempts
        moved = context.memory.moved
        ref = context.object("object")
        item = searching.search(context, ref, moving=True, next_one=moved is not None)
        if moved is not None:
            moved.check_limit()
        for attempt in range(1, attempts + 1):
            try:
                if attempt > 1:
                    item = _see_again(context, moving=True)
                self._attempt(context, item)
                return
            except VlaError as error:
                context.token.raise_if_canceled()
                if error.code not in _RETRY or attempt == attempts:
                    raise
                if context.robot.grip().holding:
                    raise  # something is in the hand, but not what was wanted: no second grasp
                context.report("That did not work; I try again.", 0.5)

    def _attempt(self, context: SkillContext, item: SceneObject) -> None:
        if searching.too_wide(item, context):
            raise VlaError(
                Code.NOT_POSSIBLE,
                f"The {item.describe()} is {min(item.size[:2]) * 100:.0f} cm wide; the gripper "
                f"takes {context.config.gripper_max_width_m * 100:g} cm.",
            )
        place = observing.place_of(context, item)
        places = context.robot.places()
        if come_near(context, _target(item), place, places, item.describe()):
            item = _see_again(context, moving=False, first=[item.position])
        target = _target(item)
        context.report(f"Grasping the {item.describe()}.", 0.5)
        context.manipulate(Operation.PICK, target, item.last_seen_s)
        if context.robot.grip().holding:
            context.memory.held = item
        view = observing.look(context, observing.ANY, item.position)
        wrong = verification.picked(
            context.robot.grip(),
            item,
            view.scene.objects,
            view.observed_at_s,
            context.config.gone_radius_m,
        )
        if wrong:
            raise VlaError(Code.GRASP_FAILED, wrong)
        context.report(f"I have the {item.describe()}.", 0.9)
        grip = context.manipulate(Operation.STOW, None, context.robot.now_s())
        if grip.holding is not True:
            raise VlaError(Code.GRASP_FAILED, f"The {item.describe()} slipped out of the gripper.")

    def verify(self, context: SkillContext) -> bool:
        # Looked at after the grasp; here once more that it is still held after folding the arm.
        if context.robot.grip().holding is not True or context.memory.held is None:
            raise VlaError(Code.GRASP_FAILED, "The gripper is empty.")
        return True


def _see_again(context: SkillContext, *, moving: bool, first: Sequence[Point3] = ()) -> SceneObject:
    """It was seen a moment ago. Errors: OBJECT_NOT_FOUND, which is a failure and no answer, when it has gone."""
    try:
        return searching.search(context, context.object("object"), moving=moving, first=first)
    except searching.NotThereError as error:
        raise VlaError(error.code, error.message) from error


def _target(item: SceneObject) -> Target:
    return Target(item.position, item.yaw, item.size, item.id)
