# SPDX-License-Identifier: Apache-2.0
"""Picking, placing, stowing in real physics: success, honest failure, cancel at any moment."""

from __future__ import annotations

import math

import pytest

from vla_common.contracts.outcomes import Code, Result
from vla_sim.robot import robot_model as robot
from vla_sim.robot.arm_motion import Axis
from vla_sim.robot.base_control import Pose2D
from vla_sim.robot.frames import quaternion_yaw
from vla_sim.robot.manipulation import STILL_SPEED, Operation, Phase, Target
from vla_sim.simulation import Simulation
from vla_sim.world.ground_truth import ObjectTruth
from vla_sim.world.world_spec import ObjectSpec, PlaceSpec, StartSpec, WorldSpec

TABLE = PlaceSpec("table", "table", 0.0, 0.8, 0.0, 1.2, 0.7, 0.72)


def world(
    kind: str = "block", size: str = "large", yaw_rad: float = 0.4, y_m: float = 0.65
) -> WorldSpec:
    """The robot stands before the table and looks at one object."""
    thing = ObjectSpec("thing", kind, "red", size, 0.05, y_m, 0.80, yaw_rad)
    # Lowered onto the table by the settling.
    return WorldSpec(-1, 4.0, 4.0, StartSpec(0.0, 0.10, math.pi / 2), (TABLE,), (thing,))


def thing(simulation: Simulation) -> ObjectTruth:
    return simulation.objects()[0]


def target(simulation: Simulation, truth: ObjectTruth | None = None) -> Target:
    truth = truth or thing(simulation)
    x, y, z = truth.position
    local = simulation.real_pose().inverse().compose(Pose2D(x, y, quaternion_yaw(truth.rotation)))
    return Target(local.x_m, local.y_m, z, local.yaw_rad, *truth.size)


def carry_out(simulation: Simulation, operation: Operation, goal: Target | None = None) -> Result:
    started = simulation.start_manipulation(operation, goal or Target(0, 0, 0))
    assert started.ok, started
    return finish(simulation)


def finish(simulation: Simulation, limit_s: float = 60.0) -> Result:
    for _ in range(round(limit_s / 0.004)):
        result = simulation.step().manipulation
        if result is not None:
            return result
    raise AssertionError("did not end")


@pytest.mark.parametrize("kind", ["cup", "bottle", "block", "ball"])
@pytest.mark.parametrize("size", ["small", "large"])
def test_pick_carry_and_place(kind: str, size: str) -> None:
    simulation = Simulation(world(kind, size))
    begin = thing(simulation)
    assert begin.place == "table"
    assert carry_out(simulation, Operation.PICK, target(simulation)).ok
    assert simulation.state.holding
    simulation.run(5.0)
    held = thing(simulation)
    assert held.held and held.place == ""
    # Carried within the footprint, with a little to spare for a handle.
    local = target(simulation, held)
    assert math.hypot(local.x_m, local.y_m) < robot.BASE_RADIUS_M
    goal = target(simulation, begin)
    goal = Target(goal.x_m, goal.y_m + 0.15, TABLE.height_m, 0.0, *begin.size)
    assert carry_out(simulation, Operation.PLACE, goal).ok
    simulation.run(1.0)
    end = thing(simulation)
    assert end.place == "table" and not simulation.state.holding
    assert abs(end.position[2] - begin.position[2]) < 0.005
    assert math.dist(end.position[:2], (begin.position[0] - 0.15, begin.position[1])) < 0.02


def test_a_cup_whose_handle_was_not_seen_is_picked_with_the_jaw_turned() -> None:
    simulation = Simulation(world("cup", "small", yaw_rad=0.0))
    seen = target(simulation)
    # The jaw closes along x of the map first: exactly across the handle.
    seen = Target(seen.x_m, seen.y_m, seen.z_m, 0.0, 0.066, 0.066, 0.08)
    assert carry_out(simulation, Operation.PICK, seen).ok
    assert thing(simulation).held


