"""`colcon test` runs what `./vla test unit` runs: tests that start ROS nodes or whole systems need a domain each."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # colcon sets COLCON for everything that it starts.
    if os.environ.get("COLCON") and not config.option.markexpr:
        config.option.markexpr = "not ros and not system"
