# SPDX-License-Identifier: Apache-2.0
"""`./vla bench planner`: what the offline planner takes: milliseconds per command, memory, and time to start.

In processor time, so that other work on the machine counts less; without any ROS process. Start and memory (what only
that process has) are measured in fresh processes.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vla_planner.config import PlannerConfig
from vla_planner.core.planning import Planner
from vla_testing.measuring import percentile, verdict
from vla_testing.planner import command_table
from vla_testing.planner.command_table import Row, TimedPlanner

TARGET_MS = 5.0
SHORTEST, LONGEST = 25, 35
"""Words in what counts as a command of thirty words."""
STUMBLE = "zorp"
SALADS = 300
SALAD_WORDS = 30
SEED = 7

TABLES = str(Path(command_table.__file__).parent)
# In a process of its own: how long from nothing to the first plan, and the memory that only this process has (MB).
START = """
import json, sys, time
import psutil
def own(): return psutil.Process().memory_full_info().uss / 1e6
begin = time.process_time()
from vla_planner.config import PlannerConfig
from vla_planner.core.planning import Planner
imported, before = time.process_time(), own()
planner = Planner(PlannerConfig(backends=("rules",)))
built, with_planner = time.process_time(), own()
from vla_testing.planner import command_table
rows, with_rows = command_table.load(), own()
first = time.process_time()
command_table.plan(planner, rows[0])
planned, once = time.process_time(), own()
for row in rows:
    command_table.plan(planner, row)
all_rows = own()
second = Planner(PlannerConfig(backends=("rules",)))
command_table.plan(second, rows[0])
print(json.dumps({
    "import_ms": 1e3 * (imported - begin),
    "build_ms": 1e3 * (built - imported),
    "first_ms": 1e3 * (planned - first),
    "imports_mb": before,
    "planner_mb": with_planner - before + once - with_rows,
    "growth_mb": all_rows - once,
    "second_mb": own() - all_rows,
}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench planner", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times each table (default 5)")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes (default 5)")
    arguments = parser.parse_args()
    rows = command_table.load()
    planner = Planner(PlannerConfig(backends=("rules",)))
    long = [row for row in rows if SHORTEST <= len(row.say.split()) <= LONGEST]
    commands = [row for row in long if row.steps]
    refusals = [row for row in long if not row.steps] + [stumbling(row) for row in commands]
    thirty = arguments.rounds * -(-len(rows) // len(long))
    measured = {
        "all tables": timed(planner, rows, arguments.rounds),
        f"commands of {SHORTEST} to {LONGEST} words": timed(planner, commands, thirty),
        f"refusals of {SHORTEST} to {LONGEST} words": timed(planner, refusals, thirty),
        f"salads of {SALAD_WORDS} words": timed(planner, salads(rows), arguments.rounds),
    }
    for name, times in measured.items():
        print(figures(name, times, "ms"))
    starts = [fresh_start() for _ in range(arguments.starts)]
    for key, name in (
        ("import_ms", "start: imports"),
        ("build_ms", "start: building a planner"),
        ("first_ms", "start: the first command"),
        ("imports_mb", "memory: imports"),
        ("planner_mb", "memory: a planner"),
        ("second_mb", "memory: one more planner"),
        ("growth_mb", "memory: growth over all tables"),
    ):
        print(figures(name, [start[key] for start in starts], "ms" if key.endswith("ms") else "MB"))
    checks = [
        (f"{name}: p99 < {TARGET_MS:g} ms", percentile(times, 0.99) < TARGET_MS)
        for name, times in measured.items()
        if "salads" not in name
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def stumbling(row: Row) -> Row:
    """The same command with an unknown word at its end: the planner has read all of it before it stumbles."""
    words = row.say.rstrip(".!? ").split()
    return Row("bench", row.section, 0, " ".join([*words[:-1], STUMBLE]), scene=row.scene)


def salads(rows: Sequence[Row]) -> list[Row]:
    """Pieces of the tables' commands in no order; the same ones in each run. The first piece begins a command."""
    draw = random.Random(SEED)
    commands = [row.say.split() for row in rows if row.steps]
    out = []
    for number in range(SALADS):
        words = draw.choice(commands)[: draw.randint(3, 8)]
        while len(words) < SALAD_WORDS:
            piece = draw.choice(commands)
            begin = draw.randrange(len(piece))
            words = words + piece[begin : begin + draw.randint(1, 5)]
        out.append(Row("bench", "salads", number, " ".join(words[:SALAD_WORDS])))
    return out


def timed(planner: Planner, rows: Sequence[Row], rounds: int) -> list[float]:
    """Milliseconds of processor time for each command; a row with answers is several."""
    timed_planner = TimedPlanner(planner, time.process_time_ns)
    for _ in range(rounds):
        for row in rows:
            command_table.plan(timed_planner, row)
    return timed_planner.times_ms


def fresh_start() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", START, TABLES],
        capture_output=True,
        text=True,
        timeout=120.0,
        check=True,
    )
    out: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return out


def figures(name: str, values: Sequence[float], unit: str) -> str:
    """Two decimals: a command takes about a millisecond."""
    shown = "  ".join(
        f"p{round(share * 100)} {percentile(values, share):8.2f}" for share in (0.5, 0.95, 0.99)
    )
    return f"{name:36s} {shown}  max {max(values):8.2f} {unit}  ({len(values)} runs)"


if __name__ == "__main__":
    sys.exit(main())
