# SPDX-License-Identifier: Apache-2.0
"""A thing in the way of a drive, in the simulator's physics: the guard sees it and the robot stops before it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vla_testing.executor.bench import Bench

pytest.importorskip("vla_sim.simulation")
from vla_common.contracts.outcomes import Code
from vla_executor.config import GuardConfig
from vla_sim.robot.robot_model import BASE_RADIUS_M
from vla_sim.simulation import Simulation
from vla_sim.world.world_generator import generate_world
from vla_testing.executor.sim_robot import SimRobot

MOVE = ("move", {"distance": 1.2})


def thing(simulation: Any) -> str:
    """Something that stands by itself."""
    return next(o.name for o in simulation.world.objects if o.kind in ("cup", "block"))


def where(simulation: Any, name: str) -> tuple[float, float]:
    found = next(o for o in simulation.objects() if o.spec.name == name)
    return found.position[0], found.position[1]


def ahead(simulation: Any, distance_m: float) -> tuple[float, float]:
    p = simulation.real_pose()
    return p.x_m + distance_m * math.cos(p.yaw_rad), p.y_m + distance_m * math.sin(p.yaw_rad)


@pytest.fixture
def simulation() -> Any:
    # Seed 3 begins with 1.6 m of free floor on every side.
    return Simulation(generate_world(3))


def drive(simulation: Any, drop_at_m: float | None, after_m: float, **more: Any) -> Any:
    """Move 1.2 m; a thing is put that far ahead of the robot when it has gone `after_m`."""
    bench = Bench(SimRobot(simulation=simulation, **more))
    start, name = simulation.real_pose(), thing(simulation)
    spot: list[tuple[float, float]] = []

    def gone() -> float:
        p = simulation.real_pose()
        return math.hypot(p.x_m - start.x_m, p.y_m - start.y_m)

    def on_call(call: Any) -> None:
        if drop_at_m is not None and not spot and gone() >= after_m:
            spot.append(ahead(simulation, drop_at_m))
            simulation.move_object(name, *spot[0], 0.05, 0.0)

    bench.robot.on_call = on_call
    simulation.run(0.2)
    return bench, bench.do(MOVE), gone, spot, name


def test_without_anything_in_the_way_it_gets_there(simulation: Any) -> None:
    _, result, gone, _, _ = drive(simulation, None, 0.0)
    assert result.result.ok, result.result
    assert gone() == pytest.approx(1.2, abs=0.06)


@pytest.mark.parametrize("after_m", [0.0, 0.25])
def test_it_stops_before_a_thing_that_is_dropped_in_its_way(
    simulation: Any, after_m: float
) -> None:
    bench, result, gone, spot, name = drive(simulation, 0.75, after_m)
    assert result.result.code is Code.GUARD_REFUSED, result.result
    assert "in the way" in result.result.message
    assert spot, "the thing was dropped"
    # The robot has come nearer, has not touched it, and stands.
    assert 0.1 < gone() < 1.0
    x, y = where(simulation, name)
    assert math.dist((x, y), spot[0]) < 0.02, "the thing has not been pushed"
    p = simulation.real_pose()
    assert math.dist((x, y), (p.x_m, p.y_m)) - BASE_RADIUS_M > 0.05
    simulation.run(1.0)
    v = simulation.state.velocity
    assert math.hypot(v.vx_mps, v.vy_mps) < 0.002
    # Away from it is permitted.
    bench.robot.on_call = lambda call: None
    assert bench.code(("move", {"distance": 0.2, "direction": "backward"})) is Code.OK


def test_a_blind_robot_would_push_it(simulation: Any) -> None:
    """The test above sees the guard and nothing else."""
    _, _, _, spot, name = drive(simulation, 0.75, 0.0, blind=True)
    assert math.dist(where(simulation, name), spot[0]) > 0.1


def test_where_a_scan_is_required_there_is_no_drive_without(simulation: Any) -> None:
    robot = SimRobot(simulation=simulation, blind=True)
    bench = Bench(robot, guard_config=GuardConfig(scan="required"))
    simulation.run(0.2)
    assert bench.code(MOVE) is Code.GUARD_REFUSED
    assert robot.motions() == []
    assert bench.code(("turn", {"angle": 0.3})) is Code.OK
