# SPDX-License-Identifier: Apache-2.0
"""A world for the coordinator without ROS: a robot, an executor, a planner, a journal and clients that count.

Every stage waits at a gate until the test lets it go on, so that a test decides what happens when; `settle` waits
until every thread is at a gate or over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vla_bringup.commands.command_pipeline import (
    CommandPhase,
    CommandPipeline,
    ExecutionAnswer,
    PlanAnswer,
    PlanRequest,
    Progress,
)
from vla_bringup.commands.command_run import Command, Ending, Kind
from vla_bringup.commands.coordinator import Coordinator, CoordinatorConfig
from vla_bringup.supervision.system_state import ComponentFacts
from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.scene import Scene
from vla_common.contracts.skills import Plan, RiskTier, SkillSpec, Step, StepRecord

TIMEOUT_S = 60.0
SKILLS = (SkillSpec("turn", ""), SkillSpec("pick", "", risk_tier=RiskTier.CONFIRM))


@dataclass
class Client:
    """One goal: how often it ended and how."""

    world: World
    number: int
    command: Command
    endings: list[Ending] = field(default_factory=list)
    progress_seen: list[Progress] = field(default_factory=list)
    cancel_asked: bool = False

    def start(self, job: Callable[[], Ending]) -> None:
        self.world.spawn(lambda: self.endings.append(job()))

    def progress(self, progress: Progress) -> None:
        self.progress_seen.append(progress)
        if progress.question:
            self.world.asks()

    @property
    def code(self) -> Code:
        assert len(self.endings) == 1, f"{self.command.text!r} ended {len(self.endings)} times"
        return self.endings[0].report.result.code


class World:
    """Implements the coordinator's `Ports` and the pipeline's `Stages`."""

    def __init__(self, queue_size: int = 3, policy: str = "queue") -> None:
        self._condition = threading.Condition()
        self._busy = 0
        self._gate: tuple[str, threading.Event, list[Result]] | None = None
        self.clients: list[Client] = []
        self.defects: list[str] = []
        self.said: list[tuple[Kind, str]] = []
        # The robot and its executor.
        self.executor_up = True
        self.planner_up = True
        self.stop_answers = True
        self.latched = False
        self.moving = False
        self.in_stages = 0
        self.stranger = ""
        self.abandoned = 0
        self.journal = Journal(self.defects)
        self.coordinator = Coordinator(
            CoordinatorConfig(queue_size, policy, 1000.0, 1000.0),
            CommandPipeline(self, lambda: 0.0, 1, TIMEOUT_S, 0.0),
            self,
            self.journal,
            lambda: 0.0,
        )
        self.coordinator.want(True)

    # --- threads ------------------------------------------------------------------------------------

    def spawn(self, work: Callable[[], None]) -> None:
        with self._condition:
            self._busy += 1

        def run() -> None:
            try:
                work()
            except BaseException as error:
                self.defects.append(f"{error!r}")
                raise
            finally:
                self._rest()

        threading.Thread(target=run, daemon=True).start()

    def _rest(self) -> None:
        with self._condition:
            self._busy -= 1
            self._condition.notify_all()

    def settle(self) -> None:
        """Wait until nothing happens any more by itself."""
        with self._condition:
            assert self._condition.wait_for(lambda: self._busy == 0, TIMEOUT_S), (
                "it does not settle"
            )
        assert self.defects == []

    def _wait_at(self, name: str, token: CancelToken) -> Result:
        """At the gate until let go or canceled; what the test said, or the token's reason."""
        gate = (name, threading.Event(), [OK])

        def wake() -> None:
            self._wake(gate)

        with self._condition:
            self._gate = gate
        token.add_callback(wake)
        self._rest()
        opened = gate[1].wait(TIMEOUT_S)
        token.remove_callback(wake)
        if not opened:
            self.defects.append(f"nobody opened '{name}'")
        return gate[2][0]

    def _wake(self, gate: tuple[str, threading.Event, list[Result]]) -> None:
        with self._condition:
            if gate[1].is_set():
                return
            self._busy += 1
            if self._gate is gate:
                self._gate = None
            gate[1].set()

    def asks(self) -> None:
        """The running command waits for the person from here on."""
        run = self.coordinator.running
        assert run is not None
        gate = ("confirming", threading.Event(), [OK])
        with self._condition:
            self._gate = gate
        run.token.add_callback(lambda: self._wake(gate))
        self._rest()

    def answer(self, text: str, question_id: str = "") -> Result:
        with self._condition:
            gate = self._gate
        if gate is not None and gate[0] == "confirming":
            self._wake(gate)
        running = self.coordinator.running
        if not question_id and running is not None:
            question_id = running.question_id
        result = self.coordinator.answer("", text, "test", question_id)
        self.settle()
        return result

    @property
    def at(self) -> str:
        """The stage that waits at its gate; empty when none does."""
        with self._condition:
            return self._gate[0] if self._gate is not None else ""

    def let_go(self, result: Result = OK) -> None:
        """The waiting stage goes on and answers with this result."""
        with self._condition:
            gate = self._gate
        assert gate is not None
        gate[2][0] = result
        self._wake(gate)
        self.settle()

    # --- what the test does -------------------------------------------------------------------------

    def submit(self, text: str = "turn", **options: object) -> Client:
        number = len(self.clients)
        command = Command(number.to_bytes(16, "big"), f"trace-{number}", text, **options)  # type: ignore[arg-type]
        client = Client(self, number, command)
        self.clients.append(client)
        self.coordinator.submit(command, client)
        self.settle()
        return client

    def cancel(self, client: Client) -> bool:
        client.cancel_asked = True
        taken = self.coordinator.cancel(client.command.key)
        self.settle()
        return taken

    def stop(self) -> Result:
        result = self.stop_robot("test")
        self.settle()
        return result

    def reset(self) -> None:
        """As `manage` does it."""
        if self.executor_up:
            self.latched = False
            self.coordinator.lifted(self.coordinator.stops)
        self.settle()

    def kill(self, name: str) -> None:
        if name == "executor":
            self.executor_up = False
        else:
            self.planner_up = False
        self.coordinator.component_lost(name, "Its process has ended.")
        self.settle()

    def revive(self, name: str) -> None:
        if name == "executor":
            self.executor_up = True
            self.latched = False  # a new process has no latch
            self.coordinator.executor_latched(False)
        else:
            self.planner_up = True
        self.coordinator.component_active(name)
        self.settle()

    # --- Ports --------------------------------------------------------------------------------------

    def say(self, kind: Kind, text: str, *_: object, **__: object) -> None:
        self.said.append((kind, text))

    def show_plan(self, plan: Plan) -> None: ...

    def changed(self) -> None: ...

    def ended(self, times_s: dict[str, float]) -> None: ...

    def log(self, level: str, text: str) -> None: ...

    def stop_robot(self, reason: str) -> Result:
        if not (self.executor_up and self.stop_answers):
            return Result(Code.STOP_UNCONFIRMED, "The service 'stop' is not there.")
        self.latched = True
        self.moving = False
        self.coordinator.executor_latched(True)
        return OK

    def abandon_robot(self) -> None:
        self.abandoned += 1
        self.moving = False

    def conflict(self) -> str:
        return self.stranger

    def component_facts(self) -> tuple[ComponentFacts, ...]:
        return (
            ComponentFacts("planner", True, self.planner_up, not self.planner_up),
            ComponentFacts("executor", True, self.executor_up, not self.executor_up),
        )

    # --- Stages -------------------------------------------------------------------------------------

    def scene(self, trace_id: str, token: CancelToken) -> Scene:
        return Scene()

    def blind(self) -> str:
        return ""

    def skills(self, token: CancelToken) -> tuple[SkillSpec, ...]:
        return SKILLS

    def plan(self, request: PlanRequest, token: CancelToken) -> PlanAnswer:
        self._enter()
        try:
            result = self._wait_at("planning", token)
            token.raise_if_canceled()
            if not self.planner_up:
                raise VlaError(Code.PLANNER_UNAVAILABLE, "The planner is gone.")
            if not result.ok:
                return PlanAnswer(result)
            steps = (Step("pick" if "pick" in request.command else "turn", {}),)
            return PlanAnswer(OK, Plan(request.command, steps, trace_id=request.trace_id))
        finally:
            self._leave()

    def execute(
        self,
        plan: Plan,
        confirmed: bool,
        token: CancelToken,
        progress: Callable[[Progress], None],
    ) -> ExecutionAnswer:
        if plan.trace_id not in self.journal.planned:
            self.defects.append("a plan was executed that is not on record")
        self._enter()
        try:
            if not self.executor_up:
                raise VlaError(Code.COMPONENT_FAILED, "The action 'execute_plan' is not there.")
            if self.latched:
                return ExecutionAnswer(Result(Code.STOPPED, "The robot is stopped."))
            progress(Progress(CommandPhase.EXECUTING, "Starting.", 0, 1))
            self.moving = True
            result = self._wait_at("executing", token)
            self.moving = False
            if token.canceled:
                result = Result(token.reason, "It was ended.")
            elif not self.executor_up:
                result = Result(Code.COMPONENT_FAILED, "The executor died.")
            elif self.latched:
                result = Result(Code.STOPPED, "Stopped.")
            return ExecutionAnswer(result, 0, (StepRecord(0, plan.steps[0].skill, result),))
        finally:
            self.moving = False
            self._leave()

    def _enter(self) -> None:
        self.in_stages += 1
        if self.in_stages > 1:
            self.defects.append("two commands are in the stages")

    def _leave(self) -> None:
        self.in_stages -= 1


