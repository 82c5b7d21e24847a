# SPDX-License-Identifier: Apache-2.0
"""What the executor's tests share as fixtures."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from vla_common.unit_tests_only import pytest_configure as pytest_configure
from vla_testing.executor.bench import Bench, room


@pytest.fixture(autouse=True)
def _leave_the_graph(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with nodes in this process they are really gone.

    rclpy's objects refer to one another in circles. Until those are collected, the participant of an ended test goes on
    announcing its servers: the next test in that domain finds `change_state` there and gets no answer.
    """
    yield
    if request.node.get_closest_marker("ros") is not None:
        gc.collect()


@pytest.fixture
def bench() -> Bench:
    return Bench(room())
