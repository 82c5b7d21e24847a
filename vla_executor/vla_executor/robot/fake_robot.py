# SPDX-License-Identifier: Apache-2.0
"""A robot without ROS and without physics, for tests of skills and for trying plug-ins.

It moves by kinematics in time of its own: time passes only while a call waits, so that a test of a
minute takes a millisecond. Failures are scripted, and every call is on record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, Scene, SceneObject, matches
from vla_common.contracts.skills import ObjectRef
from vla_executor.robot.robot import (
    ZERO,
    Grip,
    Odometry,
    Operation,
    Scan,
    StampedPose,
    Target,
    Velocity,
    View,
    Watch,
)
from vla_executor.spatial.geometry import Point2, Point3, Pose2, wrap

MOTION = frozenset({"drive", "navigate", "manipulate", "point_head"})
"""Calls that make something move (a zero velocity does not)."""
TICK_S = 0.04
Find = Callable[[ObjectRef, Sequence[SceneObject], Sequence[Place], Point2], Sequence[SceneObject]]
NAVIGATION_TICKS = 5


@dataclass(frozen=True)
class Call:
    """One call on record."""

    name: str
    detail: object = None

    @property
    def moves(self) -> bool:
        if self.name == "drive":
            assert isinstance(self.detail, Velocity)
            return not self.detail.is_zero()
        return self.name in MOTION


@dataclass
class FakeRobot:
    """objects and map_places are the world; fails: errors that the next calls of a name raise.

    on_call is called with every call before it takes effect: the place to cancel from.
    slips: that many picks lose the object. gaze_radius_m: objects farther than that from where the
    head points are not seen, nor those farther than sight_m from the base. ghost: picked things are
    still seen where they were, placed ones nowhere. moves_by: share of the commanded motion that
    really happens. runaway: does not stand still. obstacles: points of the map that the scan sees; None: no
    scan. find: which of the known objects fit the words, best first, as seen from where the robot stands; words that
    relate things to one another mean nothing to the one it comes with. new_ids: every look gives all things other ids.
    map_lost: what is wrong with the map. remembers: things out of sight are known where they were seen last.
    """

    objects: list[SceneObject] = field(default_factory=list)
    map_places: list[Place] = field(default_factory=list)
    pose: Pose2 = field(default_factory=Pose2)
    fails: dict[str, list[VlaError]] = field(default_factory=dict)
    on_call: Callable[[Call], None] = lambda call: None
    slips: int = 0
    gaze_radius_m: float | None = None
    sight_m: float = math.inf
    ghost: bool = False
    moves_by: float = 1.0
    runaway: bool = False
    navigation_error_m: float = 0.0
    obstacles: list[Point2] | None = None
    find: Find = lambda ref, objects, places, observer: [o for o in objects if matches(o, ref)]
    new_ids: bool = False
    remembers: bool = False
    scan_age_s: float = 0.0
    map_lost: str = ""
    image_age_s: float = 0.0
    pose_age_s: float = 0.0
    odometry_age_s: float = 0.0
    time_s: float = 1000.0
    calls: list[Call] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    held: SceneObject | None = None
    velocity: Velocity = ZERO
    gaze: Point3 | None = None
    halted: int = 0
    _grip: Grip = field(default_factory=Grip)
    _looks: int = 0
    _seen: dict[str, float] = field(default_factory=dict)

    # --- the protocol -------------------------------------------------------------------------

    def now_s(self) -> float:
        return self.time_s

    def odometry(
        self, token: CancelToken, timeout_s: float, newer_than_s: float = -math.inf
    ) -> Odometry:
        self._begin(Call("odometry"), token)
        while self.time_s <= newer_than_s:
            self._tick()
        return Odometry(self.pose, self.velocity, self.time_s - self.odometry_age_s)

    def base_pose(
        self, token: CancelToken, timeout_s: float, at_s: float | None = None
    ) -> StampedPose:
        self._begin(Call("base_pose"), token)
        return StampedPose(self.pose, self.time_s - self.pose_age_s)

    def places(self) -> tuple[Place, ...]:
        return tuple(self.map_places)

    def map_trouble(self) -> str:
        return self.map_lost

    def scan(self) -> Scan | None:
        """What `obstacles` look like from here."""
        if self.obstacles is None:
            return None
        seen = [self.pose.to_local(*point) for point in self.obstacles]
        stamp_s = self.time_s - self.scan_age_s
        return Scan(np.array(seen, dtype=np.float64).reshape(-1, 2), stamp_s)

    def drive(self, velocity: Velocity, token: CancelToken) -> None:
        self._begin(Call("drive", velocity), token)
        self.velocity = velocity

    def navigate(
        self, goal: Pose2, token: CancelToken, timeout_s: float, watch: Watch | None = None
    ) -> None:
        self._begin(Call("navigate", goal), token)
        start = self.pose
        for tick in range(1, NAVIGATION_TICKS + 1):
            self.on_call(Call("navigating"))
            token.raise_if_canceled()
            part = tick / NAVIGATION_TICKS
            self.pose = Pose2(
                start.x_m + part * (goal.x_m - start.x_m),
                start.y_m + part * (goal.y_m - start.y_m),
                goal.yaw_rad,
            )
            self.time_s += TICK_S
            if watch is not None:
                watch(
                    StampedPose(self.pose, self.time_s - self.pose_age_s),
                    Odometry(self.pose, self.velocity, self.time_s - self.odometry_age_s),
                )
        x, y = self.pose.to_outer(-self.navigation_error_m, 0.0)
        self.pose = replace(self.pose, x_m=x, y_m=y)

    def manipulate(
        self, operation: Operation, target: Target | None, token: CancelToken, timeout_s: float
    ) -> Grip:
        self._begin(Call("manipulate", (operation, target)), token)
        self.time_s += TICK_S
        if operation is Operation.PICK:
            assert target is not None
            self._pick(target)
        elif operation is Operation.PLACE:
            assert target is not None
            self._put(target)
        elif operation is Operation.RELEASE:
            self.held = None
        self.on_call(Call("manipulating"))
        token.raise_if_canceled()
        self._grip = Grip(self.held is not None, 0.04 if self.held else 0.0)
        return self._grip

    def point_head(self, point: Point3, token: CancelToken, timeout_s: float) -> None:
        self._begin(Call("point_head", point), token)
        self.time_s += TICK_S
        self.gaze = point

    def query_scene(
        self, ref: ObjectRef, fresh: bool, token: CancelToken, timeout_s: float
    ) -> View:
        self._begin(Call("query_scene", (ref, fresh)), token)
        if fresh:
            self.time_s += TICK_S
            self._looks += 1
        stamp = self.time_s - self.image_age_s
        shown = [self._shown(item, stamp) for item in self.objects]
        known = tuple(item for item in shown if item.visible or item.last_seen_s > 0)
        scene = Scene(known, tuple(self.map_places), stamp)
        return View(scene, tuple(self.find(ref, known, self.map_places, self.pose.xy)), stamp)

    def _shown(self, item: SceneObject, stamp_s: float) -> SceneObject:
        visible = self._in_view(item)
        seen_s = stamp_s if visible else self._seen.get(item.id, item.last_seen_s)
        if visible and self.remembers:
            self._seen[item.id] = stamp_s
        name = f"{item.id}~{self._looks}" if self.new_ids else item.id
        return replace(item, id=name, visible=visible, last_seen_s=seen_s)

    def say(self, text: str) -> None:
        self.calls.append(Call("say", text))
        self.said.append(text)

    def grip(self) -> Grip:
        return self._grip

    def wait(self, duration_s: float, token: CancelToken) -> None:
        self._begin(Call("wait", duration_s), token)
        self.time_s += duration_s

    def stand(self, timeout_s: float) -> None:
        self._rest(Call("stand"))

    def halt(self, timeout_s: float) -> None:
        self.halted += 1
        self._rest(Call("halt"))

    def _rest(self, call: Call) -> None:
        self.calls.append(call)
        if self.runaway:
            raise VlaError(Code.STOP_UNCONFIRMED, "The robot may still be moving.")
        self.velocity = ZERO

    # --- the world ----------------------------------------------------------------------------

    def motions(self) -> list[Call]:
        return [call for call in self.calls if call.moves]

    def hold(self, item: SceneObject) -> None:
        """Begin with something in the gripper."""
        self.held = item
        self._grip = Grip(True, 0.04)

    def _begin(self, call: Call, token: CancelToken) -> None:
        self.on_call(call)
        token.raise_if_canceled()
        self.calls.append(call)
        scripted = self.fails.get(call.name)
        if scripted:
            raise scripted.pop(0)

    def _tick(self) -> None:
        self.time_s += TICK_S
        dt = TICK_S * self.moves_by
        x, y = self.pose.to_outer(self.velocity.vx_mps * dt, self.velocity.vy_mps * dt)
        self.pose = Pose2(x, y, wrap(self.pose.yaw_rad + self.velocity.wz_radps * dt))

    def _in_view(self, item: SceneObject) -> bool:
        if math.dist(item.position[:2], self.pose.xy) > self.sight_m:
            return False
        if self.gaze_radius_m is None:
            return True
        return self.gaze is not None and math.dist(self.gaze, item.position) <= self.gaze_radius_m

    def _pick(self, target: Target) -> None:
        near = [o for o in self.objects if math.dist(o.position, target.position) < 0.05]
        if not near or self.slips > 0:
            self.slips -= 1
            self._grip = Grip(False, 0.0)
            raise VlaError(Code.GRASP_FAILED, "The hand closed on nothing.")
        self.held = near[0]
        if not self.ghost:
            self.objects.remove(near[0])

    def _put(self, target: Target) -> None:
        assert self.held is not None
        x, y, z = target.position
        position = (x, y, z + self.held.size[2] / 2)
        if not self.ghost:
            place = next((p.name for p in self.map_places if p.covers(x, y)), "")
            self.objects.append(
                replace(self.held, position=position, place=place, id=self.held.id + "'")
            )
        self.held = None
