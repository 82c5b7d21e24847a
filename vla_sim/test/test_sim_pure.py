# SPDX-License-Identifier: Apache-2.0
"""The render backend is chosen before mujoco is imported."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "vla_sim"


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


def test_the_node_does_not_import_mujoco_before_choosing_a_backend() -> None:
    seen: set[str] = set()
    waiting = ["ros/sim_node", "render"]
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
            part = other.removeprefix("vla_sim.").replace(".", "/")
            if other.startswith("vla_sim.") and (PACKAGE / f"{part}.py").exists():
                waiting.append(part)
    assert "robot/grasp" in seen
