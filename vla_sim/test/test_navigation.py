# SPDX-License-Identifier: Apache-2.0
"""Planning around furniture and driving there; blocked ways, cancel and stop."""

from __future__ import annotations

import itertools
import math

import pytest

from vla_common.contracts.outcomes import Code
from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Pose2D, Velocity
from vla_sim.robot.grid_planner import CLEARANCE_M, GridPlanner, NoPath, Rectangle
from vla_sim.robot.navigation import GOAL_TOLERANCE_M, GOAL_TOLERANCE_RAD, STILL_MPS
from vla_sim.simulation import Simulation
from vla_sim.world.world_generator import generate_world

WALL = Rectangle(0.0, 0.5, 0.0, 0.2, 3.0)
"""Reaches the room's north wall and leaves a way round in the south."""


def length(path: list[tuple[float, float]]) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise(path))


def samples(path: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [
        (a[0] + k / 20 * (b[0] - a[0]), a[1] + k / 20 * (b[1] - a[1]))
        for a, b in itertools.pairwise(path)
        for k in range(21)
    ]


def test_goes_straight_where_it_can() -> None:
    assert GridPlanner(4, 4, []).plan((-1, -1), (1, 1)) == [(-1, -1), (1, 1)]


def test_goes_around_what_stands_in_the_way() -> None:
    planner = GridPlanner(4, 4, [WALL])
    path = planner.plan((-1.0, 1.0), (1.0, 1.0))
    assert min(planner.clearance(*p) for p in samples(path)) >= CLEARANCE_M - 0.01
    assert 4.0 < length(path) < 7.0
    assert len(path) < 12


@pytest.mark.parametrize(
    ("goal", "obstacles", "says"),
    [
        ((0.0, 0.0), [WALL], "from an obstacle"),
        ((1.0, 0.0), [Rectangle(0.0, 0.0, 0.0, 0.2, 4.0)], "blocks every way"),
        ((1.9, 0.0), [], "from an obstacle"),
        ((9.0, 0.0), [], "from an obstacle"),
        ((0.3, 0.0), [WALL], "from an obstacle"),
    ],
)
def test_no_way_is_said(goal: tuple[float, float], obstacles: list[Rectangle], says: str) -> None:
    with pytest.raises(NoPath, match=says):
        GridPlanner(4, 4, obstacles).plan((-1.0, 0.0), goal)


def test_a_turned_rectangle_is_measured_along_its_own_axes() -> None:
    planner = GridPlanner(6, 6, [Rectangle(0.0, 0.0, math.pi / 4, 2.0, 0.2)])
    along = math.sqrt(0.5)
    assert planner.clearance(1.5 * along, 1.5 * along) == pytest.approx(0.5)
    assert planner.clearance(-along, along) == pytest.approx(0.9)


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(generate_world(4))


def in_front_of(simulation: Simulation, name: str) -> Pose2D:
    place = simulation.world.place(name)
    x, y = place.to_map(0.0, -place.size_y_m / 2 - 0.32)
    return Pose2D(x, y, place.yaw_rad + math.pi / 2)


@pytest.mark.parametrize("name", ["table", "shelf", "side table", "bin", "box"])
def test_arrives_precisely_and_stands_still(simulation: Simulation, name: str) -> None:
    goal = in_front_of(simulation, name)
    assert simulation.start_navigation(goal).ok
    for _ in range(10_000):
        finished = simulation.step()
        if finished.navigation:
            break
    assert finished.navigation is not None and finished.navigation.ok
    pose = simulation.real_pose()
    assert math.dist((pose.x_m, pose.y_m), (goal.x_m, goal.y_m)) < GOAL_TOLERANCE_M + 0.005
    turn = math.remainder(pose.yaw_rad - goal.yaw_rad, 2 * math.pi)
    assert abs(turn) < GOAL_TOLERANCE_RAD + 0.005
    assert abs(simulation.state.velocity.vx_mps) < STILL_MPS


def test_never_touches_furniture_on_the_way(simulation: Simulation) -> None:
    base = simulation.model.geom("base").id
    floor = simulation.model.geom("floor").id
    for name in ("shelf", "bin", "side table", "table"):
        assert simulation.start_navigation(in_front_of(simulation, name)).ok
        while simulation.step().navigation is None:
            touching = {
                c.geom1 + c.geom2 - base
                for c in (simulation.data.contact[i] for i in range(simulation.data.ncon))
                if base in (c.geom1, c.geom2)
            }
            assert touching <= {floor}


def drive_for(simulation: Simulation, duration_s: float) -> None:
    for _ in range(round(duration_s / 0.004)):
        assert simulation.step().navigation is None


def far_goal(simulation: Simulation) -> Pose2D:
    start = simulation.world.start
    return max(
        (in_front_of(simulation, n) for n in ("table", "shelf", "side table")),
        key=lambda p: math.dist((p.x_m, p.y_m), (start.x_m, start.y_m)),
    )


def speed(simulation: Simulation) -> float:
    v = simulation.state.velocity
    return max(math.hypot(v.vx_mps, v.vy_mps), abs(v.wz_radps))


def finish(simulation: Simulation, limit_s: float):  # type: ignore[no-untyped-def]
    for _ in range(round(limit_s / 0.004)):
        result = simulation.step().navigation
        if result is not None:
            return result
    raise AssertionError("did not end")


def test_cancel_ends_only_when_standing_still(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    drive_for(simulation, 3.0)
    assert speed(simulation) > 0.1
    simulation.navigator.cancel()
    assert simulation.step().navigation is None
    assert finish(simulation, 1.5).code is Code.CANCELED
    assert speed(simulation) < 0.02
    assert not simulation.navigator.busy


def test_zero_velocity_stops_a_drive_and_other_velocities_do_not(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    drive_for(simulation, 1.0)
    simulation.command_velocity(Velocity(-0.5, 0.0, 0.0))
    drive_for(simulation, 0.5)
    simulation.command_velocity(Velocity())
    assert finish(simulation, 1.5).code is Code.STOPPED
    assert speed(simulation) < 0.02


def test_blocked_by_fault_aborts(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    drive_for(simulation, 1.0)
    simulation.faults.set("navigation_blocked", 1.0)
    assert finish(simulation, 1.5).code is Code.NAVIGATION_BLOCKED
    assert speed(simulation) < 0.02
    simulation.faults.set("navigation_blocked", 0.0)
    assert simulation.start_navigation(far_goal(simulation)).ok
    assert finish(simulation, 60.0).ok


def test_a_base_that_cannot_move_aborts(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    for axis in ("base_x", "base_y", "base_yaw"):
        simulation.model.actuator(axis).forcerange[:] = (-1e-6, 1e-6)
        simulation.data.joint(axis).qvel[:] = 0.0
    result = finish(simulation, 6.0)
    assert result.code is Code.NAVIGATION_BLOCKED
    assert "farther" in result.message


@pytest.mark.parametrize(
    ("goal", "code"),
    [
        (Pose2D(math.nan, 0.0, 0.0), Code.INVALID_REQUEST),
        (Pose2D(0.0, 0.0, math.inf), Code.INVALID_REQUEST),
        (Pose2D(50.0, 0.0, 0.0), Code.NAVIGATION_BLOCKED),
    ],
)
def test_impossible_goals_are_refused(simulation: Simulation, goal: Pose2D, code: Code) -> None:
    assert simulation.start_navigation(goal).code is code
    assert not simulation.navigator.busy


def test_a_second_goal_is_refused(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    assert simulation.start_navigation(far_goal(simulation)).code is Code.RESOURCE_BUSY


def reach_out(simulation: Simulation) -> None:
    simulation.motion.go({"extension": 0.4, "lift": 1.0})
    simulation.run(3.0)
    assert simulation.state.positions["extension"] > 0.35


def test_an_arm_that_reaches_out_is_folded_before_driving(simulation: Simulation) -> None:
    reach_out(simulation)
    begin = simulation.real_pose()
    assert simulation.start_navigation(far_goal(simulation)).ok
    while simulation.state.positions["extension"] > 0.03:
        assert simulation.step().navigation is None
        now = simulation.real_pose()
        assert math.dist((begin.x_m, begin.y_m), (now.x_m, now.y_m)) < 0.01
    assert finish(simulation, 60.0).ok


def test_cancel_while_folding_stops_arm_and_base(simulation: Simulation) -> None:
    reach_out(simulation)
    assert simulation.start_navigation(far_goal(simulation)).ok
    drive_for(simulation, 0.5)
    assert simulation.state.arm_speed > 0.1
    simulation.navigator.cancel()
    assert finish(simulation, 1.5).code is Code.CANCELED
    assert simulation.state.arm_speed < 0.02
    assert simulation.state.positions["extension"] > 0.05
    assert simulation.start_navigation(far_goal(simulation)).ok
    assert finish(simulation, 60.0).ok


def test_limits_are_kept_while_driving(simulation: Simulation) -> None:
    assert simulation.start_navigation(far_goal(simulation)).ok
    while simulation.step().navigation is None:
        v = simulation.state.velocity
        assert math.hypot(v.vx_mps, v.vy_mps) < robot.MAX_LINEAR_SPEED_MPS + 0.02
        assert abs(v.wz_radps) < robot.MAX_ANGULAR_SPEED_RADPS + 0.05
