# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of stop and cancel share: getting the robot to move, and seeing what reaches the simulator."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from action_msgs.msg import GoalStatus, GoalStatusArray
from ament_index_python.packages import get_package_share_directory
from geometry_msgs.msg import Twist
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.qos import qos_profile_action_status_default
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import ExecutionState, SystemStatus

from vla_bringup.client.ros.system_client import SystemClient
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.clients.calls import GoalRun
from vla_common.ros.qos import LATCHED
from vla_testing.system.motion_watch import MotionWatch

MOVING_S = 60.0
END_S = 60.0
WORLD = "two_cups.yaml"
PUT_DOWN = "put it on the table"
PUT_DOWN_TRIES = 3
SPOTS = {
    "away": {"x_m": 0.0, "y_m": -0.6, "yaw_rad": 1.5708},
    "at_table": {"x_m": -0.25, "y_m": 0.36, "yaw_rad": 1.5708},
}


@dataclass(frozen=True)
class Mode:
    """A way to move. speed: m/s, rad/s from which on it counts as moving; longest_s: until the interruption."""

    name: str
    spot: str
    commands: tuple[str, ...]
    speed: float
    longest_s: float
    arm: bool = False


MODES = (
    Mode("move", "away", ("move forward 0.8 meters", "turn left 270 degrees"), 0.1, 1.2),
    Mode("navigate", "away", ("go to the bin", "go to the side table"), 0.1, 2.0),
    Mode("manipulate", "at_table", ("pick up the red cup",), 0.05, 2.5, arm=True),
)


def make_worlds(folder: Path) -> dict[str, str]:
    """One world file for each spot to start from."""
    source = Path(get_package_share_directory("vla_sim")) / "worlds" / WORLD
    world = yaml.safe_load(source.read_text(encoding="utf-8"))
    files = {}
    for spot, start in SPOTS.items():
        path = folder / f"world-{spot}.yaml"
        path.write_text(yaml.safe_dump({**world, "start": start}), encoding="utf-8")
        files[spot] = str(path)
    return files


class Received:
    """When the simulator is told to stop: zero on cmd_vel, or a goal that turns to CANCELING; for the arm only the
    latter, since velocities do not concern it.

    Seen through subscriptions of this process, which get what the simulator gets; the time (of day) is when the
    middleware took it from the transport, before any Python here.
    """

    def __init__(self, client: SystemClient) -> None:
        self._lock = threading.Lock()
        self._since_s = float("inf")
        self._arm = False
        self.at_s: float | None = None
        node = client.node
        node.create_subscription(
            Twist, "cmd_vel", self._on_velocity, 10, callback_group=MutuallyExclusiveCallbackGroup()
        )
        for action in ("navigate_to_pose", "manipulate"):
            node.create_subscription(
                GoalStatusArray,
                f"{action}/_action/status",
                self._on_goals,
                qos_profile_action_status_default,
                callback_group=MutuallyExclusiveCallbackGroup(),
            )

    def start(self, now_s: float, arm: bool) -> None:
        with self._lock:
            self._since_s, self._arm, self.at_s = now_s, arm, None

    def _note(self, info: Any) -> None:
        at_s = info["received_timestamp"] * 1e-9
        with self._lock:
            if at_s >= self._since_s:
                self.at_s = at_s if self.at_s is None else min(at_s, self.at_s)

    def _on_velocity(self, message: Twist, info: Any) -> None:
        if not self._arm and message.linear.x == message.linear.y == message.angular.z == 0.0:
            self._note(info)

    def _on_goals(self, message: GoalStatusArray, info: Any) -> None:
        if any(item.status == GoalStatus.STATUS_CANCELING for item in message.status_list):
            self._note(info)


class Mover:
    """Puts the robot where a mode begins and gets it to move. Errors of all methods: VlaError."""

    def __init__(self, client: SystemClient, watch: MotionWatch, worlds: dict[str, str]) -> None:
        self.client = client
        self.watch = watch
        self._worlds = worlds
        self._holding = False
        client.node.create_subscription(
            ExecutionState,
            "execution_state",
            self._on_execution,
            LATCHED,
            callback_group=client.group,
        )

    def _empty_the_hand(self) -> None:
        """The robot knows of its gripper by what its arm reports: a new world alone would not tell it."""
        for _ in range(PUT_DOWN_TRIES):
            if not self._holding:
                return
            outcome = self.client.execute(
                ExecuteCommand.Goal(command=PUT_DOWN), timeout_s=END_S
            ).outcome
            self.watch.until(lambda: not self._holding, 1.0)
        if self._holding:
            raise VlaError(
                Code.PRECONDITION_FAILED, f"The hand can't be emptied: {outcome.message}"
            )

    def world(self, mode: Mode) -> str:
        return self._worlds[mode.spot]

    def _on_execution(self, message: ExecutionState) -> None:
        self._holding = message.holding

    def prepare(self, world: str) -> None:
        """At the spot, standing still, no stop in force, no trace of the trial before."""
        self.client.reset()
        self._empty_the_hand()
        outcome = self.client.sim_reset(0, world)
        if not outcome.ok:
            raise VlaError(outcome.code, outcome.message)
        if self.client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, END_S) is None:
            raise VlaError(Code.NOT_READY, "The system did not get idle again.")
        self.watch.trace.clear()
        if self.watch.until_still(time.time(), END_S) is None:
            raise VlaError(Code.STOP_UNCONFIRMED, "The robot does not stand still between trials.")

    def start(self, command: str, feedback: Callable[[Any], None] | None = None) -> GoalRun:
        return self.client.start(ExecuteCommand.Goal(command=command, source="bench"), feedback)

    def until_moving(self, mode: Mode, run: GoalRun) -> None:
        def moving_or_over() -> bool:
            sample = self.watch.trace.newest
            speed = 0.0 if sample is None else sample.arm if mode.arm else sample.base
            return speed > mode.speed or run.wait(0.0) is not None

        self.watch.until(moving_or_over, MOVING_S)
        wrapped = run.wait(0.0)
        if wrapped is not None:
            outcome = wrapped.result.outcome
            raise VlaError(Code(outcome.code), f"It ended before it moved: {outcome.message}")

    def moving(self, mode: Mode, number: int, rng: random.Random) -> GoalRun:
        """A command of the mode that moves the robot since a random time."""
        self.prepare(self.world(mode))
        run = self.start(mode.commands[number % len(mode.commands)])
        self.until_moving(mode, run)
        run.wait(rng.uniform(0.0, mode.longest_s))
        return run


@contextmanager
def busy_cores(wanted: bool) -> Iterator[None]:
    """One process per core that only computes."""
    count = (psutil.cpu_count() or 1) if wanted else 0
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
