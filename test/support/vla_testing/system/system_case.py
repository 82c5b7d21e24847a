# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: a launched system and a client. Tests wait on events, never on the clock."""

from __future__ import annotations

import math
import os
import tempfile
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import SystemStatus

from vla_bringup.cli.verdict import Truth
from vla_bringup.client.ros.system_client import SystemClient
from vla_bringup.client.ros.truth_client import truth_from_msg
from vla_bringup.client.system_process import SystemProcess, own_domain

START_S = 120.0
LONG_S = 180.0
MANY = 20000
RESTING = (SystemStatus.IDLE, SystemStatus.STOPPED)
STILL = 0.02
"""Speed (m/s, rad/s) below which the robot stands still by ground truth."""


class SystemCase(unittest.TestCase):
    """One system for all tests of the class, ready before each of them; `client` speaks with it."""

    namespace = "vla"
    seed: int | None = None
    """Of the random world that every test begins in anew; None: in the world as the launch made it."""
    never_ready = False
    """Waiting once for a system that does not come is enough."""
    system: SystemProcess
    client: SystemClient

    @classmethod
    def launch_arguments(cls) -> Mapping[str, str]:
        """Arguments of the launch file."""
        return {}

    @classmethod
    def setUpClass(cls) -> None:
        domain = int(os.environ.setdefault("ROS_DOMAIN_ID", str(own_domain())))
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.system = SystemProcess(cls.launch_arguments(), Path(folder.name) / "launch.log", domain)
        cls.addClassCleanup(cls.system.end)
        cls.client = SystemClient(cls.namespace, "system_test")
        cls.addClassCleanup(cls.client.close)

    @property
    def ros_home(self) -> Path:
        """ROS_HOME of the system's processes."""
        return self.system.log.parent

    def setUp(self) -> None:
        if type(self).never_ready:
            self.fail("the system was not ready for an earlier test either")
        type(self).never_ready = True
        status = self.client.wait_for_status(
            lambda s: s.state in RESTING, START_S, self.system.ended
        )
        if status is not None and status.state == SystemStatus.STOPPED:  # by a test that has failed
            self.client.reset()
        self.wait_for(SystemStatus.IDLE)
        if self.seed is not None:
            outcome = self.client.sim_reset(self.seed)
            self.assertTrue(outcome.ok, outcome.message)
        type(self).never_ready = False

    def wait_for(
        self, state: int, extra: Callable[[SystemStatus], bool] = lambda _: True
    ) -> SystemStatus:
        status = self.client.wait_for_status(
            lambda s: s.state == state and extra(s), START_S, self.system.ended
        )
        if status is None:
            self.fail(
                f"state {state} was not reached; the last status was {self.client._last_status}\n"
                + self.system.log_tail(60)
            )
        return status

    def execute(self, command: str, **options: object) -> ExecuteCommand.Result:
        return self.client.execute(self.goal(command, **options), timeout_s=LONG_S)

    def goal(self, command: str, **options: object) -> ExecuteCommand.Goal:
        return ExecuteCommand.Goal(command=command, source="test", **options)

    def truth(self) -> Truth:
        return truth_from_msg(self.client.ground_truth())

    def until_driving(self) -> None:
        """Returns once ground truth says that the robot really moves."""
        for _ in range(MANY):
            message = self.client.ground_truth()
            if math.hypot(message.robot_velocity.linear.x, message.robot_velocity.linear.y) > 0.1:
                return
        self.fail("the robot never drove")

    def until_still(self) -> None:
        for _ in range(MANY):
            if self.truth().speed < STILL:
                return
        self.fail("the robot never stood still")

    def process(self, name: str) -> psutil.Process:
        """The child process whose command line contains a name."""
        for child in psutil.Process(self.system.pid).children(recursive=True):
            try:
                if any(name in word for word in child.cmdline()):
                    return child
            except psutil.NoSuchProcess:
                continue
        raise AssertionError(f"there is no process {name}")
