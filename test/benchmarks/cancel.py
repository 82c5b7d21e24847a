# SPDX-License-Identifier: Apache-2.0
"""`./vla bench cancel`: from asking for a cancel to the final state of the goal, in every stage of a command.

A goal may end as CANCELED only once the robot stands still, and then it has to stay so: the simulator's true motion
at that moment and for a while after it decides. `thinking` holds the planner's process still for as long as the
cancel takes, as a language model does that does not answer.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from vla_interfaces.action import ExecuteCommand

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.clients.calls import GoalRun
from vla_testing.measuring import append_json, row, verdict
from vla_testing.system.motion_watch import STILL, MotionWatch
from vla_testing.system.moving import END_S, MODES, Mover, busy_cores, make_worlds
from vla_testing.system.own_system import OwnSystem

QUIET_S = 1.0
"""So long nothing may move after the end of the goal."""
THINKING_S = 1.5
"""Longest time for which the planner is held; a planner that hangs for longer is killed."""
MOVE, NAVIGATE, MANIPULATE = MODES
FEEDBACK = ExecuteCommand.Feedback


@dataclass(frozen=True)
class Trial:
    """ended_s: since the request. speed: true speed when the goal ended; later_speed: highest after that."""

    stage: str
    ended_s: float | None
    status: int
    code: int
    speed: float
    later_speed: float
    moves_on: bool = False
    problem: str = ""

    @property
    def canceled(self) -> bool:
        return self.status == GoalStatus.STATUS_CANCELED and self.code == Code.CANCELED

    @property
    def stood_still(self) -> bool:
        """Another command may go on moving: then there is nothing to see."""
        return self.moves_on or max(self.speed, self.later_speed) < STILL


class Bench:
    def __init__(self, system: OwnSystem, seed: int) -> None:
        self._system = system
        self._watch = MotionWatch(system.client)
        self._mover = Mover(system.client, self._watch, make_worlds(system.folder))
        self._random = random.Random(seed)
        self._stages: dict[str, Callable[[int], Trial]] = {
            "queued": self._queued,
            "thinking": self._thinking,
            "planning": self._planning,
            "driving": self._driving,
            "navigating": self._navigating,
            "grasping": self._grasping,
        }
        self._watch.check()

    @property
    def stages(self) -> list[str]:
        return list(self._stages)

    def trial(self, stage: str, number: int) -> Trial:
        """Never raises; what went wrong is in `problem`."""
        try:
            return self._stages[stage](number)
        except VlaError as error:
            return Trial(stage, None, 0, 0, 0.0, 0.0, problem=str(error))

    def _queued(self, number: int) -> Trial:
        first = self._mover.moving(NAVIGATE, number, self._random)
        second = self._mover.start(MOVE.commands[0])
        trial = self._cancel("queued", second, moves_on=True)
        first.cancel(END_S)
        return trial

    def _thinking(self, number: int) -> Trial:
        self._mover.prepare(self._mover.world(NAVIGATE))
        process = self._system.process_of("planner")
        if process is None:
            raise VlaError(Code.NOT_READY, "There is no planner.")
        process.suspend()
        free = threading.Timer(THINKING_S, process.resume)
        free.start()
        try:
            run = self._at_stage(NAVIGATE.commands[0], FEEDBACK.PLANNING)
            return self._cancel("thinking", run)
        finally:
            free.cancel()
            process.resume()

    def _planning(self, number: int) -> Trial:
        """As soon as planning is heard of: with a quick planner the cancel may meet a later stage."""
        self._mover.prepare(self._mover.world(NAVIGATE))
        run = self._at_stage(NAVIGATE.commands[number % 2], FEEDBACK.PLANNING)
        return self._cancel("planning", run)

    def _driving(self, number: int) -> Trial:
        return self._cancel("driving", self._mover.moving(MOVE, number, self._random))

    def _navigating(self, number: int) -> Trial:
        return self._cancel("navigating", self._mover.moving(NAVIGATE, number, self._random))

    def _grasping(self, number: int) -> Trial:
        return self._cancel("grasping", self._mover.moving(MANIPULATE, number, self._random))

    def _at_stage(self, command: str, stage: int) -> GoalRun:
        reached = threading.Event()

        def on_feedback(message: Any) -> None:
            if message.stage >= stage:
                reached.set()

        run = self._mover.start(command, on_feedback)
        if not reached.wait(END_S):
            raise VlaError(Code.NOT_READY, "The command did not get to that stage.")
        return run

    def _cancel(self, stage: str, run: GoalRun, moves_on: bool = False) -> Trial:
        begin_s = time.time()
        wrapped = run.cancel(END_S)
        end_s = time.time()
        if wrapped is None:
            return Trial(stage, None, 0, 0, 0.0, 0.0, moves_on, "the goal did not end")
        self._watch.until(lambda: self._watch.trace.between(end_s + QUIET_S) != [], 2 * QUIET_S)
        sample = self._watch.trace.at(end_s)
        trial = Trial(
            stage,
            end_s - begin_s,
            wrapped.status,
            wrapped.result.outcome.code,
            0.0 if sample is None else sample.speed,
            self._watch.trace.largest(end_s),
            moves_on,
        )
        if trial.canceled or trial.code == Code.OK:
            return trial
        message = wrapped.result.outcome.message
        return Trial(**{**asdict(trial), "problem": f"ended with {trial.code}: {message}"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench cancel", description=__doc__)
    parser.add_argument("--trials", type=int, default=300, help="over all stages")
    parser.add_argument("--seed", type=int, default=0, help="of the times at which it is canceled")
    parser.add_argument("--load", action="store_true", help="with one busy process on every core")
    arguments = parser.parse_args()
    folder = run_folder("bench-cancel")
    trials: list[Trial] = []
    with OwnSystem(folder, {"seed": "0"}) as system:
        system.wait_until_ready()
        bench = Bench(system, arguments.seed)
        with busy_cores(arguments.load):
            for number in range(arguments.trials):
                stage = bench.stages[number % len(bench.stages)]
                trial = bench.trial(stage, number // len(bench.stages))
                trials.append(trial)
                append_json(folder / "trials.jsonl", {"trial": number, **asdict(trial)})
                if trial.problem or not trial.stood_still:
                    found = trial.problem or f"it moved: {trial.speed:.3f}, {trial.later_speed:.3f}"
                    print(f"trial {number}, {stage}: {found}", flush=True)
    print(summary(trials, bench.stages, arguments.load))
    print(f"All trials: {folder / 'trials.jsonl'}")
    checks = judge(trials)
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def summary(trials: list[Trial], stages: list[str], load: bool) -> str:
    lines = [
        "",
        f"cancel, {'every core busy' if load else 'idle machine'}, wall time at speed 1",
        "request to the goal's end",
    ]
    for stage in stages:
        of_stage = [trial for trial in trials if trial.stage == stage]
        times = [1000 * t.ended_s for t in of_stage if t.canceled and t.ended_s is not None]
        lines.append(row(f"{stage}", times, "ms"))
        done = sum(t.code == Code.OK and t.ended_s is not None for t in of_stage)
        wrong = sum(bool(t.problem) for t in of_stage)
        moving = sum(not t.stood_still for t in of_stage)
        if done or wrong or moving:
            lines.append(
                f"  done before: {done}, with a problem: {wrong}, moved at or after the end: {moving}"
            )
    return "\n".join(lines)


def judge(trials: list[Trial]) -> list[tuple[str, bool]]:
    return [
        ("every goal ended as canceled, or was done before", not any(t.problem for t in trials)),
        (
            "the robot stood still at the end of every goal and stayed so",
            all(t.stood_still for t in trials),
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
