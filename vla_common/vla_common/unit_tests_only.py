# SPDX-License-Identifier: Apache-2.0
"""`colcon test` runs what `./vla test unit` runs: tests that start nodes or whole systems need a ROS domain each.

A package's `test/conftest.py` takes `pytest_configure` from here.
"""

from __future__ import annotations

import os
from typing import Any

UNIT = "not ros and not system"


def pytest_configure(config: Any) -> None:
    """colcon sets COLCON for everything that it starts; a selection of one's own (--pytest-args -m ...) stays."""
    if os.environ.get("COLCON") and not config.option.markexpr:
        config.option.markexpr = UNIT
