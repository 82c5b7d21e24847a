# SPDX-License-Identifier: Apache-2.0
"""A robot of nothing but ROS servers, for the tests of the node.

It integrates cmd_vel into odom and tf at 100 Hz of the steady clock and serves the robot's actions and
perception's service. A goal of an action in `hold` runs until it is canceled.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from control_msgs.action import PointHead
from geometry_msgs.msg import TransformStamped, Twist
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import Odometry
from rclpy._rclpy_pybind11 import RCLError
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from tf2_ros import TransformBroadcaster
from vla_interfaces.action import ExecutePlan, Manipulate
from vla_interfaces.msg import ExecutionState, Feedback
from vla_interfaces.srv import ListSkills, QueryScene, Reset, Stop

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK
from vla_common.contracts.skills import Plan, Step
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.conversions import (
    object_ref_from_msg,
    outcome_to_msg,
    place_to_msg,
    plan_to_msg,
    pose_to_msg,
    scene_object_to_msg,
    scene_to_msg,
    time_to_msg,
    yaw_to_quaternion,
)
from vla_common.ros.qos import COMMAND, LATCHED
from vla_executor.ros.executor_node import ExecutorNode
from vla_testing.executor.bench import room

TIMEOUT_S = 20.0
FIRST_DOMAIN = int(os.environ.get("VLA_EXECUTOR_TEST_DOMAIN", "37"))
"""These tests use five ROS domains from here on, whose ports no other program is given by chance; set it where several
runs share a machine."""
PERIOD_S = 0.01
PATIENT = {"guard.max_odometry_age_s": 5.0, "guard.max_transform_age_s": 5.0}
"""A busy machine delivers late, and then the guard is right to refuse; that is tested without ROS."""


class RobotServers(Node):
    """hold: names of actions whose goals run until canceled. deaf: cancels are refused. stubborn: they are
    accepted, and the goal runs on. undecided: names of actions whose goals are neither accepted nor refused, for as
    long as they are in there. mute: cancels get no answer. runaway: odometry shows motion whatever is commanded.
    lying: odometry says zero speed, whatever its pose does. pushed: how the base moves, whatever is commanded.
    silent: no odometry. lost: no tf. slow_s: a held goal takes that long, with feedback, and ends.
    """

    def __init__(self, navigation: bool = True) -> None:
        super().__init__("robot_servers")
        self.world = room()
        self.hold: set[str] = set()
        self.deaf = self.stubborn = self.mute = False
        self.silent = self.lost = False
        self.undecided: set[str] = set()
        self.asked: list[str] = []
        self.runaway = self.lying = False
        self.pushed: Twist | None = None
        self.slow_s = 0.0
        self.twists: list[Twist] = []
        self.goals: list[str] = []
        self.ended: list[tuple[str, str]] = []
        self.changed = threading.Condition()
        self.x, self.y, self.yaw = 0.0, 0.0, 0.0
        self._twist = Twist()
        self._ticks = 0
        group = ReentrantCallbackGroup()
        self._odom = self.create_publisher(Odometry, "odom", 10)
        self._tf = TransformBroadcaster(self)
        # Commands, states and sentences are taken one at a time: two threads could swap them.
        self.create_subscription(
            Twist, "cmd_vel", self._on_twist, COMMAND,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )  # fmt: skip
        self.create_service(QueryScene, "query_scene", self._on_query, callback_group=group)
        kinds: list[tuple[str, Any]] = [("manipulate", Manipulate), ("point_head", PointHead)]
        if navigation:
            kinds.append(("navigate_to_pose", NavigateToPose))
        self.serves = {name for name, _ in kinds}
        self._servers = {
            name: ActionServer(
                self, kind, name, self._executor_of(name), callback_group=group,
                goal_callback=self._decider_of(name), cancel_callback=self._on_cancel,
            )
            for name, kind in kinds
        }  # fmt: skip
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Whatever still runs comes to its end."""
        self._over.set()
        with self.changed:
            self.hold.clear()
            self.undecided.clear()
            self.mute = False
            self.changed.notify_all()
        self._thread.join()

    def kill(self, name: str) -> None:
        """Take the server of an action away, as if its process had died."""
        self._servers[name].destroy()

    def _decider_of(self, name: str) -> Callable[[Any], GoalResponse]:
        def decide(goal: Any) -> GoalResponse:
            with self.changed:
                self.asked.append(name)
                self.changed.notify_all()
                self.changed.wait_for(lambda: name not in self.undecided, TIMEOUT_S)
            return GoalResponse.ACCEPT

        return decide

    def _on_cancel(self, handle: Any) -> CancelResponse:
        with self.changed:
            self.changed.wait_for(lambda: not self.mute, TIMEOUT_S)
        return CancelResponse.REJECT if self.deaf else CancelResponse.ACCEPT

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S), "timed out"

    def moving_twists(self) -> list[Twist]:
        return [t for t in list(self.twists) if t.linear.x or t.linear.y or t.angular.z]

    def _note(self, change: Callable[[], Any]) -> None:
        with self.changed:
            change()
            self.changed.notify_all()

    def _on_twist(self, message: Twist) -> None:
        self._twist = message
        self._note(lambda: self.twists.append(message))

    def _drive(self) -> None:
        while not self._over.wait(PERIOD_S):
            t = self.pushed or self._twist
            c, s = math.cos(self.yaw), math.sin(self.yaw)
            self.x += (c * t.linear.x - s * t.linear.y) * PERIOD_S
            self.y += (s * t.linear.x + c * t.linear.y) * PERIOD_S
            self.yaw += t.angular.z * PERIOD_S
            stamp = self.get_clock().now().to_msg()
            odometry = Odometry()
            odometry.header.stamp = stamp
            odometry.pose.pose = pose_to_msg((self.x, self.y, 0.0), self.yaw)
            if not self.lying:
                odometry.twist.twist.linear.x = 0.3 if self.runaway else t.linear.x
                odometry.twist.twist.angular.z = t.angular.z
            transform = TransformStamped(child_frame_id="base_link")
            transform.header.frame_id, transform.header.stamp = "map", stamp
            transform.transform.translation.x = self.x
            transform.transform.translation.y = self.y
            transform.transform.rotation = yaw_to_quaternion(self.yaw)
            try:
                if not self.silent:
                    self._odom.publish(odometry)
                if not self.lost:
                    self._tf.sendTransform(transform)
            except Exception:  # the context is gone
                return
            with self.changed:
                self._ticks += 1
                self.changed.notify_all()

    def _executor_of(self, name: str) -> Callable[[Any], Any]:
        def execute(handle: Any) -> Any:
            self._note(lambda: self.goals.append(name))
            begun = time.monotonic()
            while (left := begun + self.slow_s - time.monotonic()) > 0 and not self._over.is_set():
                handle.publish_feedback(NavigateToPose.Feedback(distance_remaining=left))
                self._over.wait(0.1)
            if self.slow_s:
                self.hold.clear()
            with self.changed:
                over = self.changed.wait_for(
                    lambda: (
                        name not in self.hold or (handle.is_cancel_requested and not self.stubborn)
                    ),
                    TIMEOUT_S,
                )
            if handle.is_cancel_requested:
                handle.canceled()
                self._note(lambda: self.ended.append((name, "canceled")))
            elif over:
                self._carry_out(name, handle.request)
                handle.succeed()
                self._note(lambda: self.ended.append((name, "succeeded")))
            else:
                handle.abort()
            result = {"manipulate": Manipulate, "point_head": PointHead}.get(
                name, NavigateToPose
            ).Result()
            if name == "manipulate":
                result.outcome = outcome_to_msg(OK)
                result.holding = self.world.held is not None
            return result

        return execute

    def _carry_out(self, name: str, request: Any) -> None:
        if name == "navigate_to_pose":
            p = request.pose.pose
            self.x, self.y = p.position.x, p.position.y
            self.yaw = 2 * math.atan2(p.orientation.z, p.orientation.w)
            # A jump must not lie between two transforms that are looked up later.
            with self.changed:
                ticks = self._ticks
                self.changed.wait_for(
                    lambda: self._ticks >= ticks + 2 or self._over.is_set(), TIMEOUT_S
                )
        elif name == "manipulate" and request.operation == Manipulate.Goal.PICK:
            p = request.target.pose.position
            near = [o for o in self.world.objects if math.dist(o.position, (p.x, p.y, p.z)) < 0.05]
            self.world.held = near[0]
            self.world.objects.remove(near[0])

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _on_query(self, request: Any, response: Any) -> Any:
        self.world.time_s = self.get_clock().now().nanoseconds * 1e-9
        view = self.world.query_scene(object_ref_from_msg(request.query), False, CancelToken(), 1.0)
        response.outcome = outcome_to_msg(OK)
        response.scene = scene_to_msg(view.scene)
        response.objects = [scene_object_to_msg(item) for item in view.objects]
        response.scene.places = [place_to_msg(place) for place in view.scene.places]
        response.observed_at = time_to_msg(view.observed_at_s)
        return response


