# SPDX-License-Identifier: Apache-2.0
"""Geometry, approach, free spots, verification, speeds, standstill, resources and state."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_executor.config import ExecutorConfig
from vla_executor.plan.resources import Resources
from vla_executor.plan.state import ExecutionState, Phase
from vla_executor.robot.driving import speed_for
from vla_executor.robot.robot import Grip, Odometry, Target, Velocity
from vla_executor.safety.guard import out_of_reach
from vla_executor.safety.standstill import StandstillDetector
from vla_executor.skills import verification
from vla_executor.skills.wording import listing, plural
from vla_executor.spatial.approach import clearance, reach_poses, view_poses
from vla_executor.spatial.free_spot import free_spots, radius
from vla_executor.spatial.geometry import Pose2, distance_to_footprint, distance_to_polygon, wrap
from vla_testing.executor.bench import BIN, CORNER, TABLE, thing

CONFIG = ExecutorConfig()
PLACES = (TABLE, BIN, CORNER)
coordinate = st.floats(-3.0, 3.0)
angle = st.floats(-10.0, 10.0)


@given(coordinate, coordinate, angle, coordinate, coordinate)
def test_local_and_back(x: float, y: float, yaw: float, px: float, py: float) -> None:
    pose = Pose2(x, y, yaw)
    assert pose.to_outer(*pose.to_local(px, py)) == pytest.approx((px, py), abs=1e-9)


@given(angle)
def test_wrap(value: float) -> None:
    assert -math.pi < wrap(value) <= math.pi
    assert math.cos(wrap(value)) == pytest.approx(math.cos(value), abs=1e-9)


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ((2.0, 0.0), -0.35),
        ((1.0, 0.0), 0.65),
        ((2.0, 1.65), 1.0),
        ((1.25, 1.05), math.hypot(0.4, 0.4)),
    ],
)
def test_distance_to_a_footprint_and_the_same_as_a_polygon(
    point: tuple[float, float], distance: float
) -> None:
    assert distance_to_footprint(TABLE, *point) == pytest.approx(distance)
    corners = [
        TABLE.to_map(x, y) for x, y in ((-0.35, -0.65), (0.35, -0.65), (0.35, 0.65), (-0.35, 0.65))
    ]
    assert distance_to_polygon(corners, *point) == pytest.approx(distance)


# --- approach ---------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.floats(-0.3, 0.3), st.floats(-0.6, 0.6), angle, st.floats(0.4, 1.0), st.floats(0.4, 1.5),
    coordinate, coordinate,
)  # fmt: skip
def test_every_reach_pose_reaches_and_keeps_clear(
    lx: float, ly: float, yaw: float, sx: float, sy: float, rx: float, ry: float
) -> None:
    place = Place("p", PlaceKind.SURFACE, (1.0, -0.5, 0.7), yaw, (sx, sy))
    target = place.to_map(lx * sx, ly * sy / 1.3)
    other = replace(BIN, position=(target[0] - 1.0, target[1], 0.3))
    for pose in reach_poses(target, place, (place, other), Pose2(rx, ry, 0.0), CONFIG):
        assert clearance(*pose.xy, (place, other)) >= CONFIG.robot_radius_m
        point = Target((*target, 0.7), 0.0, (0.05, 0.05, 0.05))
        assert out_of_reach(point, pose, CONFIG) == ""
        assert pose.to_local(*target)[1] == pytest.approx(0.0, abs=1e-6)


def test_the_nearest_edge_comes_first() -> None:
    first = reach_poses((1.8, 0.0), TABLE, PLACES, Pose2(5.0, 0.0, 0.0), CONFIG)[0]
    assert first.x_m < 1.4
    assert wrap(first.yaw_rad) == pytest.approx(0.0)


def test_of_two_equal_edges_the_one_on_the_robots_side_comes_first() -> None:
    near = reach_poses((2.0, 0.0), TABLE, PLACES, Pose2(5.0, 0.0, 0.0), CONFIG)[0]
    assert near.x_m > 2.5


def test_an_object_too_deep_has_no_pose() -> None:
    wide = replace(TABLE, size=(2.4, 2.4))
    assert reach_poses((2.0, 0.0), wide, (wide,), Pose2(), CONFIG) == []


def test_an_object_on_no_place_is_approached_from_where_the_robot_is() -> None:
    first = reach_poses((0.0, -2.0), None, PLACES, Pose2(0.0, 0.0, 0.0), CONFIG)[0]
    assert first.xy == pytest.approx((0.0, -2.0 + CONFIG.standoff_m))


def test_view_poses_face_the_place_from_every_free_side() -> None:
    poses = view_poses(TABLE, PLACES, Pose2(), CONFIG)
    assert poses[0].x_m == pytest.approx(2.0 - 0.35 - CONFIG.view_distance_m)
    assert {round(pose.yaw_rad, 2) for pose in poses} == {0.0, 3.14, 1.57, -1.57}
    for pose in poses:
        assert clearance(*pose.xy, PLACES) >= CONFIG.robot_radius_m
        assert pose.to_local(*TABLE.position[:2])[0] > 0
    wall = replace(TABLE, name="wall", position=(1.0, 0.0, 1.0), size=(0.5, 3.0))
    blocked = view_poses(TABLE, (*PLACES, wall), Pose2(), CONFIG)
    assert blocked[0].x_m > 1.9


# --- free spots -------------------------------------------------------------------------------------

SIZE = (0.06, 0.06, 0.08)
THINGS = (thing("a", 1.8, 0.0), thing("b", 1.75, 0.2), thing("c", 2.1, -0.3))


@pytest.mark.parametrize(
    "relation", ["on", "next_to", "left_of", "right_of", "behind", "in_front_of"]
)
def test_every_free_spot_has_room(relation: str) -> None:
    reference = None if relation == "on" else THINGS[2]
    spots = free_spots(
        TABLE,
        THINGS,
        SIZE,
        0.07,
        relation=relation,
        reference=reference,
        robot=Pose2(1.0, 0.0, 0.0),
    )
    assert spots
    for spot in spots:
        assert TABLE.covers(*spot, margin_m=-0.069)
        for item in THINGS:
            gap = math.dist(spot, item.position[:2]) - radius(SIZE) - radius(item.size)
            assert gap >= 0.07


@pytest.mark.parametrize(
    ("relation", "robot", "axis", "sign"),
    [
        ("left_of", Pose2(1.0, 0.0), 1, 1),
        ("right_of", Pose2(1.0, 0.0), 1, -1),
        ("behind", Pose2(1.0, 0.0), 0, 1),
        ("left_of", Pose2(3.0, 0.0), 1, -1),  # from the other side it is the other way round
        ("in_front_of", Pose2(3.0, 0.0), 0, 1),
    ],
)
def test_relations_are_seen_from_the_robot(
    relation: str, robot: Pose2, axis: int, sign: int
) -> None:
    spot = free_spots(
        TABLE, THINGS[:1], SIZE, 0.07, relation=relation, reference=THINGS[0], robot=robot
    )[0]
    assert (spot[axis] - THINGS[0].position[axis]) * sign > 0.1


def test_the_spot_nearest_to_the_robot_comes_first() -> None:
    near = free_spots(TABLE, (), SIZE, 0.07, robot=Pose2(1.0, 0.0))[0]
    assert near[0] == pytest.approx(2.0 - 0.35 + 0.07, abs=0.03)


def test_no_room_is_no_spot() -> None:
    crowd = [thing(f"{i}{j}", 1.7 + 0.15 * i, -0.6 + 0.15 * j) for i in range(5) for j in range(9)]
    assert free_spots(TABLE, crowd, SIZE, 0.07) == []
    assert free_spots(TABLE, [replace(item, held=True) for item in crowd], SIZE, 0.07)
    assert free_spots(BIN, (), (0.4, 0.4, 0.1), 0.07) == []


# --- verification -----------------------------------------------------------------------------------

LOOK = 50.0
CUP = thing("cup1", 1.8, 0.0, visible=True, last_seen_s=LOOK)


@pytest.mark.parametrize(
    ("grip", "objects", "good"),
    [
        (Grip(True), [], True),
        (Grip(False), [], False),
        (Grip(None), [], False),
        (Grip(True), [CUP], False),
        (Grip(True), [replace(CUP, id="other")], False),  # of the kind, at the place
        (Grip(True), [replace(CUP, id="other", label="ball")], True),  # what was behind it
        (Grip(True), [replace(CUP, position=(1.8, 0.07, 0.76))], True),  # its neighbour
        (Grip(True), [replace(CUP, visible=False)], True),  # remembered only
        (Grip(True), [replace(CUP, last_seen_s=LOOK - 1)], True),  # an older look
        (Grip(True), [replace(CUP, held=True)], True),
    ],
)
def test_picked(grip: Grip, objects: list[object], good: bool) -> None:
    wrong = verification.picked(grip, CUP, objects, LOOK, 0.06)  # type: ignore[arg-type]
    assert (wrong == "") is good


@pytest.mark.parametrize(("holding", "good"), [(False, True), (True, False), (None, False)])
def test_released(holding: bool | None, good: bool) -> None:
    assert (verification.released(Grip(holding), CUP) == "") is good


@pytest.mark.parametrize(
    ("objects", "good"),
    [
        ([CUP], True),
        ([], False),
        ([replace(CUP, visible=False)], False),
        ([replace(CUP, last_seen_s=LOOK - 1)], False),
        ([replace(CUP, held=True)], False),
        ([replace(CUP, id="n")], True),
        ([replace(CUP, id="n", label="jar")], True),  # same colour
        ([replace(CUP, id="n", label="jar", color="blue")], False),
        ([replace(CUP, position=(1.8, 0.2, 0.76))], False),
    ],
)
def test_placed(objects: list[SceneObject], good: bool) -> None:
    assert (verification.placed(CUP, (1.8, 0.0, 0.72), objects, LOOK, 0.12) is not None) is good


IN_BIN = replace(CUP, position=(0.1, 2.1, 0.1), place="")
BESIDE = replace(CUP, position=(0.3, 2.1, 0.1), place="")


@pytest.mark.parametrize(
    ("objects", "where"),
    [
        ([IN_BIN], "SEEN"),
        ([BESIDE, IN_BIN], "SEEN"),
        ([], "HIDDEN"),
        ([replace(IN_BIN, visible=False)], "HIDDEN"),
        ([replace(IN_BIN, last_seen_s=LOOK - 1)], "HIDDEN"),
        ([replace(IN_BIN, id="n", label="jar", color="blue")], "HIDDEN"),
        ([BESIDE], "BESIDE"),
        ([replace(BESIDE, place="table")], "HIDDEN"),  # where it has always been
        ([replace(BESIDE, position=(3.0, 2.1, 0.1))], "HIDDEN"),
        ([replace(BESIDE, held=True)], "HIDDEN"),
    ],
)
def test_inside(objects: list[SceneObject], where: str) -> None:
    assert verification.inside(CUP, BIN, objects, LOOK).name == where


@pytest.mark.parametrize(
    ("end", "good"),
    [
        (Pose2(0.0, 1.0, 1.57), True),
        (Pose2(0.03, 0.97, 1.57), True),
        (Pose2(0.0, 0.9, 1.57), False),
        (Pose2(0.1, 1.0, 1.57), False),
        (Pose2(0.0, -1.0, 1.57), False),
    ],
)
def test_moved(end: Pose2, good: bool) -> None:
    start = Pose2(0.0, 0.0, math.pi / 2)
    assert (verification.moved(start, end, 1.0, 0.0, 0.05) == "") is good


@pytest.mark.parametrize(
    ("pose", "good"),
    [
        (Pose2(1.0, 1.0, 3.1), True),
        (Pose2(1.0, 1.0, -3.1), True),  # just past half a turn
        (Pose2(1.2, 1.0, 3.1), False),
        (Pose2(1.0, 1.0, 0.0), False),
    ],
)
def test_arrived(pose: Pose2, good: bool) -> None:
    assert (verification.arrived(pose, Pose2(1.0, 1.0, 3.1), 0.15, 0.25) == "") is good


def test_turned() -> None:
    assert verification.turned(6.25, 6.28, 0.06) == ""
    assert verification.turned(0.0, 6.28, 0.06) != ""
    assert verification.turned(-1.57, 1.57, 0.06) != ""


# --- speeds and standstill --------------------------------------------------------------------------


@given(st.floats(0.0, 5.0), st.floats(0.0, 0.3), st.floats(0.001, 0.2))
def test_speed_keeps_its_limits(remaining: float, current: float, gap_s: float) -> None:
    speed = speed_for(remaining, current, gap_s, 0.3, 0.5)
    most = 0.5 * gap_s
    assert 0.0 < speed <= 0.3
    assert abs(speed - current) <= most + 1e-9  # neither leaps up nor, after late odometry, down
    assert speed <= max(0.3 * 0.06, math.sqrt(2 * 0.5 * remaining), current - most) + 1e-9


def sample(stamp_s: float, speed: float = 0.0, turning: float = 0.0) -> Odometry:
    return Odometry(Pose2(), Velocity(speed, 0.0, turning), stamp_s)


@pytest.mark.parametrize(
    ("samples", "still"),
    [
        ([sample(0.0), sample(0.1), sample(0.2)], True),
        ([sample(0.0), sample(0.1)], False),
        ([sample(0.0), sample(0.1), sample(0.12, 0.1), sample(0.2)], False),
        ([sample(0.0), sample(0.1), sample(0.12, 0.0, -0.1), sample(0.2)], False),
        ([sample(0.0, 0.1), sample(0.1), sample(0.2), sample(0.3)], True),
        ([sample(0.0), sample(5.0)], False),  # who knows what happened in between
        ([sample(5.0), sample(4.0), sample(4.1)], False),
        ([sample(0.0, math.nan), sample(0.1, math.nan), sample(0.2, math.nan)], False),
    ],
)
def test_standstill(samples: list[Odometry], still: bool) -> None:
    detector = StandstillDetector(CONFIG)
    assert [detector.update(item) for item in samples][-1] is still


# --- resources and state ----------------------------------------------------------------------------


def held(resources: Resources) -> set[str]:
    return {name for name, owner in resources.owners().items() if owner}


def test_resources_are_taken_all_or_none() -> None:
    resources = Resources()
    with resources.taken(["arm", "gripper"], "one"):
        assert held(resources) == {"arm", "gripper"}
        with pytest.raises(VlaError) as raised, resources.taken(["base", "arm"], "two"):
            pass
        assert raised.value.code is Code.RESOURCE_BUSY
        assert held(resources) == {"arm", "gripper"}
        with resources.taken(["base"], "three"):
            assert len(held(resources)) == 3
    assert held(resources) == set()


def test_resources_come_free_when_a_step_breaks() -> None:
    resources = Resources()
    with pytest.raises(ZeroDivisionError), resources.taken(["arm"], "one"):
        raise ZeroDivisionError
    assert held(resources) == set()


def test_a_resource_no_robot_has() -> None:
    with pytest.raises(VlaError) as raised, Resources().taken(["wings"], "one"):
        pass
    assert raised.value.code is Code.INVALID_PLAN


def test_the_life_of_a_plan() -> None:
    changes: list[Phase] = []
    state = ExecutionState(lambda: changes.append(state.snapshot().phase))
    token = state.begin("id", 2, "me")
    state.step(1, "turn")
    assert state.snapshot().skill == "turn"
    assert not state.cancel("somebody else")
    assert not token.canceled
    assert state.cancel("me")
    assert token.canceled
    state.end()
    assert changes == [Phase.RUNNING, Phase.RUNNING, Phase.CANCELING, Phase.IDLE]
    assert not state.cancel()


def test_a_cancel_that_comes_before_the_plan_begins_is_not_lost() -> None:
    state = ExecutionState()
    assert not state.cancel("me")
    assert state.begin("id", 1, "me").canceled
    state.end()
    state.forget("me")
    assert not state.begin("id", 1, "me").canceled


def test_a_stop_latches_and_waits_for_the_plan_before_it_is_lifted() -> None:
    state = ExecutionState()
    token = state.begin("id", 1)
    state.stop()
    assert token.reason is Code.STOPPED
    with pytest.raises(VlaError) as raised:
        state.reset()
    assert raised.value.code is Code.RESOURCE_BUSY
    assert state.stopped
    state.end()
    assert state.snapshot().phase is Phase.STOPPED
    with pytest.raises(VlaError) as raised:
        state.begin("id", 1)
    assert raised.value.code is Code.STOPPED
    state.reset()
    state.begin("id", 1)


def test_waiting_for_idle() -> None:
    state = ExecutionState()
    assert state.wait_idle(0.0)
    state.begin("id", 1)
    assert not state.wait_idle(0.0)
    threading.Timer(0.01, state.end).start()
    assert state.wait_idle(5.0)


# --- sentences --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "count", "text"),
    [("cup", 1, "one cup"), ("box", 2, "two boxes"), ("cup", 0, "no cups"), ("cup", 12, "12 cups")],
)
def test_plural(words: str, count: int, text: str) -> None:
    assert plural(words, count) == text


def test_listing() -> None:
    assert listing([]) == "nothing"
    assert listing([CUP]) == "one red cup"
    ball = replace(CUP, label="ball", color="green")
    assert listing([CUP, ball, CUP]) == "one green ball and two red cups"
