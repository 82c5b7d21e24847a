# SPDX-License-Identifier: Apache-2.0
"""`./vla eval faults`: what becomes of robot, command and system when something breaks in the middle of a mission.

Each trial starts a mission, breaks one thing at a random time (see fault_kinds.py) and follows the robot by its true
motion, the command by its final states, and the system until it takes and carries out a command again. Not covered: a
broken network between machines, and the death of the simulator (kill -9), which ends the launch by design: it is the
robot. Message loss and delay act on UDP datagrams, so that those trials run with DDS over UDP; clock jumps act on all
processes of the system, the robot's driver too. A full disk needs the privilege to mount one.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import psutil
from disturbance import Disturbance, build
from fault_kinds import Disk, Injection, Injector, Kind, kinds, resume
from fault_verdict import Trial, judge, line, table
from trial_watch import Watched

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import VlaError
from vla_testing.measuring import append_json, verdict
from vla_testing.system.moving import make_worlds
from vla_testing.system.own_system import OwnSystem

RESTART_EVERY = 25
EARLY_SHARE = 0.3
MISSIONS = (
    ("away", "go to the bin", 5.0),
    ("away", "move forward 0.8 meters", 3.5),
    ("away", "turn left 270 degrees", 6.0),
    ("away", "go to the table, find a red object, and pick it up", 18.0),
    ("at_table", "pick up the red cup", 9.0),
)
"""Where it starts, what is asked for, and how many seconds it takes: the fault comes at any time in these."""


class Run:
    """The system under test; a new one every so many trials, after a fault that it did not get over, and for UDP."""

    def __init__(self, folder: Path, composed: bool, seed: int) -> None:
        self._folder = folder
        self._composed = composed
        self._random = random.Random(seed)
        library = build(folder)
        self.disturbance = None if library is None else Disturbance(folder, library)
        self._worlds = make_worlds(folder)
        self._system: OwnSystem | None = None
        self._disk: Disk | None = None
        self._watched: Watched | None = None
        self._udp = False
        self._trials = 0
        self._number = 0
        self.disk_problem = ""

    def kinds(self) -> list[Kind]:
        """All that can be done on this machine, those over UDP last, so that one restart does."""
        found = [kind for kind in kinds(self._composed) if self._possible(kind)]
        return sorted(found, key=lambda kind: kind.udp)

    def _possible(self, kind: Kind) -> bool:
        if kind.name == "disk full":
            probe = Disk(self._folder / "probe")
            probe.close()
            self.disk_problem = probe.problem
            return not probe.problem
        return not (kind.udp or kind.name == "clock jump") or self.disturbance is not None

    def trial(self, kind: Kind) -> Trial:
        """Never raises for what the system does."""
        mission = self._random.choice(MISSIONS)
        if self._watched is None or self._trials >= RESTART_EVERY or kind.udp != self._udp:
            self._start(kind.udp)
        self._trials += 1
        try:
            trial = self._carry_out(kind, *mission)
        except (VlaError, RuntimeError) as error:
            trial = Trial(kind.name, mission[1], "", kind.must_stop, False, problem=str(error))
        if not trial.valid or not trial.recovered:
            self.close_system()
        return trial

    def _carry_out(self, kind: Kind, spot: str, command: str, longest_s: float) -> Trial:
        assert self._system is not None and self._watched is not None
        watched = self._watched
        watched.prepare(self._worlds[spot])
        injector = Injector(self._system, self._random, self.disturbance, self._disk)
        # What concerns no process may have gone wrong already when the command comes.
        early = not kind.process and self._random.random() < EARLY_SHARE
        if not early:
            begin_s = time.time()
            watched.start(command)
            watched.until(begin_s + self._random.uniform(0.0, longest_s))
        fault_s = time.time()
        injection = injector.inject(kind)
        if early:
            watched.start(command)
        lift_s = injector.duration_s(kind)
        timer = None
        if injection.lift is not None and kind.lasts_s is not None:
            timer = threading.Timer(lift_s, _lift_now, (injection,))
            timer.start()
        else:
            injection.lifted.set()
        try:
            return watched.verdict(kind, injection, command, fault_s, lift_s)
        finally:
            self._lift(injection, timer)

    def _lift(self, injection: Injection, timer: threading.Timer | None) -> None:
        if timer is not None:
            timer.cancel()
            timer.join()
            assert injection.lift is not None
            try:
                injection.lift()
            except VlaError:
                pass  # the simulator is gone, and with it what was broken in it
        if injection.before is not None:
            try:
                resume(psutil.Process(injection.before))
            except psutil.NoSuchProcess:
                pass

    def _start(self, udp: bool) -> None:
        self.close_system()
        self._number += 1
        folder = self._folder / f"start-{self._number}"
        disk = Disk(folder / "disk")
        self._disk = None if disk.problem else disk
        if self._disk is not None:
            self._disk.take_over(folder / "system-1")
        environment: dict[str, str] = {}
        if udp:
            environment["FASTDDS_BUILTIN_TRANSPORTS"] = "UDPv4"
        if self.disturbance is not None:
            self.disturbance.close()
            self.disturbance = Disturbance(folder, self._folder / "disturbance.so")
            environment |= self.disturbance.environment
        self._system = OwnSystem(
            folder, {"seed": "0", "composed": "true" if self._composed else ""}, environment
        )
        self._system.wait_until_ready()
        self._watched = Watched(self._system)
        self._udp, self._trials = udp, 0

    def close_system(self) -> None:
        if self._system is not None:
            self._system.close()
        if self._disk is not None:
            self._disk.keep_files()
            self._disk.close()
        self._system = self._watched = self._disk = None


def _lift_now(injection: Injection) -> None:
    """Recovery is judged from here on: on a busy machine the timer may be late."""
    try:
        assert injection.lift is not None
        injection.lift()
    finally:
        injection.lifted.set()


def main() -> int:
    arguments = parse()
    folder = run_folder("eval-faults")
    run = Run(folder, arguments.composed, arguments.seed)
    names = run.kinds()
    if arguments.only:
        names = [kind for kind in names if arguments.only in kind.name]
    trials: list[Trial] = []
    try:
        for number, kind in enumerate(schedule(names, arguments.trials, arguments.seed)):
            trial = run.trial(kind)
            trials.append(trial)
            append_json(folder / "trials.jsonl", {"trial": number, **asdict(trial)})
            print(line(number, trial), flush=True)
    finally:
        run.close_system()
    print()
    print(table(trials))
    if run.disk_problem:
        print(f"Not covered here: disk full ({run.disk_problem}).")
    if run.disturbance is None:
        print("Not covered here: clock jumps, message loss and delay (no C compiler).")
    print(f"All trials: {folder / 'trials.jsonl'}")
    checks = judge(trials)
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def schedule(names: list[Kind], count: int, seed: int) -> list[Kind]:
    """Each kind as often as the others, in random order; those over UDP at the end."""
    rng = random.Random(seed)
    chosen: list[Kind] = []
    while len(chosen) < count:
        chosen += rng.sample(names, len(names))
    return sorted(chosen[:count], key=lambda kind: kind.udp)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--composed", action="store_true", help="all stages in one process")
    parser.add_argument(
        "--only", default="", help="only faults whose name contains this, e.g. 'kill'"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
