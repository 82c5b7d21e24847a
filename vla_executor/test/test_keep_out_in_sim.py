# SPDX-License-Identifier: Apache-2.0
"""Trips past and into keep-out zones in the simulator's physics, judged by where the base really was."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from vla_testing.executor.bench import Bench

pytest.importorskip("vla_sim.simulation")
from vla_common.contracts.outcomes import Code
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.robot.robot import StampedPose
from vla_executor.safety import keep_out
from vla_executor.safety.guard import Guard
from vla_executor.spatial.geometry import distance_to_polygon
from vla_sim.robot.grid_planner import KeepOut
from vla_sim.robot.robot_model import BASE_RADIUS_M
from vla_sim.simulation import Simulation
from vla_sim.world.world_spec import StartSpec, WorldSpec
from vla_testing.executor.sim_robot import SimRobot

SQUARE = "0.8 -0.4, 1.6 -0.4, 1.6 0.4, 0.8 0.4"
WALL = "0.9 -3, 1.1 -3, 1.1 3, 0.9 3"
ELL = "0.6 -1.2, 1.5 -1.2, 1.5 1.0, 1.2 1.0, 1.2 -0.8, 0.6 -0.8"
STRIP = "0.5 0.45, 2.5 0.45, 2.5 0.55, 0.5 0.55"


class Trip:
    """From the middle of an empty room of 6 m; told: whether navigation knows the zones."""

    def __init__(self, *zones: str, told: bool, start: StartSpec | None = None) -> None:
        self.simulation: Any = Simulation(WorldSpec(-1, 6.0, 6.0, start or StartSpec(0, 0, 0)))
        self.config = GuardConfig(keep_out=zones)
        self.guard = Guard(self.config, ExecutorConfig())
        robot = SimRobot(simulation=self.simulation)
        self.bench = Bench(robot, guard_config=self.config)
        if told:
            room_m = keep_out.room_needed_m(self.config, ExecutorConfig()) + keep_out.PLAN_ROOM_M
            mask = keep_out.mask(self.guard.zones, room_m)
            self.simulation.keep_out(KeepOut(mask.x_m, mask.y_m, mask.cell_m, mask.taken))
        self.nearest_m = math.inf
        step = self.simulation.step

        def measured() -> Any:
            finished = step()
            self.nearest_m = min(self.nearest_m, self.room_m())
            return finished

        self.simulation.step = measured
        self.simulation.run(0.2)

    def room_m(self) -> float:
        """Between the base as it really stands and the nearest zone; negative: it is in it."""
        p = self.simulation.real_pose()
        return min(
            distance_to_polygon(zone, p.x_m, p.y_m) - BASE_RADIUS_M for zone in self.guard.zones
        )

    def go(self, x: float, y: float, yaw: float = 0.0) -> Any:
        result = self.bench.do(("go_to", {"pose": (x, y, yaw)})).result
        self.simulation.run(1.0)
        v = self.simulation.state.velocity
        assert math.hypot(v.vx_mps, v.vy_mps) < 0.002
        return result


TRIPS = [
    ((SQUARE,), (2.3, 0.0, 0.0)),
    ((SQUARE,), (2.3, 0.6, 1.5)),
    ((SQUARE,), (2.3, -0.3, -2.0)),
    ((ELL,), (2.2, 0.0, 0.0)),
    ((ELL,), (2.2, -1.2, 0.0)),
    ((ELL,), (0.7, -1.8, 0.0)),
    ((STRIP,), (1.5, 1.2, 1.5)),
    ((STRIP, SQUARE), (2.4, -0.9, 0.0)),
]


@pytest.mark.parametrize(("zones", "goal"), TRIPS)
def test_a_trip_across_a_zone_goes_round_it(zones: Any, goal: Any) -> None:
    trip = Trip(*zones, told=True)
    result = trip.go(*goal)
    assert result.ok, result
    assert trip.nearest_m > 0.0


@pytest.mark.parametrize(("zones", "goal"), TRIPS)
def test_where_navigation_knows_nothing_the_drive_ends_before_the_zone(
    zones: Any, goal: Any
) -> None:
    trip = Trip(*zones, told=False)
    result = trip.go(*goal)
    assert result.code is Code.GUARD_REFUSED, result
    assert "keep-out zone" in result.message and "ended" in result.message
    assert trip.nearest_m > 0.0
    # Away from it is permitted.
    assert trip.go(-1.0, 0.0).ok
    assert trip.nearest_m > 0.0


def test_without_the_watch_it_would_be_crossed() -> None:
    """The tests above see the watch and nothing else."""
    trip = Trip(SQUARE, told=False)
    watch = keep_out.WayWatch((), GuardConfig(workspace=()), ExecutorConfig())
    trip.bench.runner.guard.watch = lambda: watch  # type: ignore[method-assign]
    assert trip.go(2.3, 0.0).ok
    assert trip.nearest_m < -0.5


def test_no_way_round_is_refused_by_navigation() -> None:
    trip = Trip(WALL, told=True)
    assert trip.go(2.3, 0.0).code is Code.NAVIGATION_BLOCKED
    assert trip.bench.robot.calls and trip.room_m() > 0.5


def test_a_robot_that_stands_in_a_zone_gets_out_and_not_in_again() -> None:
    trip = Trip(SQUARE, told=True, start=StartSpec(0.9, 0.0, 0.0))
    assert trip.room_m() < 0.0
    assert trip.go(0.0, 0.0).ok
    assert trip.room_m() > 0.4


@pytest.mark.parametrize("step", [("move", {"distance": 0.4}), ("move", {"distance": 1.2})])
def test_a_drive_by_velocity_that_drifts_towards_a_zone_ends_before_it(step: Any) -> None:
    """Straight past the zone by odometry, into it by the map: the check before the drive saw nothing."""
    trip = Trip("-1 0.5, 3 0.5, 3 1, -1 1", told=True)
    look, lowest = trip.bench.robot._stamped, [math.inf]

    def drifting() -> StampedPose:
        seen = look()
        pose = replace(seen.pose, y_m=0.4 * seen.pose.x_m)
        lowest[0] = min(lowest[0], 0.5 - pose.y_m - BASE_RADIUS_M)
        return replace(seen, pose=pose)

    trip.bench.robot._stamped = drifting  # type: ignore[method-assign]
    result = trip.bench.do(step).result
    trip.simulation.run(1.0)
    drifting()
    assert lowest[0] > 0.0
    assert result.code is (Code.OK if step[1]["distance"] < 1 else Code.GUARD_REFUSED), result


def test_the_permitted_area_is_watched_too() -> None:
    trip = Trip("-3 -3, -2.9 -3, -2.9 -2.9", told=True)
    config = GuardConfig(workspace=(-1.0, -1.0, 2.0, 0.5))
    watch = keep_out.WayWatch((), config, ExecutorConfig())
    trip.bench.runner.guard.watch = lambda: watch  # type: ignore[method-assign]
    result = trip.go(1.0, 2.0, 1.0)
    assert result.code is Code.GUARD_REFUSED and "permitted area" in result.message
    assert trip.simulation.real_pose().y_m < 0.5


def test_a_pose_that_is_not_known_ends_the_drive() -> None:
    trip = Trip(SQUARE, told=True)
    look = trip.bench.robot._stamped

    def lost(call: Any) -> None:
        if call.name == "navigating":
            trip.bench.robot._stamped = old  # type: ignore[method-assign]

    def old() -> Any:
        return frozen

    frozen = look()
    trip.bench.robot.on_call = lost
    result = trip.go(2.3, 0.0)
    assert result.code is Code.GUARD_REFUSED and "where the robot is" in result.message.lower()