class Journal:
    """Implements `command_run.Recorder`, and knows what a proper record looks like."""

    def __init__(self, defects: list[str]) -> None:
        self.works = True
        self.accepted: dict[str, str] = {}
        self.planned: set[str] = set()
        self.ended: dict[str, Result] = {}
        self.events: list[tuple[str, str]] = []
        self._defects = defects

    def _must_work(self) -> None:
        if not self.works:
            raise VlaError(Code.JOURNAL_FAILED, "The disk is full.")

    def accept(self, trace_id: str, command: str, *_: object, **__: object) -> None:
        self._must_work()
        if trace_id in self.accepted:
            self._defects.append(f"{trace_id} was accepted twice")
        self.accepted[trace_id] = command

    def start(self, trace_id: str) -> None:
        if trace_id not in self.accepted or trace_id in self.ended:
            self._defects.append(f"{trace_id} began without being accepted, or after its end")

    def plan(self, trace_id: str, attempt: int, plan: Plan) -> None:
        self._must_work()
        self.planned.add(trace_id)

    def step(self, trace_id: str, attempt: int, record: StepRecord) -> None:
        self._must_work()

    def event(self, trace_id: str, kind: str, text: str) -> None:
        self._must_work()
        self.events.append((kind, text))

    def end(self, trace_id: str, result: Result, times: object) -> None:
        if trace_id in self.ended:
            self._defects.append(f"{trace_id} ended twice")
        self.ended[trace_id] = result
        self._must_work()
