# SPDX-License-Identifier: Apache-2.0
"""The node `executor`: carries out plans, one at a time, and stops the robot.

Serves: action execute_plan; services list_skills, stop, reset. Publishes: execution_state (latched),
keep_out_mask (latched), feedback, cmd_vel. Subscribes: odom, scan, places, tf,
state_manager/heartbeat. Calls: actions navigate_to_pose, manipulate,
point_head; service query_scene. Parameters: groups executor, guard, ros2.

`stop` is there in every lifecycle state: before the node is configured it latches, and says that it can't tell whether
the robot stands still. `./vla stop` has a way of its own to it, see `vla_common.machine.stop_channel`. A goal that
can't be taken is accepted and aborted at once with its reason, because a rejected goal has none.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nav_msgs.msg import OccupancyGrid
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from vla_interfaces.action import ExecutePlan
from vla_interfaces.msg import ExecutionState as ExecutionStateMsg
from vla_interfaces.srv import ListSkills, Reset, Stop

from vla_common.configuration.config import settings_of
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.trace import short, trace_id_or_new
from vla_common.machine.stop_channel import StopChannel
from vla_common.ros.clients.action_client import RESULT_TIMEOUT_S
from vla_common.ros.clients.calls import is_canceling
from vla_common.ros.clients.stop_channel_client import open_stop_channel
from vla_common.ros.conversions import outcome_to_msg, plan_from_msg, skill_to_msg
from vla_common.ros.lifecycle import VlaLifecycleNode
from vla_common.ros.qos import LATCHED
from vla_common.ros.spin import main as spin_main
from vla_executor.config import GROUPS, ExecutorConfig, GuardConfig, check_consistency
from vla_executor.plan.plan_execution import DEFECT
from vla_executor.plan.records import Progress
from vla_executor.plan.resources import Resources
from vla_executor.plan.runner import PlanResult, PlanRunner, check_step_count
from vla_executor.plan.state import ExecutionState, Phase
from vla_executor.ros import conversions
from vla_executor.ros.interference_client import InterferenceWatch
from vla_executor.ros.ros_robot import UNCONFIRMED, RosRobot
from vla_executor.ros.supervision_client import Supervision
from vla_executor.safety import keep_out
from vla_executor.safety.guard import Guard
from vla_executor.skills.skill import SkillRegistry, load_skills, override_tiers

FEEDBACK_PERIOD_S = 0.2
"""Between two messages of progress that say nothing new in words."""
RESET_TIMEOUT_S = 2.0
GOING_DOWN_S = 2.0
TOLD_S = 0.15
"""At the end of the process: for the robot to come to rest, and for the result of the plan to get out."""
MAX_COMMAND = 1000
"""Characters of a plan's command that are shown."""


LIVE = (
    *(f"guard.{name}" for name in settings_of(GuardConfig) if name != "scan"),
    *(f"executor.{tier}_skills" for tier in ("auto", "announce", "confirm", "forbid")),
)
"""Limits and tiers take effect at once, while no plan runs; what the node is built with does not."""


