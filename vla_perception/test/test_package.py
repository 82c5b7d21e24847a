"""The README's table is current, and pure modules stay pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from vla_common.config import from_values, reference_table
from vla_common.outcomes import Code, VlaError
from vla_perception.backends import make_detector
from vla_perception.config import VisionConfig

ROOT = Path(__file__).parents[1]
ROS_SIDE = {"conversions.py", "perception_node.py"}
ROS = {"rclpy", "tf2_ros", "cv_bridge", "sensor_msgs", "std_msgs", "geometry_msgs", "vision_msgs", "visualization_msgs",
       "vla_interfaces", "builtin_interfaces"}  # fmt: skip
MODULES = sorted((ROOT / "vla_perception").glob("*.py"))


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name not in ROS_SIDE], ids=lambda p: p.name
)
def test_pure_modules_import_no_ros(path):
    assert not {name.split(".")[0] for name in imports(path)} & ROS
    assert not {
        "vla_common.conversions",
        "vla_common.lifecycle",
        "vla_common.qos",
        "vla_common.spin",
    } & imports(path)


TRAINING = {p.name for p in MODULES if p.name.startswith("training")} | {"onnx_export.py"}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name not in TRAINING], ids=lambda p: p.name
)
def test_the_running_system_knows_neither_the_simulator_nor_how_networks_are_made(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"vla_sim", "mujoco"}
    made = {f"vla_perception.{name.removesuffix('.py')}" for name in TRAINING}
    assert not made & imports(path)


@pytest.mark.parametrize("name", ["onnxruntime", "torch", "ultralytics", "onnx", "mujoco"])
def test_nothing_heavy_is_imported_before_a_backend_is_made(name):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, vla_perception.pipeline, vla_perception.backends; sys.exit({name!r} in sys.modules)",
        ],
        check=False,
    )
    assert done.returncode == 0


def test_the_readme_has_the_current_parameters():
    assert reference_table({"vision": VisionConfig}) in (ROOT / "README.md").read_text()


def test_defaults_pass_their_own_checks():
    values = {name: getattr(VisionConfig(), name) for name in VisionConfig.__dataclass_fields__}
    assert from_values(VisionConfig, "vision", values) == VisionConfig()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "magic"),
        ("detection_threshold", 1.5),
        ("frame_rate", 0),
        ("camera_matrix", [1.0, 2.0]),
    ],
)
def test_values_out_of_range_name_their_key(name, value):
    with pytest.raises(VlaError) as caught:
        from_values(VisionConfig, "vision", {name: value})
    assert caught.value.code is Code.INVALID_CONFIG and f"vision.{name}" in caught.value.message


def test_an_unknown_backend_is_refused():
    with pytest.raises(VlaError) as caught:
        make_detector(VisionConfig(backend="magic"))
    assert caught.value.code is Code.INVALID_CONFIG
