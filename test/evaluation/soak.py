# SPDX-License-Identifier: Apache-2.0
"""`./vla eval soak`: thousands of commands in a row, and whether anything grows: memory, threads, descriptors, latency.

A mix of cheap commands that goes through everything: refusals, plans without motion, small turns and moves, looks,
sentences, several at once, cancels, now and then stop and reset, a drive. In fast simulation; latencies are wall time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import SystemStatus

from vla_bringup.client.ros.system_client import SystemClient
from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_testing.measuring import append_json, percentile, verdict
from vla_testing.system.own_system import OwnSystem
from vla_testing.system.sampling import Growth, Limits, Need, grows, growth, look, quarters, slower

LONG_S = 120.0
WARM_UP_SHARE = 0.2
SAMPLES = 100
PROGRESS_EVERY = 50


@dataclass(frozen=True)
class Part:
    """One kind of thing to do. weight: how often; does(client, rng): what went wrong, or an empty sentence; counts as
    `commands` commands.
    """

    name: str
    weight: int
    does: Callable[[SystemClient, random.Random], str]
    commands: int = 1


def say(client: SystemClient, command: str, codes: Sequence[int], dry_run: bool = False) -> str:
    goal = ExecuteCommand.Goal(command=command, source="soak", dry_run=dry_run)
    outcome = client.execute(goal, timeout_s=LONG_S).outcome
    return "" if outcome.code in codes else f"'{command}' gave {outcome.code}: {outcome.message}"


def simple(commands: Sequence[str], *codes: int, dry_run: bool = False) -> Callable[..., str]:
    return lambda client, rng: say(client, rng.choice(commands), codes or (Code.OK,), dry_run)


def small_motion(client: SystemClient, rng: random.Random) -> str:
    """There and back, so that the robot stays where it has room."""
    there, back = rng.choice(
        (
            ("turn left 15 degrees", "turn right 15 degrees"),
            ("move forward 10 centimeters", "move backward 10 centimeters"),
        )
    )
    return say(client, there, (Code.OK,)) or say(client, back, (Code.OK,))


def several(client: SystemClient, rng: random.Random) -> str:
    """In a queue; one of those that wait is canceled."""
    goals = ("turn left 10 degrees", "describe what you see", "turn right 10 degrees")
    runs = [client.start(ExecuteCommand.Goal(command=text, source="soak")) for text in goals]
    canceled = rng.randrange(1, len(runs))
    runs[canceled].cancel(LONG_S)
    for number, run in enumerate(runs):
        wrapped = run.wait(LONG_S)
        if wrapped is None:
            return f"'{goals[number]}' in a queue did not end"
        code = wrapped.result.outcome.code
        if code != Code.OK and not (number == canceled and code == Code.CANCELED):
            return f"'{goals[number]}' in a queue gave {code}: {wrapped.result.outcome.message}"
    return ""


def cancel(client: SystemClient, rng: random.Random) -> str:
    run = client.start(ExecuteCommand.Goal(command="turn left 180 degrees", source="soak"))
    run.wait(rng.uniform(0.0, 0.3))
    wrapped = run.cancel(LONG_S)
    if wrapped is None:
        return "a canceled command did not end"
    code = wrapped.result.outcome.code
    return "" if code in (Code.CANCELED, Code.OK) else f"a canceled command ended with {code}"


def stop_and_reset(client: SystemClient, rng: random.Random) -> str:
    run = client.start(ExecuteCommand.Goal(command="turn right 180 degrees", source="soak"))
    run.wait(rng.uniform(0.0, 0.3))
    stopped = client.stop("soak")
    wrapped = run.wait(LONG_S)
    reset = client.reset()
    if wrapped is None or not stopped.ok or not reset.ok:
        return f"stop gave {stopped}, reset {reset}, the command {'no end' if wrapped is None else 'an end'}"
    client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, LONG_S)
    return ""


PARTS = (
    Part("dry run", 5, simple(("go to the table", "pick up the red cup"), dry_run=True)),
    Part("refused", 5, simple(("fly to the moon", "xyzzy", "go to the moon"), Code.NOT_UNDERSTOOD, Code.NOT_POSSIBLE,
                              Code.UNKNOWN_PLACE)),
    Part("empty", 1, simple(("",), Code.EMPTY_COMMAND)),
    Part("small motion", 4, small_motion, 2),
    Part("look", 3, simple(("look left", "look up", "look straight ahead"))),
    Part("describe", 2, simple(("describe what you see",))),
    Part("say", 3, simple(("say hello",))),
    Part("several", 2, several, 3),
    Part("cancel", 2, cancel),
    Part("stop and reset", 1, stop_and_reset),
    Part("drive", 1, simple(("go to the table", "go to the bin"))),
)  # fmt: skip


class Soak:
    def __init__(self, system: OwnSystem, folder: Path, commands: int, seed: int) -> None:
        self._system = system
        self._folder = folder
        self._commands = commands
        self._random = random.Random(seed)
        self.needs: dict[str, list[Need]] = defaultdict(list)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.problems: list[str] = []
        self._processes = system.processes()

    def run(self) -> None:
        done, sample_at, progress_at = 0, 0, PROGRESS_EVERY
        every = max(1, self._commands // SAMPLES)
        begin = time.monotonic()
        while done < self._commands:
            if done >= sample_at:
                self._sample(done)
                sample_at = done + every
            done += self._one(done)
            if done >= progress_at:
                progress_at += PROGRESS_EVERY
                spent = time.monotonic() - begin
                print(f"{done} commands, {spent:.0f} s, {len(self.problems)} problems", flush=True)
        self._sample(done)

    def _one(self, done: int) -> int:
        (part,) = self._random.choices(PARTS, [p.weight for p in PARTS])
        begin = time.monotonic()
        try:
            problem = part.does(self._system.client, self._random)
        except VlaError as error:
            problem = str(error)
        took_s = time.monotonic() - begin
        self.times[part.name].append(took_s)
        record = {"command": done, "kind": part.name, "took_s": took_s, "problem": problem}
        append_json(self._folder / "commands.jsonl", record)
        if problem:
            self.problems.append(f"{part.name}: {problem}")
            print(f"command {done}, {self.problems[-1]}", flush=True)
        return part.commands

    def _sample(self, done: int) -> None:
        for name, process in self._processes.items():
            try:
                need = look(process, done)
            except psutil.Error as error:
                self.problems.append(f"{name} is gone: {error}")
                continue
            self.needs[name].append(need)
            append_json(self._folder / "needs.jsonl", {"node": name, **asdict(need)})

    def died(self) -> list[str]:
        """Nodes whose process is not the one that was there at the beginning."""
        now = self._system.processes()
        return [n for n, p in self._processes.items() if n not in now or now[n].pid != p.pid]


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla eval soak", description=__doc__)
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--speed", type=float, default=10.0, help="simulated seconds per second")
    parser.add_argument("--seed", type=int, default=0, help="of the mix")
    parser.add_argument("--composed", action="store_true", help="all stages in one process")
    arguments = parser.parse_args()
    folder = run_folder("eval-soak")
    options = {
        "seed": "0",
        "speed": f"{arguments.speed:g}",
        "composed": "true" if arguments.composed else "",
    }
    with OwnSystem(folder, options) as system:
        system.wait_until_ready()
        soak = Soak(system, folder, arguments.commands, arguments.seed)
        soak.run()
        died = soak.died()
    warm_up = round(WARM_UP_SHARE * arguments.commands)
    growths = [g for name, needs in soak.needs.items() if (g := growth(name, needs, warm_up))]
    limits = Limits()
    print(report(growths, soak.times, arguments.commands, warm_up))
    print(f"All samples: {folder}")
    checks = judge(growths, soak.times, soak.problems, died, limits)
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def report(
    growths: Sequence[Growth], times: Mapping[str, Sequence[float]], commands: int, warm_up: int
) -> str:
    lines = [
        "",
        f"{commands} commands; growth after the first {warm_up}",
        f"{'node':16s} {'RSS MB':>14s} {'USS MB':>14s} {'own MB':>14s} {'RSS':>7s} {'USS':>7s} {'own MB/1000':>16s}"
        f" {'threads':>9s} {'files':>9s}",
    ]
    for g in growths:
        levels = " ".join(
            f"{first:6.1f}->{last:6.1f}"
            for first, last in (
                (g.first.rss_mb, g.last.rss_mb),
                (g.first.uss_mb, g.last.uss_mb),
                (g.first.own_mb, g.last.own_mb),
            )
        )
        lines.append(
            f"{g.name:16s} {levels} {g.rss_slope:+7.2f} {g.uss_slope:+7.2f} {g.own_slope:+8.2f} ± {g.own_error:5.2f}"
            f" {g.first.threads:4d}->{g.last.threads:3d} {g.first.descriptors:4d}->{g.last.descriptors:3d}"
        )
    if any(g.commands < Limits().memory_commands for g in growths):
        lines.append(
            f"Memory is judged from {Limits().memory_commands} commands after the warm-up on."
        )
    lines.append("")
    lines.append(
        f"{'latency, ms':16s} {'count':>6s} {'first quarter p50/p95':>24s} {'last quarter p50/p95':>24s}"
    )
    for name, values in sorted(times.items()):
        parts = quarters(values)
        shown = [
            f"{1000 * percentile(part, 0.5):.0f}/{1000 * percentile(part, 0.95):.0f}"
            for part in parts or ()
        ]
        lines.append(f"{name:16s} {len(values):6d} " + " ".join(f"{text:>24s}" for text in shown))
    return "\n".join(lines)


def judge(
    growths: Sequence[Growth],
    times: Mapping[str, Sequence[float]],
    problems: Sequence[str],
    died: Sequence[str],
    limits: Limits,
) -> list[tuple[str, bool]]:
    grown = [f"{g.name}: {', '.join(found)}" for g in growths if (found := grows(g, limits))]
    late = slower(times, limits)

    def with_list(what: str, wrong: Sequence[str]) -> tuple[str, bool]:
        return (what + (f" [{'; '.join(wrong[:5])}]" if wrong else ""), not wrong)

    return [
        with_list("every command ended as it had to", problems),
        with_list("no process died", died),
        with_list(
            f"own memory grows by less than {limits.own_mb_per_1000:g} MB per 1000 commands; no threads, no files",
            grown if growths else ["too few samples"],
        ),
        with_list(
            f"median latency of the last quarter <= {limits.latency_ratio:g} x the first + "
            f"{1000 * limits.latency_slack_s:g} ms",
            late,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
