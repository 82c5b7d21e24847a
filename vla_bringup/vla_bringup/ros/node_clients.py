# SPDX-License-Identifier: Apache-2.0
"""The stages of the pipeline over ROS: query_scene, list_skills, make_plan, execute_plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from vla_interfaces.action import ExecutePlan, MakePlan
from vla_interfaces.msg import PlaceArray
from vla_interfaces.srv import ListSkills, QueryScene

from vla_bringup.commands.command_pipeline import (
    CommandPhase,
    ExecutionAnswer,
    PlanAnswer,
    PlanRequest,
    Progress,
)
from vla_bringup.config import IntegrationConfig
from vla_bringup.supervision.ros.robot_client import RobotClient
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, Result, VlaError
from vla_common.contracts.plausible import wrong_place
from vla_common.contracts.scene import Place, Scene
from vla_common.contracts.skills import Plan, SkillSpec
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.ros.clients.action_client import ActionClient
from vla_common.ros.clients.calls import GoalRun, call
from vla_common.ros.conversions import (
    outcome_from_msg,
    outcome_to_msg,
    place_from_msg,
    plan_from_msg,
    plan_to_msg,
    scene_from_msg,
    scene_to_msg,
    skill_from_msg,
    skill_to_msg,
    step_record_from_msg,
)
from vla_common.ros.qos import LATCHED

ACCEPT_TIMEOUT_S = 5.0
MAX_PLACES = 1000
LAST_WORD_S = 1.5
STILL_S = 0.5
LOOK_PERIOD_S = 0.05
"""While the system goes down: for the executor's answer, for the robot's standstill after it, between two looks."""
DIED = "The executor died while it carried out the command"


class NodeClients:
    """Implements `command_pipeline.Stages`; every call blocks the calling worker thread, never an executor."""

    def __init__(
        self,
        node: Any,
        config: IntegrationConfig,
        is_active: Callable[[str], bool],
        robot: RobotClient,
        check_names: Callable[[], None] = lambda: None,
    ) -> None:
        """check_names: raises when somebody else may answer in the place of a stage."""
        self._check_names = check_names
        self._config = config
        self._robot = robot
        self._log = node.get_logger().warning
        self._is_active = is_active
        self._skills: tuple[SkillSpec, ...] | None = None
        group = node.reentrant
        self._query = node.create_client(QueryScene, "query_scene", callback_group=group)
        self._list = node.create_client(ListSkills, "list_skills", callback_group=group)
        self._plan = ActionClient(node, MakePlan, "make_plan", callback_group=group)
        # One callback at a time: feedback stays in order.
        self._execute = ActionClient(
            node, ExecutePlan, "execute_plan", callback_group=MutuallyExclusiveCallbackGroup()
        )
        node.create_subscription(
            PlaceArray, "places", self._on_places, LATCHED, callback_group=group
        )
        self._places: tuple[Place, ...] = ()
        self._map_id = ""
        self._no_sight = ""
        self.holding = False
        """Whether something is in the gripper; kept up to date by whoever listens to the execution state."""
        self.held_label = ""

    def forget_skills(self) -> None:
        """The executor came up anew: its catalogue may have changed."""
        self._skills = None

    def scene(self, trace_id: str, token: CancelToken) -> Scene:
        """What perception knows; without it the places of the map alone, so that the robot can still be sent round."""
        self._no_sight = ""
        if not self._is_active("perception"):
            self._no_sight = "perception does not run."
            return Scene(places=self._places)
        try:
            answer = call(
                self._query,
                QueryScene.Request(fresh=False, trace_id=trace_id),
                self._config.scene_timeout,
                token,
                Code.PERCEPTION_UNAVAILABLE,
            )
        except VlaError as error:
            if error.code is not Code.PERCEPTION_UNAVAILABLE:
                raise
            self._no_sight = error.message
            return Scene(places=self._places)
        try:
            scene = scene_from_msg(answer.scene)
        except (VlaError, ValueError) as error:
            text = error.message if isinstance(error, VlaError) else str(error)
            self._no_sight = f"what perception says can't be: {text}"
            return Scene(places=self._places)
        # On a robot that publishes no places, perception has them from a file.
        self._places = scene.places or self._places
        return scene

    def _on_places(self, message: PlaceArray) -> None:
        try:
            places = tuple(place_from_msg(place) for place in message.places[:MAX_PLACES])
            usable = tuple(place for place in places if not wrong_place(place))
            # A map does not lose all its places at once; executor and perception hold on to them too.
            if usable or message.map_id not in ("", self._map_id):
                self._places, self._map_id = usable, message.map_id
        except ValueError as error:  # names only; whoever drives there checks them in full
            self._log(f"places were ignored: {error}")

    def blind(self) -> str:
        if self._no_sight or self._is_active("perception"):
            return self._no_sight
        return "perception does not run."

    def skills(self, token: CancelToken) -> Sequence[SkillSpec]:
        if self._skills is None:
            self._check_names()
            answer = call(self._list, ListSkills.Request(), ACCEPT_TIMEOUT_S, token)
            result = outcome_from_msg(answer.outcome)
            if not result.ok:
                raise VlaError(result.code, result.message)
            self._skills = tuple(skill_from_msg(skill) for skill in answer.skills)
        return self._skills

    def plan(self, request: PlanRequest, token: CancelToken) -> PlanAnswer:
        goal = MakePlan.Goal(
            command=request.command,
            scene=scene_to_msg(request.scene),
            skills=[skill_to_msg(skill) for skill in request.skills],
            holding=self.holding,
            held_label=self.held_label,
            trace_id=request.trace_id,
        )
        for question, said in request.answers:
            goal.questions.append(question)
            goal.answers.append(said)
        if request.previous is not None:
            goal.previous_plan = plan_to_msg(request.previous)
        if request.failed_plan is not None:
            goal.failed_plan = plan_to_msg(request.failed_plan)
            goal.failed_step = request.failed_step
            goal.failure = outcome_to_msg(request.failure)
        self._check_names()
        run = GoalRun(self._plan, "make_plan", Code.PLANNER_UNAVAILABLE)
        run.send(goal, ACCEPT_TIMEOUT_S, token)
        wrapped = run.wait(self._config.planning_timeout, token)
        if wrapped is None:
            run.cancel(ACCEPT_TIMEOUT_S)
            token.raise_if_canceled()
            raise VlaError(
                Code.PLANNING_TIMEOUT,
                f"There was no plan within {self._config.planning_timeout:g} s.",
            )
        answer = wrapped.result
        self._check_names()  # who came while it was planned may have answered
        result = outcome_from_msg(answer.outcome)
        try:
            plan = plan_from_msg(answer.plan) if result.ok else None
        except ValueError as error:  # an enum value that no version knows
            raise VlaError(
                Code.INVALID_PLAN, f"The plan that came can't be read: {error}."
            ) from None
        return PlanAnswer(
            result,
            plan,
            line(answer.question, MAX_PARAGRAPH),
            tuple(map(line, answer.choices)),
            line(answer.notice, MAX_PARAGRAPH),
            goal.holding,
        )

    def execute(
        self, plan: Plan, confirmed: bool, token: CancelToken, progress: Callable[[Progress], None]
    ) -> ExecutionAnswer:
        """A cancel is passed on and its end awaited: the answer then says whether the robot stands still."""
        count = len(plan.steps)
        last: list[Any] = []

        def on_feedback(message: ExecutePlan.Feedback) -> None:
            last[:] = message.results
            progress(
                Progress(
                    CommandPhase.CANCELING if token.canceled else CommandPhase.EXECUTING,
                    message.message,
                    message.step_index,
                    message.step_count,
                    message.progress,
                    records=tuple(step_record_from_msg(record) for record in message.results),
                )
            )

        self._check_names()
        progress(Progress(CommandPhase.EXECUTING, "Starting.", 0, count, 0.0))
        run = GoalRun(self._execute, "execute_plan", Code.COMPONENT_FAILED)
        # Not open to a cancel: a goal on its way is first accepted, then canceled, and its end awaited like any other.
        token.raise_if_canceled()
        try:
            run.send(
                ExecutePlan.Goal(plan=plan_to_msg(plan), confirmed=confirmed, supervised=True),
                ACCEPT_TIMEOUT_S,
                feedback=on_feedback,
            )
        except VlaError:
            # It may have begun all the same: whoever hears of the end has to know that the robot stands still.
            self._robot.abandon()
            return ExecutionAnswer(self._without_executor("The executor did not answer"))
        wrapped = run.wait(self._config.max_execution_time + 1.0, token)
        if wrapped is None and token.reason is Code.COMPONENT_FAILED:
            run.ask_cancel()  # it may only have been suspended, and must not go on then
            progress(Progress(CommandPhase.CANCELING, "Stopping the robot.", 0, count, 0.0))
            records = tuple(step_record_from_msg(record) for record in last)
            return ExecutionAnswer(self._without_executor(DIED), 0, records)
        if wrapped is None:
            progress(Progress(CommandPhase.CANCELING, "Stopping the robot.", 0, count, 0.0))
            if token.reason is Code.SHUTTING_DOWN:
                wrapped = self._last_word(run)
                if wrapped is None:
                    records = tuple(step_record_from_msg(record) for record in last)
                    return ExecutionAnswer(self._going_down(), 0, records)
            else:
                wrapped = run.cancel(self._config.stop_timeout)
            if wrapped is None:
                raise VlaError(
                    Code.STOP_UNCONFIRMED,
                    "The executor did not confirm that the robot stands still; it may still be moving.",
                )
        answer = wrapped.result
        records = tuple(step_record_from_msg(record) for record in answer.results)
        result = outcome_from_msg(answer.outcome)
        if token.canceled and result.code is Code.CANCELED and token.reason is not Code.CANCELED:
            # The executor knows only that it was canceled; why is known here.
            result = Result(token.reason, self._why(token.reason))
        return ExecutionAnswer(result, answer.failed_step, records)

    def _last_word(self, run: GoalRun) -> Any:
        """While everything goes down the executor may be gone before it can answer; nobody waits for it then."""
        run.ask_cancel()
        until_s = time.monotonic() + min(self._config.stop_timeout, LAST_WORD_S)
        while time.monotonic() < until_s:
            wrapped = run.wait(LOOK_PERIOD_S)
            if wrapped is not None or not self._is_active("executor"):
                return wrapped
        return None

    def _going_down(self) -> Result:
        missing = self._robot.wait_until_still(STILL_S)
        if missing:
            return Result(
                Code.SHUTTING_DOWN,
                f"The system goes down; the robot was told to stop, and {missing}.",
            )
        return Result(Code.SHUTTING_DOWN, self._why(Code.SHUTTING_DOWN))

    def _without_executor(self, what: str) -> Result:
        """The end of a command whose executor is not there; the robot has been told to stop by then."""
        missing = self._robot.wait_until_still(self._config.stop_timeout)
        if missing:
            return Result(
                Code.STOP_UNCONFIRMED, f"{what}; the robot may still be moving: {missing}."
            )
        return Result(Code.COMPONENT_FAILED, f"{what}; the robot was stopped and stands still.")

    def _why(self, reason: Code) -> str:
        sentences = {
            Code.EXECUTION_TIMEOUT: "The command took longer than "
            f"{self._config.max_execution_time:g} s and was stopped.",
            Code.REPLACED: "A newer command took its place.",
            Code.SHUTTING_DOWN: "The system goes down.",
        }
        return sentences.get(reason, "It was ended from outside.")
