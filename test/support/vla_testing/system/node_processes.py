# SPDX-License-Identifier: Apache-2.0
"""Nodes as processes of their own, and somebody who sends plans to the executor among them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from vla_interfaces.action import ExecutePlan
from vla_interfaces.msg import Scene as SceneMsg
from vla_interfaces.srv import GroundTruth, ListSkills, SimReset

from vla_common.contracts.scene import SceneObject
from vla_common.contracts.skills import Plan, Step
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import wait_for
from vla_common.ros.conversions import plan_to_msg, scene_object_from_msg
from vla_common.ros.qos import LATCHED
from vla_common.ros.spin import spin_on

TIMEOUT_S = 400.0
ANSWER_S = 10.0
"""After this an answer counts as lost."""
MOST_TRIES = 40


class Client(Node):
    """Brings lifecycle nodes up, sends plans, asks the simulator for the truth."""

    def __init__(self) -> None:
        super().__init__("client")
        self.plans = ActionClient(self, ExecutePlan, "execute_plan")
        self.told: list[str] = []
        self._asked: dict[str, Any] = {}
        self._seeing = threading.Event()
        self.create_subscription(SceneMsg, "scene", lambda m: self._seeing.set(), LATCHED)

    def ask(self, kind: Any, name: str, request: Any = None) -> Any:
        """The answer to a request that may be repeated: an answer is lost when the server does not know the client
        yet, and nobody is told.
        """
        until = time.monotonic() + TIMEOUT_S
        while time.monotonic() < until:
            answer = self._ask_once(kind, name, request or kind.Request())
            if answer is not None:
                return answer
        raise AssertionError(f"{name} does not answer")

    def _ask_once(self, kind: Any, name: str, request: Any) -> Any:
        if name not in self._asked:
            self._asked[name] = self.create_client(kind, name)
        client = self._asked[name]
        assert client.wait_for_service(TIMEOUT_S), f"{name} is not there"
        future = client.call_async(request)
        return future.result() if wait_for(future, ANSWER_S) else None

    def activate(self, node: str) -> None:
        """Configure and activate; whether it has happened is asked, not taken from an answer that may be lost."""
        steps = {State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE}
        steps[State.PRIMARY_STATE_INACTIVE] = Transition.TRANSITION_ACTIVATE
        for _ in range(MOST_TRIES):
            state = self.ask(GetState, f"{node}/get_state").current_state
            if state.id == State.PRIMARY_STATE_ACTIVE:
                return
            if state.id in steps:
                request = ChangeState.Request(transition=Transition(id=steps[state.id]))
                self._ask_once(ChangeState, f"{node}/change_state", request)
        raise AssertionError(f"{node} does not get active; it is {state.label}")

    def until_seeing(self) -> None:
        """Until perception has seen its first picture."""
        assert self._seeing.wait(TIMEOUT_S), "nothing was seen"

    def begin(self, world_file: Path) -> None:
        """A world anew, and perception has seen it."""
        request = SimReset.Request(world_file=str(world_file))
        outcome = self.ask(SimReset, "sim/reset", request).outcome
        assert outcome.code == 0, outcome.message
        self._seeing.clear()
        self.until_seeing()

    def carry_out(self, *steps: Step) -> Any:
        """The result of a plan; `told` are the sentences on its way."""
        self.told = []
        assert self.plans.wait_for_server(timeout_sec=TIMEOUT_S)
        goal = ExecutePlan.Goal(plan=plan_to_msg(Plan("test", steps)))
        handle = self._wait(
            self.plans.send_goal_async(goal, lambda m: self.told.append(m.feedback.message))
        )
        return self._wait(handle.get_result_async()).result

    def skills(self) -> dict[str, Any]:
        return {skill.name: skill for skill in self.ask(ListSkills, "list_skills").skills}

    def truth(self) -> tuple[SceneObject, ...]:
        answer = self.ask(GroundTruth, "sim/ground_truth")
        return tuple(scene_object_from_msg(item) for item in answer.objects)

    def _wait(self, future: Any) -> Any:
        assert wait_for(future, TIMEOUT_S), "timed out"
        return future.result()


@contextmanager
def processes(
    modules: Mapping[str, Sequence[str]], domain: int, environment: Mapping[str, str] | None = None
) -> Iterator[Client]:
    """modules: of nodes, with their parameters as name:=value. environment: on top of this process's own."""
    ready = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        **(environment or {}),
    }
    started = []
    for module, parameters in modules.items():
        arguments = [word for parameter in parameters for word in ("-p", parameter)]
        command = [sys.executable, "-m", module, "--ros-args", *arguments]
        started.append(subprocess.Popen(command, env=ready))
    rclpy.init(domain_id=domain)
    client = Client()
    spinning = MultiThreadedExecutor(num_threads=4)
    spinning.add_node(client)
    thread = threading.Thread(target=spin_on, args=(spinning,), daemon=True)
    thread.start()
    try:
        yield client
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
        spinning.shutdown(timeout_sec=5.0)
        client.destroy_node()
        rclpy.try_shutdown()
        thread.join(5.0)
