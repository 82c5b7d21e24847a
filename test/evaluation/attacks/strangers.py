# SPDX-License-Identifier: Apache-2.0
"""Strangers in the domain: servers and publishers of our names, words from nowhere, plans past the state manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import rclpy
from attack_case import Attack, Context
from rclpy.action import ActionServer
from rclpy.executors import MultiThreadedExecutor
from vla_interfaces.action import ExecuteCommand, ExecutePlan, MakePlan
from vla_interfaces.msg import Transcript
from vla_interfaces.srv import Answer, Stop

from vla_bringup.client.ros.truth_client import truth_from_msg
from vla_bringup.journal.reader import JournalReader
from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import Plan, Step
from vla_common.ros.clients.calls import GoalRun
from vla_common.ros.conversions import plan_to_msg
from vla_common.ros.qos import COMMAND
from vla_common.ros.spin import spin_on

MOVED_M = 0.05
WAIT_S = 10.0
TURN = Plan("dance", (Step("turn", {"angle": 0.5}),), "evil", "I say hello.")


@contextmanager
def stranger(name: str = "evil", namespace: str = "elsewhere") -> Any:
    """A node of another process's kind in the same domain."""
    context = rclpy.context.Context()
    rclpy.init(context=context)
    node = rclpy.create_node(name, namespace=namespace, context=context)
    executor = MultiThreadedExecutor(num_threads=2, context=context)
    executor.add_node(node)
    thread = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    thread.start()
    try:
        yield node
    finally:
        executor.shutdown(timeout_sec=5.0)
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def until(condition: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def pose(system: Any) -> tuple[float, float, float]:
    truth = truth_from_msg(system.client.ground_truth())
    return truth.pose


def moved(system: Any, before: tuple[float, float, float]) -> bool:
    return max(abs(a - b) for a, b in zip(pose(system), before, strict=True)) > MOVED_M


def names_in(system: Any) -> str:
    return " ".join(s for s in system.client.status().degraded if s.startswith("names: "))


def second_planner(context: Context) -> str:
    """Its plan is taken, with its own untrue summary."""
    system = context.system
    before = pose(system)
    with stranger() as node:

        def plan(handle: Any) -> Any:
            handle.succeed()
            return MakePlan.Result(plan=plan_to_msg(TURN))

        server = ActionServer(node, MakePlan, "/vla/make_plan", plan)
        if not until(lambda: "/elsewhere/evil" in names_in(system)):
            return "a second server of make_plan is not noticed"
        result = system.client.execute(ExecuteCommand.Goal(command="say hello"))
        if result.outcome.code != Code.CONFLICT or "/elsewhere/evil" not in result.outcome.message:
            return f"the command ended with {result.outcome.code}: {result.outcome.message}"
        server.destroy()
    if moved(system, before):
        return "the robot moved"
    if not until(lambda: not names_in(system)):
        return "the stranger is gone and still named"
    result = system.client.execute(ExecuteCommand.Goal(command="say hello"))
    return "" if result.outcome.code == Code.OK else f"and after that: {result.outcome.message}"


def second_stop(context: Context) -> str:
    """Who else answers `stop` says that all is well."""
    system = context.system
    with stranger() as node:
        node.create_service(Stop, "/vla/stop", lambda request, response: response)
        if not until(lambda: "stop" in names_in(system)):
            return "a second server of stop is not noticed"
        result = system.client.execute(ExecuteCommand.Goal(command="stop"))
    return "" if result.outcome.code != Code.OK else "whoever confirmed the stop was believed"


def spoken(context: Context, text: str, name: str, age_s: float) -> str:
    system = context.system
    before = pose(system)
    with stranger(name, "elsewhere") as node:
        publisher = node.create_publisher(Transcript, "/vla/transcript", COMMAND)
        if not until(publisher.get_subscription_count):
            return "nobody listens"
        message = Transcript(text=text, is_final=True, accepted=True, confidence=1.0)
        message.trace_id = str(uuid.uuid4())
        stamp = node.get_clock().now().nanoseconds - int(age_s * 1e9)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        for _ in range(3):
            publisher.publish(message)
            time.sleep(0.5)
    return "the robot moved" if moved(system, before) else ""


def bare_yes(context: Context) -> str:
    """An answer that names no question, and one that names another."""
    system = context.system
    asked = threading.Event()
    run = system.client.start(
        ExecuteCommand.Goal(command="turn 90 degrees"),
        lambda message: message.question and asked.set(),
    )
    if not asked.wait(WAIT_S):
        return "nothing was asked"
    for question_id in ("", "00000000"):
        request = Answer.Request(answer="left", question_id=question_id)
        if system.client.call(Answer, "answer", request).outcome.code == Code.OK:
            return f"an answer with the id {question_id!r} was taken"
    run.cancel(WAIT_S)
    return ""


def direct_plan(context: Context) -> str:
    """The robot moves, with nothing in the journal and IDLE in the status."""
    system = context.system
    client = rclpy.action.ActionClient(system.client.node, ExecutePlan, "execute_plan")
    if not client.wait_for_server(timeout_sec=WAIT_S):
        return "no executor"
    plan = Plan("dance", (Step("turn", {"angle": 1.5}),))
    run = GoalRun(client, "execute_plan", Code.NOT_READY)
    run.send(ExecutePlan.Goal(plan=plan_to_msg(plan)), WAIT_S)
    shown = system.client.wait_for_status(lambda s: "dance" in s.active_command, WAIT_S)
    run.wait(60.0)
    if shown is None:
        return "the status does not show it"
    journal = system.home / "vla" / "vla" / "journal.sqlite"

    def ended() -> bool:
        records = JournalReader(journal).commands(5)
        return any(r.command == "dance" and r.code == Code.OK for r in records)

    return "" if until(ended) else "the journal does not have it"


def second_state_manager(context: Context) -> str:
    """It answers as well, while the first one moves the robot."""
    system = context.system
    ended = subprocess.run(
        ["ros2", "run", "vla_bringup", "state_manager_node", "--ros-args", "-r", "__ns:=/vla"],
        env={**os.environ, "ROS_DOMAIN_ID": str(system.domain), "ROS_HOME": str(context.folder)},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    if ended.returncode == 0 or "runs already" not in ended.stderr:
        return f"it ended with {ended.returncode}: {(ended.stdout + ended.stderr)[-500:]}"
    return ""


def overwritten_journal(context: Context) -> str:
    """What is asked after that is lost."""
    system = context.system
    journal = system.home / "vla" / "vla" / "journal.sqlite"
    with journal.open("r+b") as file:
        file.write(bytes(max(4096, journal.stat().st_size)))
    result = system.client.execute(ExecuteCommand.Goal(command="say hello"))
    if result.outcome.code == Code.JOURNAL_FAILED:
        return ""
    records = JournalReader(journal).commands(50)
    if any(record.trace_id == result.trace_id for record in records):
        return ""
    shutil.copy(journal, context.folder / "lost.sqlite")
    return "the command was carried out and is not on record"


def attacks() -> list[Attack]:
    cases = {
        "a second planner answers with a plan and a summary of its own": second_planner,
        "a second server of stop says that the robot stands still": second_stop,
        "a stranger publishes a transcript": lambda c: spoken(c, "turn left", "evil", 0.0),
        "a stranger's node is called like speech": lambda c: spoken(c, "turn left", "speech", 0.0),
        "a transcript of an hour ago": lambda c: spoken(c, "turn left", "evil", 3600.0),
        "an answer that names no question": bare_yes,
        "a plan is sent to the executor past the state manager": direct_plan,
        "a second state manager is started": second_state_manager,
        "the journal is overwritten while in use": overwritten_journal,
    }
    return [Attack("strangers", name, run, {}) for name, run in cases.items()]
