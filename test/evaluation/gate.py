# SPDX-License-Identifier: Apache-2.0
"""`./vla eval gate`: the gate "plan against command" against its bank of right and wrong plans; without any ROS.

A wrong plan counts as held when it is asked about or refused, a right one when it passes unasked. One half of the
bank was in sight when the gate was written, the other was not; its failures are shown only on demand. Every plan of the
tables of commands is a right plan besides.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vla_planner.config import PlannerConfig
from vla_planner.gate.gate import Gate, Held
from vla_testing.measuring import verdict
from vla_testing.planner import command_table, gate_bank
from vla_testing.planner.gate_bank import HELD_OUT, SEEN, Pair

FEWEST_HELD, FEWEST_PASSED = 0.99, 0.97


@dataclass(frozen=True)
class Judged:
    """passed: the plan got through unasked; sentence: what the person hears where it did not."""

    pair: Pair
    passed: bool
    sentence: str

    @property
    def good(self) -> bool:
        return self.passed == self.pair.right


def judge(bank: str) -> list[Judged]:
    rules = gate_bank.rules_planner()
    found = []
    for pair in gate_bank.load(bank):
        outcome = gate_bank.outcome(pair, rules)
        found.append(Judged(pair, outcome.plan is not None, outcome.result.message))
    return found


def share(judged: Sequence[Judged], right: bool) -> tuple[int, int]:
    mine = [item for item in judged if item.pair.right is right]
    return sum(item.good for item in mine), len(mine)


def table(title: str, judged: Sequence[Judged]) -> str:
    lines = [f"{title:24s}{'wrong plans held':>24s}{'right plans passed':>24s}"]
    for section in dict.fromkeys(item.pair.section for item in judged):
        lines.append(_line(section, [item for item in judged if item.pair.section == section]))
    return "\n".join([*lines, _line("all", judged)])


def _line(name: str, judged: Sequence[Judged]) -> str:
    cells = ""
    for right in (False, True):
        good, all_ = share(judged, right)
        cells += f"{f'{good} of {all_}  {100 * good / all_:5.1f} %' if all_ else '-':>24s}"
    return f"{name:24s}{cells}"


def failures(judged: Sequence[Judged]) -> str:
    lines = []
    for item in judged:
        if not item.good:
            what = "passed" if item.passed else f"held: {item.sentence}"
            lines.append(f"[{item.pair.section}] {item.pair.say!r}: {item.pair.text}\n  {what}")
    return "\n".join(lines)


class _Counting:
    """In the place of the planner's gate: holds every plan against the words alone, and counts."""

    def __init__(self) -> None:
        self._gate = Gate(PlannerConfig())
        self.passed = self.tried = 0

    def check(self, request: object, steps: object, reading: object = None) -> None:
        self.tried += 1
        self.passed += self._gate.hold(request, steps).held is Held.PASSES  # type: ignore[arg-type]


def tables() -> tuple[int, int]:
    """Plans of the tables of commands that pass, and how many there are."""
    planner, counting = gate_bank.rules_planner(), _Counting()
    planner._gate = counting  # type: ignore[assignment]
    for row in command_table.load():
        command_table.plan(planner, row)
    return counting.passed, counting.tried


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla eval gate", description=__doc__)
    parser.add_argument(
        "--failures", action="store_true", help="show what came out wrong in the visible half"
    )
    parser.add_argument(
        "--heldout-failures", action="store_true", help="and in the half that is held out"
    )
    parser.add_argument("--json", default="", metavar="FILE", help="write the figures to a file")
    arguments = parser.parse_args()
    seen, held_out = judge(SEEN), judge(HELD_OUT)
    if arguments.failures:
        print(failures(seen) + "\n")
    if arguments.heldout_failures:
        print(failures(held_out) + "\n")
    everything = [*seen, *held_out]
    for title, judged in (("visible", seen), ("held out", held_out), ("both", everything)):
        print(table(title, judged) + "\n")
    passed, tried = tables()
    print(f"plans of the tables of commands that pass: {passed} of {tried}\n")
    wrong, right = share(everything, False), share(everything, True)
    if arguments.json:
        figures = {
            name: {"held": share(judged, False), "passed": share(judged, True)}
            for name, judged in (("visible", seen), ("held_out", held_out), ("both", everything))
        }
        Path(arguments.json).write_text(
            json.dumps({**figures, "tables": (passed, tried)}, indent=1) + "\n", encoding="utf-8"
        )
    checks = [
        (
            f"at least {FEWEST_HELD:.0%} of the wrong plans are held",
            wrong[0] >= FEWEST_HELD * wrong[1],
        ),
        (
            f"at least {FEWEST_PASSED:.0%} of the right plans pass",
            right[0] >= FEWEST_PASSED * right[1],
        ),
        ("every plan of the tables passes", passed == tried),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
