# SPDX-License-Identifier: Apache-2.0
"""What processes do to each other: forged heartbeats, stops when somebody hangs, a node that is shut down for good."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from attack_case import Attack, Context

PULSES_S = 12.0
"""Longer than a hanging node is given before it is killed."""
STILL_S = 20.0


def _forge(client: Any, node: str, pid: int, until: Callable[[], bool]) -> None:
    """Pulses in the name of a node that name another process."""
    from vla_interfaces.msg import Heartbeat

    from vla_common.machine.processes import _state_and_start, own_identity
    from vla_common.ros.heartbeat import PULSE

    found = _state_and_start(pid, Path("/proc"))
    publisher = client.node.create_publisher(Heartbeat, f"{node}/heartbeat", PULSE)
    message = Heartbeat(
        instance="forged",
        host=own_identity().host,
        pid=pid,
        process_start=found[1] if found else 0,
    )
    try:
        while not until():
            message.turn += 1
            publisher.publish(message)
            time.sleep(0.05)
    finally:
        client.node.destroy_publisher(publisher)


def forged_pulses(context: Context) -> str:
    """The real node is suspended, and its pulse names an innocent process."""
    system = context.system
    innocent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    planner = system.process_of("planner")
    try:
        planner.suspend()
        begin = time.monotonic()
        _forge(
            system.client,
            "planner",
            innocent.pid,
            lambda: time.monotonic() - begin > PULSES_S or innocent.poll() is not None,
        )
        if innocent.poll() is not None:
            return "a process that a message named was killed"
        if planner.is_running() and planner.status() == psutil.STATUS_STOPPED:
            return "the node that hangs was not ended"
        return ""
    finally:
        if planner.is_running():
            planner.resume()
        innocent.kill()
        innocent.communicate()


def many_pulses(context: Context) -> str:
    """Pulses of ever new instances in the executor's own name."""
    system = context.system
    executor = system.process_of("executor")
    before = system.client.status()
    count = {"left": 30}

    def over() -> bool:
        count["left"] -= 1
        return count["left"] <= 0

    _forge(system.client, "executor", executor.pid, over)
    after = system.client.status()
    restarts = [
        next(c.restarts for c in status.components if c.name == "executor")
        for status in (before, after)
    ]
    return "" if restarts[0] == restarts[1] else f"restarts were counted: {restarts}"


def _stop_by_shell() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(os.environ["VLA_ROOT"]) / "vla"), "stop"],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )


def stop_with(hung: tuple[str, ...]) -> Callable[[Context], str]:
    def attack(context: Context) -> str:
        """`./vla stop` while it drives and somebody hangs."""
        from vla_bringup.client.ros.system_client import command_goal
        from vla_testing.system.motion_watch import MotionWatch

        system = context.system
        watch = MotionWatch(system.client)
        watch.check()
        system.client.start(command_goal("go to the shelf"))
        if not watch.until_moving(0.1, 60.0):
            return "the robot never drove"
        processes = [p for p in map(system.process_of, hung) if p is not None]
        for process in processes:
            process.suspend()
        begin_s = time.time()
        try:
            done = _stop_by_shell()
        finally:
            for process in processes:
                if process.is_running():
                    process.resume()
        if watch.until_still(begin_s, STILL_S) is None:
            return "the robot drove on"
        if done.returncode != 0:
            return f"exit code {done.returncode}: {done.stdout} {done.stderr}"
        return (
            "" if "Reached:" in done.stdout else f"it does not say whom it reached: {done.stdout}"
        )

    return attack


def shut_down_for_good(context: Context) -> str:
    """After the executor's last transition stop still works, and STARTUP is true."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState
    from vla_interfaces.srv import Manage

    client = context.system.client
    request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_ACTIVE_SHUTDOWN))
    client.call(ChangeState, "executor/change_state", request)
    done = _stop_by_shell()
    outcome = client.manage(Manage.Request.STARTUP, 120.0)
    states = {c.name: c.lifecycle_state for c in client.status().components}
    if outcome.ok and set(states.values()) != {3}:
        return f"'Done.', and the states are {states}"
    if not outcome.ok:
        return f"there is no way back: {outcome}"
    return "" if done.returncode == 0 else f"stop: {done.stdout} {done.stderr}"


def attacks() -> list[Attack]:
    plain: dict[str, str] = {}
    return [
        Attack("processes", "a forged heartbeat names an innocent process", forged_pulses, plain),
        Attack("processes", "heartbeats of ever new instances", many_pulses, plain),
        Attack("processes", "stop while nobody hangs", stop_with(()), plain),
        Attack("processes", "stop while the executor hangs", stop_with(("executor",)), plain),
        Attack(
            "processes",
            "stop while executor and state manager hang",
            stop_with(("executor", "state_manager")),
            plain,
        ),
        Attack("processes", "the executor is shut down for good", shut_down_for_good, plain),
        Attack(
            "processes",
            "stop while all stages, which share a process, hang",
            stop_with(("executor",)),
            {"composed": "true"},
        ),
    ]
