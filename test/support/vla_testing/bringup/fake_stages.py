# SPDX-License-Identifier: Apache-2.0
"""Perception, planner and executor as fakes with the real interfaces, scripted by the test."""

from __future__ import annotations

import threading

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from rclpy.action import ActionServer, CancelResponse
from rclpy.node import Node
from vla_interfaces.action import ExecutePlan, MakePlan
from vla_interfaces.msg import ExecutionState, Outcome, Plan, Skill, Step, StepResult
from vla_interfaces.srv import ListSkills, QueryScene, Reset, Stop

from vla_common.contracts.skills import ObjectRef
from vla_common.contracts.skills import Step as PlainStep
from vla_common.ros.clients.calls import is_canceling
from vla_common.ros.conversions import skill_to_msg, step_to_msg
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR
from vla_executor.skills import catalog


class FakePerception(VlaLifecycleNode):
    def __init__(self, **kwargs):
        super().__init__("perception", **kwargs)
        self.answering = threading.Event()
        self.answering.set()

    def activate(self):
        self.create_service(QueryScene, "query_scene", self._query, callback_group=self.reentrant)

    def _query(self, _, response):
        self.answering.wait(30.0)
        return response


class FakePlanner(VlaLifecycleNode):
    """Plans one step; refuses "nonsense", asks about a "cup" until told; "think" lasts until canceled or released."""

    def __init__(self, **kwargs):
        super().__init__("planner", **kwargs)
        self.thinking = threading.Event()
        self.release = threading.Event()
        self.commands = []
        self.goals = []

    def activate(self):
        ActionServer(
            self,
            MakePlan,
            "make_plan",
            self._plan,
            cancel_callback=self._on_cancel,
            callback_group=self.reentrant,
        )

    def _on_cancel(self, _):
        self.release.set()
        return CancelResponse.ACCEPT

    def _plan(self, goal):
        command = goal.request.command
        self.commands.append(command)
        result = MakePlan.Result()
        if "think" in command:
            self.release.clear()
            self.thinking.set()
            self.release.wait(30.0)
        if "think" in command and is_canceling(goal):
            goal.canceled()
            result.outcome = Outcome(code=Outcome.CANCELED, message="Canceled.")
            return result
        self.goals.append(goal.request)
        if "cup" in command and not goal.request.answers:
            result.outcome = Outcome(code=Outcome.AMBIGUOUS, message="Which? (red cup, blue cup)")
            result.question = "Which cup do you mean?"
            result.choices = ["red cup", "blue cup"]
        elif "nonsense" in command:
            result.outcome = Outcome(
                code=Outcome.NOT_UNDERSTOOD, message="I don't know 'nonsense'."
            )
        else:
            result.plan = Plan(
                command=command,
                steps=[_step(command)],
                planner="fake",
                summary="I do it.",
            )
        goal.succeed()
        return result


def _step(command):
    if "see" in command:
        return step_to_msg(PlainStep("find", {"object": ObjectRef("cup")}))
    return Step(skill="wave" if "risky" in command else "turn")


class FakeExecutor(VlaLifecycleNode):
    """ "long" lasts until canceled; ends CANCELED after `standing_still` is set, as a real one does."""

    def __init__(self, **kwargs):
        super().__init__("executor", **kwargs)
        self.running = threading.Event()
        self.cancel_seen = threading.Event()
        self.standing_still = threading.Event()
        self.standing_still.set()
        self.executed = []
        self.stops = []
        self.stopped = threading.Event()

    def activate(self):
        group = self.reentrant
        self._state = self.create_publisher(ExecutionState, "execution_state", LATCHED)
        self.create_service(ListSkills, "list_skills", self._list, callback_group=group)
        self.create_service(Stop, "stop", self._stop, callback_group=group)
        self.create_service(Reset, "reset", self._reset, callback_group=group)
        ActionServer(
            self,
            ExecutePlan,
            "execute_plan",
            self._execute,
            cancel_callback=self._on_cancel,
            callback_group=group,
        )

    def _list(self, _, response):
        response.skills = [
            Skill(name="turn", available=True),
            skill_to_msg(catalog.FIND),
            Skill(name="wave", available=True, risk_tier=Skill.CONFIRM),
        ]
        return response

    def _stop(self, request, response):
        self.stops.append(request.reason)
        self.stopped.set()
        self._state.publish(ExecutionState(state=ExecutionState.STOPPED))
        return response

    def _reset(self, _, response):
        self._state.publish(ExecutionState(state=ExecutionState.IDLE))
        return response

    def _on_cancel(self, _):
        self.cancel_seen.set()
        return CancelResponse.ACCEPT

    def _execute(self, goal):
        plan = goal.request.plan
        self.executed.append(plan.command)
        result = ExecutePlan.Result()
        goal.publish_feedback(ExecutePlan.Feedback(step_count=1, skill="turn", message="Turning."))
        if "long" in plan.command:
            self.running.set()
            self.cancel_seen.wait(30.0)
            self.standing_still.wait(30.0)
            if not is_canceling(goal):
                goal.abort()
                return result
            goal.canceled()
            result.outcome = Outcome(
                code=Outcome.CANCELED, message="Canceled; the robot stands still."
            )
            result.results = [
                StepResult(skill="turn", state=StepResult.CANCELED, outcome=result.outcome)
            ]
            return result
        goal.succeed()
        result.results = [StepResult(skill="turn", state=StepResult.SUCCEEDED, verified=True)]
        return result


class FakeBase(Node):
    """Odometry of a base that drives at `speed` (m/s); its action servers are not there."""

    def __init__(self, **kwargs):
        super().__init__("base", **kwargs)
        self.speed = 0.0
        self.told_to_stop = threading.Event()
        self._odom = self.create_publisher(Odometry, "odom", SENSOR)
        self.create_subscription(Twist, "cmd_vel", lambda _: self.told_to_stop.set(), COMMAND)
        self.create_timer(0.05, self._publish)

    def _publish(self):
        message = Odometry()
        message.header.stamp = self.get_clock().now().to_msg()
        message.pose.pose.orientation.w = 1.0
        message.twist.twist.linear.x = self.speed
        self._odom.publish(message)
