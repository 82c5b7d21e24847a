# SPDX-License-Identifier: Apache-2.0
"""`./vla bench stop`: from calling `stop` until the robot stands still, by the simulator's true motion.

While driving by velocity (`move`), while navigating and while the arm works, in turn. Every few rounds the same
motion is stopped bare: the zero velocity, or the cancel, goes straight to the simulator from this process. The
difference between the two is what the system adds; the rest is the time that a mass needs to slow down.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from action_msgs.srv import CancelGoal
from geometry_msgs.msg import Twist

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.clients.calls import call
from vla_testing.measuring import append_json, percentile, row, verdict
from vla_testing.system.motion_watch import MotionWatch
from vla_testing.system.moving import END_S, MODES, Mode, Mover, Received, busy_cores, make_worlds
from vla_testing.system.own_system import OwnSystem

TARGET_P99_S = 0.050
BARE_EVERY = 5
"""Of so many rounds one is bare."""
DRIVE_PERIOD_S = 0.04
BARE_SPEED_MPS = 0.3
STILL_S = 10.0


@dataclass(frozen=True)
class Trial:
    """Times in seconds since the call; None: it did not happen, or was not measured.

    skipped: the robot could not be got to move, so that there was nothing to stop.
    """

    mode: str
    bare: bool
    speed: float
    told_s: float | None
    still_s: float | None
    answered_s: float | None
    problem: str = ""
    skipped: bool = False

    @property
    def braking_s(self) -> float | None:
        """From the first zero at the simulator to standing still."""
        if self.still_s is None or self.told_s is None:
            return None
        return self.still_s - self.told_s


class Bench:
    """Runs trials on one system."""

    def __init__(self, system: OwnSystem, folder: Path, seed: int) -> None:
        self._client = system.client
        self._watch = MotionWatch(self._client)
        self._received = Received(self._client)
        self._mover = Mover(self._client, self._watch, make_worlds(folder))
        self._velocity = self._client.node.create_publisher(Twist, "cmd_vel", 10)
        self._cancel = self._client.node.create_client(CancelGoal, "manipulate/_action/cancel_goal")
        self._random = random.Random(seed)
        self._watch.check()

    def trial(self, mode: Mode, number: int, bare: bool) -> Trial:
        """Never raises; what went wrong is in `problem`."""
        try:
            if bare and mode.name == "move":
                return self._bare_drive(mode)
            run = self._mover.moving(mode, number, self._random)
        except VlaError as error:
            return Trial(mode.name, bare, 0.0, None, None, None, str(error), skipped=True)
        try:
            done = self._bare_stop(mode) if bare else self._stop(mode)
            # What was stopped bare may go on by itself: the system was not told.
            wrapped = run.cancel(END_S) if bare else run.wait(END_S)
            return self._checked(done, wrapped)
        except VlaError as error:
            return Trial(mode.name, bare, 0.0, None, None, None, str(error))

    def _checked(self, trial: Trial, wrapped: Any) -> Trial:
        """Whether it was the stop that ended the command."""
        if wrapped is None:
            return replace(trial, problem="the command did not end")
        outcome = wrapped.result.outcome
        if not trial.bare and outcome.code == Code.OK:
            return replace(trial, problem="it was done before the stop", skipped=True)
        if not trial.bare and outcome.code != Code.STOPPED:
            return replace(
                trial, problem=f"the command ended with {outcome.code}: {outcome.message}"
            )
        return trial

    def _stop(self, mode: Mode) -> Trial:
        begin_s = self._begin(mode)
        outcome = self._client.stop("bench stop")
        answered_s = time.time() - begin_s
        problem = "" if outcome.ok else f"stop answered: {outcome}"
        return self._finish(mode, False, begin_s, answered_s, problem)

    def _bare_stop(self, mode: Mode) -> Trial:
        begin_s = self._begin(mode)
        if mode.arm:
            call(self._cancel, CancelGoal.Request(), END_S)
        else:
            self._velocity.publish(Twist())
        return self._finish(mode, True, begin_s, None)

    def _bare_drive(self, mode: Mode) -> Trial:
        """Drives by itself: the executor would go on sending velocities."""
        self._mover.prepare(self._mover.world(mode))
        over = threading.Event()
        driver = threading.Thread(target=self._drive, args=(over,), daemon=True)
        driver.start()
        self._watch.until_moving(mode.speed, END_S)
        over.wait(0.5 + self._random.uniform(0.0, mode.longest_s - 0.5))
        over.set()
        driver.join()
        begin_s = self._begin(mode)
        self._velocity.publish(Twist())
        return self._finish(mode, True, begin_s, None)

    def _drive(self, over: threading.Event) -> None:
        message = Twist()
        message.linear.x = BARE_SPEED_MPS
        while not over.is_set():
            self._velocity.publish(message)
            over.wait(DRIVE_PERIOD_S)

    def _begin(self, mode: Mode) -> float:
        begin_s = time.time()
        self._received.start(begin_s, mode.arm)
        return begin_s

    def _finish(
        self, mode: Mode, bare: bool, begin_s: float, answered_s: float | None, problem: str = ""
    ) -> Trial:
        still_at_s = self._watch.until_still(begin_s, STILL_S)
        sample = self._watch.trace.at(begin_s)
        told_s = self._received.at_s
        return Trial(
            mode.name,
            bare,
            0.0 if sample is None else sample.speed,
            None if told_s is None else told_s - begin_s,
            None if still_at_s is None else still_at_s - begin_s,
            answered_s,
            problem or ("" if still_at_s is not None else "the robot did not come to rest"),
        )


def main() -> int:
    arguments = parse()
    folder = run_folder("bench-stop")
    trials: list[Trial] = []
    options = {"composed": "true" if arguments.composed else "", "seed": "0"}
    with OwnSystem(folder, options) as system:
        system.wait_until_ready()
        bench = Bench(system, folder, arguments.seed)
        with busy_cores(arguments.load):
            for number in range(2 * arguments.trials + 10):
                if sum(not t.bare and not t.skipped for t in trials) >= arguments.trials:
                    break
                mode = MODES[number % len(MODES)]
                turn = number // len(MODES)
                trial = bench.trial(mode, turn, bare=turn % BARE_EVERY == 1)
                trials.append(trial)
                append_json(folder / "trials.jsonl", {"trial": number, **asdict(trial)})
                if trial.problem:
                    print(f"trial {number}, {mode.name}: {trial.problem}", flush=True)
    print(summary(trials, arguments.load))
    print(f"All trials: {folder / 'trials.jsonl'}")
    checks = judge(trials, arguments.load)
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla bench stop", description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="stops, the bare ones not counted")
    parser.add_argument("--seed", type=int, default=0, help="of the times at which it is stopped")
    parser.add_argument("--load", action="store_true", help="with one busy process on every core")
    parser.add_argument("--composed", action="store_true", help="all stages in one process")
    return parser.parse_args()


def milliseconds(values: list[float | None]) -> list[float]:
    return [1000.0 * value for value in values if value is not None]


def summary(trials: list[Trial], load: bool) -> str:
    """Rows for each mode, ours and bare; trials with a problem are not in them."""
    good = [trial for trial in trials if not trial.problem]
    lines = ["", f"stop, {'every core busy' if load else 'idle machine'}, wall time at speed 1"]
    for mode in (*(m.name for m in MODES), "all"):
        ours = [t for t in good if not t.bare and mode in (t.mode, "all")]
        bare = [t for t in good if t.bare and mode in (t.mode, "all")]
        if not ours:
            continue
        rows = (
            ("call to first zero or cancel", [t.told_s for t in ours]),
            ("call to standing still", [t.still_s for t in ours]),
            ("call to answer", [t.answered_s for t in ours]),
            ("braking: first zero to standing still", [t.braking_s for t in ours]),
            ("bare: call to standing still", [t.still_s for t in bare]),
            ("bare: braking", [t.braking_s for t in bare]),
        )
        lines += [row(f"{mode}: {name}", milliseconds(values), "ms") for name, values in rows]
    wrong = sum(bool(t.problem) and not t.skipped for t in trials)
    lines.append(
        f"stops with a problem: {wrong}; robot did not move before: {len(trials) - len(good) - wrong}"
    )
    return "\n".join(lines)


def judge(trials: list[Trial], load: bool) -> list[tuple[str, bool]]:
    ours = [trial for trial in trials if not trial.bare and not trial.skipped]
    told = [trial.told_s for trial in ours if trial.told_s is not None and not trial.problem]
    checks = [
        (
            "after every stop the robot stood still, and stop and command said so",
            all(not t.problem for t in ours),
        ),
        (
            "nearly every trial could be carried out",
            1.1 * len(ours) >= sum(not t.bare for t in trials),
        ),
    ]
    if not load:
        ok = bool(told) and percentile(told, 0.99) < TARGET_P99_S
        checks.append(
            (f"p99 of call to first zero or cancel < {1000 * TARGET_P99_S:g} ms, idle", ok)
        )
    return checks


if __name__ == "__main__":
    sys.exit(main())
