# SPDX-License-Identifier: Apache-2.0
"""`./vla eval fuzz`: ten thousand messages that nobody should send, to every service, action and topic of the system.

No process may die or be restarted, nothing may move by the simulator's true motion, and each request has to be
answered: with an outcome code where the interface has one. Afterwards an ordinary command has to work. The messages
come from hypothesis with a seed: the same seed, on the same interfaces, sends the same ones.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz_targets import ACTION, TOPIC, Target, discover
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import NonInteractiveExampleWarning
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import SystemStatus

from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import GoalRun
from vla_testing.measuring import append_json, row, verdict
from vla_testing.message_fuzz import messages
from vla_testing.system.motion_watch import STILL, MotionWatch
from vla_testing.system.own_system import OwnSystem

ANSWER_S = 10.0
BACK_S = 90.0
RESULT_S = 60.0
OWN_WEIGHT = 5
"""Our interfaces get so many times the messages of those that every node has."""
SHOWN = 2000
SETTLE_S = 0.5
FITS_ALL = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""A publisher that every subscription takes messages from, whatever it asks for."""
PROBE = "turn left 20 degrees"


class Fuzz:
    """Sends to one system. `problems` has one record for each thing that went wrong."""

    def __init__(self, system: OwnSystem, folder: Path, first_seed: int) -> None:
        self._system = system
        self._folder = folder
        self._seed = first_seed
        self._connect()
        self.problems: list[dict[str, Any]] = []
        self.sent: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.times: list[float] = []

    def _connect(self) -> None:
        self._client = self._system.client
        self._watch = MotionWatch(self._client)
        self._pids = {name: process.pid for name, process in self._system.processes().items()}
        self._senders: dict[str, Any] = {}
        self._watch.check()

    def target(self, target: Target, count: int, turn: int) -> None:
        """That many messages; a target that shows a problem is left for the next one."""
        begin_s = time.time()
        last: list[Any] = [None, 0]
        failed: list[str] = []

        @seed(self._seed + turn)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(messages(target.message_class, target.tame))
        def send(message: Any) -> None:
            if failed:
                return  # an error raised here would make hypothesis send the message again and again
            last[:] = [message, last[1] + 1]
            self.sent[target.how] += 1
            begin = time.monotonic()
            try:
                problem = self._send(target, message)
            except VlaError as error:
                problem = str(error)
            self.times.append(time.monotonic() - begin)
            if problem:
                failed.append(problem)

        send()
        for problem in failed:
            self._note(target, turn, problem, last)
        self._look(target, turn, begin_s, last)
        if target.name.endswith("/stop"):
            self._client.reset()

    def _send(self, target: Target, message: Any) -> str:
        """What is wrong with the answer; empty when nothing is. Errors: VlaError without an answer."""
        if target.how == TOPIC:
            publisher = self._senders.get(target.name)
            if publisher is None:
                publisher = self._client.node.create_publisher(target.kind, target.name, FITS_ALL)
                self._senders[target.name] = publisher
            publisher.publish(message)
            return ""
        if target.how == ACTION:
            return self._goal(target, message)
        return self._answered(self._client.call(target.kind, target.name, message, ANSWER_S))

    def _goal(self, target: Target, message: Any) -> str:
        client = self._senders.get(target.name)
        if client is None:
            client = ActionClient(
                self._client.node, target.kind, target.name, callback_group=self._client.group
            )
            self._senders[target.name] = client
        run = GoalRun(client, target.name, Code.NOT_READY)
        try:
            run.send(message, ANSWER_S)
        except VlaError as error:
            if "refused the goal" in error.message:
                self.codes["rejected"] += 1
                return ""
            raise
        wrapped = run.wait(RESULT_S)
        if wrapped is None:
            run.cancel(ANSWER_S)
            return f"no end within {RESULT_S:g} s"
        return self._answered(wrapped.result)

    def _answered(self, answer: Any) -> str:
        problem, code = judge_answer(answer)
        self.codes[code] += 1
        return problem

    def _look(self, target: Target, turn: int, begin_s: float, last: Sequence[Any]) -> None:
        """At processes and motion, after the last message of a target has had its effect."""
        self._watch.until(lambda: time.time() > begin_s + SETTLE_S, 2 * SETTLE_S)
        now = {name: process.pid for name, process in self._system.processes().items()}
        changed = sorted(
            n for n in self._pids.keys() | now.keys() if self._pids.get(n) != now.get(n)
        )
        if changed:
            self._note(target, turn, f"died or was restarted: {', '.join(changed)}", last)
            self._wait_until_whole()
        speed = self._watch.trace.largest(begin_s)
        if speed >= STILL:
            self._note(target, turn, f"the robot moved, {speed:.3f}", last)
            self._watch.until_still(time.time(), ANSWER_S)
        self._watch.trace.clear()

    def _wait_until_whole(self) -> None:
        """All processes are there again and in use; a system that does not come back is started anew."""
        deadline = time.monotonic() + BACK_S
        while time.monotonic() < deadline and not self._system.process.ended():
            self._watch.trace.wait(0.2)
            now = {name: process.pid for name, process in self._system.processes().items()}
            try:
                status = self._client.status()
            except VlaError:
                continue
            whole = status.state == SystemStatus.IDLE and all(c.healthy for c in status.components)
            if whole and now.keys() == self._pids.keys():
                self._pids = now
                return
        self._system.restart()
        self._connect()

    def _note(self, target: Target, turn: int, problem: str, last: Sequence[Any]) -> None:
        record = {
            "target": target.name,
            "type": target.type,
            "seed": self._seed + turn,
            "number": last[1],
            "problem": problem,
            "message": repr(last[0])[:SHOWN],
        }
        self.problems.append(record)
        append_json(self._folder / "problems.jsonl", record)
        print(f"{target.name}: {problem}", flush=True)

    def still_works(self) -> str:
        """What an ordinary command says afterwards; empty when it was carried out and nothing was restarted."""
        try:
            self._client.reset()
            self._client.sim_reset(0)
            goal = ExecuteCommand.Goal(command=PROBE, source="fuzz")
            outcome = self._client.execute(goal, timeout_s=RESULT_S).outcome
            restarts = {c.name: c.restarts for c in self._client.status().components if c.restarts}
        except VlaError as error:
            return error.message
        if outcome.code != Code.OK:
            return f"{outcome.code}: {outcome.message}"
        return f"restarts: {restarts}" if restarts else ""


