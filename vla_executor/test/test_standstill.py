# SPDX-License-Identifier: Apache-2.0
"""Standing still by speed and by pose, and motion that nobody ordered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_executor.config import ExecutorConfig
from vla_executor.robot.robot import Odometry, Velocity
from vla_executor.safety.interference import MotionWatch, judge, strange_publishers
from vla_executor.safety.standstill import PoseSpeed, StandstillDetector
from vla_executor.spatial.geometry import Pose2, wrap

CONFIG = ExecutorConfig()


def samples(
    vx: float = 0.0,
    wz: float = 0.0,
    *,
    told: Velocity | None = None,
    rate_hz: float = 50.0,
    begin_s: float = 10.0,
    duration_s: float = 1.0,
    jitter_m: float = 0.0,
) -> Iterator[Odometry]:
    """A base that moves like that and says `told`."""
    for index in range(int(duration_s * rate_hz)):
        t = index / rate_hz
        x = vx * t + jitter_m * (index % 2)
        pose = Pose2(x, 0.0, wrap(wz * t))
        yield Odometry(pose, Velocity(vx, 0.0, wz) if told is None else told, begin_s + t)


def confirmed(stream: Iterator[Odometry], config: ExecutorConfig = CONFIG) -> tuple[bool, str]:
    detector = StandstillDetector(config)
    answers = [detector.update(sample) for sample in stream]
    return any(answers), detector.contradiction


STILL = Velocity()


@pytest.mark.parametrize("rate_hz", [10.0, 20.0, 50.0, 200.0])
@pytest.mark.parametrize(
    ("vx", "wz"), [(0.0, 0.4), (0.0, -0.4), (0.3, 0.0), (-0.1, 0.0), (0.05, 0.0), (0.0, 0.08)]
)
def test_a_pose_that_moves_is_no_standstill_whatever_the_speed_says(
    vx: float, wz: float, rate_hz: float
) -> None:
    still, why = confirmed(samples(vx, wz, told=STILL, rate_hz=rate_hz))
    assert not still
    assert "contradicts itself" in why


def test_a_speed_is_no_standstill_whatever_the_pose_says() -> None:
    assert not confirmed(samples(told=Velocity(0.3)))[0]
    assert not confirmed(samples(told=Velocity(0.0, 0.0, 0.4)))[0]


@pytest.mark.parametrize("rate_hz", [10.0, 20.0, 50.0, 200.0])
@pytest.mark.parametrize("jitter_m", [0.0, 0.001])
def test_what_stands_stands(rate_hz: float, jitter_m: float) -> None:
    assert confirmed(samples(rate_hz=rate_hz, jitter_m=jitter_m)) == (True, "")


def test_the_turn_of_the_heading_from_plus_to_minus_pi_is_no_motion() -> None:
    ends = (Pose2(0, 0, math.pi), Pose2(0, 0, -math.pi))
    stream = (replace(one, pose=ends[index % 2]) for index, one in enumerate(samples()))
    assert confirmed(stream)[0]


def test_two_publishers_that_disagree_show_nothing() -> None:
    stands, moves = list(samples()), list(samples(0.0, 0.4, told=STILL))
    mixed = [one for pair in zip(stands, moves, strict=True) for one in pair]
    still, why = confirmed(
        iter([replace(o, stamp_s=10 + i / 100) for i, o in enumerate(mixed[10:])])
    )
    assert not still and "contradicts" in why


def test_the_configured_limits_count() -> None:
    fast = replace(CONFIG, still_angular_radps=0.5)
    assert confirmed(samples(0.0, 0.4), fast)[0]
    assert not confirmed(samples(0.0, 0.4))[0]
    assert not confirmed(samples(duration_s=0.9), replace(CONFIG, still_time_s=1.0))[0]


def test_the_speed_of_the_pose() -> None:
    speed = PoseSpeed()
    for sample in samples(0.3, 0.0, told=STILL):
        last = speed.update(sample)
    assert last.vx_mps == pytest.approx(0.3, abs=0.01)
    # A pose that is set anew is no motion.
    assert speed.update(Odometry(Pose2(50.0, 0.0, 0.0), STILL, 11.0)) == STILL


def seen_after(
    watch: MotionWatch, stream: Iterator[Odometry], ordered: bool = False
) -> float | None:
    """Seconds from the first sample until motion is called unordered."""
    begin = None
    for sample in stream:
        begin = sample.stamp_s if begin is None else begin
        if watch.update(sample, ordered):
            return sample.stamp_s - begin
    return None


@pytest.mark.parametrize("rate_hz", [10.0, 20.0, 50.0])
@pytest.mark.parametrize(("vx", "wz"), [(0.2, 0.0), (0.0, 0.4), (-0.05, 0.0)])
@pytest.mark.parametrize("honest", [True, False])
def test_motion_that_nobody_ordered_is_seen_in_time(
    vx: float, wz: float, rate_hz: float, honest: bool
) -> None:
    watch = MotionWatch(CONFIG)
    assert seen_after(watch, samples(rate_hz=rate_hz)) is None
    told = None if honest else STILL
    after = seen_after(watch, samples(vx, wz, told=told, rate_hz=rate_hz, begin_s=11.0))
    assert after is not None and after <= 0.4 + 1e-9


def test_ordered_motion_is_none_and_neither_is_the_braking_after_it() -> None:
    watch = MotionWatch(CONFIG)
    assert seen_after(watch, samples(0.3), ordered=True) is None
    assert seen_after(watch, samples(0.3, begin_s=11.0, duration_s=0.8)) is None  # it brakes
    assert seen_after(watch, samples(begin_s=11.8)) is None
    assert seen_after(watch, samples(0.3, begin_s=12.8)) is not None  # it had come to rest


def test_a_base_that_never_comes_to_rest_is_told_of() -> None:
    watch = MotionWatch(CONFIG)
    seen_after(watch, samples(0.3), ordered=True)
    assert seen_after(watch, samples(0.3, begin_s=11.0, duration_s=5.0)) is not None


def test_a_jolt_and_a_leap_are_no_motion() -> None:
    watch = MotionWatch(CONFIG)
    seen_after(watch, samples())
    assert seen_after(watch, samples(0.2, begin_s=11.0, duration_s=0.1)) is None
    leap = (replace(one, pose=Pose2(30.0, 2.0, 1.0)) for one in samples(begin_s=11.1))
    assert seen_after(watch, leap) is None


def test_who_may_publish_velocities() -> None:
    nodes = ["/vla/executor", "/controller_server", "/a/twist_mux", "/x/teleop", "/x/teleop"]
    assert strange_publishers(nodes, ["/vla/executor", "controller_server", "/a/twist_mux"]) == [
        "/x/teleop"
    ]
    assert strange_publishers(["/b/twist_mux"], ["/a/twist_mux"]) == ["/b/twist_mux"]


def test_what_is_said() -> None:
    assert judge(None, True, (), {}, ()).ok
    moving = judge(Velocity(0.3, 0.0, 0.1), True, ["/evil\n"], {"stop": ["/a", "/b"]}, ["/a", "/b"])
    assert moving.code is Code.STOP_UNCONFIRMED
    for word in ("although it is stopped", "0.30 m/s", "/evil\\n", "'stop'", "/b", "'odom'"):
        assert word in moving.message
    assert "\n" not in moving.message
    assert judge(Velocity(0.3), False, (), {}, ()).code is Code.RESOURCE_BUSY


def test_nothing_is_driven_by_odometry_of_several() -> None:
    from vla_common.contracts.cancellation import CancelToken
    from vla_executor.ros.ros_robot import RosRobot

    robot = object.__new__(RosRobot)
    robot._wake = lambda: None
    robot._next_odometry = lambda *_: "odometry"
    robot.odometry_publishers = lambda: 1
    assert robot.odometry(CancelToken(), 1.0) == "odometry"
    robot.odometry_publishers = lambda: 2
    with pytest.raises(VlaError, match="2 publishers"):
        robot.odometry(CancelToken(), 1.0)
