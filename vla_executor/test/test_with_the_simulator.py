# SPDX-License-Identifier: Apache-2.0
"""The executor and the simulated robot as two processes: the executor is killed, and something is in the way."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vla_testing.executor.ros_world import FIRST_DOMAIN, wait

pytestmark = pytest.mark.ros

pytest.importorskip("mujoco")
import rclpy  # noqa: E402
from geometry_msgs.msg import Twist  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from sensor_msgs.msg import LaserScan  # noqa: E402
from vla_interfaces.action import ExecutePlan  # noqa: E402
from vla_interfaces.msg import ExecutionState  # noqa: E402
from vla_interfaces.srv import GroundTruth, SimFault  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.contracts.skills import Plan, Step  # noqa: E402
from vla_common.ros.clients.action_client import ActionClient  # noqa: E402
from vla_common.ros.conversions import plan_to_msg, yaw_from_quaternion  # noqa: E402
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR  # noqa: E402
from vla_common.ros.spin import spin_on  # noqa: E402

TIMEOUT_S = 60.0
MOVE = Plan("test", (Step("move", {"distance": 1.2}),))
TIMEOUT_OF_THE_BASE_S, BRAKING_S = 0.25, 0.3 / 1.4
ODOMETRY_PERIOD_S = 0.02
SLACK_S = 0.5
"""What a busy machine may add between the robot's clock and this process."""


class Watcher(Node):
    """Somebody who looks on, and sends a plan."""

    def __init__(self) -> None:
        super().__init__("watcher")
        self.changed = threading.Condition()
        self.odometry: list[Any] = []
        self.commands = 0
        self.scans = 0
        self.create_subscription(Odometry, "odom", self._on_odometry, SENSOR)
        self.create_subscription(Twist, "cmd_vel", self._on_command, COMMAND)
        self.create_subscription(LaserScan, "scan", self._on_scan, SENSOR)
        self.states: list[Any] = []
        self.create_subscription(ExecutionState, "execution_state", self.states.append, LATCHED)
        self._transition = self.create_client(ChangeState, "executor/change_state")
        self._truth = self.create_client(GroundTruth, "sim/ground_truth")
        self._fault = self.create_client(SimFault, "sim/fault")
        self.plans = ActionClient(self, ExecutePlan, "execute_plan")

    def _on_odometry(self, message: Any) -> None:
        with self.changed:
            self.odometry.append(message)
            self.changed.notify_all()

    def _on_command(self, message: Any) -> None:
        self.commands += 1

    def _on_scan(self, message: Any) -> None:
        self.scans += 1

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S), "timed out"

    def activate(self) -> None:
        for number in (1, 3):  # configure, activate
            assert self._transition.wait_for_service(TIMEOUT_S)
            request = ChangeState.Request()
            request.transition.id = number
            assert wait(self._transition.call_async(request)).success

    def truth(self) -> Any:
        assert self._truth.wait_for_service(TIMEOUT_S)
        return wait(self._truth.call_async(GroundTruth.Request()))

    def put_ahead(self, distance_m: float) -> str:
        """Something on the floor ahead of the robot."""
        truth = self.truth()
        thing = next(o for o in truth.objects if o.label in ("cup", "block"))
        yaw = yaw_from_quaternion(truth.robot_pose.orientation)
        request = SimFault.Request(fault="move_object", object_id=thing.id)
        request.pose.position.x = truth.robot_pose.position.x + distance_m * math.cos(yaw)
        request.pose.position.y = truth.robot_pose.position.y + distance_m * math.sin(yaw)
        request.pose.position.z = 0.06
        request.pose.orientation.w = 1.0
        assert wait(self._fault.call_async(request)).outcome.code == Code.OK
        return str(thing.id)

    def send(self, plan: Plan) -> Any:
        assert self.plans.wait_for_server(timeout_sec=TIMEOUT_S)
        return wait(self.plans.send_goal_async(ExecutePlan.Goal(plan=plan_to_msg(plan))))


def start(module: str, *parameters: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "ROS_DOMAIN_ID": str(FIRST_DOMAIN + 4)}
    arguments = [value for parameter in parameters for value in ("-p", parameter)]
    return subprocess.Popen(
        [sys.executable, "-m", module, "--ros-args", *arguments], env=environment
    )


