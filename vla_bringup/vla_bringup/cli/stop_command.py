# SPDX-License-Identifier: Apache-2.0
"""`./vla stop` where the fast way (setup/stop.bash) has not settled it: every way over ROS, all at once.

The executor's service, a stop as a command to the state manager, and zero velocity and cancels at the robot's own
servers, which need neither. Decides what is told of it: who was reached, whether the robot stands still, whether the
stop holds.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.machine.stop_channel import NAMES_SUFFIX, pipe_name, runtime_folder

DISCOVERY_S = 1.5
"""So long everybody has to be found before silence counts as nobody being there."""
ASK_PERIOD_S = 0.1
STILL_TIMEOUT_S = 6.0
DONE_TIMEOUT_S = 12.0
NOBODY = (
    "Nobody answers: no executor, no state manager, no robot. The system is not running in this ROS domain "
    "and namespace, or can't be reached."
)


@dataclass(frozen=True)
class Reached:
    """executor: the answer of its stop; None: none came. manager: whether the state manager took the command to stop.
    robot: which of the robot's own names were there. problem: why its standstill is not known; empty: it stands still.
    """

    executor: Result | None = None
    manager: bool = False
    robot: tuple[str, ...] = ()
    problem: str = ""


def verdict(reached: Reached) -> tuple[Result, tuple[str, ...]]:
    """What the person is told, and who was reached. OK only where the robot is known to stand still."""
    executor, robot = reached.executor, reached.robot
    answered = executor is not None
    holds = answered or reached.manager
    who = (("executor",) * answered) + (("state_manager",) * reached.manager) + robot
    if not who:
        return Result(Code.NOT_READY, NOBODY), ()
    if executor is not None and not executor.ok and executor.code is not Code.NOT_READY:
        return executor, who
    if not (executor is not None and executor.ok) and reached.problem:
        return Result(
            Code.STOP_UNCONFIRMED,
            f"The robot was told to stop, but {reached.problem}. The robot may still be moving.",
        ), who
    if holds:
        return Result(Code.OK, "Stopped; the robot stands still. ./vla reset lifts it."), who
    return Result(
        Code.OK,
        "The robot stands still: its own servers were told. Nobody was there to hold the stop: "
        "neither executor nor state manager answers.",
    ), who


def known_names(domain: int, namespace: str, folder: Path) -> list[str]:
    """Where the robot's names are, by what a process of this system has left; the newest, empty: nothing known."""
    prefix = pipe_name(domain, namespace, "", 0, 0, 0).split(",,")[0] + ","
    try:
        found = [p for p in folder.iterdir() if p.suffix == NAMES_SUFFIX]
        found = [p for p in found if p.name.startswith(prefix) and p.lstat().st_uid == os.getuid()]
        newest = max(found, key=lambda p: p.stat().st_mtime)
        return newest.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return []


class EveryWay:
    """Runs the ways beside each other on a client of the system; `run` returns when it is settled."""

    def __init__(self, client: Any, robot: Any) -> None:
        self._client, self._robot = client, robot
        self._settled = threading.Event()
        self._executor: Result | None = None
        self._manager = False
        self._problem = "it is not known whether it stands still"

    def run(self) -> Reached:
        ways = (self._by_executor, self._by_manager, self._by_robot)
        threads = [threading.Thread(target=self._quietly, args=(w,), daemon=True) for w in ways]
        for thread in threads:
            thread.start()
        until_s = time.monotonic() + DONE_TIMEOUT_S
        for thread in threads:
            while thread.is_alive() and time.monotonic() < until_s and not self._settled.is_set():
                thread.join(0.02)
        return Reached(self._executor, self._manager, self._robot.there(), self._problem)

    def _quietly(self, way: Callable[[], None]) -> None:
        try:
            way()
        except VlaError:
            pass  # whoever can't be reached is not among those who were

    def _by_executor(self) -> None:
        self._executor = self._client.stop("vla stop")
        if self._executor.ok:
            self._settled.set()

    def _by_manager(self) -> None:
        """Without the executor, somebody has to hold the stop until there is one again."""
        from vla_bringup.client.ros.system_client import command_goal

        if self._settled.wait(DISCOVERY_S):
            return
        run = self._client.start(command_goal("stop"))
        self._manager = True
        run.wait(DONE_TIMEOUT_S)

    def _by_robot(self) -> None:
        until_s = time.monotonic() + DISCOVERY_S
        while time.monotonic() < until_s:
            self._robot.abandon()
            if self._settled.wait(ASK_PERIOD_S):
                return
        self._problem = self._robot.wait_until_still(STILL_TIMEOUT_S)


def main(arguments: argparse.Namespace) -> int:
    """Exit code 0 only when the robot is known to stand still."""
    from vla_bringup.client.ros.system_client import SystemClient
    from vla_bringup.supervision.ros.robot_client import RobotClient

    domain = int(os.environ.get("ROS_DOMAIN_ID") or 0)
    names = known_names(domain, arguments.namespace, runtime_folder())
    with SystemClient(arguments.namespace, remappings=names) as client:
        client.node.reentrant = client.group
        robot = RobotClient(client.node, client.node, STILL_TIMEOUT_S)
        result, who = verdict(EveryWay(client, robot).run())
    if arguments.json:
        print(
            json.dumps({"code": int(result.code), "message": result.message, "reached": list(who)})
        )
    else:
        print(result.message if result.ok else str(result))
        print(f"Reached: {', '.join(who).replace('_', ' ') or 'nobody'}.")
    return 0 if result.ok else 1
