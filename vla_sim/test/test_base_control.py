# SPDX-License-Identifier: Apache-2.0
"""The base's set points: limits, silence, windup; and the hold of the real base against the arm."""

from __future__ import annotations

import math

import pytest

from vla_sim.config import SimConfig
from vla_sim.robot import robot_model as robot
from vla_sim.robot.base_control import (
    SILENCE_TIMEOUT_S,
    STOP_DECELERATION_MPS2,
    WINDUP_LIMIT_M,
    BaseController,
    Pose2D,
    Velocity,
    limited,
)
from vla_sim.robot.manipulation import Operation, Target
from vla_sim.simulation import Simulation
from vla_sim.world.world_generator import generate_world

DT = 0.004


def drive(
    controller: BaseController, duration_s: float, start_s: float = 0.0, follow: bool = True
) -> Pose2D:
    """Step a controller whose base follows perfectly, or not at all."""
    pose = Pose2D()
    for step in range(round(duration_s / DT)):
        controller.step(start_s + step * DT, DT, pose)
        if follow:
            pose = controller._reference
    return pose


def test_goes_where_the_integral_of_the_command_says() -> None:
    controller = BaseController(Pose2D(), 1.0)
    controller.command(Velocity(0.4, 0.0, 0.0), 0.0)
    pose = drive(controller, 0.4)
    # 0.8 m/s^2 for 0.4 s.
    assert pose.x_m == pytest.approx(0.5 * 0.8 * 0.4**2, abs=0.002)


@pytest.mark.parametrize("timeout_s", [SILENCE_TIMEOUT_S, 0.6])
def test_silence_stops(timeout_s: float) -> None:
    controller = BaseController(Pose2D(), timeout_s)
    # Long enough to get to speed.
    for k in range(10):
        controller.command(Velocity(0.4, 0.0, 0.5), 0.1 * k)
        drive(controller, 0.1, start_s=0.1 * k)
    last_s = 0.9
    drive(controller, timeout_s - 0.1, start_s=1.0)
    assert controller.reference_velocity.vx_mps == pytest.approx(0.4)
    braking_s = 0.4 / STOP_DECELERATION_MPS2
    drive(controller, braking_s + 2 * DT, start_s=last_s + timeout_s)
    assert controller.reference_velocity.is_zero


def test_the_default_is_a_quarter_of_a_second_everywhere() -> None:
    assert SimConfig().cmd_vel_timeout_s == SILENCE_TIMEOUT_S == 0.25


def test_a_repeated_command_keeps_going() -> None:
    controller = BaseController(Pose2D())
    for k in range(15):
        controller.command(Velocity(0.3, 0.0, 0.0), 0.2 * k)
        drive(controller, 0.2, start_s=0.2 * k)
    assert controller.reference_velocity.vx_mps == pytest.approx(0.3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nonsense_is_refused_and_changes_nothing(bad: float) -> None:
    controller = BaseController(Pose2D())
    controller.command(Velocity(0.3, 0.0, 0.0), 0.0)
    for velocity in (Velocity(bad, 0, 0), Velocity(0, bad, 0), Velocity(0, 0, bad)):
        with pytest.raises(ValueError, match="NaN or infinity"):
            controller.command(velocity, 0.0)
    drive(controller, 0.24)
    assert controller.reference_velocity.vx_mps > 0.15


def test_speed_limits_keep_the_direction() -> None:
    fast = limited(Velocity(3.0, 4.0, -9.0))
    assert math.hypot(fast.vx_mps, fast.vy_mps) == pytest.approx(robot.MAX_LINEAR_SPEED_MPS)
    assert fast.vy_mps / fast.vx_mps == pytest.approx(4 / 3)
    assert fast.wz_radps == -robot.MAX_ANGULAR_SPEED_RADPS


def test_a_blocked_base_does_not_wind_up() -> None:
    controller = BaseController(Pose2D())
    controller.command(Velocity(0.5, 0.0, 0.0), 0.0)
    drive(controller, 0.45, follow=False)
    assert controller._reference.x_m <= WINDUP_LIMIT_M + 1e-9


def test_poses_compose_and_invert() -> None:
    a, b = Pose2D(1.0, -2.0, 0.7), Pose2D(-0.3, 0.4, 2.0)
    same = a.inverse().compose(a.compose(b))
    assert (same.x_m, same.y_m, same.yaw_rad) == pytest.approx((b.x_m, b.y_m, b.yaw_rad))


def test_the_real_base_follows_and_stops() -> None:
    simulation = Simulation(generate_world(1))
    begin = simulation.real_pose()
    for _ in range(50):
        simulation.command_velocity(Velocity(0.0, 0.0, 1.0))
        simulation.run(0.02)
    assert simulation.state.velocity.wz_radps == pytest.approx(1.0, abs=0.02)
    simulation.run(1.5)
    end = simulation.real_pose()
    assert abs(simulation.state.velocity.wz_radps) < 0.001
    assert end.yaw_rad - begin.yaw_rad > 0.8
    assert math.dist((begin.x_m, begin.y_m), (end.x_m, end.y_m)) < 0.002
    # The robot's own idea of its pose is the truth while no drift is injected.
    believed = simulation.state.pose
    assert (believed.x_m, believed.y_m) == pytest.approx((end.x_m, end.y_m), abs=1e-6)


def test_the_base_holds_while_the_arm_pushes_against_the_table() -> None:
    world = generate_world(1)
    simulation = Simulation(world)
    table = world.place("table")
    x, y = table.to_map(0.0, -table.size_y_m / 2 - 0.30)
    assert simulation.start_navigation(Pose2D(x, y, table.yaw_rad + math.pi / 2)).ok
    while simulation.step().navigation is None:
        pass
    before = simulation.real_pose()
    # The hand is sent 5 cm into the table top beside the objects: contact until the move gives up.
    for name, value in (("extension", 0.25), ("lift", table.height_m + robot.HAND_LENGTH_M - 0.05)):
        simulation.motion.go({name: value})
    worst = 0.0
    for _ in range(1000):
        simulation.step()
        now = simulation.real_pose()
        worst = max(worst, math.dist((now.x_m, now.y_m), (before.x_m, before.y_m)))
    assert worst < 0.005


def test_odometry_drift_is_felt_by_the_robot_alone() -> None:
    simulation = Simulation(generate_world(1))
    simulation.faults.set("odometry_drift", 0.1)
    for _ in range(60):
        simulation.command_velocity(Velocity(0.3, 0.0, 0.0))
        simulation.run(0.02)
    simulation.run(0.5)
    real, believed = simulation.real_pose(), simulation.state.pose
    way = math.dist((real.x_m, real.y_m), (simulation.world.start.x_m, simulation.world.start.y_m))
    assert way > 0.2
    error = math.dist((real.x_m, real.y_m), (believed.x_m, believed.y_m))
    assert error == pytest.approx(0.1 * way, rel=0.1)


def test_no_manipulation_while_moving() -> None:
    simulation = Simulation(generate_world(1))
    for _ in range(20):
        simulation.command_velocity(Velocity(0.3, 0.0, 0.0))
        simulation.run(0.02)
    refused = simulation.start_manipulation(
        Operation.PICK, Target(0.6, 0.0, 0.7, 0.0, 0.05, 0.05, 0.05)
    )
    assert "moving" in refused.message
