# SPDX-License-Identifier: Apache-2.0
"""`./vla bench setup`: set-up on a new machine, and how long a start takes that has nothing left to set up.

Clones the last commit into a new folder, with an empty home and no cache of ours, and runs the set-up there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vla_testing.measuring import percentile, row, verdict

FIRST_TARGET_S = 360.0
AGAIN_TARGET_S = 2.0
KEPT = ("PATH", "LANG", "TERM", "SHELL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Of the environment; what configures pip stays too, since the package index may be a local one."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench setup", description=__doc__)
    parser.add_argument("--python", default="", help="interpreter to set up with; empty: as found")
    parser.add_argument(
        "--again", type=int, default=10, help="starts without anything to set up (default 10)"
    )
    arguments = parser.parse_args()
    root = Path(os.environ["VLA_ROOT"])
    with tempfile.TemporaryDirectory(prefix="vla-setup-") as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "-q", str(root), str(clone)], check=True)
        environment = clean_environment(root, home)
        if arguments.python:
            environment["VLA_PYTHON"] = arguments.python
        begin = time.monotonic()
        subprocess.run(["./vla", "build"], cwd=clone, env=environment, check=True)
        first = time.monotonic() - begin
        again = []
        for _ in range(arguments.again):
            begin = time.monotonic()
            subprocess.run(["./vla", "build"], cwd=clone, env=environment, check=True)
            again.append(time.monotonic() - begin)
        size = int(
            subprocess.run(
                ["du", "-sm", ".vla"], cwd=clone, capture_output=True, check=True
            ).stdout.split()[0]
        )
        shutil.rmtree(clone)
    print(f"set-up from nothing: {first:.0f} s, {size} MB")
    print(row("a start with nothing to set up", [1000 * value for value in again], "ms"))
    checks = [
        (f"set-up < {FIRST_TARGET_S / 60:g} minutes", first < FIRST_TARGET_S),
        (f"second start p95 < {AGAIN_TARGET_S:g} s", percentile(again, 0.95) < AGAIN_TARGET_S),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def clean_environment(root: Path, home: Path) -> dict[str, str]:
    """Nothing of this workspace, of its ROS or of the user's home."""
    out = {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PIP_")
    }
    out["PATH"] = ":".join(
        part for part in out["PATH"].split(":") if not part.startswith(str(root))
    )
    out.update(HOME=str(home), PIP_NO_CACHE_DIR="1")
    return out


if __name__ == "__main__":
    sys.exit(main())
