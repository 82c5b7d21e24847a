# SPDX-License-Identifier: Apache-2.0
"""The state manager's own way to the executor's stop, and to the robot when there is no executor any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_action_status_default
from vla_interfaces.srv import Reset, Stop

from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.ros.clients.calls import call
from vla_common.ros.conversions import outcome_from_msg
from vla_common.ros.qos import SENSOR
from vla_executor.config import ExecutorConfig
from vla_executor.robot.robot import ZERO
from vla_executor.ros.conversions import odometry_from_msg
from vla_executor.ros.ros_robot import SEVERAL_SOURCES_S
from vla_executor.ros.velocity_outlet import VelocityOutlet
from vla_executor.safety.standstill import StandstillDetector

ROBOT_ACTIONS = ("navigate_to_pose", "manipulate", "point_head")
_AT_WORK = {GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING}
ZERO_PERIOD_S = 0.1
ASK_PERIOD_S = 0.5
STATUS_GRACE_S = 1.0
"""How long the status of an action may take to arrive, if there is one."""


class RobotClient:
    """Calls stop, reset and the cancel services of the robot's actions; publishes zero on cmd_vel.

    `streams` is the node for subscriptions (odom, the actions' status), which exist only while somebody waits.
    """

    def __init__(
        self,
        node: Any,
        streams: Any,
        stop_timeout_s: float,
        executor: ExecutorConfig = ExecutorConfig(),  # noqa: B008
    ) -> None:
        """executor: what counts as standing still, as the executor was told."""
        self._streams = streams
        self._executor = executor
        self._stop_timeout_s = stop_timeout_s
        group = node.reentrant
        self._stop = node.create_client(Stop, "stop", callback_group=group)
        self._reset = node.create_client(Reset, "reset", callback_group=group)
        self._cancels = {
            name: node.create_client(
                CancelGoal, f"{name}/_action/cancel_goal", callback_group=group
            )
            for name in ROBOT_ACTIONS
        }
        self._cmd_vel = VelocityOutlet(node, executor.cmd_vel_type, executor.base_frame)
        self._asked: dict[str, Any] = {}
        """The answers to the last cancel of everything, by action; a server that is not there has none."""

    def stop(self, reason: str) -> Result:
        """Latch the executor's stop and wait until it says that the robot stands still. Never raises."""
        try:
            answer = call(self._stop, Stop.Request(reason=reason), self._stop_timeout_s)
        except VlaError as error:
            return Result(Code.STOP_UNCONFIRMED, f"Stop could not be confirmed: {error.message}")
        return outcome_from_msg(answer.outcome)

    def look(self) -> None:
        """Once in a while: the base may listen for another type of velocities by now."""
        self._cmd_vel.look()

    def reset(self) -> Result:
        """Lift the executor's stop. Errors: COMPONENT_FAILED."""
        return outcome_from_msg(call(self._reset, Reset.Request(), self._stop_timeout_s).outcome)

    def abandon(self) -> None:
        """Cancel every goal of the robot, whoever sent it, and command zero velocity. Does not wait."""
        self._cmd_vel.publish(ZERO)
        self._asked = {
            name: client.call_async(CancelGoal.Request())  # no goal id and no time: all goals
            for name, client in self._cancels.items()
            if client.service_is_ready()
        }

    def there(self) -> tuple[str, ...]:
        """Which of the names that stop the robot somebody answers to, by what is known at this moment."""
        wheels = ("cmd_vel",) if self._cmd_vel.heard() else ()
        found = (name for name, client in self._cancels.items() if client.service_is_ready())
        return (*wheels, *found)

    def wait_until_still(self, timeout_s: float) -> str:
        """After `abandon`: wait until the robot's servers work on nothing and odometry says standstill.

        Empty when both are so, otherwise what could not be confirmed.
        """
        begin_s = time.monotonic()
        news = threading.Condition()
        asked = dict(self._asked)
        sources = self._streams.count_publishers(self._streams.resolve_topic_name("odom"))
        detector = StandstillDetector(self._executor, SEVERAL_SOURCES_S if sources > 1 else 0.0)
        status: dict[str, bool] = {}
        still = [False]

        def on_odometry(message: Any) -> None:
            try:
                odometry = odometry_from_msg(message)
            except VlaError:
                return  # numbers that are none show nothing; what is not shown is not confirmed
            with news:
                still[0] = detector.update(odometry)
                news.notify_all()

        def on_status(name: str, message: Any) -> None:
            with news:
                status[name] = any(goal.status in _AT_WORK for goal in message.status_list)
                news.notify_all()

        def at_work(name: str) -> bool:
            """A server publishes its status only once it has had a goal; one that has had none is at rest."""
            if name in status:
                return status[name]
            if not asked[name].done() or time.monotonic() - begin_s < STATUS_GRACE_S:
                return True
            answer = asked[name].result()
            return answer is None or bool(answer.goals_canceling)

        def at_rest() -> bool:
            return still[0] and not any(at_work(name) for name in asked)

        with self._listening(on_odometry, on_status), news:
            asked_s = begin_s
            while not at_rest() and (left_s := begin_s + timeout_s - time.monotonic()) > 0.0:
                self._cmd_vel.publish(ZERO)
                if time.monotonic() - asked_s > ASK_PERIOD_S:
                    # A goal may have reached its server after the last time.
                    asked_s = time.monotonic()
                    self.abandon()
                    asked.update(self._asked)
                news.wait_for(at_rest, min(left_s, ZERO_PERIOD_S))
            if at_rest():
                return ""
            working = sorted(name for name in asked if at_work(name))
            if working:
                return f"'{working[0]}' has not confirmed the end of its goals"
            why = detector.contradiction or "odometry does not say that it stands still"
            if sources > 1:
                why += f"; 'odom' has {sources} publishers"
            return why

    @contextmanager
    def _listening(self, on_odometry: Any, on_status: Any) -> Iterator[None]:
        node = self._streams
        made = [node.create_subscription(Odometry, "odom", on_odometry, SENSOR)]
        for name in ROBOT_ACTIONS:
            made.append(
                node.create_subscription(
                    GoalStatusArray,
                    f"{name}/_action/status",
                    lambda message, name=name: on_status(name, message),
                    qos_profile_action_status_default,
                )
            )
        try:
            yield
        finally:
            for subscription in made:
                node.destroy_subscription(subscription)
