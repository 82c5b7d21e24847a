# SPDX-License-Identifier: Apache-2.0
"""What the guard refuses, one row each, and that it lets through what is right."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place
from vla_executor.config import ExecutorConfig, GuardConfig, check_consistency
from vla_executor.robot.robot import ZERO, Odometry, Operation, Scan, StampedPose, Target, Velocity
from vla_executor.safety.guard import Guard, parse_zones
from vla_executor.spatial.geometry import Pose2
from vla_testing.executor.bench import BIN, CORNER, TABLE

NOW = 1000.0
NAN, INF = math.nan, math.inf
GUARD = Guard(GuardConfig(), ExecutorConfig())
PLACES = (TABLE, BIN, CORNER)


def odometry(age_s: float = 0.01, x: float = 0.0) -> Odometry:
    return Odometry(Pose2(x, 0.0, 0.0), ZERO, NOW - age_s)


def base(x: float = 0.0, y: float = 0.0, yaw: float = 0.0, age_s: float = 0.02) -> StampedPose:
    return StampedPose(Pose2(x, y, yaw), NOW - age_s)


def refused(call: Any, word: str) -> None:
    with pytest.raises(VlaError) as raised:
        call()
    assert raised.value.code is Code.GUARD_REFUSED
    assert word in raised.value.message


@pytest.mark.parametrize(
    ("velocity", "previous", "gap_s", "age_s", "word"),
    [
        (Velocity(NAN), ZERO, 0.04, 0.01, "finite"),
        (Velocity(0.1, INF), ZERO, 0.04, 0.01, "finite"),
        (Velocity(0.0, 0.0, -INF), ZERO, 0.04, 0.01, "finite"),
        (Velocity(0.6), Velocity(0.59), 0.04, 0.01, "faster"),
        (Velocity(0.4, 0.4), Velocity(0.4, 0.39), 0.04, 0.01, "faster"),
        (Velocity(wz_radps=-1.3), Velocity(wz_radps=-1.29), 0.04, 0.01, "faster"),
        (Velocity(0.3), ZERO, 0.04, 0.01, "m/s^2"),
        (Velocity(0.3), Velocity(-0.1), 0.3, 0.01, "m/s^2"),
        (Velocity(0.4), ZERO, 100.0, 0.01, "m/s^2"),  # no leap after a silence
        (Velocity(wz_radps=0.5), ZERO, 0.04, 0.01, "degrees per second squared"),
        (Velocity(0.02), ZERO, 0.04, 0.6, "old"),
        (Velocity(0.02), ZERO, 0.04, -2.0, "future"),
        (Velocity(0.02), ZERO, 0.04, NAN, "old"),
        (Velocity(0.02), Velocity(NAN), 0.04, 0.01, "finite"),
        (Velocity(0.02), ZERO, NAN, 0.01, "finite"),
        (Velocity(0.02), ZERO, INF, 0.01, "finite"),
    ],
)
def test_velocities_that_are_refused(
    velocity: Velocity, previous: Velocity, gap_s: float, age_s: float, word: str
) -> None:
    refused(lambda: GUARD.check_velocity(velocity, previous, gap_s, odometry(age_s), NOW), word)


@pytest.mark.parametrize(
    ("velocity", "previous"),
    [(Velocity(0.03), ZERO), (Velocity(0.5), Velocity(0.48)), (Velocity(wz_radps=0.1), ZERO)],
)
def test_velocities_that_pass(velocity: Velocity, previous: Velocity) -> None:
    GUARD.check_velocity(velocity, previous, 0.04, odometry(), NOW)


def scan(*points: tuple[float, float], age_s: float = 0.05) -> Scan:
    return Scan(np.array(points, dtype=np.float64).reshape(-1, 2), NOW - age_s)


FAST = Velocity(0.3)
REQUIRED = GuardConfig(scan="required")
# At 0.3 m/s: 0.09 m of braking, 0.2 s of reaction and age (0.06 m), the circle's 0.25 m and 0.03 m of room.
SEEN_AT_M = 0.43


@pytest.mark.parametrize(
    ("velocity", "seen", "word"),
    [
        (FAST, scan((SEEN_AT_M - 0.01, 0.0)), "in the way, 0.17 m"),
        (FAST, scan((2.0, 2.0), (SEEN_AT_M - 0.01, 0.0)), "in the way"),
        (FAST, scan((0.3, 0.2)), "in the way"),  # meets the side of the circle
        (Velocity(-0.3), scan((-0.4, 0.0)), "in the way"),
        (Velocity(0.0, 0.3), scan((0.0, 0.4)), "in the way"),
        (Velocity(0.2, -0.2), scan((0.29, -0.29)), "in the way"),
        (Velocity(0.02), scan((0.27, 0.0)), "0.02 m"),  # too near already, and nearer
        (Velocity(0.02), scan((0.2, 0.0)), "0.00 m"),
        (FAST, scan((SEEN_AT_M + 0.05, 0.0), age_s=0.4), "in the way"),  # it is nearer by now
        (FAST, scan((0.4, 0.0), age_s=-0.2), "in the way"),  # clocks of two machines differ
        (FAST, scan((9.0, 0.0), age_s=0.6), "0.60 s old"),  # what was there once is required
        (FAST, scan((9.0, 0.0), age_s=-3.0), "old"),
    ],
)
def test_velocities_towards_what_the_scan_sees_are_refused(
    velocity: Velocity, seen: Scan, word: str
) -> None:
    refused(lambda: GUARD.check_velocity(velocity, velocity, 0.04, odometry(), NOW, seen), word)


@pytest.mark.parametrize(
    ("velocity", "seen"),
    [
        (FAST, None),
        (FAST, scan()),
        (FAST, scan((SEEN_AT_M + 0.01, 0.0))),
        (FAST, scan((-0.3, 0.0))),  # behind
        (FAST, scan((0.0, 0.29), (0.1, -0.29))),  # beside
        (FAST, scan((0.26, 0.27))),  # passes the side of the circle
        (Velocity(-0.3), scan((0.26, 0.0))),  # too near already, and away from it
        (FAST, scan((0.15, 0.0))),  # the robot itself
        (Velocity(wz_radps=1.0), scan((0.26, 0.0))),  # turning on the spot comes nearer to nothing
        (Velocity(0.02), scan((0.30, 0.0))),  # slow: nearer is permitted
        (ZERO, scan((0.26, 0.0))),
    ],
)
def test_velocities_that_the_scan_permits(velocity: Velocity, seen: Scan | None) -> None:
    GUARD.check_velocity(velocity, velocity, 0.04, odometry(), NOW, seen)


def test_the_speed_that_the_base_has_counts_not_only_what_is_commanded() -> None:
    slow, seen = Velocity(0.26), scan((0.42, 0.0))
    GUARD.check_velocity(slow, slow, 0.04, odometry(), NOW, seen)
    refused(lambda: GUARD.check_velocity(slow, FAST, 0.2, odometry(), NOW, seen), "in the way")
    fast = replace(odometry(), velocity=FAST)
    refused(lambda: GUARD.check_velocity(slow, slow, 0.2, fast, NOW, seen), "in the way")


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (None, "there is none"),
        (scan((9.0, 0.0), age_s=0.6), "0.60 s old"),
        (scan(age_s=-1.0), "old"),
    ],
)
def test_a_scan_that_is_required_has_to_be_there_and_new(seen: Scan | None, word: str) -> None:
    guard = Guard(REQUIRED, ExecutorConfig())
    refused(lambda: guard.check_velocity(FAST, FAST, 0.04, odometry(), NOW, seen), word)
    guard.check_velocity(Velocity(wz_radps=0.1), ZERO, 0.04, odometry(), NOW, seen)
    guard.check_velocity(FAST, FAST, 0.04, odometry(), NOW, scan())


def test_a_scan_may_be_ignored() -> None:
    guard = Guard(GuardConfig(scan="ignore"), ExecutorConfig())
    guard.check_velocity(FAST, FAST, 0.04, odometry(), NOW, scan((0.3, 0.0)))


def test_zero_passes_whatever_the_odometry_says() -> None:
    GUARD.check_velocity(ZERO, Velocity(0.5), 0.0, odometry(age_s=100.0), NOW)


@pytest.mark.parametrize("bad", [odometry(x=NAN), replace(odometry(), velocity=Velocity(0.0, INF))])
def test_odometry_that_is_not_finite_is_refused(bad: Odometry) -> None:
    refused(lambda: GUARD.check_velocity(Velocity(0.02), ZERO, 0.04, bad, NOW), "finite")


LOST = replace(TABLE, position=(NAN, 0.0, 0.72))


@pytest.mark.parametrize("place", [LOST, replace(TABLE, yaw=INF), replace(TABLE, size=(NAN, 1.0))])
def test_furniture_that_is_nowhere_keeps_the_robot_where_it_is(place: Place) -> None:
    refused(lambda: GUARD.check_move(base(), NOW, -0.1, 0.0, (place,)), "the table")
    refused(lambda: GUARD.check_goal(base(), NOW, Pose2(-1.0, 0.0, 0.0), (place,)), "the table")


@pytest.mark.parametrize(
    ("pose", "dx", "dy", "word"),
    [
        (base(), NAN, 0.0, "finite"),
        (base(), INF, 0.0, "finite"),
        (base(), 5.1, 0.0, "limit"),
        (base(), 1.5, 0.0, "table"),
        (base(), 4.5, 0.0, "table"),  # through and beyond
        (base(), 0.0, 1.7, "bin"),
        (base(yaw=math.pi / 2), 1.7, 0.0, "bin"),
        (base(x=1.3), 0.1, 0.0, "table"),
        (base(x=NAN), 0.1, 0.0, "finite"),
        (base(age_s=1.1), 0.1, 0.0, "old"),
        (base(x=48.0), 3.0, 0.0, "outside"),
    ],
)
def test_drives_that_are_refused(pose: StampedPose, dx: float, dy: float, word: str) -> None:
    refused(lambda: GUARD.check_move(pose, NOW, dx, dy, PLACES), word)


@pytest.mark.parametrize(
    ("pose", "dx", "dy"),
    [
        (base(), 1.35, 0.0),
        (base(), -5.0, 0.0),
        (base(x=-1.0, y=-1.0), 0.3, 0.0),  # an area of the floor is no obstacle
        (base(x=1.45), -0.5, 0.0),  # too near already, and away from it
        (base(), 0.0, 0.0),
    ],
)
def test_drives_that_pass(pose: StampedPose, dx: float, dy: float) -> None:
    GUARD.check_move(pose, NOW, dx, dy, PLACES)


def test_zones_and_the_permitted_area() -> None:
    config = GuardConfig(keep_out=("1 -1, 2 -1, 2 1, 1 1",), workspace=(-2.0, -2.0, 3.0, 3.0))
    guard = Guard(config, ExecutorConfig())
    refused(lambda: guard.check_move(base(), NOW, 1.0, 0.0, ()), "zone 1")
    refused(lambda: guard.check_goal(base(), NOW, Pose2(1.5, 0.0, 0.0), ()), "zone 1")
    refused(lambda: guard.check_goal(base(), NOW, Pose2(-2.1, 0.0, 0.0), ()), "outside")
    guard.check_move(base(), NOW, 0.7, 0.0, ())
    guard.check_goal(base(), NOW, Pose2(0.5, 0.0, 0.0), ())
    Guard(replace(config, workspace=(), keep_out=()), ExecutorConfig()).check_goal(
        base(), NOW, Pose2(-900.0, 0.0, 0.0), ()
    )


@pytest.mark.parametrize(
    ("pose", "goal", "word"),
    [
        (base(), Pose2(NAN, 0.0, 0.0), "finite"),
        (base(), Pose2(0.0, 0.0, INF), "finite"),
        (base(), Pose2(2.0, 0.0, 0.0), "table"),
        (base(), Pose2(1.5, 0.0, 0.0), "table"),
        (base(), Pose2(60.0, 0.0, 0.0), "outside"),
        (base(age_s=1.1), Pose2(), "old"),
        (base(age_s=-1.1), Pose2(), "future"),
        (base(x=NAN), Pose2(), "finite"),
    ],
)
def test_goals_that_are_refused(pose: StampedPose, goal: Pose2, word: str) -> None:
    refused(lambda: GUARD.check_goal(pose, NOW, goal, PLACES), word)


GOOD = Target((0.6, 0.0, 0.7), 0.0, (0.06, 0.06, 0.08))


@pytest.mark.parametrize(
    ("target", "pose", "seen_s", "word"),
    [
        (None, base(), NOW, "no target"),
        (replace(GOOD, position=(NAN, 0.0, 0.7)), base(), NOW, "finite"),
        (replace(GOOD, yaw_rad=INF), base(), NOW, "finite"),
        (replace(GOOD, size=(0.06, NAN, 0.08)), base(), NOW, "finite"),
        (replace(GOOD, size=(0.0, 0.0, 0.0)), base(), NOW, "size"),
        (replace(GOOD, size=(0.06, 0.9, 0.08)), base(), NOW, "large"),
        (replace(GOOD, position=(0.9, 0.0, 0.7)), base(), NOW, "ahead"),
        (replace(GOOD, position=(-0.6, 0.0, 0.7)), base(), NOW, "ahead"),
        (replace(GOOD, position=(0.2, 0.0, 0.7)), base(), NOW, "ahead"),
        (replace(GOOD, position=(0.6, 0.3, 0.7)), base(), NOW, "beside"),
        (replace(GOOD, position=(0.6, 0.0, 0.0)), base(), NOW, "height"),
        (replace(GOOD, position=(0.6, 0.0, 1.3)), base(), NOW, "height"),
        (GOOD, base(yaw=math.pi), NOW, "ahead"),
        (GOOD, base(), NOW - 6.0, "old"),
        (GOOD, base(), NOW + 6.0, "future"),
        (GOOD, base(age_s=2.0), NOW, "old"),
        (GOOD, base(x=NAN), NOW, "finite"),
    ],
)
@pytest.mark.parametrize("operation", [Operation.PICK, Operation.PLACE])
def test_targets_that_are_refused(
    operation: Operation, target: Target | None, pose: StampedPose, seen_s: float, word: str
) -> None:
    refused(lambda: GUARD.check_target(operation, target, pose, seen_s, NOW), word)


def test_the_arm_stays_where_the_robot_may_be() -> None:
    zone = Guard(GuardConfig(keep_out=("0.5 -1, 2 -1, 2 1, 0.5 1",)), ExecutorConfig())
    box = Guard(GuardConfig(workspace=(-1.0, -1.0, 0.55, 1.0)), ExecutorConfig())
    for operation in (Operation.PICK, Operation.PLACE):
        refused(lambda o=operation: zone.check_target(o, GOOD, base(), NOW, NOW), "zone 1")
        refused(lambda o=operation: box.check_target(o, GOOD, base(), NOW, NOW), "outside")


@pytest.mark.parametrize("operation", [Operation.STOW, Operation.RELEASE])
def test_what_takes_no_target_is_given_none(operation: Operation) -> None:
    refused(lambda: GUARD.check_target(operation, GOOD, base(), NOW, NOW), "takes no target")


def test_targets_that_pass() -> None:
    GUARD.check_target(Operation.PICK, GOOD, base(), NOW - 1.0, NOW)
    GUARD.check_target(Operation.STOW, None, base(age_s=100.0), 0.0, NOW)


def test_points_to_look_at() -> None:
    refused(lambda: GUARD.check_point((0.0, NAN, 0.0)), "finite")
    GUARD.check_point((1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    "text", ["", "1 2", "0 0, 1 0", "0 0, 1 0, 1", "a b, 1 0, 1 1", "nan 0, 1 0, 1 1"]
)
def test_zones_that_are_no_polygons_fail_configure(text: str) -> None:
    with pytest.raises(VlaError) as raised:
        parse_zones([text])
    assert raised.value.code is Code.INVALID_CONFIG


@pytest.mark.parametrize(
    "box", [(1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 1.0, 0.0), (NAN, 0.0, 1.0, 1.0), ("a", 0.0, 1.0, 1.0)]
)
def test_an_area_that_is_none_fails_configure(box: Any) -> None:
    with pytest.raises(VlaError) as raised:
        Guard(GuardConfig(workspace=box), ExecutorConfig())
    assert raised.value.code is Code.INVALID_CONFIG
    assert "guard.workspace" in raised.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"linear_speed_mps": 0.6},
        {"angular_speed_radps": 1.5},
        {"linear_acceleration_mps2": 2.0},
        {"angular_acceleration_radps2": 4.0},
        {"reach_min_m": 0.9},
        {"reach_low_m": 1.2},
        {"standoff_m": 0.3},
        {"standoff_m": 0.9},
        {"robot_radius_m": 0.15},
    ],
)
def test_parameters_that_contradict_one_another(change: dict[str, float]) -> None:
    with pytest.raises(VlaError) as raised:
        check_consistency(replace(ExecutorConfig(), **change), GuardConfig())  # type: ignore[arg-type]
    assert raised.value.code is Code.INVALID_CONFIG
    assert next(iter(change)) in raised.value.message


def test_the_defaults_agree() -> None:
    check_consistency(ExecutorConfig(), GuardConfig())