class Client(Node):
    """What a state manager does to the executor."""

    def __init__(self) -> None:
        super().__init__("client")
        group = ReentrantCallbackGroup()
        self.plans = ActionClient(self, ExecutePlan, "execute_plan", callback_group=group)
        self._srv_clients = {
            kind: self.create_client(kind, name, callback_group=group)
            for name, kind in (("stop", Stop), ("reset", Reset), ("list_skills", ListSkills))
        }
        self.states: list[ExecutionState] = []
        self.sentences: list[str] = []
        self.create_subscription(
            ExecutionState, "execution_state", self.states.append, LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )  # fmt: skip
        self.create_subscription(
            Feedback, "feedback", lambda m: self.sentences.append(m.text), COMMAND,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )  # fmt: skip

    def send(self, *steps: tuple[str, dict[str, Any]] | Step, **goal: Any) -> Any:
        """The goal handle of a plan. goal: further fields of it."""
        assert self.plans.wait_for_server(timeout_sec=TIMEOUT_S)
        made = (step if isinstance(step, Step) else Step(*step) for step in steps)
        plan = Plan("test", tuple(made))
        return wait(self.plans.send_goal_async(ExecutePlan.Goal(plan=plan_to_msg(plan), **goal)))

    def run(self, *steps: tuple[str, dict[str, Any]] | Step, **goal: Any) -> Any:
        """The wrapped result of a plan."""
        return wait(self.send(*steps, **goal).get_result_async())

    def call(self, kind: Any, **fields: Any) -> Any:
        client = self._srv_clients[kind]
        assert client.wait_for_service(timeout_sec=TIMEOUT_S)
        return wait(client.call_async(kind.Request(**fields)))


