# SPDX-License-Identifier: Apache-2.0
"""A client of the running system for command-line tools, tests and evaluations."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import SystemStatus
from vla_interfaces.srv import (
    Answer,
    GetStatus,
    GroundTruth,
    Manage,
    Reset,
    SimFault,
    SimReset,
    Stop,
)

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.language.foreign_text import line
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import GoalRun, call
from vla_common.ros.conversions import outcome_from_msg
from vla_common.ros.qos import LATCHED
from vla_common.ros.spin import spin_on

DISCOVERY_TIMEOUT_S = 3.0
SEEN_TIMEOUT_S = 0.5
"""A question may be in the feedback of its command a moment before it is in the status."""
ANSWER_TIMEOUT_S = 15.0
NOT_RUNNING = (
    "The system does not answer. Start it with ./vla launch, or in one go with ./vla demo."
)


def command_goal(command: str, **options: Any) -> ExecuteCommand.Goal:
    """A goal of execute_command; options are its other fields."""
    return ExecuteCommand.Goal(command=command, source="text", **options)


def check_namespace(namespace: str) -> None:
    """Errors: INVALID_REQUEST for what can't be a namespace of ROS."""
    if not re.fullmatch(r"/?([A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*)?", namespace):
        raise VlaError(
            Code.INVALID_REQUEST,
            f"'{line(namespace)}' is no namespace: letters, digits and _ with / between, no digit first.",
        )


def command_of(name: str) -> int:
    """The command of the service `manage` that the command line calls `name`, such as "pause" or "cancel"."""
    return int(getattr(Manage.Request, {"cancel": "CANCEL_ALL"}.get(name, name.upper())))


class SystemClient:
    """Speaks with the state manager, executor and simulator in one namespace. A context manager.

    Every call blocks with a timeout and raises VlaError; NOT_READY when nobody answers.
    """

    def __init__(
        self, namespace: str = "vla", name: str = "vla_cli", remappings: Sequence[str] = ()
    ) -> None:
        """remappings: rules such as `cmd_vel:=/cmd_vel`, for a robot with names of its own."""
        check_namespace(namespace)
        self._context = rclpy.context.Context()
        # Without the words of the command line: what somebody says to the robot is no argument of ROS.
        rclpy.init(
            args=[],
            context=self._context,
            signal_handler_options=rclpy.signals.SignalHandlerOptions.NO,
        )
        self.node = rclpy.create_node(
            f"{name}_{os.getpid()}",
            namespace=namespace,
            context=self._context,
            cli_args=["--ros-args", *(word for rule in remappings for word in ("-r", rule))],
        )
        self.group = ReentrantCallbackGroup()
        self._condition = threading.Condition()
        self._last_status: SystemStatus | None = None
        # Groups of their own that run one callback at a time: status and feedback stay in order.
        self.node.create_subscription(
            SystemStatus,
            "status",
            self._on_status,
            LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._commands = ActionClient(
            self.node,
            ExecuteCommand,
            "execute_command",
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._clients: dict[str, Any] = {}
        self._executor = MultiThreadedExecutor(num_threads=4, context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=spin_on, args=(self._executor,), daemon=True)
        self._thread.start()

    def __enter__(self) -> SystemClient:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=2.0)
        rclpy.try_shutdown(context=self._context)
        self._thread.join(2.0)

    def _on_status(self, message: SystemStatus) -> None:
        with self._condition:
            self._last_status = message
            self._condition.notify_all()

    # --- what the system says -----------------------------------------------------------------------

    def wait_for_status(
        self,
        accept: Callable[[SystemStatus], bool],
        timeout_s: float,
        give_up: Callable[[], bool] = lambda: False,
    ) -> SystemStatus | None:
        """The first status that fits, or None after the timeout or when give_up() says so."""
        deadline = time.monotonic() + timeout_s
        with self._condition:
            while True:
                status = self._last_status
                if status is not None and accept(status):
                    return status
                left = deadline - time.monotonic()
                if left <= 0 or give_up():
                    return None
                self._condition.wait(min(left, 0.2))

    def status(self) -> SystemStatus:
        return self.call(GetStatus, "get_status", GetStatus.Request()).status

    # --- what it is asked to do ---------------------------------------------------------------------

    def call(self, kind: Any, name: str, request: Any, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(
                kind, name, callback_group=self.group
            )
        if not client.wait_for_service(timeout_sec=DISCOVERY_TIMEOUT_S):
            raise VlaError(Code.NOT_READY, NOT_RUNNING)
        return call(client, request, timeout_s, unavailable=Code.NOT_READY)

    def stop(self, reason: str) -> Result:
        return outcome_from_msg(self.call(Stop, "stop", Stop.Request(reason=reason)).outcome)

    def reset(self) -> Result:
        return outcome_from_msg(self.call(Reset, "reset", Reset.Request()).outcome)

    def answer(
        self,
        text: str,
        trace_id: str = "",
        source: str = "text",
        question: str = "",
        question_id: str = "",
    ) -> Result:
        """Answer a question; question_id: which, empty: the one that this client saw open. Errors: NOT_READY."""
        if not question_id:
            status = self.wait_for_status(lambda s: bool(s.question), SEEN_TIMEOUT_S)
            question_id = status.question_id if status is not None else ""
        request = Answer.Request(
            trace_id=trace_id,
            answer=text,
            source=source,
            question=question,
            question_id=question_id,
        )
        return outcome_from_msg(self.call(Answer, "answer", request).outcome)

    def manage(self, command: int, timeout_s: float = 60.0) -> Result:
        return outcome_from_msg(
            self.call(Manage, "manage", Manage.Request(command=command), timeout_s).outcome
        )

    def start(
        self, goal: ExecuteCommand.Goal, feedback: Callable[[Any], None] | None = None
    ) -> GoalRun:
        """Give a command without waiting for its end. Errors: NOT_READY."""
        if not self._commands.wait_for_server(timeout_sec=DISCOVERY_TIMEOUT_S):
            raise VlaError(Code.NOT_READY, NOT_RUNNING)
        run = GoalRun(self._commands, "execute_command", Code.NOT_READY)
        run.send(goal, ANSWER_TIMEOUT_S, feedback=feedback)
        return run

    def execute(
        self,
        goal: ExecuteCommand.Goal,
        feedback: Callable[[Any], None] | None = None,
        token: CancelToken | None = None,
        timeout_s: float = 3600.0,
    ) -> ExecuteCommand.Result:
        """Give a command and wait for its end; when the token is canceled, cancel it and wait for that."""
        run = self.start(goal, feedback)
        wrapped = run.wait(timeout_s, token)
        if wrapped is None:
            wrapped = run.cancel(20.0)
        if wrapped is None:
            raise VlaError(
                Code.STOP_UNCONFIRMED, "The command did not end; the robot may still be moving."
            )
        return wrapped.result

    # --- the simulator ------------------------------------------------------------------------------

    def ground_truth(self) -> Any:
        """What is really the case. For verdicts only."""
        return self.call(GroundTruth, "sim/ground_truth", GroundTruth.Request())

    def sim_reset(self, seed: int, world_file: str = "") -> Result:
        request = SimReset.Request(seed=seed, world_file=world_file)
        return outcome_from_msg(self.call(SimReset, "sim/reset", request, 60.0).outcome)

    def fault(self, fault: str, value: float) -> Result:
        return outcome_from_msg(
            self.call(SimFault, "sim/fault", SimFault.Request(fault=fault, value=value)).outcome
        )
