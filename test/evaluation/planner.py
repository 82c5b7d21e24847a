# SPDX-License-Identifier: Apache-2.0
"""`./vla eval planner`: the tables of commands against a planner, by section; without any ROS process.

A row counts when everything in it comes out: the exact plan, or the code and the words of a refusal or question. Rows
that are held out are ones that nobody saw who worked on grammar and lexicon; their failures are shown only on demand.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.planning import BACKENDS, Planner
from vla_testing.measuring import percentile, verdict
from vla_testing.planner import command_table
from vla_testing.planner.command_table import ASKED, COMPLETED, PLANNED, REFUSED, Row, TimedPlanner

WARM_UP = "turn left"
UNUSABLE = (Code.PLANNER_UNAVAILABLE, Code.PLANNING_TIMEOUT, Code.BUDGET_EXCEEDED)
KINDS = {PLANNED: "plans", COMPLETED: "answered", ASKED: "questions", REFUSED: "refusals"}


@dataclass(frozen=True)
class Judged:
    """A row and what came of it. mistake: empty when it came out as wanted."""

    row: Row
    mistake: str
    planned: bool
    times_ms: tuple[float, ...]
    unasked: bool = False
    """The planner could not be asked, which says nothing about it."""

    @property
    def dangerous(self) -> bool:
        """A plan where a refusal or a question was wanted."""
        return self.planned and not self.row.steps


def judge(planner: Planner, rows: Sequence[Row], clock: Callable[[], int]) -> list[Judged]:
    judged = []
    for row in rows:
        timed = TimedPlanner(planner, clock)
        outcome = command_table.plan(timed, row)
        judged.append(
            Judged(
                row,
                command_table.mistake(row, outcome),
                outcome.plan is not None,
                tuple(timed.times_ms),
                outcome.result.code in UNUSABLE,
            )
        )
    return judged


def counted(judged: Sequence[Judged]) -> dict[str, Any]:
    """Rows, exact ones, right and all of each kind, plans where none was wanted."""
    out: dict[str, Any] = {
        "rows": len(judged),
        "exact": sum(not item.mistake for item in judged),
        "planned_in_place_of_refusing": sum(item.dangerous for item in judged),
    }
    for kind, name in KINDS.items():
        mine = [item for item in judged if item.row.wants == kind]
        out[name] = {"right": sum(not item.mistake for item in mine), "rows": len(mine)}
    return out


def table(title: str, judged: Sequence[Judged]) -> str:
    """A line for each section and one for all."""
    sections = list(dict.fromkeys(item.row.section for item in judged))
    heads = "".join(f"{name:>12s}" for name in KINDS.values())
    lines = [f"{title:24s}{'rows':>6s}{'exact':>8s}{'':>9s}{heads}"]
    for section in sections:
        lines.append(
            _line(section, counted([item for item in judged if item.row.section == section]))
        )
    return "\n".join([*lines, _line("all", counted(judged))])


def _line(name: str, counts: dict[str, Any]) -> str:
    share = 100 * counts["exact"] / counts["rows"] if counts["rows"] else 0.0
    kinds = "".join(
        f"{'{right}/{rows}'.format(**counts[kind]) if counts[kind]['rows'] else '-':>12s}"
        for kind in KINDS.values()
    )
    return f"{name:24s}{counts['rows']:6d}{counts['exact']:8d}{share:7.1f} %{kinds}"


def failures(judged: Sequence[Judged]) -> str:
    lines = []
    for item in judged:
        if item.mistake:
            row = item.row
            around = ", ".join(
                f"{name} {value}"
                for name, value in (
                    ("scene", row.scene if row.scene != "room" else ""),
                    ("skills", row.skills),
                    ("holding", row.holding),
                    ("after", row.previous),
                    ("answers", " | ".join(row.answers)),
                )
                if value
            )
            wanted = list(row.steps) or " or ".join(code.name for code in row.codes)
            named = f" naming {' or '.join(row.pieces)}" if row.pieces else ""
            lines.append(f"[{row.section}] {row.say!r}{f' ({around})' if around else ''}")
            lines.append(f"  wanted:  {wanted}{named}")
            lines.append(f"  {item.mistake}")
    return "\n".join(lines)


def record(judged: Sequence[Judged], with_failures: bool) -> dict[str, Any]:
    """A split as JSON."""
    sections = dict.fromkeys(item.row.section for item in judged)
    out = {
        "all": counted(judged),
        "sections": {
            section: counted([item for item in judged if item.row.section == section])
            for section in sections
        },
    }
    if with_failures:
        out["failures"] = [
            {"section": item.row.section, "say": item.row.say, "mistake": item.mistake}
            for item in judged
            if item.mistake
        ]
    return out


def main() -> int:
    arguments = parse()
    try:
        planner = Planner(
            PlannerConfig(backends=(arguments.backend,)),
            # A server that fails once is asked again: every command counts.
            LlmConfig(model=arguments.model or LlmConfig.model, rest_s=0.0),
        )
    except VlaError as error:
        print(error, file=sys.stderr)
        return 2
    first = planner.plan(WARM_UP, command_table.SCENES["room"], command_table.CATALOGS[""])
    if first.result.code in UNUSABLE:
        print(first.result, file=sys.stderr)
        return 2
    wall = arguments.backend != "rules"
    rows = [row for row in command_table.load() if arguments.section in row.section]
    judged = judge(planner, rows, time.perf_counter_ns if wall else time.process_time_ns)
    planner.close()
    visible = [item for item in judged if not item.row.held_out]
    held_out = [item for item in judged if item.row.held_out]
    times = [value for item in judged for value in item.times_ms]
    report(arguments, visible, held_out)
    clock = "wall time" if wall else "processor time"
    print(
        f"ms per command, {clock}: p50 {percentile(times, 0.5):.2f}  p99 {percentile(times, 0.99):.2f}  "
        f"max {max(times):.2f}  ({len(times)} commands)"
    )
    if unasked := sum(item.unasked for item in judged):
        print(f"could not be asked: {unasked} of {len(judged)} rows, counted as wrong")
    if arguments.json:
        measured = {
            "unasked": unasked,
            "backend": arguments.backend,
            "visible": record(visible, True),
            "held_out": record(held_out, arguments.heldout_failures),
            "ms": {
                "clock": clock,
                "p50": percentile(times, 0.5),
                "p99": percentile(times, 0.99),
                "max": max(times),
                "commands": len(times),
            },
        }
        Path(arguments.json).write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    checks = [
        ("every visible row comes out exactly", not any(item.mistake for item in visible)),
        (
            "no row that is to be refused or asked about became a plan",
            not any(item.dangerous for item in judged),
        ),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def report(
    arguments: argparse.Namespace, visible: Sequence[Judged], held_out: Sequence[Judged]
) -> None:
    if arguments.failures:
        print(failures(visible) + "\n")
    if arguments.heldout_failures:
        print(failures(held_out) + "\n")
    for title, judged in (("visible", visible), ("held out", held_out)):
        if judged:
            print(table(title, judged))
            wrongly = counted(judged)["planned_in_place_of_refusing"]
            print(f"planned where a refusal or a question was wanted: {wrongly}\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval planner", description=__doc__)
    parser.add_argument(
        "--backend", default="rules", choices=sorted(BACKENDS), help="planner (default rules)"
    )
    parser.add_argument("--model", default="", help="language model, by its server's name")
    parser.add_argument("--section", default="", help="only sections whose name contains this")
    parser.add_argument(
        "--failures", action="store_true", help="show visible rows that came out wrong"
    )
    parser.add_argument(
        "--heldout-failures", action="store_true", help="show held-out rows that came out wrong"
    )
    parser.add_argument("--json", default="", metavar="FILE", help="write the figures to a file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
