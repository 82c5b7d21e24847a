# SPDX-License-Identifier: Apache-2.0
"""Skills of the base: move, turn, go_to."""

from __future__ import annotations

import math

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.robot import driving
from vla_executor.search import observing, searching
from vla_executor.skills import catalog, verification
from vla_executor.skills.context import SkillContext
from vla_executor.skills.objects import single
from vla_executor.skills.skill import Skill
from vla_executor.spatial import approach
from vla_executor.spatial.geometry import Pose2

_DIRECTIONS = {
    "forward": (1.0, 0.0),
    "backward": (-1.0, 0.0),
    "left": (0.0, 1.0),
    "right": (0.0, -1.0),
}
_MARGIN_S = 15.0


class Move(Skill):
    """Straight by a distance, by odometry; sideways only as the base can."""

    spec = catalog.MOVE

    def _vector(self, context: SkillContext) -> tuple[float, float]:
        distance = context.number("distance")
        x, y = _DIRECTIONS[str(context.arguments.get("direction", "forward"))]
        return distance * x, distance * y

    def sentence(self, context: SkillContext) -> str:
        dx, dy = self._vector(context)
        way = ("forward" if dx >= 0 else "backward") if dy == 0 else ("left" if dy > 0 else "right")
        return f"Moving {math.hypot(dx, dy):g} m {way}."

    def timeout_s(self, context: SkillContext) -> float:
        seconds = 3 * abs(context.number("distance")) / context.config.linear_speed_mps
        return _MARGIN_S + seconds

    def run(self, context: SkillContext) -> None:
        dx, dy = self._vector(context)
        if dy == 0.0 or context.config.holonomic:
            driving.straight(context, dx, dy)
            return
        # Checked as a whole before the first part moves.
        base = context.robot.base_pose(context.token, context.config.sensor_timeout_s)
        context.guard.check_move(base, context.robot.now_s(), dx, dy, context.robot.places())
        quarter = math.copysign(math.pi / 2, dy)
        driving.turn(context, quarter)
        driving.straight(context, abs(dy), 0.0)
        driving.turn(context, -quarter)

    def verify(self, context: SkillContext) -> bool:
        # driving.straight and driving.turn hold the result against odometry themselves.
        return True


class Turn(Skill):
    """On the spot by an angle, by odometry."""

    spec = catalog.TURN

    def sentence(self, context: SkillContext) -> str:
        angle = context.number("angle")
        side = "left" if angle >= 0 else "right"
        return f"Turning {abs(math.degrees(angle)):.0f} degrees to the {side}."

    def timeout_s(self, context: SkillContext) -> float:
        seconds = 3 * abs(context.number("angle")) / context.config.angular_speed_radps
        return _MARGIN_S + seconds

    def run(self, context: SkillContext) -> None:
        driving.turn(context, context.number("angle"))

    def verify(self, context: SkillContext) -> bool:
        return True


class GoTo(Skill):
    """Around obstacles to a place, an object or a pose."""

    spec = catalog.GO_TO

    def __init__(self) -> None:
        self._goal = Pose2()

    def sentence(self, context: SkillContext) -> str:
        if "place" in context.arguments:
            return f"Going to the {context.text('place')}."
        if "object" in context.arguments:
            return f"Going to the {context.object('object').describe()}."
        return "Going to the given pose."

    def check(self, context: SkillContext) -> None:
        if "place" in context.arguments:
            observing.place_named(context, context.text("place"))
        if "object" in context.arguments:
            single(context.object("object"))

    def run(self, context: SkillContext) -> None:
        poses, what = self._poses(context)
        self._goal = driving.navigate_to_one(context, poses, what)

    def _poses(self, context: SkillContext) -> tuple[list[Pose2], str]:
        robot, config = context.robot, context.config
        if "place" in context.arguments:
            place = observing.place_named(context, context.text("place"))
            base = context.base()
            poses = approach.view_poses(place, robot.places(), base, config)
            return poses, f"the {place.name}"
        if "object" in context.arguments:
            ref = context.object("object")
            item = searching.search(context, ref, moving=True)
            base = context.base()
            poses = approach.reach_poses(
                item.position[:2],
                observing.place_of(context, item),
                robot.places(),
                base,
                config,
            )
            return poses, f"the {item.describe()}"
        value = context.arguments["pose"]
        assert isinstance(value, tuple)
        return [Pose2(*value)], "that pose"

    def verify(self, context: SkillContext) -> bool:
        config = context.config
        base = context.base()
        wrong = verification.arrived(
            base, self._goal, config.goal_tolerance_m, config.goal_tolerance_rad
        )
        if wrong:
            raise VlaError(Code.POSTCONDITION_FAILED, wrong)
        return True
