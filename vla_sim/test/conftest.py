# SPDX-License-Identifier: Apache-2.0
"""Pictures in tests come from whatever backend works here; it has to be chosen before mujoco is imported."""

from __future__ import annotations

import pytest

from vla_common.unit_tests_only import pytest_configure as pytest_configure
from vla_sim.sensors.render_backend import Backend, select_backend

BACKEND, _ = select_backend("auto")


@pytest.fixture(scope="session")
def backend() -> Backend:
    return BACKEND
