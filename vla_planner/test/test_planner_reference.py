"""The README says what the code does."""

from __future__ import annotations

from pathlib import Path

from vla_common.config import reference_table
from vla_planner.config import GROUPS

PACKAGE = Path(__file__).parent.parent
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_parameter_table_is_current():
    begin = README.index("-->", README.index("<!-- parameters")) + len("-->\n")
    assert README[begin : README.index("<!-- end of parameters -->")] == reference_table(GROUPS)


def test_every_module_is_listed():
    for module in (PACKAGE / "vla_planner").glob("*.py"):
        assert module.name == "__init__.py" or f"`{module.name}`" in README, module.name


def test_only_the_node_knows_ros():
    for module in (PACKAGE / "vla_planner").glob("*.py"):
        if module.name != "planner_node.py":
            text = module.read_text(encoding="utf-8")
            assert "rclpy" not in text and "vla_interfaces" not in text, module.name
