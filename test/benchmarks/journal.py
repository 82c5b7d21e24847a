# SPDX-License-Identifier: Apache-2.0
"""`./vla bench journal`: how long accepting a command into the journal takes, beside a bare write and fsync.

Both are measured in turns, in the same folder, so that a busy disk slows down both. Then what happens rarely: rotating
a full journal, and opening it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from vla_bringup.journal.journal import Journal
from vla_common.contracts.outcomes import OK
from vla_common.contracts.skills import Plan, Step, StepRecord
from vla_testing.measuring import percentile, row

COMMAND = "go to the table, find a red object, and pick it up"
PLAN = Plan(COMMAND, (Step("go_to", {"place": "table"}),) * 5, "rules", "Five steps.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench journal", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="commands (default 2000)")
    parser.add_argument("--folder", default="", help="folder on the disk in question")
    parser.add_argument("--max-size-mb", type=float, default=16.0, help="size of one journal")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vla-journal-", dir=arguments.folder or None) as folder:
        measure(Path(folder), arguments.runs, int(arguments.max_size_mb * 1e6))
        measure_rotation(Path(folder) / "full", int(arguments.max_size_mb * 1e6))
    return 0


def measure(folder: Path, runs: int, max_bytes: int) -> None:
    path = folder / "journal.sqlite"
    journal = Journal(path, max_bytes, 5, time.time)
    page = os.urandom(4096 + 24)  # what a commit of one page adds to the log
    times: dict[str, list[float]] = {
        name: [] for name in ("write + fsync", "accept", "start", "plan", "step", "end", "event")
    }
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def timed(name: str, call: Callable[[], object]) -> None:
        begin = time.perf_counter()
        call()
        times[name].append(1e6 * (time.perf_counter() - begin))

    def bare() -> None:
        os.write(fd, page)
        os.fsync(fd)

    for _ in range(runs):
        trace = str(uuid.uuid4())
        timed("write + fsync", bare)
        timed("accept", lambda: journal.accept(trace, COMMAND, "text", 0, trace))  # noqa: B023
        timed("start", lambda: journal.start(trace))  # noqa: B023
        timed("plan", lambda: journal.plan(trace, 0, PLAN))  # noqa: B023
        record = StepRecord(0, "go_to", OK, 2, True, 1.0)
        timed("step", lambda: journal.step(trace, 0, record))  # noqa: B023
        timed("event", lambda: journal.event(trace, "answer", "text: yes"))  # noqa: B023
        timed("end", lambda: journal.end(trace, OK, {"total": 1.0}))  # noqa: B023
    journal.close()
    os.close(fd)
    for name, values in times.items():
        print(row(name, values, "us"))
    for share in (0.5, 0.95, 0.99):
        ratio = percentile(times["accept"], share) / percentile(times["write + fsync"], share)
        print(f"accept / (write + fsync) at p{round(100 * share)}: {ratio:.1f}")


def measure_rotation(folder: Path, max_bytes: int) -> None:
    """The one write that finds the journal full, and the check of the whole file when it is opened."""
    journal = Journal(folder / "journal.sqlite", max_bytes, 5, time.time)
    size = 0
    while size < 0.9 * max_bytes:
        journal.event("", "filling", "x" * 1900)  # two on a page
        size += 2048
    journal.close()
    begin = time.perf_counter()
    journal = Journal(folder / "journal.sqlite", max_bytes, 5, time.time)
    opened = time.perf_counter() - begin
    slowest = 0.0
    while not (folder / "journal.1.sqlite").exists():
        begin = time.perf_counter()
        journal.event("", "filling", "x" * 1900)
        slowest = time.perf_counter() - begin
    journal.close()
    what = f"{max_bytes / 1e6:g} MB"
    print(
        f"opening a journal of {what}: {1000 * opened:.0f} ms; rotating it: {1000 * slowest:.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