def test_reaching_over_a_bottle_that_stands_in_front() -> None:
    one = world("block", "small", y_m=0.78)
    bottle = ObjectSpec("bottle", "bottle", "green", "large", 0.045, 0.62, 0.82, 0.0)
    simulation = Simulation(WorldSpec(-1, 4.0, 4.0, one.start, (TABLE,), (*one.objects, bottle)))
    where = simulation.objects()[1].position
    assert carry_out(simulation, Operation.PICK, target(simulation)).ok
    assert thing(simulation).held
    assert math.dist(simulation.objects()[1].position, where) < 0.01


def test_grasping_beside_the_object_fails_honestly() -> None:
    simulation = Simulation(world())
    there = target(simulation)
    beside = Target(there.x_m, there.y_m + 0.2, there.z_m, 0.0, 0.06, 0.06, 0.06)
    result = carry_out(simulation, Operation.PICK, beside)
    assert result.code is Code.GRASP_FAILED
    assert "nothing" in result.message
    assert not simulation.state.holding
    # The arm is folded and ready for another try.
    assert simulation.state.positions["extension"] < 0.02
    assert carry_out(simulation, Operation.PICK, target(simulation)).ok


def test_coming_down_on_top_of_something_fails_honestly() -> None:
    simulation = Simulation(world("block", "large", yaw_rad=0.0))
    there = target(simulation)
    # Thought to be thin and 5 cm to the side: a finger comes down on the real one.
    wrong = Target(there.x_m, there.y_m + 0.055, there.z_m, 0.0, 0.12, 0.03, 0.06)
    result = carry_out(simulation, Operation.PICK, wrong)
    assert result.code is Code.GRASP_FAILED
    assert "touched" in result.message


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (
            lambda t: Target(t.x_m, t.y_m, t.z_m, 0, 0.13, 0.13, 0.05),
            Code.GRASP_FAILED,
            "130 mm wide",
        ),
        (lambda t: Target(t.x_m, t.y_m, t.z_m, 0, 0.0, 0.05, 0.05), Code.GRASP_FAILED, "size"),
        (lambda t: Target(1.4, 0.0, t.z_m, 0, 0.05, 0.05, 0.05), Code.UNREACHABLE, "telescope"),
        (lambda t: Target(0.1, 0.0, 0.2, 0, 0.05, 0.05, 0.05), Code.UNREACHABLE, "nearer"),
        (lambda t: Target(0.6, 0.0, 1.15, 0, 0.05, 0.05, 0.2), Code.UNREACHABLE, "lift|top"),
        (lambda t: Target(0.6, 0.0, -0.05, 0, 0.05, 0.05, 0.05), Code.UNREACHABLE, "lift"),
        (lambda t: Target(math.nan, 0.0, 0.5, 0, 0.05, 0.05, 0.05), Code.INVALID_REQUEST, "NaN"),
    ],
)
def test_what_cannot_be_is_refused_without_moving(change, code: Code, says: str) -> None:  # type: ignore[no-untyped-def]
    simulation = Simulation(world())
    before = dict(simulation.state.positions)
    result = simulation.start_manipulation(Operation.PICK, change(target(simulation)))
    assert result.code is code
    assert __import__("re").search(says, result.message), result.message
    simulation.run(0.3)
    assert simulation.state.positions == pytest.approx(before, abs=1e-3)


def test_a_bowl_is_too_wide_and_says_so() -> None:
    simulation = Simulation(world("bowl"))
    result = simulation.start_manipulation(Operation.PICK, target(simulation))
    assert result.code is Code.GRASP_FAILED
    assert "160 mm" in result.message


def test_preconditions_on_what_is_held() -> None:
    simulation = Simulation(world())
    there = target(simulation)
    assert simulation.start_manipulation(Operation.PLACE, there).code is Code.PRECONDITION_FAILED
    assert carry_out(simulation, Operation.PICK, there).ok
    assert simulation.start_manipulation(Operation.PICK, there).code is Code.PRECONDITION_FAILED


def test_one_operation_at_a_time_and_no_driving_meanwhile() -> None:
    simulation = Simulation(world())
    there = target(simulation)
    assert simulation.start_manipulation(Operation.PICK, there).ok
    assert simulation.start_manipulation(Operation.PICK, there).code is Code.RESOURCE_BUSY
    assert simulation.start_navigation(Pose2D()).code is Code.RESOURCE_BUSY


