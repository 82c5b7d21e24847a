# SPDX-License-Identifier: Apache-2.0
"""The state manager: brings the stages up, takes commands, tells the person and the world what happens.

Subscribes: `execution_state` (latched), `transcript`, `<component>/heartbeat`, and what the monitor watches.
Publishes: `status` (latched), `feedback`, `plan` (latched), `state_manager/heartbeat`, /diagnostics, zero on `cmd_vel`
when the executor is gone. Serves: action `execute_command`, services `manage`, `get_status`, `answer`.
Calls: lifecycle services of the components, `query_scene`, `list_skills`, `make_plan`, `execute_plan`, `stop`, `reset`,
and the cancel services of the robot's actions. Parameters: groups `integration`, `journal`, `monitor` (package README).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.time import Time
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import ExecutionState, Feedback, SystemStatus, Transcript
from vla_interfaces.msg import Plan as PlanMsg
from vla_interfaces.srv import Answer, GetStatus, Manage

from vla_bringup.commands.command_inbox import CommandInbox, Slot
from vla_bringup.commands.command_pipeline import CommandPipeline
from vla_bringup.commands.command_run import Kind
from vla_bringup.commands.coordinator import Coordinator, CoordinatorConfig
from vla_bringup.commands.direct_plans import UNKNOWN_END, DirectPlans, Seen
from vla_bringup.commands.plan_gate import PlanGate
from vla_bringup.commands.plan_judging import judged
from vla_bringup.commands.publish_queue import PublishQueue
from vla_bringup.commands.voice_commands import AskedQuestions, VoiceCommands
from vla_bringup.config import GROUPS
from vla_bringup.journal.config import journal_path
from vla_bringup.journal.gate import JournalGate
from vla_bringup.journal.journal import Journal
from vla_bringup.journal.reader import CommandRecord
from vla_bringup.monitor.ros.monitor_client import Monitor
from vla_bringup.ros.conversions import command_from_msg, queued_to_msg, status_to_msg
from vla_bringup.ros.goal_result_sink import GoalResultSink
from vla_bringup.ros.node_clients import NodeClients
from vla_bringup.supervision.local_stop import LocalStop
from vla_bringup.supervision.ros.component_client import ComponentClient
from vla_bringup.supervision.ros.name_guard import NameGuard, fresh, serving
from vla_bringup.supervision.ros.robot_client import RobotClient
from vla_bringup.supervision.state_table import Event
from vla_bringup.supervision.supervision import Component, Limits, Supervision
from vla_bringup.supervision.system_state import explain, system_state
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.skills import Plan
from vla_common.contracts.trace import new_trace_id, short, trace_id_or_new
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.language.halt_phrases import Wish, is_halt_command, wanted
from vla_common.machine.stop_channel import StopChannel
from vla_common.machine.work_loops import WorkLoops
from vla_common.ros.clients.action_client import RESULT_TIMEOUT_S
from vla_common.ros.clients.stop_channel_client import open_stop_channel
from vla_common.ros.conversions import outcome_from_msg, outcome_to_msg, plan_to_msg, time_from_msg
from vla_common.ros.heartbeat import HeartbeatPublisher
from vla_common.ros.parameters import NodeParameters
from vla_common.ros.qos import COMMAND, LATCHED
from vla_common.ros.spin import lease_of
from vla_common.ros.spin import main as spin_main
from vla_common.ros.subscription_node import SubscriptionNode
from vla_executor.config import ExecutorConfig
from vla_planner.config import PlannerConfig

STATUS_PERIOD_S = 1.0
GOING_DOWN_S = 3.5
"""How long the end of the process waits for that of the running command; launch loses its patience after 5 s."""
TOLD_S = 0.1
_REQUESTS = {
    Manage.Request.STARTUP: Event.STARTUP,
    Manage.Request.PAUSE: Event.PAUSE,
    Manage.Request.RESUME: Event.RESUME,
    Manage.Request.RESET: Event.RESET,
    Manage.Request.SHUTDOWN: Event.SHUTDOWN,
}

_HEARD_BUT_NOT_USED = (
    Code.SPEECH_LOW_CONFIDENCE,
    Code.SPEECH_NOT_FOR_ROBOT,
    Code.SPEECH_NOTHING_HEARD,
)


class StateManagerNode(Node):
    """Glue, and the coordinator's `Ports`; decisions are in coordinator, pipeline, supervision and state_table."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("state_manager", **kwargs)
        self.lease = lease_of(
            self
        )  # before anybody can take this one for the one that runs already
        self.reentrant = group = ReentrantCallbackGroup()
        # The planner's group too: an amount that nobody said has to mean the same to both.
        parameters = NodeParameters(self, {**GROUPS, "planner": PlannerConfig})
        self.integration = config = parameters.read("integration")
        self._execution = ExecutionState()
        self._left_behind: list[str] = []
        self._arriving: dict[int, tuple[Any, int, Slot]] = {}
        self._intake = CommandInbox(self._on_defect)
        self._outbox = PublishQueue(self._on_defect)
        cli_args = tuple(kwargs.get("cli_args") or ())
        self._streams = SubscriptionNode(self, cli_args)
        optional = set(config.optional_components)
        limits = Limits(
            config.hang_timeout, config.startup_timeout, config.max_restarts, config.restart_window
        )
        self._supervision = Supervision(
            [Component(name, name not in optional, limits) for name in config.components]
        )
        self._status = self.create_publisher(SystemStatus, "status", LATCHED)
        self._feedback = self.create_publisher(Feedback, "feedback", COMMAND)
        self._plan = self.create_publisher(PlanMsg, "plan", LATCHED)
        journal = parameters.read("journal")
        path = journal_path(journal.file, self.get_namespace())
        tell = self.get_logger().warning
        self._journal = JournalGate(
            lambda: Journal(path, journal.max_bytes, journal.keep, time.time, tell),
            self._on_journal,
        )
        self._robot = RobotClient(
            self,
            self._streams.node,
            config.stop_timeout,
            parameters.given("executor", ExecutorConfig),
        )
        self._names = NameGuard(
            self, config.transcript_sources, config.components, self._on_strangers
        )
        self.stages = NodeClients(self, config, self._is_active, self._robot, self._names.check)
        pipeline = CommandPipeline(
            self.stages,
            time.monotonic,
            config.max_replans,
            config.confirmation_timeout,
            config.announce_pause,
            config.max_questions,
            judged,
            covers=PlanGate(parameters.read("planner")).covers,
        )
        self.coordinator = Coordinator(
            CoordinatorConfig(
                config.command_queue_size,
                config.new_command_policy,
                config.max_execution_time,
                config.feedback_interval,
                config.correction_replaces,
                config.context_timeout,
            ),
            pipeline,
            self,
            self._journal,
            time.monotonic,
        )
        self._direct = DirectPlans(
            self._journal,
            self._intake.take,
            self.get_logger().warning,
            self.coordinator.executes_beside,
        )
        self._questions = AskedQuestions()
        if not self._journal.open():
            self.get_logger().error(self._journal.problem)
        self._monitor = Monitor(
            self,
            parameters.read("monitor"),
            self._pids,
            str(path.parent),
            cli_args,
        )
        self._components = ComponentClient(
            self,
            self._streams.node,
            self._supervision,
            config.heartbeat_timeout,
            config.transition_timeout,
            on_change=self._on_look,
            on_lost=self._on_lost,
            on_active=self._on_active,
        )
        self.create_subscription(
            ExecutionState,
            "execution_state",
            self._on_execution,
            LATCHED,
            callback_group=MutuallyExclusiveCallbackGroup(),  # in the order in which they were sent
        )
        self._voice = VoiceCommands(self.coordinator, self._intake.take)
        self.create_subscription(
            Transcript, "transcript", self._on_transcript, COMMAND, callback_group=group
        )
        self.create_service(Manage, "manage", self._on_manage, callback_group=group)
        self.create_service(GetStatus, "get_status", self._on_get_status, callback_group=group)
        self.create_service(Answer, "answer", self._on_answer, callback_group=group)
        self._server = ActionServer(
            self,
            ExecuteCommand,
            "execute_command",
            execute_callback=self._finish_unstarted,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            callback_group=group,
            result_timeout=RESULT_TIMEOUT_S,
        )
        # Clocks of simulations may stand still; this node tells that they do.
        self.create_timer(
            STATUS_PERIOD_S,
            self._tick,
            callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        self._pulse = HeartbeatPublisher(self, uuid.uuid4().hex, group, WorkLoops())
        if config.autostart:
            self._bring(True)
        self.changed()

    def begin(self) -> StopChannel | None:
        """From now on `./vla stop` finds this process; see `vla_common.ros.spin`."""
        stop = LocalStop(
            self.coordinator.stop,
            lambda: self._execution.state == ExecutionState.STOPPED,
            lambda: self._is_active("executor"),
            self._robot.abandon,
            self._robot.wait_until_still,
            self.integration.stop_timeout,
        )
        return open_stop_channel(self, "state_manager", stop.latch, stop.confirm)

    def _tick(self) -> None:
        self._journal.look()
        self._robot.look()
        self._look_at_execution()
        self.changed()

    # --- goals --------------------------------------------------------------------------------------

    def _on_goal(self, request: ExecuteCommand.Goal) -> GoalResponse:
        """Never rejected: a refusal is a result with a reason. `_on_accepted` follows with the same request."""
        arrival = (request, self.coordinator.ticket(), self._intake.reserve())
        self._arriving[id(request)] = arrival  # holds the request, so that no other one gets its id
        return GoalResponse.ACCEPT

    def _on_accepted(self, handle: Any) -> None:
        invalid = OK
        try:
            trace_id = trace_id_or_new(handle.request.trace_id)
        except VlaError as error:
            trace_id, invalid = new_trace_id(), error.result
        outlet = GoalResultSink(handle, trace_id, self.get_logger().debug, self._outbox)
        command = command_from_msg(handle.request, bytes(handle.goal_id.uuid), trace_id)
        _, ticket, place = self._arriving.pop(id(handle.request))
        if is_halt_command(command.text):
            place.give_up()
            self.coordinator.submit(command, outlet, invalid, ticket)
        else:  # one after the other, on a thread that may wait for the disk
            place.fill(lambda: self.coordinator.submit(command, outlet, invalid, ticket))

    def _finish_unstarted(self, handle: Any) -> ExecuteCommand.Result:
        raise AssertionError("every goal is executed with its own callback")

    def _on_cancel(self, handle: Any) -> CancelResponse:
        taken = self.coordinator.cancel(bytes(handle.goal_id.uuid))
        return CancelResponse.ACCEPT if taken else CancelResponse.REJECT

    def _on_answer(self, request: Answer.Request, response: Answer.Response) -> Answer.Response:
        result = self.coordinator.answer(
            request.trace_id,
            request.answer,
            line(request.source, 40),
            request.question_id,
            request.question,
        )
        response.outcome = outcome_to_msg(result)
        return response

    def _on_transcript(self, message: Transcript) -> None:
        """What was heard: carried out when it was accepted, else told why not; not aloud, or it would hear itself."""
        if not message.is_final:
            return
        if message.accepted:
            try:
                trace_id = trace_id_or_new(message.trace_id)
            except VlaError:
                trace_id = new_trace_id()
            stops = message.is_stop or wanted(message.text).wish is Wish.REST
            refused = OK if stops else self._judge_transcript(message)
            if not refused.ok:
                self.get_logger().error(f"heard {message.text[:60]!r}, not carried out: {refused}")
                self.say(Kind.PROBLEM, refused.message, trace_id, speak=False)
                return
            asked = self._questions.open_at(time_from_msg(message.speech_start))
            self._voice.take(message.text, trace_id, message.is_stop, asked)
        elif message.outcome.code in _HEARD_BUT_NOT_USED:
            self.say(Kind.INFO, message.outcome.message, message.trace_id, speak=False)

    def _judge_transcript(self, message: Transcript) -> Result:
        """Whether it is from who may be heard, and of now."""
        if stranger := self._names.heard():
            return Result(Code.CONFLICT, f"I did not do what I heard: {stranger}")
        age_s = self._now_s() - time_from_msg(message.header.stamp)
        return fresh(age_s, self.integration.transcript_max_age)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9

    # --- components ---------------------------------------------------------------------------------

    def _bring(self, up: bool) -> None:
        self.coordinator.want(up)
        self._components.bring(up)

    def _pids(self) -> dict[str, int]:
        components = getattr(self, "_components", None)  # the monitor starts first
        return {"state_manager": os.getpid(), **(components.pids() if components else {})}

    def _is_active(self, name: str) -> bool:
        return any(facts.name == name and facts.active for facts in self.component_facts())

    def _on_look(self) -> None:
        self.coordinator.components_changed()
        self.changed()

    def _on_active(self, name: str) -> None:
        if name == "executor":
            self.stages.forget_skills()
            while self._left_behind:
                self.say(Kind.PROBLEM, self._left_behind.pop(0))
        self.coordinator.component_active(name)

    def _on_lost(self, name: str, reason: str) -> None:
        if name == "executor":
            self._direct.lost()
        self.coordinator.component_lost(name, reason)

    def _on_strangers(self) -> None:
        if hasattr(self, "_pulse"):  # they may be there first
            self.coordinator.dispatch()
            self.changed()

    def _look_at_execution(self) -> None:
        """Whether the executor is at something that nobody ordered here."""
        message = self._execution
        busy = message.state in (ExecutionState.RUNNING, ExecutionState.CANCELING)
        try:
            ended = outcome_from_msg(message.ended)
        except ValueError:
            ended = UNKNOWN_END
        self._direct.observe(
            Seen(
                message.trace_id if busy else "",
                message.command,
                message.step_count,
                message.ended_trace_id,
                ended,
            ),
            self.coordinator.owns,
        )

    def _on_execution(self, message: ExecutionState) -> None:
        self._execution = message
        self._look_at_execution()
        self.stages.holding = message.holding
        self.coordinator.executor_latched(message.state == ExecutionState.STOPPED)

    def _on_journal(self, interrupted: Sequence[CommandRecord], stopped: bool) -> None:
        """What an earlier process left behind: told, never resumed."""
        for record in interrupted:
            self._left_behind.append(
                f"The command '{record.command}' was interrupted when the system went down; it is not resumed."
            )
            self.get_logger().warning(f"[{short(record.trace_id)}] {self._left_behind[-1]}")
        if stopped:
            self.coordinator.was_stopped_before()

    # --- the coordinator's ports --------------------------------------------------------------------

    def say(
        self,
        kind: Kind,
        text: str,
        trace_id: str = "",
        speak: bool = True,
        choices: tuple[str, ...] = (),
        question_id: str = "",
    ) -> None:
        message = Feedback(
            kind=int(kind),
            text=line(text, MAX_PARAGRAPH),
            trace_id=trace_id,
            speak=speak,
            choices=list(map(line, choices)),
            question_id=question_id,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        if question_id:
            self._questions.asked(question_id, self._now_s())
        self._outbox.post(lambda: self._feedback.publish(message))

    def show_plan(self, plan: Plan) -> None:
        self._outbox.post(lambda: self._plan.publish(plan_to_msg(plan)))

    def log(self, level: str, text: str) -> None:
        # rclpy wants one line of code for each severity.
        logger = self.get_logger()
        if level == "error":
            logger.error(text)
        elif level == "warning":
            logger.warning(text)
        else:
            logger.info(text)

    def changed(self) -> None:
        self._outbox.post(lambda: self._status.publish(self._make_status()))

    def _on_defect(self, trace: str) -> None:
        if self.context.ok():  # it may be gone while the node closes
            self.get_logger().error(trace)

    def stop_robot(self, reason: str) -> Result:
        return self._names.stop_answer(self._robot.stop(reason))

    def conflict(self) -> str:
        return self._names.conflict()

    def abandon_robot(self) -> None:
        self._execution = ExecutionState()
        self._robot.abandon()

    def ended(self, times_s: dict[str, float]) -> None:
        self._monitor.command_ended(times_s)

    def component_facts(self) -> Any:
        return self._supervision.facts(time.monotonic())

    # --- services -----------------------------------------------------------------------------------

    def _on_manage(self, request: Manage.Request, response: Manage.Response) -> Manage.Response:
        try:
            result = self._manage(request.command)
        except VlaError as error:
            result = error.result
        response.outcome = outcome_to_msg(result)
        self.changed()
        return response

    def _manage(self, command: int) -> Result:
        coordinator = self.coordinator
        event = _REQUESTS.get(command)
        if event is not None and not (refused := coordinator.refusal(event)).ok:
            return refused
        if command == Manage.Request.STARTUP:
            return self._start_up()
        if command == Manage.Request.PAUSE:
            coordinator.pause()
        elif command == Manage.Request.RESUME:
            coordinator.resume()
        elif command == Manage.Request.RESET:
            stops = coordinator.stops
            result = self._robot.reset()
            if not result.ok:
                return result
            coordinator.lifted(stops)
        elif command == Manage.Request.CANCEL_ALL:
            coordinator.cancel_all(Code.CANCELED, "Canceled, like all commands.")
        elif command == Manage.Request.SHUTDOWN:
            return self._shut_down()
        else:
            return Result(Code.INVALID_REQUEST, f"There is no manage command {command}.")
        return OK

    def _start_up(self) -> Result:
        """OK only when every required component is active, by what it says itself after the request."""
        looks = self._components.looks
        self._bring(True)
        longest_s = self.integration.transition_timeout * 2 * len(self._supervision.components)

        def up() -> bool:
            # One look may have been under way when this was asked for.
            facts = self.coordinator.facts().components
            return self._components.looks > looks + 1 and all(
                item.active or (item.failed and not item.required) for item in facts
            )

        done = self._components.wait_until(up, longest_s)
        facts = self.coordinator.facts()
        missing = [f"{c.name} ({c.reason.rstrip('.')})" for c in facts.components if not c.active]
        state = explain(system_state(facts), facts.components)
        if not done:
            return Result(Code.NOT_READY, f"{state} Missing: {', '.join(missing)}.")
        if missing:
            return Result(Code.OK, f"Done, but without: {', '.join(missing)}.")
        return Result(Code.OK, f"Done. {state}" if facts.stopped else "")

    def _shut_down(self) -> Result:
        self.coordinator.shutting_down(True)
        try:
            self._bring(False)
            longest_s = self.integration.transition_timeout * 2 * len(self._supervision.components)
            if self._components.wait_until(self._supervision.all_down, longest_s):
                return OK
            return Result(
                Code.COMPONENT_FAILED, "Not every component went down; the status tells which."
            )
        finally:
            self.coordinator.shutting_down(False)

    def _on_get_status(
        self, _: GetStatus.Request, response: GetStatus.Response
    ) -> GetStatus.Response:
        response.status = self._make_status()
        return response

    def _make_status(self) -> SystemStatus:
        coordinator = self.coordinator
        status = status_to_msg(coordinator.facts(), self._supervision)
        now = self.get_clock().now()
        status.header.stamp = now.to_msg()
        waiting, running = coordinator.waiting(), coordinator.running
        status.queue_length = len(waiting)
        status.queue_size = self.integration.command_queue_size
        steady_s = time.monotonic()
        for run in waiting:
            ago_ns = int((steady_s - run.accepted_at_s) * 1e9)
            at = Time(nanoseconds=max(0, now.nanoseconds - ago_ns))
            status.queue.append(queued_to_msg(run, at.to_msg()))
        if running is not None:
            status.active_trace_id = running.trace_id
            status.active_command = running.command.text
            status.question, status.question_id = running.question, running.question_id
        elif (direct := self._direct.now) is not None:
            status.active_trace_id = direct.record
            status.active_command = f"{direct.command} (a plan sent to the executor directly)"
        strangers = self._names.strangers
        if conflict := serving(strangers):
            status.message = f"No command is taken: {conflict}"
        status.degraded += [f"names: {stranger.sentence}" for stranger in strangers]
        status.resources = self._execution.resources
        if problem := self._journal.problem:
            status.degraded.append(f"journal: {problem}")
        components = getattr(self, "_components", None)
        for name in components.strangers() if components else ():
            status.degraded.append(f"{name}: somebody else sends heartbeats in its name")
        pids = self._pids()
        for component in status.components:
            component.pid = pids.get(component.name, 0)
        self._monitor.snapshot().fill(status)
        return status

    def close(self) -> None:
        """Let go in order: commands end with a reason, supervision ends."""
        self._components.leave_alone()
        running = self.coordinator.running is not None
        self.coordinator.shutting_down(True)
        if not self.coordinator.wait_idle(GOING_DOWN_S):
            self.get_logger().error("the running command has not ended in time")
        elif running:
            time.sleep(TOLD_S)  # its result is on its way to whoever gave the command
        self._intake.close()
        self._names.close()
        self._components.close()
        self._monitor.close()
        self._streams.close()
        self._journal.close()
        self._outbox.close()
        if self.lease is not None:
            self.lease.release()


def main() -> None:
    spin_main(StateManagerNode, threads=10)
