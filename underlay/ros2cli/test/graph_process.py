# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A process with one of everything that the `ros2` command can look at. Prints READY, then serves."""

from __future__ import annotations

import rclpy
from nav2_msgs.action import NavigateToPose
from rcl_interfaces.msg import (
    FloatingPointRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Int32MultiArray, String
from std_srvs.srv import SetBool


class Talker(Node):
    """Publishes, serves and takes parameters."""

    def __init__(self) -> None:
        super().__init__("talker", namespace="/cli")
        limits = FloatingPointRange(from_value=0.0, to_value=2.0, step=0.0)
        self.declare_parameter(
            "arm.speed",
            0.5,
            ParameterDescriptor(description="how fast", floating_point_range=[limits]),
        )
        self.declare_parameter("name", "cup", ParameterDescriptor(read_only=True))
        self.declare_parameter("arm.joints", [1.0, 2.0])
        self.declare_parameter("count", 3)
        self.declare_parameter("enabled", True)
        self.add_on_set_parameters_callback(self._check)
        self.chatter = self.create_publisher(String, "chatter", 10)
        self.numbers = self.create_publisher(Int32MultiArray, "numbers", 10)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.latched = self.create_publisher(String, "latched", latched)
        self.latched.publish(String(data="kept"))
        self.create_subscription(String, "listen", lambda message: None, 10)
        self.create_service(SetBool, "switch", self._switch)
        self.create_timer(0.05, self._tick)

    def _tick(self) -> None:
        self.chatter.publish(String(data="hello"))
        self.numbers.publish(Int32MultiArray(data=range(200)))

    @staticmethod
    def _check(parameters: list) -> SetParametersResult:  # type: ignore[type-arg]
        refused = any(
            parameter.name == "count" and parameter.value == 13 for parameter in parameters
        )
        return SetParametersResult(successful=not refused, reason="unlucky" if refused else "")

    @staticmethod
    def _switch(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.success, response.message = request.data, "switched"
        return response


class Machine(LifecycleNode):
    """A lifecycle node that cannot be activated."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return TransitionCallbackReturn.FAILURE


class Robot(Node):
    """Serves an action; what a goal does is told by its `behavior_tree`."""

    def __init__(self) -> None:
        super().__init__("robot", namespace="/cli")
        self.server = ActionServer(
            self,
            NavigateToPose,
            "drive",
            self._execute,
            callback_group=ReentrantCallbackGroup(),
            goal_callback=lambda goal: (
                GoalResponse.REJECT if goal.behavior_tree == "reject" else GoalResponse.ACCEPT
            ),
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self.ended = self.create_publisher(
            String, "ended", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        )
        self.wake = self.create_rate(50.0)

    def _execute(self, handle) -> NavigateToPose.Result:  # type: ignore[no-untyped-def]
        wanted = handle.request.behavior_tree
        handle.publish_feedback(NavigateToPose.Feedback(distance_remaining=1.5))
        while wanted == "wait" and not handle.is_cancel_requested:
            self.wake.sleep()
        if handle.is_cancel_requested:
            handle.canceled()
        elif wanted == "abort":
            handle.abort()
        else:
            handle.succeed()
        self.ended.publish(String(data=wanted or "done"))
        return NavigateToPose.Result(error_code=7)


def main() -> None:
    """Serve until a signal comes."""
    rclpy.init()
    executor = MultiThreadedExecutor(num_threads=4)
    for node in (Talker(), Machine("machine", namespace="/cli"), Robot()):
        executor.add_node(node)
    print("READY", flush=True)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass


if __name__ == "__main__":
    main()
