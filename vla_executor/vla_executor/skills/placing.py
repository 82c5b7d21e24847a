# SPDX-License-Identifier: Apache-2.0
"""Skill: place."""

from __future__ import annotations

from dataclasses import dataclass

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place as MapPlace
from vla_common.contracts.scene import PlaceKind, SceneObject
from vla_executor.robot import driving
from vla_executor.robot.robot import Operation, Target
from vla_executor.safety.guard import out_of_reach
from vla_executor.search import observing, searching
from vla_executor.skills import catalog, verification
from vla_executor.skills.context import SkillContext
from vla_executor.skills.objects import align, single
from vla_executor.skills.skill import Skill
from vla_executor.spatial.approach import reach_poses
from vla_executor.spatial.free_spot import free_spots
from vla_executor.spatial.geometry import Point3

_SPOTS_TRIED = 40
"""Free spots that are tried for one within reach before the base moves for the best of them."""


@dataclass(frozen=True)
class _Spot:
    """Where to put it. place: what it will rest on or in; container: when it goes into that."""

    point: Point3
    seen_s: float
    place: MapPlace | None
    container: MapPlace | None = None


class Place(Skill):
    """Come near, look for a free spot, put it down, and look whether it is there."""

    spec = catalog.PLACE

    def __init__(self) -> None:
        self._held: SceneObject | None = None
        self._inside_before = 0
        self._spot: _Spot | None = None

    def sentence(self, context: SkillContext) -> str:
        relation = context.text("relation").replace("_", " ")
        if "target_place" in context.arguments:
            target = context.text("target_place")
        else:
            target = context.object("target_object").describe()
        return f"Putting it {relation} the {target}."

    def check(self, context: SkillContext) -> None:
        if context.robot.grip().holding is not True:
            raise VlaError(Code.PRECONDITION_FAILED, "The gripper holds nothing to put down.")
        if context.memory.held is None:
            raise VlaError(
                Code.PRECONDITION_FAILED,
                "What the gripper holds is not known, nor how large it is.",
            )
        if "target_object" in context.arguments:
            single(context.object("target_object"))
            return
        relation = context.text("relation")
        place = observing.place_named(context, context.text("target_place"))
        if relation not in ("on", "in"):
            raise VlaError(
                Code.NOT_POSSIBLE,
                f"The arm does not reach the floor {relation.replace('_', ' ')} the {place.name}.",
            )
        if relation == "in" and place.kind is not PlaceKind.CONTAINER:
            raise VlaError(Code.NOT_POSSIBLE, f"Nothing can be put into the {place.name}.")
        if place.kind is PlaceKind.AREA:
            raise VlaError(
                Code.NOT_POSSIBLE, f"The {place.name} is floor, which the arm does not reach."
            )

    def run(self, context: SkillContext) -> None:
        held = context.memory.held
        assert held is not None  # check saw it
        self._held = held
        if "target_place" in context.arguments:
            place = observing.place_named(context, context.text("target_place"))
            if place.kind is PlaceKind.CONTAINER:
                spot = _Spot(place.position, context.robot.now_s(), place, place)
            else:
                spot = self._on_surface(context, place, held)
        else:
            spot = self._at_object(context, held)
        self._go(context, spot, held)
        # The look before going may be old by now.
        spot = self._seen_again(context, spot, held)
        context.report(f"Putting the {held.describe()} down.", 0.6)
        self._spot = spot
        target = Target(spot.point, held.yaw, held.size, held.id)
        context.manipulate(Operation.PLACE, target, spot.seen_s)

    # --- where --------------------------------------------------------------------------------

    def _on_surface(self, context: SkillContext, place: MapPlace, held: SceneObject) -> _Spot:
        """A free spot, as the scene looks from where the robot can see the whole place."""
        self._view(context, place)
        spots, seen_s = self._free(context, place, held, "on", None)
        if not spots:
            raise VlaError(Code.PLACE_FAILED, f"There is no free spot on the {place.name}.")
        base = context.base()
        for point in spots[:_SPOTS_TRIED]:
            target = Target(point, 0.0, held.size)
            if not out_of_reach(target, base, context.config):
                return _Spot(point, seen_s, place)
        return _Spot(spots[0], seen_s, place)

    def _at_object(self, context: SkillContext, held: SceneObject) -> _Spot:
        ref, relation = context.object("target_object"), context.text("relation")
        item = searching.search(context, ref, moving=True)
        place = observing.place_of(context, item)
        top = item.position[2] + item.size[2] / 2
        if relation in ("on", "in"):
            if relation == "on" and min(item.size[:2]) < min(held.size[:2]) / 2:
                raise VlaError(
                    Code.NOT_POSSIBLE, f"The {item.describe()} is too small to put something on."
                )
            return _Spot((item.position[0], item.position[1], top), item.last_seen_s, place)
        if place is None:
            raise VlaError(
                Code.NOT_POSSIBLE, f"The {item.describe()} is at no place where things can stand."
            )
        spots, seen_s = self._free(context, place, held, relation, item)
        if not spots:
            words = relation.replace("_", " ")
            raise VlaError(Code.PLACE_FAILED, f"There is no room {words} the {item.describe()}.")
        return _Spot(spots[0], seen_s, place)

    def _free(
        self,
        context: SkillContext,
        place: MapPlace,
        held: SceneObject,
        relation: str,
        reference: SceneObject | None,
    ) -> tuple[list[Point3], float]:
        """Free spots after a look at the place. Things not seen just now still take up room."""
        seen_s = 0.0
        objects: tuple[SceneObject, ...] = ()
        points = observing.gaze_points(place)[::-1]
        for view in observing.looks_at(context, observing.ANY, points):
            seen_s, objects = view.observed_at_s, view.scene.objects
        base = context.base()
        spots = free_spots(
            place,
            objects,
            held.size,
            context.config.free_spot_gap_m,
            relation=relation,
            reference=reference,
            robot=base,
            held_id=held.id,
        )
        return [(x, y, place.position[2]) for x, y in spots], seen_s

    # --- getting there ------------------------------------------------------------------------

    def _view(self, context: SkillContext, place: MapPlace) -> None:
        """Go where the place can be seen, unless the robot is there."""
        config = context.config
        base = context.base()
        near = place.covers(base.x_m, base.y_m, config.reach_max_m)
        ahead, _ = base.to_local(place.position[0], place.position[1])
        if near and ahead > 0:
            return
        observing.go_to_view(context, place)

    def _go(self, context: SkillContext, spot: _Spot, held: SceneObject) -> None:
        robot, config = context.robot, context.config
        target = Target(spot.point, 0.0, held.size)
        base = context.base()
        if not out_of_reach(target, base, config):
            return
        poses = reach_poses(spot.point[:2], spot.place, robot.places(), base, config)
        driving.navigate_to_one(context, poses, "the spot to put it down")
        align(context, spot.point)
        base = context.base()
        reason = out_of_reach(target, base, config)
        if reason:
            raise VlaError(Code.UNREACHABLE, reason)

    def _seen_again(self, context: SkillContext, spot: _Spot, held: SceneObject) -> _Spot:
        """A fresh look at the spot. Errors: PLACE_FAILED when something stands there by now."""
        view = observing.look(context, observing.ANY, spot.point)
        if spot.container is not None:
            self._inside_before = verification.count_inside(
                held, spot.container, view.scene.objects, view.observed_at_s
            )
        if spot.container is None and "target_place" in context.arguments:
            for item in view.scene.objects:
                dx, dy = item.position[0] - spot.point[0], item.position[1] - spot.point[1]
                if verification.seen(item, view.observed_at_s) and not item.held:
                    if item.id != held.id and (dx * dx + dy * dy) ** 0.5 < 0.03:
                        raise VlaError(
                            Code.PLACE_FAILED, f"The spot is taken by the {item.describe()}."
                        )
        return _Spot(spot.point, view.observed_at_s, spot.place, spot.container)

    def verify(self, context: SkillContext) -> bool:
        spot = self._spot
        assert spot is not None
        wrong = verification.released(context.robot.grip(), self._held)
        if wrong:
            raise VlaError(Code.PLACE_FAILED, wrong)
        view = observing.look(context, observing.ANY, spot.point)
        objects, look_s = view.scene.objects, view.observed_at_s
        if spot.container is not None:
            where = verification.inside(
                self._held, spot.container, objects, look_s, self._inside_before
            )
            if where is verification.Inside.BESIDE:
                raise VlaError(
                    Code.PLACE_FAILED, f"It is seen beside the {spot.container.name}, not in it."
                )
            context.memory.let_go(spot.point)
            return where is verification.Inside.SEEN
        radius_m = context.config.placed_radius_m
        item = verification.placed(self._held, spot.point, objects, look_s, radius_m)
        if item is None:
            name = self._held.describe() if self._held else "object"
            raise VlaError(Code.PLACE_FAILED, f"The {name} is not seen where it was put.")
        context.memory.let_go(item.position)
        return True
