# SPDX-License-Identifier: Apache-2.0
"""Bases that listen for Twist, for TwistStamped, later, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")
pytest.importorskip("vla_interfaces")

import rclpy  # noqa: E402
from geometry_msgs.msg import Twist, TwistStamped  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from vla_common.ros.qos import COMMAND  # noqa: E402
from vla_executor.robot.robot import Velocity  # noqa: E402
from vla_executor.ros.velocity_outlet import VelocityOutlet  # noqa: E402
from vla_testing.executor.ros_world import wait_until  # noqa: E402

TURN = Velocity(0.1, 0.0, 0.4)


class Base:
    """In a process of its own, as far as the middleware is concerned: within one a topic can't have two types."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("base", context=self.context)
        self.heard: list[Any] = []
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def listen(self, kind: Any) -> None:
        self.node.create_subscription(kind, "cmd_vel", self.heard.append, COMMAND)

    def hears(self, outlet: VelocityOutlet) -> bool:
        outlet.look()
        outlet.publish(TURN)
        self.executor.spin_once(timeout_sec=0.02)
        return bool(self.heard)


@pytest.fixture
def base() -> Iterator[Base]:
    made = Base()
    yield made
    made.executor.shutdown()
    made.node.destroy_node()
    rclpy.try_shutdown(context=made.context)


@pytest.fixture
def node() -> Iterator[Any]:
    context = Context()
    rclpy.init(context=context)
    made = rclpy.create_node("driver", context=context)
    yield made
    made.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.mark.parametrize("later", [False, True])
def test_a_base_that_wants_stamps_gets_them(base: Base, node: Any, later: bool) -> None:
    if not later:
        base.listen(TwistStamped)
        wait_until(lambda: bool(node.get_subscriptions_info_by_topic("/cmd_vel")))
    outlet = VelocityOutlet(node, "auto", "feet")
    assert outlet.kind == ("twist" if later else "twist_stamped")
    base.listen(TwistStamped)
    wait_until(lambda: base.hears(outlet))
    message = base.heard[-1]
    assert (message.twist.linear.x, message.twist.angular.z) == (0.1, 0.4)
    assert message.header.frame_id == "feet" and message.header.stamp.sec > 0
    assert outlet.why_unheard() == ""
    outlet.close()


def test_two_outlets_of_one_process_change_over_together(base: Base, node: Any) -> None:
    first, second = VelocityOutlet(node), VelocityOutlet(node)
    base.listen(TwistStamped)
    wait_until(lambda: (first.look(), base.hears(second))[1])
    base.heard.clear()
    wait_until(lambda: base.hears(first))
    first.close()
    second.close()


def test_a_base_that_wants_none_gets_none(base: Base, node: Any) -> None:
    outlet = VelocityOutlet(node)
    assert "Nobody listens" in outlet.why_unheard()
    base.listen(Twist)
    wait_until(lambda: base.hears(outlet))
    assert isinstance(base.heard[-1], Twist)
    outlet.close()


def test_a_type_that_was_given_is_kept_and_told_of(base: Base, node: Any) -> None:
    base.listen(TwistStamped)
    wait_until(lambda: bool(node.get_subscriptions_info_by_topic("/cmd_vel")))
    outlet = VelocityOutlet(node, "twist")
    outlet.look()
    assert outlet.kind == "twist"
    wait_until(lambda: "/base (geometry_msgs/msg/TwistStamped)" in outlet.why_unheard())
    outlet.close()