@pytest.fixture
def together() -> Iterator[tuple[Watcher, subprocess.Popen[bytes]]]:
    # Seed 3 begins with 1.6 m of free floor on every side.
    robot = start("vla_sim.ros.sim_node", "sim.seed:=3", "sim.render_backend:=raycast")
    # A busy machine delivers late, and then the guard is right to refuse; that is tested elsewhere.
    executor = start(
        "vla_executor.ros.executor_node",
        "guard.max_odometry_age_s:=5.0",
        "guard.max_transform_age_s:=5.0",
    )
    rclpy.init(domain_id=FIRST_DOMAIN + 4)
    watcher = Watcher()
    spinning = MultiThreadedExecutor(num_threads=4)
    spinning.add_node(watcher)
    thread = threading.Thread(target=spin_on, args=(spinning,), daemon=True)
    thread.start()
    try:
        watcher.wait_for(lambda: bool(watcher.odometry))
        watcher.activate()
        yield watcher, executor
    finally:
        for process in (executor, robot):
            process.kill()
            process.wait()
        spinning.shutdown(timeout_sec=5.0)
        watcher.destroy_node()
        rclpy.try_shutdown()
        thread.join(5.0)


def speed(message: Any) -> float:
    twist = message.twist.twist
    return math.hypot(twist.linear.x, twist.linear.y) + abs(twist.angular.z)


def test_the_base_stops_by_itself_when_the_executor_is_killed_while_driving(together: Any) -> None:
    watcher, executor = together
    assert watcher.send(MOVE).accepted
    watcher.wait_for(lambda: speed(watcher.odometry[-1]) > 0.25)
    assert speed(watcher.odometry[-1]) > 0.1, "it is still driving"
    executor.send_signal(signal.SIGKILL)
    executor.wait()
    mark = len(watcher.odometry)
    # Odometry that is here already may be old on a busy machine: what follows an answer of the robot is not.
    watcher.truth()
    count = len(watcher.odometry)
    watcher.wait_for(lambda: any(speed(o) < 0.005 for o in watcher.odometry[count:]))
    # In the robot's own time, which stands still while a busy machine has no time for it.
    samples = next(i for i, o in enumerate(watcher.odometry[count:]) if speed(o) < 0.005)
    assert samples * ODOMETRY_PERIOD_S < TIMEOUT_OF_THE_BASE_S + BRAKING_S + SLACK_S
    # And it stays where it is: by the truth, not only by its own odometry.
    # It swings back a little when it comes to rest.
    watcher.wait_for(lambda: all(speed(o) < 0.005 for o in watcher.odometry[-10:]))
    first = watcher.truth()
    count = len(watcher.odometry)
    watcher.wait_for(lambda: len(watcher.odometry) > count + 75)
    last = watcher.truth()
    for truth in (first, last):
        v = truth.robot_velocity
        assert math.hypot(v.linear.x, v.linear.y) < 0.01 and abs(v.angular.z) < 0.01
    moved = math.hypot(
        last.robot_pose.position.x - first.robot_pose.position.x,
        last.robot_pose.position.y - first.robot_pose.position.y,
    )
    assert moved < 0.005
    assert all(speed(message) < 0.02 for message in watcher.odometry[count:])
    assert len(watcher.odometry) > mark


def test_a_drive_stops_before_a_thing_in_its_way(together: Any) -> None:
    watcher, _ = together
    thing = watcher.put_ahead(0.75)
    watcher.wait_for(lambda: watcher.scans > 2)
    before = next(o for o in watcher.truth().objects if o.id == thing).pose.pose.position
    handle = watcher.send(MOVE)
    result = wait(handle.get_result_async())
    assert result.result.outcome.code == Code.GUARD_REFUSED, result.result.outcome
    assert "in the way" in result.result.outcome.message
    truth = watcher.truth()
    after = next(o for o in truth.objects if o.id == thing).pose.pose.position
    assert math.hypot(after.x - before.x, after.y - before.y) < 0.01, "it was not touched"
    assert abs(truth.robot_velocity.linear.x) < 0.01
    count = watcher.commands
    assert count > 3, "it drove, and was stopped on the way"
