# SPDX-License-Identifier: Apache-2.0
"""The robot behind ROS interfaces; implements `robot.Robot`.

Subscribes odom, scan, places and tf; publishes cmd_vel; calls the actions navigate_to_pose, manipulate and
point_head and the service query_scene. While stopped (`stop` to `release`), cmd_vel carries nothing but
zero, and no goal is sent. One lock, the gate, is held while a command goes out: whoever has taken the
gate after a cancel or a stop knows that no command of before is still to come.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from control_msgs.action import PointHead
from nav2_msgs.action import NavigateToPose
from nav_msgs.msg import Odometry as OdometryMsg
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.qos import qos_profile_action_status_default
from rclpy.time import Time
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool
from tf2_ros import TransformException, TransformListener
from vla_interfaces.action import Manipulate
from vla_interfaces.msg import Feedback, PlaceArray
from vla_interfaces.srv import QueryScene

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place
from vla_common.contracts.skills import ObjectRef
from vla_common.language.foreign_text import line
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import call, wait_for
from vla_common.ros.conversions import (
    duration_to_msg,
    object_ref_to_msg,
    outcome_from_msg,
)
from vla_common.ros.qos import COMMAND, LATCHED, SENSOR
from vla_common.ros.tf_client import LeapingBuffer
from vla_executor.config import ExecutorConfig
from vla_executor.robot.robot import (
    ZERO,
    Grip,
    Odometry,
    Operation,
    Scan,
    StampedPose,
    Target,
    Velocity,
    View,
    Watch,
)
from vla_executor.ros import conversions
from vla_executor.ros.goal_client import GoalCall, wait_for_server
from vla_executor.ros.velocity_outlet import VelocityOutlet
from vla_executor.safety.interference import MotionWatch
from vla_executor.safety.jaw import Jaw
from vla_executor.safety.known_map import KnownMap
from vla_executor.safety.standstill import StandstillDetector, slow
from vla_executor.spatial.geometry import Point3, Pose2

ZERO_PERIOD_S = 0.05
"""Between two zero velocities while coming to a halt."""
LATCH_PERIOD_S = 0.2
"""Between two zero velocities while stopped."""
FIGHT_PERIOD_S = 0.01
"""The same while somebody else drives, or could: more often than any commander is likely to send."""
SEVERAL_SOURCES_S = 0.5
"""With several publishers of odometry each of them has to have its say before the base counts as standing."""
MOTION_MEMORY_S = 1.0
"""Motion that nobody ordered counts as seen for so long."""
AT_WORK = frozenset(
    {GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING}
)
WAIT_STEP_S = 0.05
QUERY_MARGIN_S = 1.0
"""Perception gets this much longer for the answer than for the look."""
STAMP_ROUNDING_S = 1e-6
"""Stamps in seconds are not exact; in simulated time `now` and the newest transform are the same moment."""
WATCH_PERIOD_S = 0.05
"""How often a drive of navigation is looked at."""
BASE_TIMEOUT_S = 2.0
"""How long a drive waits for somebody who listens on cmd_vel; longer than it takes to find one another."""
LIVENESS_PERIOD_S = 1.0
"""How often a waiting caller looks whether the server is still there."""
LOG_PERIOD_S = 5.0
"""Between two log lines about messages that are ignored."""
NO_SCAN = Scan(np.empty((0, 2)), -math.inf)
"""In place of a scan that is published and can't be used, or has not come."""
UNCONFIRMED = "The robot may still be moving."


