# SPDX-License-Identifier: Apache-2.0
"""What one fault did to the robot and the system, and what follows from all of them. Decides; measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vla_testing.measuring import percentile

STOP_P99_S = 0.5
RECOVERED_SHARE = 0.99


@dataclass(frozen=True)
class Trial:
    """One fault. Times are seconds since the fault; None: it did not happen in the time allowed.

    must_stop: what drives or supervises was gone. moving: the robot moved when it happened. still_s: last motion, 0
    when there was none. final_states: how many different final states the client saw. owner_died: the process that
    owes the client its answer was replaced; journaled is then what the record says of the command (None: there is
    no journal). recovered_s is counted from the end of the fault where that ends by itself; degraded: ready, but not
    whole. later_speed: highest true speed after the command's end. problem: why there was no trial.
    """

    kind: str
    mission: str
    detail: str
    must_stop: bool
    moving: bool
    still_s: float | None = None
    final_states: int = 0
    code: int | None = None
    owner_died: bool = False
    journaled: str | None = None
    recovered_s: float | None = None
    degraded: bool = False
    later_speed: float = 0.0
    moved_after_end: bool = False
    needed_restart: str = ""
    problem: str = ""

    @property
    def valid(self) -> bool:
        return not self.problem

    @property
    def must_have_stopped(self) -> bool:
        return self.must_stop and self.moving

    @property
    def stopped(self) -> bool:
        return self.still_s is not None

    @property
    def accounted(self) -> bool:
        """Exactly one final state; or, when whoever owed it died, the record says how the command ended."""
        if self.final_states:
            return self.final_states == 1
        return self.owner_died and self.journaled not in (None, "")

    @property
    def recovered(self) -> bool:
        return self.recovered_s is not None


@dataclass(frozen=True)
class Row:
    """One line of the table: one kind of fault, or all of them."""

    name: str
    trials: Sequence[Trial]

    @property
    def cells(self) -> list[str]:
        stops = [t for t in self.trials if t.must_have_stopped]
        times = [t.still_s for t in stops if t.still_s is not None]
        again = [t.recovered_s for t in self.trials if t.recovered_s is not None]
        dead = [t for t in self.trials if t.owner_died and not t.final_states]
        return [
            self.name,
            str(len(self.trials)),
            f"{sum(t.stopped for t in stops)}/{len(stops)}" if stops else "-",
            _pair(times, 0.5, 0.99),
            f"{sum(t.accounted for t in self.trials)}/{len(self.trials)}",
            f"{sum(bool(t.journaled) for t in dead)}/{len(dead)}" if dead else "-",
            f"{sum(t.recovered for t in self.trials)}/{len(self.trials)}",
            _pair(again, 0.5, 0.95),
            str(sum(t.degraded for t in self.trials)),
            str(sum(t.moved_after_end for t in self.trials)),
        ]


HEADINGS = (
    "fault", "trials", "stopped", "s p50/p99", "accounted", "journal", "recovered", "s p50/p95", "degraded",
    "moved after",
)  # fmt: skip


def _pair(values: Sequence[float], first: float, second: float) -> str:
    if not values:
        return "-"
    return f"{percentile(values, first):.2f}/{percentile(values, second):.2f}"


def table(trials: Sequence[Trial]) -> str:
    valid = [trial for trial in trials if trial.valid]
    kinds = list(dict.fromkeys(trial.kind for trial in trials))
    rows = [Row(kind, [t for t in valid if t.kind == kind]) for kind in kinds]
    lines = [list(HEADINGS), *(row.cells for row in [*rows, Row("all", valid)])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    shown = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    wrong = len(trials) - len(valid)
    notes = [f"trials that could not be carried out: {wrong}"] if wrong else []
    return "\n".join([*shown, *notes])


def judge(trials: Sequence[Trial]) -> list[tuple[str, bool]]:
    """The targets; all have to hold."""
    valid = [trial for trial in trials if trial.valid]
    stops = [trial for trial in valid if trial.must_have_stopped]
    times = [trial.still_s for trial in stops if trial.still_s is not None]
    quick = not times or percentile(times, 0.99) < STOP_P99_S
    recovered = sum(trial.recovered for trial in valid)
    return [
        ("the robot stopped after every fault of what drives or supervises", all(t.stopped for t in stops)),
        (f"p99 of fault to standing still < {1000 * STOP_P99_S:g} ms", quick),
        ("every command is accounted for", all(t.accounted for t in valid)),
        (f"recovered without help: {100 * RECOVERED_SHARE:g} %", recovered >= RECOVERED_SHARE * len(valid)),
        ("no motion after the end of a command", not any(t.moved_after_end for t in valid)),
        ("trials that could not be carried out: at most 5 %", len(valid) >= 0.95 * len(trials) and bool(valid)),
    ]  # fmt: skip


def line(number: int, trial: Trial) -> str:
    """One trial for people."""
    if not trial.valid:
        return f"{number:4d} {trial.kind}: no trial: {trial.problem}"
    wrong = []
    if trial.must_have_stopped and not trial.stopped:
        wrong.append("DID NOT STOP")
    if not trial.accounted:
        wrong.append(f"NOT ACCOUNTED FOR ({trial.final_states} final states)")
    if not trial.recovered:
        wrong.append(
            "NOT RECOVERED" + (f" ({trial.needed_restart})" if trial.needed_restart else "")
        )
    if trial.moved_after_end:
        wrong.append(f"MOVED AFTER ITS END ({trial.later_speed:.3f})")
    still = "-" if trial.still_s is None else f"{trial.still_s:.2f}"
    again = "-" if trial.recovered_s is None else f"{trial.recovered_s:.1f}"
    what = f"{trial.kind} ({trial.detail})" if trial.detail else trial.kind
    facts = f"moving {'yes' if trial.moving else 'no'}, still {still} s, code {trial.code}, recovered {again} s"
    return f"{number:4d} {trial.mission}: {what}: {facts}{'  ' if wrong else ''}{'; '.join(wrong)}"
