"""The README says what the code says, and pure modules stay pure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vla_common.config import reference_table
from vla_executor.config import GROUPS
from vla_executor.skills import base_catalogue

PACKAGE = Path(__file__).resolve().parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
WITH_ROS = {
    "executor_node",
    "conversions",
    "ros_robot",
    "goal_client",
    "supervision_client",
    "velocity_outlet",
}
MODULES = sorted(path for path in (PACKAGE / "vla_executor").glob("*.py"))
ROS_IMPORT = re.compile(
    r"^\s*(from|import) (rclpy|tf2_ros|\w+_msgs|vla_interfaces"
    r"|vla_common\.(qos|lifecycle|conversions|action_client|heartbeat))",
    re.M,
)


def test_the_table_of_parameters_is_current() -> None:
    begin, end = "<!-- parameters: begin -->\n", "<!-- parameters: end -->"
    table = README[README.index(begin) + len(begin) : README.index(end)]
    assert table == reference_table(GROUPS), "put the output of reference_table(GROUPS) there"


def test_every_skill_is_in_the_readme() -> None:
    for spec in base_catalogue():
        assert f"`{spec.name}`" in README


def test_every_module_is_in_the_readme() -> None:
    for path in MODULES:
        if path.stem not in ("__init__", "config", "context", "geometry"):
            assert f"`{path.stem}`" in README


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_pure_modules_do_not_import_ros(path: Path) -> None:
    found = ROS_IMPORT.search(path.read_text(encoding="utf-8"))
    assert bool(found) is (path.stem in WITH_ROS), found
