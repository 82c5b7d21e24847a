# SPDX-License-Identifier: Apache-2.0
"""What becomes of commands: taken or refused, queued, run, answered, ended; and what stop, pause and deaths mean.

Every command gets exactly one end. While the system is stopped none begins, and none that waited goes on by
itself afterwards. Knows no ROS: goals are `ResultSink`s, the robot and the components are behind `Ports`. Thread-safe;
nothing outside is called while its lock is held.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vla_bringup.commands.command_pipeline import CommandPipeline, check_command
from vla_bringup.commands.command_queue import CommandQueue
from vla_bringup.commands.command_run import (
    Command,
    CommandRun,
    Ending,
    Kind,
    Notifier,
    Policy,
    Recorder,
    ResultSink,
)
from vla_bringup.commands.dialogue import DialogueContext
from vla_bringup.supervision.state_table import Event, refusal
from vla_bringup.supervision.system_state import (
    Activity,
    ComponentFacts,
    SystemFacts,
    SystemState,
    explain,
    system_state,
    takes_commands,
)
from vla_common.contracts.outcomes import OK, Code, Result, VlaError
from vla_common.contracts.trace import short
from vla_common.language.follow_ups import corrects
from vla_common.language.foreign_text import quoted
from vla_common.language.halt_phrases import Wanted, Wish, interrupts, wanted

EXECUTOR = "executor"
"""The component that moves the robot: its death ends every command, also those that wait."""
OWN_S = 2.0
"""The executor's state may be heard after the end of the command that it belongs to, by so much."""
MEMORY = 1000
"""Ended goals that are remembered, to tell a late cancel from an early one."""
END_TIMEOUT_S = 10.0
"""How long a command that was taken back may take to come to rest before the robot is stopped."""
NO_ANSWER = "never mind"
"""What ends a command that asks something, as planners and consent know it."""
_POLICIES = {"queue": Policy.QUEUE, "replace": Policy.REPLACE, "refuse": Policy.REFUSE}


class Ports(Notifier, Protocol):
    """What the coordinator needs of the world."""

    def stop_robot(self, reason: str) -> Result:
        """Latch the executor's stop and wait for its answer, with a timeout. Never raises."""
        ...

    def abandon_robot(self) -> None:
        """Nobody is left who could end what the robot was told to do: cancel everything at its own servers."""
        ...

    def component_facts(self) -> Sequence[ComponentFacts]: ...

    def conflict(self) -> str:
        """Who else has names of this system, so that no command may be taken; empty: nobody."""
        ...


@dataclass(frozen=True)
class CoordinatorConfig:
    """See `config.IntegrationConfig`; times in seconds."""

    queue_size: int = 10
    policy: str = "queue"
    max_execution_time_s: float = 300.0
    feedback_interval_s: float = 2.0
    correction_replaces: bool = True
    context_timeout_s: float = 120.0