def wait(future: Any) -> Any:
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(TIMEOUT_S), "timed out"
    return future.result()


class Bed:
    """Everything together, spinning."""

    def __init__(self, robot: RobotServers, executor: ExecutorNode, client: Client) -> None:
        self.robot, self.executor, self.client = robot, executor, client

    def activate(self) -> None:
        """The executor is active, and knows of everything that the robot offers."""
        assert self.executor.trigger_configure() is TransitionCallbackReturn.SUCCESS
        assert self.executor.trigger_activate() is TransitionCallbackReturn.SUCCESS
        robot = self.executor._robot
        assert robot is not None
        wait_until(lambda: robot._odometry is not None)
        # A look through its own clients: what another client knows is not what the executor knows.
        wait_until(robot._query.service_is_ready)
        for name in self.robot.serves:
            wait_until(robot._actions[name].server_is_ready)
            wait_until(robot._cancel_all[name].service_is_ready)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < until, "timed out"
        threading.Event().wait(0.005)


@contextmanager
def bed(
    number: int, *, activate: bool = True, parameters: dict[str, Any] | None = None, **robot: Any
) -> Iterator[Bed]:
    """number: 0..4, which of the domains."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=FIRST_DOMAIN + number)
    settings = {**PATIENT, **(parameters or {})}
    overrides = [Parameter(name, value=value) for name, value in settings.items()]
    executor = MultiThreadedExecutor(num_threads=12)
    made = Bed(RobotServers(**robot), ExecutorNode(parameter_overrides=overrides), Client())
    nodes: list[Node] = [made.robot, made.executor, made.client]
    for node in nodes:
        executor.add_node(node)

    def spin() -> None:
        while True:
            try:
                executor.spin()
                return
            except ExternalShutdownException:
                return
            except (InvalidHandle, RCLError):
                # rclpy: an entity was destroyed while the wait set was being built, or a goal of a server that was
                # killed came to its end. Whatever else a callback raises ends this thread, and the test with it.
                pass

    spinner = threading.Thread(target=spin, daemon=True)
    spinner.start()
    try:
        if activate:
            made.activate()
        yield made
    finally:
        made.executor.close()
        made.robot.close()
        executor.shutdown(timeout_sec=5.0)
        spinner.join(TIMEOUT_S)
        # rclpy waits for no callback. One that runs on would keep this participant and its servers in the graph, and
        # a client of the next test in this domain finds its own server not ready as long as it knows another one of
        # that name only by half.
        executor._executor.shutdown(wait=True, cancel_futures=True)
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
