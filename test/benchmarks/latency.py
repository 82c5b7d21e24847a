# SPDX-License-Identifier: Apache-2.0
"""`./vla bench latency`: from a text command to the first velocity message.

Beside it, in the same run and in turn with it, a bare rclpy chain with the same hops and no work in them:
action, service, action, action, topic, each in a process of its own with the executor that our nodes use.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time

import rclpy
from geometry_msgs.msg import Twist
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from vla_interfaces.action import ExecuteCommand, ExecutePlan, MakePlan
from vla_interfaces.msg import SystemStatus
from vla_interfaces.srv import QueryScene

from vla_bringup.client.system_process import SystemProcess, own_domain, run_folder
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import GoalRun, call
from vla_common.ros.spin import main as spin_main
from vla_testing.measuring import percentile, row, verdict

RATIO_TARGET = 2.0
P95_TARGET_S = 0.100
TIMEOUT_S = 30.0
ROLES = ("command", "scene", "plan", "execute")


def bare(role: str):
    """One link of the bare chain as a node."""
    node = rclpy.create_node(f"bare_{role}", namespace="bare")
    group = ReentrantCallbackGroup()
    if role == "scene":
        node.create_service(QueryScene, "scene", lambda _, response: response, callback_group=group)
    elif role == "plan":

        def plan(goal):
            goal.succeed()
            return MakePlan.Result()

        node.server = ActionServer(node, MakePlan, "plan", plan, callback_group=group)
    elif role == "execute":
        publisher = node.create_publisher(Twist, "cmd_vel", 10)

        def execute(goal):
            publisher.publish(Twist())
            goal.succeed()
            return ExecutePlan.Result()

        node.server = ActionServer(node, ExecutePlan, "execute", execute, callback_group=group)
    else:
        scene = node.create_client(QueryScene, "scene", callback_group=group)
        planner = ActionClient(node, MakePlan, "plan", callback_group=group)
        executor = ActionClient(node, ExecutePlan, "execute", callback_group=group)

        def command(goal):
            call(scene, QueryScene.Request(), TIMEOUT_S)
            for client, request in ((planner, MakePlan.Goal()), (executor, ExecutePlan.Goal())):
                run = GoalRun(client, "bare")
                run.send(request, TIMEOUT_S)
                run.wait(TIMEOUT_S)
            goal.succeed()
            return ExecuteCommand.Result()

        node.server = ActionServer(node, ExecuteCommand, "command", command, callback_group=group)
    return node


class Stopwatch:
    """Time from sending a goal to the first message on a velocity topic that counts."""

    def __init__(self, client, action: ActionClient, topic: str, counts) -> None:
        self._action = action
        self._counts = counts
        self._seen = threading.Event()
        self._at = 0.0
        client.node.create_subscription(
            Twist, topic, self._on_twist, 10, callback_group=client.group
        )

    def _on_twist(self, message: Twist) -> None:
        if not self._seen.is_set() and self._counts(message):
            self._at = time.monotonic()
            self._seen.set()

    def measure(self, goal: ExecuteCommand.Goal) -> float:
        """Seconds; waits for the end of the goal. Errors: RuntimeError when nothing came or the goal failed."""
        self._seen.clear()
        run = GoalRun(self._action, "goal")
        begin = time.monotonic()
        run.send(goal, TIMEOUT_S)
        wrapped = run.wait(TIMEOUT_S)
        if wrapped is None or wrapped.result.outcome.code != 0 or not self._seen.is_set():
            raise RuntimeError(
                f"the command failed: {wrapped.result.outcome if wrapped else 'no end'}"
            )
        return self._at - begin


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench latency", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--composed", action="store_true")
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role:
        sys.argv = sys.argv[:1]
        spin_main(lambda: bare(arguments.role), threads=8)
    domain = own_domain()
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    folder = run_folder("bench-latency")
    chain = [subprocess.Popen([sys.executable, __file__, "--role", role]) for role in ROLES]
    try:
        options = {"composed": "true" if arguments.composed else ""}
        with SystemProcess(options, folder / "launch.log", domain) as process:
            ours, theirs = measure(arguments.runs, process)
    finally:
        for link in chain:
            link.terminate()
        for link in chain:
            link.wait(10.0)
    ratio = percentile(ours, 0.5) / percentile(theirs, 0.5)
    print(row("command sent to first velocity, system", [1000 * v for v in ours], "ms"))
    print(row("the same hops, bare rclpy", [1000 * v for v in theirs], "ms"))
    print(
        f"ratio of medians {ratio:.2f}, of p95 {percentile(ours, 0.95) / percentile(theirs, 0.95):.2f}"
    )
    checks = [
        (f"ratio of medians <= {RATIO_TARGET:g}", ratio <= RATIO_TARGET),
        (f"p95 < {1000 * P95_TARGET_S:g} ms", percentile(ours, 0.95) < P95_TARGET_S),
    ]
    for what, ok in checks:
        print(verdict(what, ok))
    return 0 if all(ok for _, ok in checks) else 1


def measure(runs: int, process: SystemProcess) -> tuple[list[float], list[float]]:
    """Both chains in turn, after one run of each that does not count."""
    from vla_bringup.client.ros.system_client import SystemClient

    with SystemClient(name="bench") as client:
        if (
            client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, 120.0, process.ended)
            is None
        ):
            raise RuntimeError("the system did not get ready:\n" + process.log_tail())
        group = client.group
        moves = lambda message: abs(message.angular.z) > 0  # noqa: E731
        system = Stopwatch(
            client,
            ActionClient(client.node, ExecuteCommand, "/vla/execute_command", callback_group=group),
            "/vla/cmd_vel",
            moves,
        )
        bare_chain = Stopwatch(
            client,
            ActionClient(client.node, ExecuteCommand, "/bare/command", callback_group=group),
            "/bare/cmd_vel",
            lambda _: True,
        )
        ours, theirs = [], []
        for number in range(runs + 1):
            side = "left" if number % 2 == 0 else "right"
            ours.append(system.measure(ExecuteCommand.Goal(command=f"turn {side} 10 degrees")))
            theirs.append(bare_chain.measure(ExecuteCommand.Goal()))
        return ours[1:], theirs[1:]


if __name__ == "__main__":
    sys.exit(main())
