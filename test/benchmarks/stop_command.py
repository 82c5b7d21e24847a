# SPDX-License-Identifier: Apache-2.0
"""`./vla bench stop_command`: from Enter after `./vla stop` until the robot is told, and until it stands.

The whole command as a shell starts it, timed from before its process exists; the first zero, or cancel, as the
middleware of another process takes it from the transport; standing still by the simulator's true motion.
`--hang executor` suspends a process first, so that the other ways have to do.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_testing.measuring import append_json, percentile, row, verdict
from vla_testing.system.motion_watch import MotionWatch
from vla_testing.system.moving import END_S, MODES, Mode, Mover, Received, busy_cores, make_worlds
from vla_testing.system.own_system import OwnSystem

TARGET_P95_S = 0.150
STILL_S = 20.0
COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Trial:
    """Seconds since Enter; None: it did not happen. skipped: there was nothing to stop."""

    mode: str
    told_s: float | None = None
    still_s: float | None = None
    answered_s: float | None = None
    output: str = ""
    problem: str = ""
    skipped: bool = False


class Bench:
    def __init__(self, system: OwnSystem, folder: Path, seed: int, hang: str) -> None:
        self._system, self._client, self._hang = system, system.client, hang
        self._watch = MotionWatch(self._client)
        self._received = Received(self._client)
        self._mover = Mover(self._client, self._watch, make_worlds(folder))
        self._random = random.Random(seed)
        self._watch.check()

    def trial(self, mode: Mode, number: int) -> Trial:
        """Never raises; what went wrong is in `problem`."""
        try:
            run = self._mover.moving(mode, number, self._random)
        except VlaError as error:
            return Trial(mode.name, problem=str(error), skipped=True)
        hung = self._system.process_of(self._hang) if self._hang else None
        if hung is not None:
            hung.suspend()
        begin_s = time.time()
        self._received.start(begin_s, mode.arm)
        try:
            done = subprocess.run(
                [str(Path(os.environ["VLA_ROOT"]) / "vla"), "stop"],
                capture_output=True,
                text=True,
                timeout=COMMAND_TIMEOUT_S,
                check=False,
            )
        finally:
            if hung is not None and hung.is_running():  # it may have been ended as one that hangs
                hung.resume()
        answered_s = time.time() - begin_s
        still_at_s = self._watch.until_still(begin_s, STILL_S)
        told_s = self._received.at_s
        problem = "" if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr}"
        if still_at_s is None:
            problem = "the robot did not come to rest"
        trial = Trial(
            mode.name,
            None if told_s is None else told_s - begin_s,
            None if still_at_s is None else still_at_s - begin_s,
            answered_s,
            done.stdout + done.stderr,
            problem,
        )
        wrapped = run.wait(END_S)
        if wrapped is None:
            return Trial(**{**asdict(trial), "problem": problem or "the command did not end"})
        over = wrapped.result.outcome.code == Code.OK
        return Trial(**{**asdict(trial), "skipped": over})


def main() -> int:
    arguments = parse()
    folder = run_folder("bench-stop-command")
    trials: list[Trial] = []
    options = {"composed": "true" if arguments.composed else "", "seed": "0"}
    with OwnSystem(folder, options) as system:
        system.wait_until_ready()
        bench = Bench(system, folder, arguments.seed, arguments.hang)
        with busy_cores(arguments.load):
            for number in range(2 * arguments.trials + 10):
                if sum(not t.skipped for t in trials) >= arguments.trials:
                    break
                trial = bench.trial(MODES[number % len(MODES)], number // len(MODES))
                trials.append(trial)
                append_json(folder / "trials.jsonl", {"trial": number, **asdict(trial)})
                if trial.problem:
                    print(f"trial {number}, {trial.mode}: {trial.problem}", flush=True)
    print(summary(trials, arguments.load))
    print(f"All trials: {folder / 'trials.jsonl'}")
    ours = [trial for trial in trials if not trial.skipped]
    told = [t.told_s for t in ours if t.told_s is not None]
    checks = [
        (
            "every stop ended with 0 and the robot stood still",
            bool(ours) and not any(t.problem for t in ours),
        )
    ]
    if not arguments.load and not arguments.hang:
        checks.append(
            (
                f"p95 of Enter to first zero or cancel < {1000 * TARGET_P95_S:g} ms, idle",
                bool(told) and percentile(told, 0.95) < TARGET_P95_S,
            )
        )
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def summary(trials: list[Trial], load: bool) -> str:
    lines = ["", f"./vla stop, {'every core busy' if load else 'idle machine'}, wall time"]
    for mode in (*(m.name for m in MODES), "all"):
        ours = [t for t in trials if not t.skipped and mode in (t.mode, "all")]
        for name, values in (
            ("Enter to first zero or cancel", [t.told_s for t in ours]),
            ("Enter to standing still", [t.still_s for t in ours]),
            ("Enter to answer", [t.answered_s for t in ours]),
        ):
            known = [1000.0 * value for value in values if value is not None]
            if known:
                lines.append(row(f"{mode}: {name}", known, "ms"))
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla bench stop_command", description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="of the times at which it is stopped")
    parser.add_argument("--load", action="store_true", help="with one busy process on every core")
    parser.add_argument("--composed", action="store_true", help="all stages in one process")
    parser.add_argument(
        "--hang", default="", metavar="NODE", help="a node whose process is suspended before"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