class ExecutorNode(VlaLifecycleNode):
    """Glue; decisions are in runner, state, guard and the skills."""

    live_parameters = LIVE

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("executor", GROUPS, **kwargs)
        self._robot: RosRobot | None = None
        self._runner: PlanRunner | None = None
        self._registry: SkillRegistry | None = None
        self._supervision: Supervision | None = None
        self._interference: InterferenceWatch | None = None
        self._state = ExecutionState(self._publish_state)
        self._publishing = threading.Lock()
        self._going_down = False
        self._commands: dict[str, str] = {}
        """What the plans that are being carried out say they are for, by trace id."""
        self._ended = ("", OK)
        # A group of its own: it waits for nothing else that runs here.
        self.create_service(
            Stop, "stop", self._on_stop, callback_group=MutuallyExclusiveCallbackGroup()
        )

    def begin(self) -> StopChannel | None:
        """From now on `./vla stop` finds this process; see `vla_common.ros.spin`."""
        return open_stop_channel(
            self, "executor", lambda reason: self._stop_at_once(), self._confirm_stop
        )

    # --- lifecycle ----------------------------------------------------------------------------

    def configure(self) -> None:
        config, guard = self.config("executor"), self.config("guard")
        check_consistency(config, guard)
        checked = Guard(guard, config)
        registry = override_tiers(load_skills(), config)
        for problem in registry.problems:
            self.get_logger().error(problem)
        self._state_publisher = self.create_publisher(ExecutionStateMsg, "execution_state", LATCHED)
        self._robot = RosRobot(
            self,
            config,
            lambda: self._state.snapshot().trace_id,
            self._publish_state,
            self._state.stopped,
            guard.scan != "ignore",
        )
        self._runner = PlanRunner(
            registry,
            self._robot,
            checked,
            config,
            self.config("ros2"),
            self._state,
            Resources(changed=self._publish_state),
            log=self.get_logger().error,
            busy=self.loops.busy,
        )
        self._registry = registry
        self._mask_publisher = self.create_publisher(OccupancyGrid, "keep_out_mask", LATCHED)
        self._publish_mask(guard, config, checked)
        ActionServer(
            self,
            ExecutePlan,
            "execute_plan",
            self._on_plan,
            callback_group=self.reentrant,
            cancel_callback=self._on_cancel,
            result_timeout=RESULT_TIMEOUT_S,
        )
        self.create_service(
            Reset, "reset", self._on_reset, callback_group=MutuallyExclusiveCallbackGroup()
        )
        self.create_service(ListSkills, "list_skills", self._on_list, callback_group=self.reentrant)
        robot = self._robot
        self._interference = watch = InterferenceWatch(
            self,
            config.cmd_vel_sources,
            self._robot.unordered_motion,
            lambda: robot.stopped,
            self._on_interference,
            self._robot.stranger_drives,
            self._robot.look_at_base,
        )
        self._robot.odometry_publishers = lambda: watch.odometry_publishers
        # Last: it has a thread of its own, which nothing that fails after it would end.
        self._supervision = Supervision(self, self._state.cancel, config.supervisor_hang_timeout_s)

    def _publish_mask(self, guard: GuardConfig, config: ExecutorConfig, checked: Guard) -> None:
        room_m = keep_out.room_needed_m(guard, config) + keep_out.PLAN_ROOM_M
        self._mask_publisher.publish(
            conversions.mask_to_msg(
                keep_out.mask(checked.zones, room_m),
                config.map_frame,
                self.get_clock().now().to_msg(),
            )
        )

    def apply(self, configs: Mapping[str, Any]) -> None:
        """Other limits or tiers, between two plans."""
        config = configs.get("executor", self.config("executor"))
        guard = configs.get("guard", self.config("guard"))
        check_consistency(config, guard)
        checked = Guard(guard, config)
        registry = override_tiers(load_skills(), config)
        runner = self._runner
        if runner is None or self._state.snapshot().phase in (Phase.RUNNING, Phase.CANCELING):
            raise VlaError(
                Code.RESOURCE_BUSY,
                "Limits and tiers take effect only between plans, and one is being carried out: "
                "set it again when that has ended.",
            )
        runner.guard, runner.registry, runner.config = checked, registry, config
        self._registry = registry
        if "guard" in configs:
            self._publish_mask(guard, config, checked)

    def activate(self) -> None:
        self._state.bar(False)
        self._publish_state()

    def deactivate(self) -> None:
        """Ends the running plan and waits until the robot stands still."""
        config: ExecutorConfig = self.config("executor")
        self._state.bar(True)  # also what is on its way in and has not begun yet
        # The runner halts the robot and reports; here it is only waited for.
        reason = Code.SHUTTING_DOWN if self._going_down else Code.CANCELED
        if not self._state.cancel(reason=reason):
            return
        longest_s = GOING_DOWN_S if self._going_down else 2 * config.stop_timeout_s
        if not self._state.wait_idle(longest_s):
            self.get_logger().error("the plan did not end while deactivating")
        elif self._going_down:
            time.sleep(TOLD_S)  # its result is on its way to whoever sent the plan

    def close(self) -> None:
        """The end of the process: nobody waits for a robot that does not answer."""
        self._going_down = True
        super().close()

    def cleanup(self) -> None:
        if self._supervision is not None:
            self._supervision.close()
        if self._interference is not None:
            self._interference.close()
        if self._robot is not None:
            self._robot.close()
        self._robot = self._runner = self._registry = self._supervision = None
        self._interference = None

    def _on_interference(self, found: Result) -> None:
        """Somebody else drives the robot, could, or answers in our place; or not any more."""
        self.report_health(found)
        self._tell()
        if found.ok:
            self.get_logger().info("nobody else drives the robot or serves its names any more")
            return
        self.get_logger().error(found.message)
        robot = self._robot
        if robot is not None:
            robot.warn(found.message)

    # --- plans --------------------------------------------------------------------------------

    def _on_cancel(self, handle: Any) -> CancelResponse:
        self._state.cancel(bytes(handle.goal_id.uuid))
        return CancelResponse.ACCEPT

    def _on_plan(self, handle: Any) -> Any:
        owner = bytes(handle.goal_id.uuid)
        try:
            result = self._carry_out(handle, owner)
        except Exception:
            self.get_logger().error(f"carrying out a plan broke:\n{traceback.format_exc()}")
            result = PlanResult(DEFECT)
        if self._supervision is not None:
            self._supervision.end(owner)
        self._state.forget(owner)
        if result.result.ok:
            handle.succeed()
        elif result.result.code is Code.CANCELED and is_canceling(handle):
            handle.canceled()
        else:
            handle.abort()
        return conversions.plan_result_to_msg(result)

    def _carry_out(self, handle: Any, owner: bytes) -> PlanResult:
        runner, supervision = self._runner, self._supervision
        if not self.active or runner is None or supervision is None:
            return PlanResult(Result(Code.NOT_READY, "The executor is not active."))
        try:
            check_step_count(len(handle.request.plan.steps))
            plan = plan_from_msg(handle.request.plan)
            plan = replace(plan, trace_id=trace_id_or_new(plan.trace_id))
            if handle.request.supervised:
                supervision.begin(owner)
        except VlaError as error:
            return PlanResult(error.result)
        last_sent = -FEEDBACK_PERIOD_S

        def report(progress: Progress) -> None:
            nonlocal last_sent
            now = time.monotonic()
            if progress.message or now - last_sent >= FEEDBACK_PERIOD_S:
                last_sent = now
                handle.publish_feedback(conversions.progress_to_msg(progress))

        self._commands.setdefault(plan.trace_id, plan.command[:MAX_COMMAND])
        result = runner.run(plan, bool(handle.request.confirmed), report, owner)
        if result.records or result.result.code is not Code.RESOURCE_BUSY:
            self._commands.pop(plan.trace_id, None)
            self._ended = (plan.trace_id, result.result)
            self._publish_state()
        text = f"[{short(plan.trace_id)}] {len(plan.steps)} steps: {result.result}"
        if result.result.ok:
            self.get_logger().info(text)
        else:
            self.get_logger().warning(text)
        return result

    # --- services -----------------------------------------------------------------------------

    def _stop_at_once(self) -> None:
        """Nothing moves from now on, and no plan begins; does not wait."""
        robot = self._robot
        try:
            if robot is not None:
                robot.latch()
        finally:
            self._state.stop()

    def _confirm_stop(self) -> Result:
        """End everything that moves and wait for standstill. Never raises."""
        robot = self._robot
        if robot is None:
            return Result(
                Code.NOT_READY,
                f"The executor is not configured; the stop holds for when it is. {UNCONFIRMED}",
            )
        try:
            config: ExecutorConfig = self.config("executor")
            robot.stop(config.stop_timeout_s)
        except VlaError as error:
            return error.result
        except Exception:
            self.get_logger().error(f"stopping broke:\n{traceback.format_exc()}")
            return Result(Code.STOP_UNCONFIRMED, f"{DEFECT.message} {UNCONFIRMED}")
        return OK

    def _on_stop(self, request: Any, response: Any) -> Any:
        broke = OK
        try:
            self._stop_at_once()
        except Exception:
            self.get_logger().error(f"stopping broke:\n{traceback.format_exc()}")
            broke = Result(Code.STOP_UNCONFIRMED, f"{DEFECT.message} {UNCONFIRMED}")
        result = self._confirm_stop()
        result = broke if result.ok else result
        reason = repr(request.reason[:200]) if request.reason else "no reason given"
        self.get_logger().warning(f"stopped ({reason}): {result}")
        response.outcome = outcome_to_msg(result)
        return response

    def _on_reset(self, request: Any, response: Any) -> Any:
        del request
        self._state.wait_idle(RESET_TIMEOUT_S)  # a stopped plan may still be on its way out
        try:
            self._state.reset()
            if self._robot is not None:
                self._robot.release()
            result = OK
        except VlaError as error:
            result = error.result
        self.get_logger().info(f"reset: {result}")
        response.outcome = outcome_to_msg(result)
        return response

    def _on_list(self, request: Any, response: Any) -> Any:
        del request
        registry = self._registry
        if registry is None:
            response.outcome = outcome_to_msg(Result(Code.NOT_READY, "Not configured."))
            return response
        response.skills = [skill_to_msg(spec) for spec in registry.specs.values()]
        response.outcome = outcome_to_msg(OK)
        return response

    def _publish_state(self) -> None:
        robot, runner = self._robot, self._runner
        if robot is None or runner is None:
            return
        if robot.grip().holding is False:
            runner.memory.held = None  # an empty hand holds no name either
        # Several threads report changes: what goes out last has to be what was read last.
        with self._publishing:
            snapshot = self._state.snapshot()
            message = conversions.state_to_msg(
                snapshot,
                robot.grip(),
                runner.memory.held,
                runner.resources.owners(),
                robot.moving,
                self.get_clock().now().to_msg(),
            )
            message.command = self._commands.get(snapshot.trace_id, "")
            message.ended_trace_id, message.ended = self._ended[0], outcome_to_msg(self._ended[1])
            self._state_publisher.publish(message)


def main() -> None:
    spin_main(ExecutorNode)


if __name__ == "__main__":
    main()
