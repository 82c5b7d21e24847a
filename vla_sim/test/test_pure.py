"""Only nodes and conversions know ROS, and the render backend's choice comes before mujoco."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vla_sim"
MODULES = sorted(PACKAGE.glob("*.py"))
ROS = ("rclpy", "tf2_ros", "vla_interfaces", "builtin_interfaces", "vla_common.parameters", "vla_common.spin",
       "vla_common.qos", "vla_common.conversions")  # fmt: skip


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_ros(name: str) -> bool:
    return name.split(".")[0].endswith("_msgs") or any(
        name == r or name.startswith(r + ".") for r in ROS
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_pure_modules_do_not_know_ros(path: Path) -> None:
    if path.stem.endswith("_node") or path.stem == "conversions":
        return
    assert not {name for name in imports(path) if is_ros(name)}


def test_the_node_does_not_import_mujoco_before_choosing_a_backend() -> None:
    seen: set[str] = set()
    waiting = ["sim_node", "render"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found = imports(PACKAGE / f"{name}.py", top_level_only=True)
        assert "mujoco" not in found, (
            f"{name} is imported by sim_node or render at the top and imports mujoco"
        )
        for other in found:
            part = other.removeprefix("vla_sim.")
            if other.startswith("vla_sim.") and (PACKAGE / f"{part}.py").exists():
                waiting.append(part)
    assert "grasp" in seen
