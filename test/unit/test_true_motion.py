# SPDX-License-Identifier: Apache-2.0
"""When a robot came to rest, out of samples of its speed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from vla_testing.system.motion_watch import samples_of
from vla_testing.system.true_motion import HOLD_S, STILL, Sample, Trace

FAST, SLOW = 10 * STILL, STILL / 10


def trace(*speeds: float, period_s: float = 0.02) -> Trace:
    return Trace([Sample(i * period_s, speed) for i, speed in enumerate(speeds)])


def test_it_comes_to_rest_where_it_stays() -> None:
    rest = trace(*[FAST] * 5, *[SLOW] * 10)
    assert rest.standstill_after(0.0) == pytest.approx(0.1)
    assert rest.standstill_after(0.11) == pytest.approx(0.12)


def test_a_swing_through_zero_is_no_rest() -> None:
    assert trace(FAST, SLOW, SLOW, FAST, *[SLOW] * 10).standstill_after(0.0) == pytest.approx(0.08)


def test_it_has_to_last() -> None:
    short = trace(FAST, SLOW, SLOW)
    assert short.standstill_after(0.0) is None
    short.add([Sample(0.02 + HOLD_S, SLOW)])
    assert short.standstill_after(0.0) == pytest.approx(0.02)


def test_every_part_counts() -> None:
    for part in ({"base": FAST}, {"base": 0.0, "arm": FAST}, {"base": 0.0, "head": FAST}):
        assert Sample(0.0, **part).speed == FAST


def test_questions_about_a_time() -> None:
    some = trace(0.1, 0.2, 0.3, 0.4)
    assert some.at(-1.0) is None
    sample = some.at(0.03)
    assert sample is not None and sample.base == 0.2
    assert some.largest(0.0, 0.03) == 0.2
    assert some.largest(1.0) == 0.0
    assert [s.base for s in some.between(0.02, 0.04)] == [0.2, 0.3]
    some.clear()
    assert len(some.between(0.0)) == 1


def test_what_comes_late_is_left_out() -> None:
    some = trace(0.1, 0.2)
    some.add([Sample(0.01, 9.0), Sample(0.04, 0.3)])
    assert [s.base for s in some.between(0.0)] == [0.1, 0.2, 0.3]


def test_samples_out_of_the_simulators_message() -> None:
    def point(velocities: list[float], nanosec: int) -> SimpleNamespace:
        return SimpleNamespace(
            velocities=velocities, time_from_start=SimpleNamespace(sec=0, nanosec=nanosec)
        )

    message = SimpleNamespace(
        joint_names=["base_x", "base_y", "base_yaw", "lift", "jaw", "head_pan"],
        points=[
            point([3.0, 4.0, 1.0, -0.5, 9.0, 0.1], 4_000_000),
            point([0.0, 0.0, -2.0, 0.0, 0.0, 0.0], 8_000_000),
        ],
    )
    first, second = samples_of(message, 10.0)
    assert (first.at_s, first.base, first.arm, first.head) == pytest.approx((10.004, 5.0, 0.5, 0.1))
    assert (second.at_s, second.speed) == pytest.approx((10.008, 2.0))
