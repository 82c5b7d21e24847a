# SPDX-License-Identifier: Apache-2.0
"""The way to a stop without the middleware, opened for a node: under its domain, namespace and remapped names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vla_common.contracts.outcomes import Result
from vla_common.machine.stop_channel import StopChannel

ROBOT_TOPICS = ("cmd_vel", "odom")
ROBOT_ACTIONS = ("navigate_to_pose", "manipulate", "point_head")


def robot_names(node: Any) -> list[str]:
    """Rules for another process of the same namespace, so that it finds the robot where this node finds it."""
    rules = [f"{name}:={node.resolve_topic_name(name)}" for name in ROBOT_TOPICS]
    for action in ROBOT_ACTIONS:
        for part, resolve in (
            ("cancel_goal", node.resolve_service_name),
            ("status", node.resolve_topic_name),
        ):
            name = f"{action}/_action/{part}"
            rules.append(f"{name}:={resolve(name)}")
    return rules


def open_stop_channel(
    node: Any, role: str, latch: Callable[[str], None], confirm: Callable[[], Result]
) -> StopChannel | None:
    """None when this machine can't have one, which the log then tells; the services of ROS remain."""
    log = node.get_logger().error
    try:
        return StopChannel(
            node.context.get_domain_id(),
            node.get_namespace(),
            role,
            latch,
            confirm,
            log,
            robot_names(node),
        )
    except (OSError, AttributeError) as error:
        log(f"./vla stop has only the slow way, over ROS: {error}")
        return None
