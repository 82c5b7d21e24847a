# SPDX-License-Identifier: Apache-2.0
"""The house: packages on floors, rooms of a size to keep in mind, and ROS only behind doors that say `ros`."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = (
    {"vla_common"},
    {"vla_executor", "vla_perception", "vla_sim", "vla_speech"},
    {"vla_planner", "vla_training"},
    {"vla_bringup"},
)
"""A package imports packages of lower floors only."""
MODULES_PER_ROOM = 12
ROS = (
    "ament_index_python", "builtin_interfaces", "cv_bridge", "launch", "launch_ros", "rclpy",
    "rosidl_parser", "rosidl_runtime_py", "tf2_py", "tf2_ros", "vla_interfaces",
)  # fmt: skip
PACKAGES = sorted(path for path in ROOT.glob("vla_*") if (path / path.name).is_dir())
MODULES = sorted(path for package in PACKAGES for path in (package / package.name).rglob("*.py"))


def imports(path: Path, lazy: bool = True) -> set[str]:
    """Dotted names of what a module imports, at its top or (lazy) anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree) if lazy else _at_import_time(tree.body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _at_import_time(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield from ast.walk(node) if isinstance(node, ast.If | ast.Try) else (node,)


def is_ros(name: str) -> bool:
    top = name.split(".")[0]
    return top in ROS or top.endswith(("_msgs", "_srvs", "_interfaces"))


def in_ros_room(path: Path) -> bool:
    return "ros" in path.relative_to(ROOT).parts[:-1]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in MODULES if not in_ros_room(p)], ids=relative)
def test_ros_is_imported_only_under_folders_named_ros(path: Path) -> None:
    assert {name for name in imports(path) if is_ros(name)} == set()
    # What decides can be imported where there is no ROS; the command line opens that door when a verb needs it.
    inside = {name for name in imports(path, lazy=False) if "ros" in name.split(".")[:-1]}
    assert inside == set()


def test_every_room_with_ros_needs_it() -> None:
    for room in {path.parent for path in MODULES if in_ros_room(path)}:
        assert any(is_ros(n) for p in room.rglob("*.py") for n in imports(p)), relative(room)


@pytest.mark.parametrize("room", sorted({path.parent for path in MODULES}), ids=relative)
def test_a_room_has_a_size_to_keep_in_mind(room: Path) -> None:
    modules = [path for path in room.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= MODULES_PER_ROOM
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text())), "says what it is for"


@pytest.mark.parametrize("package", PACKAGES, ids=relative)
def test_imports_go_downstairs(package: Path) -> None:
    floor = next(i for i, names in enumerate(FLOORS) if package.name in names)
    below = {name for names in FLOORS[:floor] for name in names} | {package.name, "vla_interfaces"}
    for path in (package / package.name).rglob("*.py"):
        ours = {name.split(".")[0] for name in imports(path) if name.startswith("vla_")}
        assert ours <= below, relative(path)


@pytest.mark.parametrize(
    "package", ["vla_bringup", "vla_common", "vla_executor", "vla_executor.skills",
                "vla_perception", "vla_planner", "vla_speech"]
)  # fmt: skip
def test_public_names_are_where_the_package_says(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        if package == "vla_bringup" and importlib.util.find_spec("rclpy") is None:
            continue  # its clients are ROS
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


@pytest.mark.parametrize("package", PACKAGES, ids=relative)
def test_types_come_with_a_package(package: Path) -> None:
    assert (package / package.name / "py.typed").is_file()
    assert "py.typed" in (package / "setup.py").read_text(encoding="utf-8")


def test_nothing_travels_on_a_thread() -> None:
    """What one callback leaves for the next is handed over, not left in a `threading.local`."""
    assert [relative(p) for p in MODULES if "threading.local" in p.read_text("utf-8")] == []
