# SPDX-License-Identifier: Apache-2.0
"""The distance sensor: what it sees, what it does not, and what it costs nobody."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import Velocity
from vla_sim.robot.manipulation import Operation, Target
from vla_sim.simulation import Simulation
from vla_sim.world.shapes import object_shape
from vla_sim.world.world_generator import generate_world


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(generate_world(3))


def ray(simulation: Simulation, heading_rad: float) -> float:
    """The range of the ray nearest to a heading, seen from the base."""
    index = round((heading_rad - robot.SCAN_START_RAD) / robot.SCAN_STEP_RAD) % robot.SCAN_RAYS
    return float(simulation.scan()[index])


def ahead(simulation: Simulation, distance_m: float) -> tuple[float, float]:
    pose = simulation.real_pose()
    return (
        pose.x_m + distance_m * math.cos(pose.yaw_rad),
        pose.y_m + distance_m * math.sin(pose.yaw_rad),
    )


def test_a_full_turn_never_leaves_the_room(simulation: Simulation) -> None:
    ranges = simulation.scan()
    assert ranges.shape == (robot.SCAN_RAYS,)
    assert ranges.dtype == np.float32
    pose, world = simulation.real_pose(), simulation.world
    angles = robot.SCAN_START_RAD + robot.SCAN_STEP_RAD * np.arange(robot.SCAN_RAYS) + pose.yaw_rad
    x, y = pose.x_m + ranges * np.cos(angles), pose.y_m + ranges * np.sin(angles)
    assert np.abs(x).max() <= world.room_x_m / 2 + 1e-3
    assert np.abs(y).max() <= world.room_y_m / 2 + 1e-3
    # Walls are seen where they are, and furniture stands before some of them.
    at_wall = (np.abs(np.abs(x) - world.room_x_m / 2) < 1e-3) | (
        np.abs(np.abs(y) - world.room_y_m / 2) < 1e-3
    )
    assert 0.3 < at_wall.mean() < 1.0


def test_a_small_thing_on_the_floor_is_seen_where_it_is(simulation: Simulation) -> None:
    # The sensor's plane meets the smallest things there are.
    for kind in ("cup", "bottle", "block", "ball", "bowl"):
        assert object_shape(kind, "small").height_m > robot.SCAN_HEIGHT_M
    thing = next(o for o in simulation.world.objects if o.kind != "ball")
    before = ray(simulation, 0.0)
    x, y = ahead(simulation, 1.0)
    height = object_shape(thing.kind, thing.size).height_m
    simulation.move_object(thing.name, x, y, height / 2 + 0.001, 0.0)
    simulation.run(0.2)
    assert before > 1.1
    assert ray(simulation, 0.0) == pytest.approx(1.0, abs=0.09)
    assert ray(simulation, math.pi / 2) > 0.5


def test_the_rays_turn_with_the_robot(simulation: Simulation) -> None:
    left = ray(simulation, math.radians(40.0))
    while simulation.real_pose().yaw_rad - simulation.world.start.yaw_rad < math.radians(40.0):
        simulation.command_velocity(Velocity(0.0, 0.0, 0.3))
        simulation.run(0.02)
    assert ray(simulation, 0.0) == pytest.approx(left, rel=0.05)


def test_the_robot_does_not_see_its_own_arm(simulation: Simulation) -> None:
    before = simulation.scan()
    # The lowest the hand gets: just above the sensor's plane, and the fingers through it.
    assert simulation.start_manipulation(Operation.STOW, Target(0.0, 0.0, 0.0)).ok
    simulation.motion.go({"lift": robot.LIFT_MIN_M + 0.01, "wrist_pitch": math.pi / 2})
    simulation.run(3.0)
    assert np.allclose(simulation.scan(), before, atol=0.02)
    assert np.isfinite(before).all()


def test_too_near_and_too_far_are_said_as_rep_117_has_it(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearest = float(simulation.scan().min())
    monkeypatch.setattr(robot, "SCAN_RANGE_MIN_M", nearest + 0.1)
    assert np.isneginf(simulation.scan()).any()
    monkeypatch.setattr(robot, "SCAN_RANGE_MAX_M", nearest + 0.5)
    assert np.isposinf(simulation.scan()).any()