class RosRobot:
    """Created on configure; the node destroys the ROS entities with the reverse transition.

    trace_id: of the running plan. changed: called when grip or movement change. stopped: begin latched.
    scan: subscribe to it.
    """

    def __init__(
        self,
        node: Any,
        config: ExecutorConfig,
        trace_id: Callable[[], str] = lambda: "",
        changed: Callable[[], None] = lambda: None,
        stopped: bool = False,
        scan: bool = True,
    ) -> None:
        self._node = node
        self._config = config
        self._clock_type = node.get_clock().clock_type
        self._trace_id = trace_id
        self._changed = changed
        self._gate = threading.Lock()
        self._stopped = stopped
        self._goals: set[GoalCall] = set()
        self._news = threading.Condition()
        self._odometry: Odometry | None = None
        self._map = KnownMap()
        self._motion = MotionWatch(config)
        self._ordered = False
        self._unordered: tuple[float, Velocity] | None = None
        self._at_work: dict[str, bool] = {}
        self.odometry_publishers: Callable[[], int] = lambda: 1
        self._jaw = Jaw()
        self.moving = False
        group = node.reentrant
        self._cmd_vel = VelocityOutlet(node, config.cmd_vel_type, config.base_frame)
        self._feedback = node.create_publisher(Feedback, "feedback", COMMAND)
        self._tf = LeapingBuffer(self.now_s, node.get_logger().warning)
        self._listener = TransformListener(self._tf, node.streams)
        node.streams.create_subscription(OdometryMsg, "odom", self._on_odometry, SENSOR)
        self._scan: Scan | None = None
        self._scans = scan
        if scan:
            node.streams.create_subscription(LaserScan, "scan", self._on_scan, SENSOR)
        # In the order in which they were sent.
        node.create_subscription(
            PlaceArray,
            "places",
            self._on_places,
            LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._actions = {
            name: ActionClient(node, kind, name, callback_group=group)
            for name, kind in (
                ("navigate_to_pose", NavigateToPose),
                ("manipulate", Manipulate),
                ("point_head", PointHead),
            )
        }
        self._cancel_all = {
            name: node.create_client(
                CancelGoal, f"{name}/_action/cancel_goal", callback_group=group
            )
            for name in self._actions
        }
        self._query = node.create_client(QueryScene, "query_scene", callback_group=group)
        node.streams.create_subscription(Bool, "gripper_holding", self._on_jaw, SENSOR)
        for name in self._actions:
            node.streams.create_subscription(
                GoalStatusArray,
                f"{name}/_action/status",
                lambda message, name=name: self._on_status(name, message),
                qos_profile_action_status_default,
            )
        self._over = threading.Event()
        self._fight = threading.Event()
        self._stranger_drives = False
        self._fighter = threading.Thread(target=self._hold_hard, name="zeros", daemon=True)
        self._fighter.start()
        node.create_timer(
            LATCH_PERIOD_S,
            self._hold_stop,
            callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    # --- what is known ------------------------------------------------------------------------

    def now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9

    def _stamp(self) -> Any:
        return self._node.get_clock().now().to_msg()

    def _ignore(self, what: str, error: Exception) -> None:
        """What was known before gets old, and the guard does not trust what is old."""
        self._node.get_logger().warning(
            f"ignored {what}: {str(error)[:200]!r}", throttle_duration_sec=LOG_PERIOD_S
        )

    def _on_odometry(self, message: Any) -> None:
        try:
            odometry = conversions.odometry_from_msg(message)
        except VlaError as error:
            self._ignore("an odometry", error)
            return
        with self._news:
            self._odometry = odometry
            self._news.notify_all()
        moving = not slow(self._watch_motion(odometry), self._config)
        if moving != self.moving:
            self.moving = moving
            self._changed()

    def _watch_motion(self, odometry: Odometry) -> Velocity:
        """How fast the base moves; notes it when nobody here has ordered that."""
        ordered, self._ordered = self._ordered, False
        if not self._stopped:
            driven = self._at_work.get("navigate_to_pose", False)
            ordered = (
                ordered or driven or any(call.name != "point_head" for call in self._goals_now())
            )
        if self._motion.update(odometry, ordered):
            self._unordered = (time.monotonic(), self._motion.fastest)
            self._fight_or_rest()
        return self._motion.fastest

    def _goals_now(self) -> tuple[GoalCall, ...]:
        with self._gate:
            return tuple(self._goals)

    def unordered_motion(self) -> Velocity | None:
        """Motion of the base that nobody here ordered, seen just now."""
        seen = self._unordered
        if seen is None or time.monotonic() - seen[0] > MOTION_MEMORY_S:
            return None
        return seen[1]

    def stranger_drives(self, there: bool) -> None:
        """Whether somebody else publishes velocities who should not."""
        self._stranger_drives = there
        self._fight_or_rest()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def _fight_or_rest(self) -> None:
        if self._stopped and (self._stranger_drives or self.unordered_motion() is not None):
            self._fight.set()

    def _hold_hard(self) -> None:
        """A thread of its own: zeros that come more often than somebody else's commands."""
        while True:
            self._fight.wait()
            if self._over.is_set():
                return
            if not self._stopped or not (self._stranger_drives or self.unordered_motion()):
                self._fight.clear()
                continue
            try:
                self._cmd_vel.publish(ZERO)
            except Exception:  # the publisher is gone: the node lets go of everything
                return
            self._over.wait(FIGHT_PERIOD_S)

    def close(self) -> None:
        """End the thread; publishers and the like are the node's."""
        self._over.set()
        self._fight.set()
        self._fighter.join(1.0)
        self._cmd_vel.close()

    def _on_status(self, name: str, message: Any) -> None:
        with self._news:
            self._at_work[name] = any(goal.status in AT_WORK for goal in message.status_list)
            self._news.notify_all()

    def _on_places(self, message: Any) -> None:
        try:
            self._map.take(conversions.places_from_msg(message.places), message.map_id)
        except VlaError as error:
            self._ignore("places", error)
            self._map.reject(error.message)

    def places(self) -> tuple[Place, ...]:
        return self._map.places

    def map_trouble(self) -> str:
        trouble = self._map.trouble
        if not trouble and not self._map.heard and not self._map.places:
            if self._is_published("places"):
                return "The places are published, and none have come yet."
        return trouble

    def _on_scan(self, message: Any) -> None:
        try:
            transform = self._tf.lookup_transform(
                self._config.base_frame, message.header.frame_id, Time()
            )
            self._scan = conversions.scan_from_msg(message, transform)
        except (VlaError, TransformException) as error:
            self._ignore("a scan", error)
            if self._scan is None:
                self._scan = NO_SCAN

    def _is_published(self, topic: str) -> bool:
        """rclpy looks for the name as it is given; remapped ones have to be resolved first."""
        return bool(self._node.count_publishers(self._node.resolve_topic_name(topic)))

    def scan(self) -> Scan | None:
        if self._scan is None and self._scans and self._is_published("scan"):
            return NO_SCAN
        return self._scan

    def grip(self) -> Grip:
        return self._jaw.grip

    def _on_jaw(self, message: Any) -> None:
        """What the jaw says of itself, between the operations of the arm."""
        at_work = self._at_work.get("manipulate", False) or any(
            call.name == "manipulate" for call in self._goals_now()
        )
        if self._jaw.says(bool(message.data), at_work, time.monotonic()):
            self._changed()

    def _next_odometry(
        self, newer_than_s: float, timeout_s: float, over: Callable[[], bool]
    ) -> Odometry | None:
        """The newest sample once it is newer; None after the timeout or when `over`."""
        until = time.monotonic() + timeout_s
        with self._news:
            while self._odometry is None or self._odometry.stamp_s <= newer_than_s:
                left = until - time.monotonic()
                if left <= 0.0 or over():
                    return None
                self._news.wait(left)
            return self._odometry

    def _wake(self) -> None:
        with self._news:
            self._news.notify_all()

    def odometry(
        self, token: CancelToken, timeout_s: float, newer_than_s: float = -math.inf
    ) -> Odometry:
        token.add_callback(self._wake)
        try:
            found = self._next_odometry(newer_than_s, timeout_s, lambda: token.canceled)
        finally:
            token.remove_callback(self._wake)
        token.raise_if_canceled()
        if found is None:
            raise VlaError(Code.ROBOT_UNAVAILABLE, f"There was no odometry for {timeout_s:g} s.")
        if (publishers := self.odometry_publishers()) > 1:
            raise VlaError(
                Code.ROBOT_UNAVAILABLE,
                f"'odom' has {publishers} publishers; which one tells of this base is not known, "
                "so that nothing is driven or verified by it.",
            )
        return found

    def base_pose(
        self, token: CancelToken, timeout_s: float, at_s: float | None = None
    ) -> StampedPose:
        token.raise_if_canceled()
        frames = (self._config.map_frame, self._config.base_frame)
        until = time.monotonic() + timeout_s
        when = Time()
        if at_s is not None:
            when = Time(seconds=at_s, clock_type=self._clock_type)
        # In steps, so that a cancel is noticed while tf is silent. Whether it is new enough is looked at below.
        while not self._tf.can_transform(*frames, when, Duration(seconds=WAIT_STEP_S)):
            token.raise_if_canceled()
            if time.monotonic() >= until:
                break
        try:
            transform = self._tf.lookup_transform(*frames, Time())
            pose = conversions.stamped_pose_from_msg(transform)
        except (TransformException, VlaError) as error:
            raise VlaError(
                Code.NO_TRANSFORM, f"Where the robot is in the map is not known: {error}"
            ) from error
        if at_s is not None and pose.stamp_s < at_s - STAMP_ROUNDING_S:
            age = at_s - pose.stamp_s
            raise VlaError(Code.NO_TRANSFORM, f"The newest pose of the robot is {age:.2f} s old.")
        return pose

    # --- moving -------------------------------------------------------------------------------

    def _permit(self, token: CancelToken) -> None:
        """To be called with the gate held."""
        token.raise_if_canceled()
        if self._stopped:
            raise VlaError(Code.STOPPED, "The robot is stopped.")

    def drive(self, velocity: Velocity, token: CancelToken) -> None:
        if not velocity.is_zero():
            self._wait_for_base(token)
        with self._gate:
            self._permit(token)
            self._ordered = self._ordered or not velocity.is_zero()
            self._cmd_vel.publish(velocity)

    def _wait_for_base(self, token: CancelToken) -> None:
        """Velocities that nobody hears move nothing. Errors: ROBOT_UNAVAILABLE, the token's reason."""
        if self._cmd_vel.heard():
            return
        until = time.monotonic() + BASE_TIMEOUT_S
        while not self._cmd_vel.heard():
            token.wait(WAIT_STEP_S)
            token.raise_if_canceled()
            if time.monotonic() >= until:
                raise VlaError(Code.ROBOT_UNAVAILABLE, self._cmd_vel.why_unheard())

    def look_at_base(self) -> None:
        """Whether the base listens for velocities of another type by now."""
        self._cmd_vel.look()

    def navigate(
        self, goal: Pose2, token: CancelToken, timeout_s: float, watch: Watch | None = None
    ) -> None:
        message = conversions.navigate_goal(goal, self._config.map_frame, self._stamp())
        look = None if watch is None else lambda: watch(self._pose_now(), self._odometry)
        done = self._run_goal("navigate_to_pose", message, token, timeout_s, look)
        if done.status != done.SUCCEEDED:
            code = conversions.navigation_code(int(getattr(done.result, "error_code", 0)))
            reason = getattr(done.result, "error_msg", "") or "the robot gave no reason"
            raise VlaError(code, f"The robot did not get there: {reason}.")

    def _pose_now(self) -> StampedPose | None:
        """The newest pose in the map, without waiting; None when there is none."""
        try:
            transform = self._tf.lookup_transform(
                self._config.map_frame, self._config.base_frame, Time()
            )
            return conversions.stamped_pose_from_msg(transform)
        except (TransformException, VlaError):
            return None

    def manipulate(
        self, operation: Operation, target: Target | None, token: CancelToken, timeout_s: float
    ) -> Grip:
        message = conversions.manipulate_goal(
            operation, target, self._config.map_frame, self._stamp(), self._trace_id()
        )
        done = self._run_goal("manipulate", message, token, timeout_s)
        outcome = outcome_from_msg(done.result.outcome)
        if not outcome.ok:
            raise VlaError(outcome.code, outcome.message)
        if done.status != done.SUCCEEDED:
            raise VlaError(
                Code.EXECUTION_FAILED, f"The arm did not finish '{operation.name.lower()}'."
            )
        return self._jaw.grip

    def point_head(self, point: Point3, token: CancelToken, timeout_s: float) -> None:
        config = self._config
        message = conversions.point_head_goal(
            point, config.map_frame, config.head_frame, self._stamp()
        )
        done = self._run_goal("point_head", message, token, timeout_s)
        if done.status != done.SUCCEEDED:
            raise VlaError(Code.EXECUTION_FAILED, "The head did not turn there.")

    def _run_goal(
        self,
        name: str,
        goal: Any,
        token: CancelToken,
        timeout_s: float,
        look: Callable[[], None] | None = None,
    ) -> GoalCall:
        """Send a goal and wait for its end. A canceled one is left to `halt` to see through.

        timeout_s: how long it may go without progress; how long in all is limited by the step's. look: raises to
        end it.
        """
        client = self._actions[name]
        wait_for_server(client, name, token)
        with self._gate:
            self._permit(token)
            goal_call = GoalCall(client, name, goal)
            self._goals.add(goal_call)
        left_s = timeout_s
        period_s = LIVENESS_PERIOD_S if look is None else WATCH_PERIOD_S
        while not goal_call.wait(min(period_s, left_s), token):
            if look is not None:
                try:
                    look()
                except BaseException:
                    # Zero as well: many drivers take it at once, while navigation is still told to end.
                    self._cmd_vel.publish(ZERO)
                    goal_call.cancel()
                    raise
            if not client.server_is_ready():
                raise VlaError(Code.ROBOT_UNAVAILABLE, f"The robot's action '{name}' is gone.")
            left_s = goal_call.progress_at + timeout_s - time.monotonic()
            if left_s > 0.0:
                continue
            goal_call.cancel()
            goal_call.ended.wait(self._config.stop_timeout_s)
            self._settle(goal_call)
            raise VlaError(
                Code.STEP_TIMEOUT,
                f"The robot's action '{name}' has not got on for {timeout_s:g} s.",
            )
        self._settle(goal_call)
        if goal_call.refused:
            raise VlaError(Code.ROBOT_UNAVAILABLE, f"The robot's '{name}' refused the goal.")
        if not goal_call.confirmed or goal_call.result is None:
            raise VlaError(Code.ROBOT_UNAVAILABLE, f"The robot's '{name}' gave no result.")
        return goal_call

    def _settle(self, goal_call: GoalCall) -> None:
        """Take note of a goal that has ended, whoever waited for it."""
        if not goal_call.confirmed:
            return  # `halt` finds it among the goals and says so
        self._goals.discard(goal_call)
        if goal_call.name == "manipulate" and goal_call.result is not None:
            self._jaw.operated(conversions.grip_from_msg(goal_call.result))
            self._changed()

    # --- stopping -----------------------------------------------------------------------------

    def stand(self, timeout_s: float) -> None:
        self._come_to_rest((), timeout_s)

    def halt(self, timeout_s: float) -> None:
        goals = list(self._goals)
        for goal_call in goals:
            goal_call.cancel()
        self._come_to_rest(goals, timeout_s)

    def latch(self) -> None:
        """From now on nothing moves: one zero velocity at once, then no other command."""
        with self._gate:
            self._stopped = True
            self._cmd_vel.publish(ZERO)
        self._fight_or_rest()

    def stop(self, timeout_s: float) -> None:
        """After `latch`: end everything, also what others have started, and wait for standstill.

        Errors: STOP_UNCONFIRMED. The latch holds either way.
        """
        until = time.monotonic() + timeout_s
        asked = {}
        for name, client in self._cancel_all.items():
            if client.service_is_ready():
                # No goal id and no time: every goal of that server.
                asked[name] = client.call_async(CancelGoal.Request())
        self.halt(timeout_s)
        for name, answer in asked.items():
            if not wait_for(answer, max(0.0, until - time.monotonic())):
                raise VlaError(
                    Code.STOP_UNCONFIRMED, f"The robot's '{name}' did not answer. {UNCONFIRMED}"
                )
        # The goals of others too: whoever accepts a cancel has not ended yet, and may refuse it.
        with self._news:
            if not self._news.wait_for(
                lambda: not self._working(), max(0.0, until - time.monotonic())
            ):
                raise VlaError(
                    Code.STOP_UNCONFIRMED,
                    f"The robot's '{self._working()[0]}' still works on a goal. {UNCONFIRMED}",
                )

    def _working(self) -> list[str]:
        """The robot's actions that work on goals, by their own word, as far as there is anybody to say so."""
        return [
            name
            for name, at_work in sorted(self._at_work.items())
            if at_work and self._actions[name].server_is_ready()
        ]

    def release(self) -> None:
        with self._gate:
            self._stopped = False

    def _hold_stop(self) -> None:
        if self._stopped:
            self._cmd_vel.publish(ZERO)

    def _come_to_rest(self, goals: Iterable[GoalCall], timeout_s: float) -> None:
        """Zero velocity until odometry says standstill, and the end of all goals."""
        until = time.monotonic() + timeout_s
        several = self.odometry_publishers() > 1
        detector = StandstillDetector(self._config, SEVERAL_SOURCES_S if several else 0.0)
        with self._news:
            stamp_s = -math.inf if self._odometry is None else self._odometry.stamp_s
        next_zero = 0.0
        still = False
        while not still and time.monotonic() < until:
            if time.monotonic() >= next_zero:
                next_zero = time.monotonic() + ZERO_PERIOD_S
                self._cmd_vel.publish(ZERO)
            odometry = self._next_odometry(stamp_s, ZERO_PERIOD_S, lambda: False)
            if odometry is not None:
                stamp_s = odometry.stamp_s
                still = detector.update(odometry)
        unconfirmed = [call for call in goals if not self._ended(call, until)]
        if unconfirmed:
            raise VlaError(
                Code.STOP_UNCONFIRMED,
                f"The robot's '{unconfirmed[0].name}' did not confirm its end. {UNCONFIRMED}",
            )
        if not still:
            why = detector.contradiction or "Odometry does not show standstill."
            if several:
                why += f" 'odom' has {self.odometry_publishers()} publishers."
            raise VlaError(Code.STOP_UNCONFIRMED, f"{why} {UNCONFIRMED}")

    def _ended(self, goal_call: GoalCall, until: float) -> bool:
        """Wait for the final state of a goal, as long as there is somebody to report it."""
        client = self._actions[goal_call.name]
        while not goal_call.ended.wait(max(0.0, min(0.2, until - time.monotonic()))):
            if time.monotonic() >= until or not client.server_is_ready():
                break
        self._settle(goal_call)
        self._goals.discard(goal_call)  # told once; it can't hold up every later halt
        return goal_call.confirmed

    # --- seeing and talking -------------------------------------------------------------------

    def query_scene(
        self, ref: ObjectRef, fresh: bool, token: CancelToken, timeout_s: float
    ) -> View:
        token.raise_if_canceled()
        request = QueryScene.Request(
            query=object_ref_to_msg(ref),
            fresh=fresh,
            timeout=duration_to_msg(timeout_s),
            trace_id=self._trace_id(),
        )
        answer = call(
            self._query,
            request,
            timeout_s + QUERY_MARGIN_S,
            token,
            unavailable=Code.PERCEPTION_UNAVAILABLE,
        )
        outcome = outcome_from_msg(answer.outcome)
        if not outcome.ok:
            raise VlaError(outcome.code, outcome.message)
        view = conversions.view_from_msg(answer)
        self._map.take_over(view.scene.places)
        return view

    def warn(self, text: str) -> None:
        """What the person has to know though they asked for nothing."""
        message = Feedback(kind=Feedback.PROBLEM, text=text, speak=True)
        message.header.stamp = self._stamp()
        self._feedback.publish(message)

    def say(self, text: str) -> None:
        message = Feedback(
            kind=Feedback.INFO, text=line(text), trace_id=self._trace_id(), speak=True
        )
        message.header.stamp = self._stamp()
        self._feedback.publish(message)

    def wait(self, duration_s: float, token: CancelToken) -> None:
        until_s = self.now_s() + duration_s
        while (left := until_s - self.now_s()) > 0.0:
            # In steps, since simulated time may run faster than the steady clock.
            token.wait(min(left, WAIT_STEP_S))
            token.raise_if_canceled()
