# SPDX-License-Identifier: Apache-2.0
"""Asks the interpreter that will run the nodes, which need not be the one that runs `ros2 launch`.

A distribution's `ros2` runs under /usr/bin/python3, while the nodes' scripts name the interpreter that they were built
with, such as that of a virtual environment. What only that one has installed is not seen from the launch file.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 30.0
_ASK = """
import importlib, json, sys
module, function, *arguments = json.loads(sys.argv[1])
print("\\n" + json.dumps(getattr(importlib.import_module(module), function)(*arguments)))
"""


def interpreter_of(script: Path) -> str:
    """The interpreter that a script names in its first line; this one where it names none that can be run."""
    try:
        with script.open("rb") as file:
            line = file.readline(1000).decode("utf-8", "replace").strip()
    except OSError:
        return sys.executable
    if not line.startswith("#!"):
        return sys.executable
    words = line[2:].split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    found = shutil.which(words[0]) if words else None
    return found or sys.executable


def script_of(package: str, executable: str) -> Path:
    """Where an installed node's script lies."""
    from ament_index_python.packages import get_package_prefix

    return Path(get_package_prefix(package)) / "lib" / package / executable


def ask(interpreter: str, module: str, function: str, *arguments: str) -> str:
    """What a function that takes and returns text says in that interpreter; a sentence when it can't be asked."""
    if _is_this(interpreter):
        return str(getattr(importlib.import_module(module), function)(*arguments))
    question = json.dumps([module, function, *arguments])
    try:
        # From the root folder: a script that is given with -c takes modules from where it is started.
        done = subprocess.run(
            [interpreter, "-c", _ASK, question],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{interpreter}, which runs the nodes, can't be asked: {error}."
    try:
        return str(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return f"{interpreter}, which runs the nodes, can't be asked: {last[:200]}"


def _is_this(interpreter: str) -> bool:
    """The same file by the same name: links to one binary stand for several virtual environments."""
    return os.path.abspath(interpreter) == os.path.abspath(sys.executable)
