# SPDX-License-Identifier: Apache-2.0
"""No library calls out to its maker: they are told not to before they are imported, wherever that is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOUD = {"onnxruntime", "faster_whisper", "ultralytics", "huggingface_hub"}
CALL = "keep_libraries_quiet"


def loud_functions():
    """(file, function) of everything in the product that imports such a library."""
    for path in sorted(ROOT.glob("vla_*/vla_*/**/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [
            tree,
            *(n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Module))),
        ]:
            if any(_imports(statement) & LOUD for statement in _own(function)):
                yield path, function


def _own(function):
    """The nodes of a function or module without those of functions inside."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waiting += ast.iter_child_nodes(node)


def _imports(node):
    if isinstance(node, ast.Import):
        return {name.name.partition(".")[0] for name in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    return set()


def test_whoever_imports_such_a_library_keeps_it_quiet_first():
    found = list(loud_functions())
    assert len(found) >= 5
    for path, function in found:
        assert isinstance(function, ast.FunctionDef), f"{path.name} imports one when it is loaded"
        calls = [
            node.lineno
            for node in _own(function)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == CALL
        ]
        imports = [node.lineno for node in _own(function) if _imports(node) & LOUD]
        assert calls and min(calls) < min(imports), f"{path.name}: {function.name}"


MAKE_A_SESSION = """
import time
from pathlib import Path
from vla_perception.detect.network import SHIPPED_MODEL
from vla_perception.detect.onnx_backend import OnnxModel
OnnxModel(SHIPPED_MODEL)
time.sleep(0.3)
"""


def test_a_session_of_onnx_runtime_leaves_nothing_at_home(tmp_path):
    pytest.importorskip("onnxruntime")
    environment = {
        name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"
    }
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", MAKE_A_SESSION], env=environment, check=True, timeout=100)
    assert list(tmp_path.iterdir()) == []