class Coordinator:
    """Admits, queues, carries out, and stops commands; one at a time reaches the robot."""

    def __init__(
        self,
        config: CoordinatorConfig,
        pipeline: CommandPipeline,
        ports: Ports,
        recorder: Recorder,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._pipeline = pipeline
        self._ports = ports
        self._recorder = recorder
        self._clock = clock
        self._conversation = DialogueContext(config.context_timeout_s, clock)
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._intake = threading.Lock()
        self._queue: CommandQueue[CommandRun] = CommandQueue(config.queue_size)
        self._running: CommandRun | None = None
        self._cleared = 0  # how often everything was ended
        self._cleared_with = OK
        self._early: set[bytes] = set()  # goals that were canceled before they had arrived here
        self._over: deque[bytes] = deque(maxlen=MEMORY)
        self._wanted = False
        self._shutting_down = False
        self._paused = False
        self._latched = False
        self._stop_again = False
        self._stops = 0
        self._beside = Activity.NONE
        self._last_own = ("", -OWN_S)

    # --- what holds now -----------------------------------------------------------------------------

    def facts(self) -> SystemFacts:
        components = tuple(self._ports.component_facts())
        with self._lock:
            running = self._running
            return SystemFacts(
                wanted=self._wanted,
                shutting_down=self._shutting_down,
                stopped=self._latched or self._stop_again,
                paused=self._paused,
                activity=running.activity if running is not None else self._beside,
                components=components,
            )

    def state(self) -> SystemState:
        return system_state(self.facts())

    @property
    def running(self) -> CommandRun | None:
        with self._lock:
            return self._running

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no command runs any more; False after the timeout."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running is None, timeout_s)

    def waiting(self) -> list[CommandRun]:
        """In the order in which they will run."""
        return self._queue.waiting()

    # --- commands -----------------------------------------------------------------------------------

    def ticket(self) -> int:
        """Taken when a goal comes in: whatever ends everything from then on ends that goal as well."""
        with self._lock:
            return self._cleared

    def submit(
        self, command: Command, outlet: ResultSink, invalid: Result = OK, ticket: int | None = None
    ) -> None:
        """Take a command; it ends through its outlet, at once when it is refused. invalid: why it must be."""
        run = CommandRun(command, outlet, self._ports, self._recorder, self._clock())
        asked = wanted(command.text)
        if asked.wish is Wish.NONE and self.running is not None and interrupts(command.text):
            asked = Wanted(Wish.END)
        if asked.wish is not Wish.NONE:
            # Never queued, never planned, not held up by a journal that is full, nor by a fault of the request.
            with self._lock:
                self._over.append(command.key)
            if asked.wish is Wish.REST:
                outlet.start(lambda: self._stop_by_command(run, asked))
            else:
                outlet.start(lambda: self._end_by_command(run, asked))
            return
        try:
            if not invalid.ok:
                raise VlaError(invalid.code, invalid.message)
            before_it = self._accept(run, self.ticket() if ticket is None else ticket)
        except VlaError as error:
            refused = error.result
            self._ports.log("warning", f"[{short(command.trace_id)}] refused: {error}")
            self._end_unstarted(run, refused)
            return
        except Exception as error:
            self._ports.log("error", f"[{short(command.trace_id)}] {traceback.format_exc()}")
            defect = Result(Code.INTERNAL_ERROR, f"An unexpected error: {error!r}.")
            self._end_unstarted(run, defect)
            return
        run.say_queued(before_it, self.state() is SystemState.PAUSED)
        self.dispatch()
        self._ports.changed()

    def _accept(self, run: CommandRun, ticket: int) -> int:
        """Check, record, enqueue, in this order; how many are before it. Errors: VlaError with the reason."""
        command = run.command
        check_command(command.text)
        policy = self._policy(command)
        facts = self.facts()
        state = system_state(facts)
        if not takes_commands(state):
            code = Code.STOPPED if facts.stopped else Code.NOT_READY
            raise VlaError(code, f"No command was accepted: {explain(state, facts.components)}")
        if conflict := self._ports.conflict():
            raise VlaError(Code.CONFLICT, f"No command was accepted: {conflict}")
        # One at a time, so that the room that was found is still there after the disk has answered; the lock itself
        # is not held meanwhile, since a cancel must not wait for a disk.
        with self._intake:
            with self._lock:
                correcting = bool(self._taken_back(command))
            if policy is Policy.REFUSE and self._queue.busy and not correcting:
                raise VlaError(
                    Code.BUSY,
                    "Another command is being carried out; this one was to be refused then.",
                )
            if policy is not Policy.REPLACE and not correcting:
                self._queue.check_room(command.key)
            self._recorder.accept(
                command.trace_id,
                command.text,
                command.source,
                command.priority,
                command.key.hex(),
                dry_run=command.dry_run,
                confirmed=command.confirmed,
            )
            run.accepted = True
            with self._lock:
                self._refuse_late(run, ticket)
                replaced = self._queue.drain() if policy is Policy.REPLACE else []
                taken_back = self._taken_back(command)
                replaced += [old for old in taken_back if self._queue.remove(old.command.key)]
                self._queue.put(command.key, run, command.priority)
                before_it = self._queue.waiting().index(run) + (self._running is not None)
                running = self._running
                run.remark = self._conversation.said(command.source or "text", command.text)
        sentence = Result(Code.REPLACED, "A newer command took its place.")
        for old in replaced:
            self._end_unstarted(old, sentence)
        if running is not None and (policy is Policy.REPLACE or running in taken_back):
            running.token.cancel(Code.REPLACED)
        return before_it

    def _taken_back(self, command: Command) -> list[CommandRun]:
        """What a correction takes back: whatever its own source still wants. To be called with the lock held."""
        plain = Policy(command.policy) is Policy.DEFAULT and not command.dry_run
        if not (plain and self._config.correction_replaces and corrects(command.text)):
            return []
        running = [self._running] if self._running is not None else []
        source = command.source or "text"
        return [
            run
            for run in (*running, *self._queue.waiting())
            if (run.command.source or "text") == source
        ]

    def _refuse_late(self, run: CommandRun, ticket: int) -> None:
        """What happened while the command was on its way in. Errors: the code with which it has to end."""
        if run.command.key in self._early:
            run.cancel_requested = True
            raise VlaError(Code.CANCELED, "Canceled before it started.")
        if self._latched or self._stop_again:
            raise VlaError(Code.STOPPED, "The robot was stopped.")
        if ticket != self._cleared:
            raise VlaError(self._cleared_with.code, self._cleared_with.message)

    def _policy(self, command: Command) -> Policy:
        try:
            policy = Policy(command.policy)
        except ValueError:
            raise VlaError(
                Code.INVALID_REQUEST, f"There is no policy {command.policy} for new commands."
            ) from None
        if policy is not Policy.DEFAULT:
            return policy
        return _POLICIES[self._config.policy]

    def dispatch(self) -> None:
        """Start the next command when nothing runs and the system is ready for it."""
        if self.state() not in (SystemState.IDLE, SystemState.DEGRADED):
            return
        if len(self._queue) and self._ports.conflict():
            return  # it waits until nobody else has our names
        with self._lock:
            if self._paused or self._latched or self._stop_again:
                return
            run = self._queue.start_next()
            if run is None:
                return
            self._running = run
        run.outlet.start(lambda: self._carry_out(run))

    def _carry_out(self, run: CommandRun) -> Ending:
        config = self._config
        try:
            return run.carry_out(
                self._pipeline,
                config.max_execution_time_s,
                config.feedback_interval_s,
                self._clock(),
            )
        finally:
            if run.remark is not None:
                self._conversation.ended(run.remark)
            with self._lock:
                self._running = None
                self._last_own = (run.trace_id, self._clock())
                self._idle.notify_all()
                self._queue.finish(run.command.key)
                self._over.append(run.command.key)
            self._ports.changed()
            self.dispatch()

    def _stop_by_command(self, run: CommandRun, asked: Wanted) -> Ending:
        stopped = self._stop(f"command {quoted(run.command.text)}")
        said = "Stopped. Nothing moves until reset." if stopped.ok else stopped.message
        return run.finish(Result(stopped.code, said + _not_done(asked)))

    def _end_by_command(self, run: CommandRun, asked: Wanted) -> Ending:
        """ "Cancel that": what runs and waits ends, which brings the robot to rest; no latch, since nothing is wrong.

        A command that does not end in time is stopped, with a latch.
        """
        ended = self.running
        waiting = len(self.waiting())
        self.cancel_all(Code.CANCELED, f"Taken back: {quoted(run.command.text)}.")
        if ended is not None and not ended.over.wait(END_TIMEOUT_S):
            stopped = self._stop("a command that was taken back did not end")
            said = "It did not end by itself, so I stopped. Nothing moves until reset."
            said = said if stopped.ok else stopped.message
            return run.finish(Result(stopped.code, said + _not_done(asked)))
        nothing = ended is None and not waiting
        said = "There was nothing to take back." if nothing else "Taken back; I stand still."
        return run.finish(Result(Code.OK, said + _not_done(asked)))

    def stop(self, why: str) -> Result:
        """Somebody who is no client of a goal stops everything; see `_stop`."""
        return self._stop(why)

    def _stop(self, why: str) -> Result:
        """Whether the executor has latched a stop; without it everything is ended all the same."""
        stopped = self._ports.stop_robot(why)
        if stopped.ok:
            return stopped
        with self._lock:
            # Whatever comes up again comes up stopped; one that says itself that it holds the stop does already.
            self._stop_again = self._stop_again or not self._latched
            self._stops += 1
        try:
            self._ports.abandon_robot()
        finally:
            self.cancel_all(Code.STOPPED, "The robot was stopped.")
        self._record("", "stop", "The robot was stopped; the executor did not answer.")
        return stopped

    # --- ends ---------------------------------------------------------------------------------------

    def cancel(self, key: bytes) -> bool:
        """Asked for by the goal's own client; False when it has ended."""
        with self._lock:
            waiting = self._queue.remove(key)
            running = self._running
            if waiting is None and (running is None or running.command.key != key):
                if key in self._over:
                    return False
                self._early.add(key)
                return True
        if waiting is not None:
            waiting.cancel_requested = True
            self._end_unstarted(waiting, Result(Code.CANCELED, "Canceled before it started."))
        elif running is not None:
            running.cancel_requested = True
            running.token.cancel(Code.CANCELED)
        return True

    def cancel_all(self, code: Code, sentence: str) -> None:
        """End whatever waits and runs, and what is on its way in."""
        with self._lock:
            self._cleared += 1
            self._cleared_with = Result(code, sentence)
            drained = self._queue.drain()
            running = self._running
        if running is not None:
            running.token.cancel(code)
        for run in drained:
            self._end_unstarted(run, Result(code, sentence))

    def _end_unstarted(self, run: CommandRun, result: Result) -> None:
        """It waited, or was refused."""
        with self._lock:
            self._over.append(run.command.key)
            self._early.discard(run.command.key)
        run.outlet.start(lambda: run.finish(result))
        self._ports.changed()

    # --- questions ----------------------------------------------------------------------------------

    def answer(
        self, trace_id: str, text: str, source: str, question_id: str = "", question: str = ""
    ) -> Result:
        """Somebody's answer to a question of the running command; one that says stop stops the robot.

        question_id: which question; an answer that does not say is none, for who gave it may never have seen what is
        asked now, unless it ends the command. trace_id, question: have to fit too where they are given.
        """
        wish = wanted(text).wish
        if wish is Wish.REST:
            return self._stop(f"answer {quoted(text)}")
        if wish is Wish.END:
            text = NO_ANSWER  # however it was said
        if not text.strip():
            return Result(Code.INVALID_REQUEST, "There are no words in the answer.")
        run = self.running
        if run is None or not run.question or (trace_id and trace_id != run.trace_id):
            return Result(Code.INVALID_REQUEST, "No question waits for an answer.")
        if wish is Wish.END:
            question_id = question_id or run.question_id
        if not question_id:
            return Result(
                Code.INVALID_REQUEST,
                "An answer has to say which question it is for: question_id, as in the status and the feedback.",
            )
        asked = run.question
        if (question and question != asked) or not run.answer(text, source or "text", question_id):
            return Result(
                Code.INVALID_REQUEST,
                "That question is not open any more, or has already been answered.",
            )
        return OK

    # --- what happens in the world ------------------------------------------------------------------

    def executor_latched(self, latched: bool) -> None:
        """The executor says whether a stop holds."""
        active = self._executor_active()
        with self._lock:
            new = latched and not self._latched
            self._latched = latched
            if latched:
                # One that is not there (any more) can't hold it for us.
                self._stop_again = not active
                self._stops += new
        if new:
            self.cancel_all(Code.STOPPED, "The robot was stopped.")
            self._record("", "stop", "The robot was stopped.")
        self._ports.changed()

    def owns(self, trace_id: str) -> bool:
        """Whether a plan with this trace id is one of the running command, or of one that has just ended."""
        with self._lock:
            running, (last, ended_s) = self._running, self._last_own
        if running is not None and running.trace_id == trace_id:
            return True
        return trace_id == last and self._clock() - ended_s < OWN_S

    def executes_beside(self, on: bool) -> None:
        """The executor carries out a plan that is nobody's command: until its end no command begins."""
        with self._lock:
            self._beside = Activity.EXECUTING if on else Activity.NONE
        self.dispatch()
        self._ports.changed()

    def component_lost(self, name: str, reason: str) -> None:
        running = self.running
        if name == EXECUTOR:
            with self._lock:
                # The latch lived in the process that died; a restart must not lift a stop.
                self._stop_again = self._stop_again or self._latched
                self._latched = False
            try:
                self._ports.abandon_robot()
            finally:
                self.cancel_all(
                    Code.COMPONENT_FAILED,
                    "The executor died; nothing goes on by itself after that.",
                )
        elif name == "planner" and running is not None and running.activity is Activity.PLANNING:
            running.token.cancel(Code.COMPONENT_FAILED)
        self._record("", "lost", f"{name}: {reason}")
        self._ports.say(Kind.PROBLEM, f"The {name} is gone; I wait for it to come back.")
        self._ports.changed()

    def component_active(self, name: str) -> None:
        self._ports.log("info", f"{name} takes part")
        self.components_changed()

    def components_changed(self) -> None:
        """After every look at the components: what waits may be able to run, or never will."""
        if self._stop_again and self._executor_active():
            # The flag stays until the executor itself says that it holds the stop.
            result = self._ports.stop_robot("the stop from before the executor was restarted")
            self._ports.log("warning", f"stopped again: {result}")
        facts = self.facts()
        state = system_state(facts)
        if state is SystemState.FAULT and len(self._queue):
            self.cancel_all(Code.NOT_READY, explain(state, facts.components))
        self.dispatch()

    def _executor_active(self) -> bool:
        return any(c.name == EXECUTOR and c.active for c in self._ports.component_facts())

    def was_stopped_before(self) -> None:
        """A stop from before a crash of the whole system still holds."""
        with self._lock:
            self._stop_again = True
        self.cancel_all(Code.STOPPED, "The robot was stopped.")
        self._ports.changed()

    # --- requests -----------------------------------------------------------------------------------

    def refusal(self, event: Event) -> Result:
        """OK when the request may be made in this state, otherwise why not."""
        return refusal(self.state(), event)

    def want(self, up: bool) -> None:
        with self._lock:
            self._wanted = up

    def shutting_down(self, on: bool) -> None:
        with self._lock:
            self._shutting_down = on
        if on:
            self.cancel_all(Code.SHUTTING_DOWN, "The system goes down.")

    def pause(self) -> None:
        with self._lock:
            self._paused = True
        self._ports.changed()

    def resume(self) -> None:
        with self._lock:
            self._paused = False
        self.dispatch()
        self._ports.changed()

    @property
    def stops(self) -> int:
        """How many stops there have been; taken before a reset is asked for."""
        with self._lock:
            return self._stops

    def lifted(self, stops: int) -> None:
        """The executor has lifted its stop on request; one that came in the meantime still holds."""
        with self._lock:
            if stops != self._stops:
                return
            self._latched = False
            self._stop_again = False
        self._record("", "reset", "The stop was lifted.")
        self.dispatch()
        self._ports.changed()

    def _record(self, trace_id: str, kind: str, text: str) -> None:
        try:
            self._recorder.event(trace_id, kind, text)
        except VlaError as error:
            self._ports.log("error", f"{error}")


def _not_done(asked: Wanted) -> str:
    """What was asked for beside the stop is never lost silently."""
    if not asked.left_out:
        return ""
    return f" I have not carried out {quoted(asked.left_out)}; say it again when it may be done."
