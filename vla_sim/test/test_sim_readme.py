# SPDX-License-Identifier: Apache-2.0
"""The reference page says what the code says."""

from __future__ import annotations

from pathlib import Path

from vla_common.configuration.config import reference_table
from vla_sim.config import GROUP, SimConfig
from vla_sim.robot import robot_model as robot

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_parameters() -> None:
    assert reference_table({GROUP: SimConfig}).strip() in README


def test_figures_of_the_robot() -> None:
    for figure in (
        f"radius {robot.BASE_RADIUS_M} m",
        f"lift {robot.LIFT_MIN_M} to {robot.LIFT_MAX_M} m",
        f"telescope {robot.EXTENSION_MAX_M} m",
        f"opens {robot.JAW_MAX_M} m",
        f"x {robot.WORKSPACE_X_MIN_M:.2f} to {robot.workspace_x_max(0.0):.2f} m",
        f"{robot.workspace_x_max(robot.WORKSPACE_Y_MAX_M):.2f} m at {robot.WORKSPACE_Y_MAX_M:.2f} m",
        f"z {robot.WORKSPACE_Z_MIN_M} to {robot.WORKSPACE_Z_MAX_M} m",
    ):
        assert figure in README, figure