def judge_answer(answer: Any) -> tuple[str, str]:
    """What is wrong with an answer (empty: nothing), and its code as text."""
    outcome = getattr(answer, "outcome", None)
    if outcome is None:
        return "", "answered"
    try:
        code = Code(outcome.code)
    except ValueError:
        return f"outcome code {outcome.code} does not exist", "unknown"
    if code is Code.INTERNAL_ERROR:
        return f"a defect of ours: {outcome.message[:300]}", code.name
    if code is not Code.OK and not outcome.message:
        return f"{code.name} without a sentence", code.name
    return "", code.name


def share_out(targets: Sequence[Target], count: int) -> list[int]:
    """How many messages each target gets; all together at least count."""
    weights = [1 if target.built_in else OWN_WEIGHT for target in targets]
    total = sum(weights)
    return [max(1, -(-count * weight // total)) for weight in weights]


def main() -> int:
    arguments = parse()
    warnings.simplefilter("ignore", NonInteractiveExampleWarning)
    folder = run_folder("eval-fuzz")
    options = {"seed": "0", "composed": "true" if arguments.composed else ""}
    with OwnSystem(folder, options) as system:
        system.wait_until_ready()
        fuzz = Fuzz(system, folder, arguments.seed)
        found = discover(system.client.node, "vla")
        targets = found = [target for target in found if arguments.only in target.name]
        turn = 0
        # A target with an empty request has one message only; the rest goes round again, without those that failed.
        while targets and sum(fuzz.sent.values()) < arguments.messages:
            left = arguments.messages - sum(fuzz.sent.values())
            for target, count in zip(targets, share_out(targets, left), strict=True):
                fuzz.target(target, count, turn)
            turn += 1
            failed = {record["target"] for record in fuzz.problems}
            targets = [target for target in targets if target.name not in failed]
            print(f"{sum(fuzz.sent.values())} messages, {len(fuzz.problems)} problems", flush=True)
        after = fuzz.still_works()
    print(report(fuzz, found))
    checks = [
        (
            "no process died, nothing moved, each request was answered with a code",
            not fuzz.problems,
        ),
        (f"an ordinary command works afterwards{f' [{after}]' if after else ''}", not after),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def report(fuzz: Fuzz, targets: Sequence[Target]) -> str:
    how = Counter(target.how for target in targets)
    lines = [
        "",
        ", ".join(f"{fuzz.sent[name]} messages to {how[name]} {name}s" for name in sorted(how)),
        "answers: " + ", ".join(f"{name} {count}" for name, count in fuzz.codes.most_common()),
        row("time for one message", [1000 * value for value in fuzz.times], "ms"),
    ]
    for record in fuzz.problems:
        lines.append(
            f"{record['target']} (seed {record['seed']}, message {record['number']}): {record['problem']}"
        )
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--composed", action="store_true", help="all stages in one process")
    parser.add_argument("--only", default="", help="only names that contain this")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
