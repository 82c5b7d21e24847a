# SPDX-License-Identifier: Apache-2.0
"""Each package.xml names what the code imports, by the keys that rosdep knows, and nothing that is not used."""

import ast
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import pytest

from vla_common.unit_tests_only import UNIT, pytest_configure

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("vla_*/package.xml"))
PYTHON_PACKAGES = [path for path in PACKAGES if (path / "setup.py").is_file()]

KEYS = {
    "cv2": "python3-opencv",
    "hypothesis": "python3-hypothesis",
    "lark": "python3-lark-parser",
    "mujoco": "python3-mujoco-pip",
    "numpy": "python3-numpy",
    "onnxruntime": "python3-onnxruntime-pip",
    "openai": "python3-openai-pip",
    "pocketsphinx": "python3-pocketsphinx-pip",
    "psutil": "python3-psutil",
    "pytest": "python3-pytest",
    "sounddevice": "python3-sounddevice-pip",
    "soundfile": "python3-soundfile",
    "tf2_ros": "tf2_ros_py",
    "yaml": "python3-yaml",
}
"""Modules whose package has another name."""
WITHOUT_KEY = {
    "ctranslate2",
    "espeakng_loader",
    "faster_whisper",
    "httpx2",
    "onnx",
    "tokenizers",
    "torch",
    "torchvision",
    "ultralytics",
}
"""Modules that rosdep does not know; the README's line for pip has them, or they are optional."""
USED_OTHERWISE = {"ros2launch", "rosidl_runtime_py", "launch", "launch_ros"}
"""Named without an import: commands, and what a launch file needs."""


def imported(paths):
    """Top-level modules that files import, anywhere in them."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def keys(modules, package, own=()):
    return {
        KEYS.get(module, module)
        for module in modules
        if module not in WITHOUT_KEY and module != package and module not in own
    }


def declared(package, *kinds):
    root = ElementTree.parse(package / "package.xml").getroot()
    return {entry.text.strip() for kind in kinds for entry in root.findall(kind)}


@pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=lambda path: path.name)
def test_what_the_code_imports_is_declared(package):
    files = [*(package / package.name).rglob("*.py"), *(package / "launch").glob("*.py")]
    needed = keys(imported(files), package.name)
    named = declared(package, "exec_depend", "depend")
    assert needed <= named, f"not declared: {sorted(needed - named)}"
    assert named - needed <= USED_OTHERWISE, f"not used: {sorted(named - needed)}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=lambda path: path.name)
def test_what_the_tests_import_is_declared(package):
    support = ROOT / "test" / "support" / "vla_testing" / package.name.removeprefix("vla_")
    files = [*(package / "test").rglob("*.py"), *support.rglob("*.py")]
    needed = keys(imported(files), package.name, {"vla_testing"})
    named = declared(package, "exec_depend", "depend", "test_depend")
    assert needed <= named, f"not declared: {sorted(needed - named)}"


@pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=lambda path: path.name)
def test_colcon_finds_the_tests(package):
    """`colcon test` runs pytest only where the package says that its tests need it."""
    text = (package / "setup.py").read_text()
    assert 'extras_require={"test": ["pytest"]}' in text


@pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=lambda path: path.name)
def test_colcon_runs_the_unit_tests(package):
    text = (package / "test" / "conftest.py").read_text()
    assert "from vla_common.unit_tests_only import pytest_configure" in text


@pytest.mark.parametrize(
    ("colcon", "chosen", "expected"),
    [("1", "", UNIT), ("1", "ros", "ros"), (None, "", "")],
)
def test_only_colcon_is_held_to_unit_tests(monkeypatch, colcon, chosen, expected):
    monkeypatch.delenv("COLCON", raising=False)
    if colcon:
        monkeypatch.setenv("COLCON", colcon)
    config = SimpleNamespace(option=SimpleNamespace(markexpr=chosen))
    pytest_configure(config)
    assert config.option.markexpr == expected


def test_the_transform_library_is_the_one_for_python():
    for package in PACKAGES:
        assert "tf2_ros" not in declared(package, "exec_depend", "depend", "test_depend")
