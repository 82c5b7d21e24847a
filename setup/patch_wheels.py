# SPDX-License-Identifier: Apache-2.0
"""Make the ROS wheels' CMake exports usable on this machine.

The exports name the include directories of the machine on which the wheels were made
(`/opt/python/cp3XY-cp3XY/...`). This rewrites them to those of the running interpreter.
Run it with the virtual environment's Python after every installation; a second run changes nothing.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

PYTHON_INCLUDE = re.compile(r"/opt/python/cp\d+-cp\d+/include/python3\.\d+")
NUMPY_INCLUDE = re.compile(
    r"/opt/python/cp\d+-cp\d+/lib/python3\.\d+/site-packages/numpy/_core/include"
)


def patch(prefix: Path) -> int:
    """Rewrite every `*.cmake` below `prefix/share`; returns how many files changed."""
    import numpy

    numpy_include = numpy.get_include()
    python_include = sysconfig.get_path("include")
    changed = 0
    for path in sorted((prefix / "share").rglob("*.cmake")):
        text = path.read_text(encoding="utf-8")
        new = PYTHON_INCLUDE.sub(python_include, NUMPY_INCLUDE.sub(numpy_include, text))
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"CMake exports rewritten: {patch(Path(sys.prefix))}")
