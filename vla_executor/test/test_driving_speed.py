# SPDX-License-Identifier: Apache-2.0
"""The speed of a drive keeps to the acceleration it was given, however late odometry comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vla_executor.robot.driving import speed_for


@given(
    remaining=st.floats(0.0, 10.0),
    current=st.floats(0.0, 1.0),
    gap_s=st.floats(0.001, 0.25),
    top=st.floats(0.05, 1.0),
    acceleration=st.floats(0.1, 5.0),
)
def test_no_leap_up_or_down(
    remaining: float, current: float, gap_s: float, top: float, acceleration: float
) -> None:
    speed = speed_for(remaining, min(current, top), gap_s, top, acceleration)
    assert abs(speed - min(current, top)) <= acceleration * gap_s + 1e-9
    assert 0.0 <= speed <= top


def test_it_slows_down_in_time() -> None:
    """Odometry every 70 ms, a braking curve that is met late: the end is passed by less than the tolerance."""
    left, speed = 0.1745, 0.0
    while left > 0.008:
        speed = speed_for(left, speed, 0.07, 0.8, 1.5)
        left -= speed * 0.07
    assert left > -0.06
