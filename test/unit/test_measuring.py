# SPDX-License-Identifier: Apache-2.0
"""Percentiles, straight lines, growth: what figures are made of."""

from __future__ import annotations

import os

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_testing.measuring import fit_line, percentile, row
from vla_testing.system.sampling import Limits, Need, grows, growth, own_memory_mb, quarters, slower


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(v) for v in range(1, 101)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 51, 100, 100]
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_row_without_values_says_so() -> None:
    assert "0 runs" in row("nothing", [], "ms")
    assert "3 runs" in row("three", [1.0, 2.0, 3.0], "ms")


@given(
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
    st.lists(st.integers(0, 10000), min_size=3, max_size=30, unique=True),
)
def test_a_line_is_found_again(slope: float, at_zero: float, xs: list[int]) -> None:
    line = fit_line([float(x) for x in xs], [at_zero + slope * x for x in xs])
    assert line.slope == pytest.approx(slope, abs=1e-6)
    assert line.at(5.0) == pytest.approx(at_zero + 5.0 * slope, abs=1e-2)
    assert line.slope_error < 1e-5 * max(1.0, abs(slope), abs(at_zero))


def test_the_error_of_a_slope_by_hand() -> None:
    line = fit_line([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 2.0])
    assert (line.slope, line.at_zero) == pytest.approx((0.6, 0.1))
    assert line.slope_error == pytest.approx((0.2 / 2 / 5) ** 0.5)


@pytest.mark.parametrize("xs", [[], [1.0], [2.0, 2.0]])
def test_no_line_through_one_place(xs: list[float]) -> None:
    with pytest.raises(ValueError, match="two places"):
        fit_line(xs, xs)


def needs(
    uss: list[float], threads: list[int] | None = None, files: list[int] | None = None
) -> list[Need]:
    count = len(uss)
    return [
        Need(
            100 * i,
            50.0 + uss[i],
            5.0 + uss[i],
            uss[i],
            (threads or [9] * count)[i],
            (files or [20] * count)[i],
        )
        for i in range(count)
    ]


def test_steady_needs_do_not_grow() -> None:
    found = growth("node", needs([30.0, 30.2, 30.1, 30.2, 30.1, 30.2]), 100)
    assert found is not None and found.first.at == 100
    assert grows(found, Limits()) == []


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (needs([30.0 + i for i in range(10)]), "memory"),
        (needs([30.0] * 6, threads=[9, 9, 9, 12, 12, 12]), "threads"),
        (needs([30.0] * 6, files=[20, 20, 22, 24, 26, 28]), "descriptors"),
    ],
)
def test_growth_is_seen(samples: list[Need], word: str) -> None:
    found = growth("node", samples, 0)
    assert found is not None
    assert [word in what for what in grows(found, Limits())] == [True]


def test_memory_is_not_judged_too_soon() -> None:
    found = growth("node", needs([30.0 + i for i in range(4)]), 0)
    assert found is not None and found.own_slope == pytest.approx(10.0)
    assert grows(found, Limits()) == []


def test_own_memory_of_a_process() -> None:
    before = own_memory_mb(os.getpid())
    kept = bytearray(os.urandom(30_000_000))
    assert 25.0 < own_memory_mb(os.getpid()) - before < 80.0
    assert len(kept) == 30_000_000
    with pytest.raises(psutil.NoSuchProcess):
        own_memory_mb(2**22 + 1)


def test_a_wave_is_no_growth() -> None:
    found = growth("node", needs([30.0] * 6, threads=[9, 12, 9, 12, 9, 12]), 0)
    assert found is not None and grows(found, Limits()) == []


def test_the_warm_up_does_not_count() -> None:
    samples = needs([10.0, 20.0, 30.0, 30.0, 30.0, 30.0])
    assert growth("node", samples, 200) is not None
    found = growth("node", samples, 200)
    assert found is not None and found.own_slope == pytest.approx(0.0, abs=1e-9)
    assert growth("node", samples, 500) is None


def test_latency_is_compared_by_quarters() -> None:
    assert quarters([1.0]) is None
    assert quarters([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]) == ([1.0, 2.0], [7.0, 8.0])
    steady, worse, few = [0.1] * 20, [0.1] * 15 + [0.3] * 5, [0.1, 0.9]
    assert slower({"steady": steady, "few": few}, Limits()) == []
    assert slower({"worse": worse}, Limits()) == ["worse: 100 to 300 ms"]
