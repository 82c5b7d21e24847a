# SPDX-License-Identifier: Apache-2.0
"""Motion that nobody here ordered: somebody else drives the robot while it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from attack_case import Attack, Context
from geometry_msgs.msg import Twist
from vla_interfaces.msg import SystemStatus

from attacks.strangers import moved, pose, stranger, until
from vla_common.ros.qos import COMMAND

TOLD_S = 2.0
PUSH_S = 3.0
SPEED_MPS = 0.3
PERIOD_S = 0.05


def pushed_while_stopped(context: Context) -> str:
    """A stranger's cmd_vel at 20 Hz for three seconds, after a stop that was confirmed."""
    system = context.system
    outcome = system.client.stop("attack")
    if not outcome.ok:
        return f"the stop was not confirmed: {outcome.message}"
    before = pose(system)
    with stranger() as node:
        publisher = node.create_publisher(Twist, "/vla/cmd_vel", COMMAND)
        if not until(publisher.get_subscription_count):
            return "nobody listens for velocities"
        push = Twist()
        push.linear.x = SPEED_MPS
        begin_s, told_s, told = time.monotonic(), None, ""
        while (now_s := time.monotonic()) < begin_s + PUSH_S:
            publisher.publish(push)
            if told_s is None and (told := alarm(system)):
                told_s = now_s - begin_s
            time.sleep(PERIOD_S)
    if told_s is None:
        return "nobody is told that somebody else drives the robot"
    print(f"       told after {told_s:.2f} s: {told}")
    if told_s > TOLD_S:
        return f"told only after {told_s:.1f} s"
    if moved(system, before):
        return "the robot was driven away while it was stopped"
    return ""


def alarm(system: Any) -> str:
    """What the status says of the stranger; the newest one that was published, asked of nobody."""
    status: SystemStatus | None = system.client._last_status
    if status is None:
        return ""
    words = [*status.degraded, *(c.reason for c in status.components)]
    return next((text for text in words if "cmd_vel" in text), "")


def attacks() -> Iterator[Attack]:
    yield Attack("driving", "a stranger drives while the stop holds", pushed_while_stopped, {})
