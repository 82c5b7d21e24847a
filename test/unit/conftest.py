# SPDX-License-Identifier: Apache-2.0
"""The modules of the evaluations and benchmarks are no package: their folders go on the path, as `./vla eval` does."""

import sys
from pathlib import Path

for folder in ("shared", "evaluation", "benchmarks"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
sys.path.insert(0, str(Path(__file__).parents[2] / "vla_planner" / "test"))