@pytest.mark.parametrize("moment_s", [0.02, 0.4, 1.0, 1.8, 2.6, 3.4, 4.2, 5.0, 6.0, 7.0])
def test_cancel_at_any_moment_holds_still(moment_s: float) -> None:
    simulation = Simulation(world())
    assert simulation.start_manipulation(Operation.PICK, target(simulation)).ok
    for _ in range(round(moment_s / 0.004)):
        assert simulation.step().manipulation is None
    held = simulation.state.holding
    simulation.manipulator.cancel()
    result = finish(simulation, limit_s=1.5)
    assert result.code is Code.CANCELED
    assert simulation.state.arm_speed < STILL_SPEED
    before = dict(simulation.state.positions)
    simulation.run(2.0)
    after = dict(simulation.state.positions)
    for positions in (before, after):
        positions.pop("jaw")
    assert after == pytest.approx(before, abs=2e-3)
    assert simulation.state.holding == held
    # And the robot can go on from there.
    assert carry_out(simulation, Operation.STOW).ok
    if not held:
        assert carry_out(simulation, Operation.PICK, target(simulation)).ok
    assert thing(simulation).held


def test_a_slip_by_fault_is_reported_as_failed() -> None:
    simulation = Simulation(world())
    simulation.faults.set("grasp_failure", 1.0)
    result = carry_out(simulation, Operation.PICK, target(simulation))
    assert result.code is Code.GRASP_FAILED
    assert not simulation.state.holding
    assert thing(simulation).place == "table"


def test_losing_the_object_on_the_way_is_reported() -> None:
    simulation = Simulation(world())
    assert carry_out(simulation, Operation.PICK, target(simulation)).ok
    simulation.move_object("thing", 1.5, 0.0, 0.1, 0.0)
    goal = Target(0.6, 0.1, TABLE.height_m, 0.0, 0.06, 0.06, 0.06)
    simulation.run(0.5)
    assert simulation.start_manipulation(Operation.PLACE, goal).code is Code.PRECONDITION_FAILED


def test_release_opens_where_it_is() -> None:
    simulation = Simulation(world())
    assert carry_out(simulation, Operation.PICK, target(simulation)).ok
    assert carry_out(simulation, Operation.RELEASE).ok
    assert not simulation.state.holding
    assert simulation.manipulator.progress.phase is Phase.RELEASING


def test_floor_and_shelf_heights() -> None:
    for height, z in ((0.05, 0.08), (0.81, 0.9)):
        stand = PlaceSpec("stand", "table", 0.0, 0.8, 0.0, 1.2, 0.7, height)
        made = world("bottle", "small")
        lifted = ObjectSpec("thing", "bottle", "red", "small", 0.05, 0.65, z + 0.06, 0.0)
        simulation = Simulation(WorldSpec(-1, 4.0, 4.0, made.start, (stand,), (lifted,)))
        assert carry_out(simulation, Operation.PICK, target(simulation)).ok
        assert thing(simulation).held


@pytest.mark.parametrize("way", [0.001, 0.05, 0.6, -0.4])
def test_axis_keeps_its_limits_and_arrives(way: float) -> None:
    spec = robot.ARM_JOINTS[0]
    axis = Axis(spec, 0.6)
    axis.go(0.6 + way)
    speed, steps = 0.0, 0
    while not axis.done:
        axis.step(0.004)
        assert abs(axis.velocity) <= spec.max_speed + 1e-9
        if not axis.done:
            assert abs(axis.velocity - speed) <= spec.max_acceleration * 0.004 + 1e-9
        speed, steps = axis.velocity, steps + 1
        assert steps < 2000
    assert axis.position == pytest.approx(0.6 + way)


def test_axis_holds_without_overshoot() -> None:
    axis = Axis(robot.ARM_JOINTS[0], 0.6)
    axis.go(1.2)
    for _ in range(100):
        axis.step(0.004)
    begin, stopping = axis.position, axis.velocity**2 / (2 * axis.spec.max_acceleration)
    axis.hold()
    for _ in range(200):
        axis.step(0.004)
    assert axis.done
    assert axis.position == pytest.approx(begin + stopping, abs=0.003)
