# SPDX-License-Identifier: Apache-2.0
"""The coordinator: what becomes of commands. Threads are real; a test decides which stage goes on when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import vla_bringup.commands.coordinator as coordinator_module
from vla_bringup.commands.command_run import Command, Kind, Policy
from vla_bringup.commands.coordinator import OWN_S
from vla_bringup.supervision.system_state import SystemState
from vla_common.contracts.outcomes import Code, Result
from vla_testing.bringup.coordinator_world import Client, World

GRASP_FAILED = Result(Code.GRASP_FAILED, "It slipped.")


def executing(world: World, text: str = "turn", **options: object) -> Client:
    """A command whose plan is being carried out."""
    client = world.submit(text, **options)
    world.let_go()
    if world.at == "confirming":
        assert world.answer("yes").ok
    assert world.at == "executing"
    assert world.moving
    return client


def test_one_command_from_queue_to_end() -> None:
    world = World()
    client = world.submit()
    assert world.at == "planning"
    assert world.coordinator.state() is SystemState.PLANNING
    world.let_go()
    assert world.coordinator.state() is SystemState.EXECUTING
    world.let_go()
    assert client.code is Code.OK
    assert world.coordinator.state() is SystemState.IDLE
    assert world.journal.ended["trace-0"].ok


def test_order_and_priority() -> None:
    world = World()
    executing(world)
    low, high, low_too = world.submit(), world.submit(priority=9), world.submit()
    assert [run.outlet for run in world.coordinator.waiting()] == [high, low, low_too]
    assert high.progress_seen[0].message == "1 command is before this one."
    assert low_too.progress_seen[0].message == "3 commands are before this one."
    assert world.submit().code is Code.QUEUE_FULL


def test_the_same_goal_twice_runs_once() -> None:
    world = World()
    first = executing(world)
    again = Client(world, 0, first.command)
    world.coordinator.submit(first.command, again)
    world.settle()
    assert again.code is Code.DUPLICATE
    world.let_go()
    assert first.code is Code.OK


@pytest.mark.parametrize("policy", [Policy.REPLACE, Policy.DEFAULT])
def test_replace_ends_what_runs_and_waits(policy: Policy) -> None:
    world = World(policy="replace")
    running = executing(world, policy=Policy.QUEUE)
    waiting = world.submit(policy=Policy.QUEUE)
    newest = world.submit("turn right", policy=policy)
    assert running.code is Code.REPLACED
    assert waiting.code is Code.REPLACED
    assert world.at == "planning"
    world.let_go()
    world.let_go()
    assert newest.code is Code.OK


CORRECTION = "no, turn right"


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (CORRECTION, {}, Code.REPLACED),
        ("nothing to correct", {}, None),
        (CORRECTION, {"policy": Policy.QUEUE}, None),
        (CORRECTION, {"source": "dashboard"}, None),
        (CORRECTION, {"dry_run": True}, None),
    ],
)
def test_a_correction_takes_back_what_its_own_source_wants(
    text: str, options: dict[str, Any], code: Code | None
) -> None:
    world = World()
    running = executing(world)
    theirs = world.submit(source="dashboard", priority=5)
    mine = world.submit()
    world.submit(text, **options)
    assert [run.code if run.endings else None for run in (running, mine)] == [code, code]
    if options.get("source") != "dashboard":
        assert theirs.endings == []


def test_a_correction_is_taken_where_others_are_refused() -> None:
    world = World(policy="refuse")
    running = executing(world)
    assert world.submit("turn right").code is Code.BUSY
    newest = world.submit(CORRECTION)
    assert running.code is Code.REPLACED
    world.let_go()
    world.let_go()
    assert newest.code is Code.OK


def test_replace_keeps_what_runs_when_the_new_one_is_refused() -> None:
    world = World()
    running = executing(world)
    waiting = world.submit()
    world.journal.works = False
    assert world.submit(policy=Policy.REPLACE).code is Code.JOURNAL_FAILED
    assert world.submit("", policy=Policy.REPLACE).code is Code.EMPTY_COMMAND
    assert (running.endings, waiting.endings) == ([], [])


def test_refuse_when_busy() -> None:
    world = World()
    first = world.submit(policy=Policy.REFUSE)
    assert world.submit(policy=Policy.REFUSE).code is Code.BUSY
    world.let_go()
    world.let_go()
    assert first.code is Code.OK
    assert world.submit(policy=9).code is Code.INVALID_REQUEST


@pytest.mark.parametrize("stage", ["queued", "planning", "confirming", "executing"])
def test_cancel_at_every_stage(stage: str) -> None:
    world = World()
    first = executing(world) if stage == "queued" else None
    client = world.submit("pick")
    if stage in ("confirming", "executing"):
        world.let_go()
    if stage == "executing":
        world.answer("yes")
    assert world.at == ("executing" if stage == "queued" else stage)
    assert world.cancel(client)
    assert client.code is Code.CANCELED
    assert client.endings[0].canceled
    assert not world.cancel(client), "it has ended"
    if first is not None:
        assert world.moving
        assert first.endings == []
    else:
        assert not world.moving


def test_cancel_all_is_not_the_clients_cancel() -> None:
    world = World()
    clients = [executing(world), world.submit()]
    world.coordinator.cancel_all(Code.CANCELED, "Canceled, like all commands.")
    world.settle()
    assert [client.code for client in clients] == [Code.CANCELED] * 2
    assert not any(client.endings[0].canceled for client in clients)


def arriving(world: World, meanwhile: Callable[[Client], None]) -> Client:
    """A command during whose recording something else happens."""
    accept = world.journal.accept
    command = Command(b"arriving", "trace-arriving", "turn")
    client = Client(world, 99, command)

    def slow_accept(*values: Any, **options: Any) -> None:
        accept(*values, **options)
        meanwhile(client)

    world.journal.accept = slow_accept  # type: ignore[method-assign]
    world.clients.append(client)
    world.coordinator.submit(command, client)
    world.settle()
    return client


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        (lambda world, client: world.coordinator.cancel(client.command.key), Code.CANCELED),
        (lambda world, _: world.coordinator.cancel_all(Code.CANCELED, "All."), Code.CANCELED),
        (lambda world, _: world.stop_robot("test"), Code.STOPPED),
        (lambda world, _: world.kill("executor"), Code.COMPONENT_FAILED),
    ],
)
def test_what_happens_while_a_command_is_recorded_counts(
    meanwhile: Callable[[World, Client], object], code: Code
) -> None:
    world = World()
    client = arriving(world, lambda client: meanwhile(world, client))
    assert client.code is code
    assert not world.moving
    assert world.journal.ended["trace-arriving"].code is code


def test_a_goal_that_is_canceled_before_it_arrives_never_runs() -> None:
    world = World()
    command = Command(b"early", "trace-early", "turn")
    client = Client(world, 99, command)
    assert world.coordinator.cancel(b"early")
    world.coordinator.submit(command, client)
    world.settle()
    assert client.code is Code.CANCELED
    assert client.endings[0].canceled


def test_everything_includes_what_came_before_the_ticket() -> None:
    world = World()
    ticket = world.coordinator.ticket()
    world.coordinator.cancel_all(Code.CANCELED, "All.")
    client = Client(world, 99, Command(b"late", "trace-late", "turn"))
    world.coordinator.submit(client.command, client, ticket=ticket)
    world.settle()
    assert client.code is Code.CANCELED


def test_agreement_is_asked_for_and_given_once() -> None:
    world = World()
    client = world.submit("pick")
    assert world.answer("yes").code is Code.INVALID_REQUEST, "nothing is asked yet"
    world.let_go()
    question = "I need your agreement to pick. I will pick up the object. Shall I do exactly this?"
    assert (Kind.QUESTION, question) in world.said
    assert world.coordinator.running is not None
    assert world.coordinator.running.question == question
    question_id = world.coordinator.running.question_id
    for trace_id, wrong, words in [
        ("trace-99", question_id, question),
        ("", "", question),
        ("", "00000000", question),
        ("", question_id.upper() + "x", question),
        ("", question_id, "Shall I dance?"),
    ]:
        refused = world.coordinator.answer(trace_id, "yes", "test", wrong, words)
        assert refused.code is Code.INVALID_REQUEST
    assert not world.moving
    assert world.answer("yes").ok
    assert world.answer("no").code is Code.INVALID_REQUEST, "it was answered"
    assert world.moving
    world.let_go()
    assert client.code is Code.OK
    assert [kind for kind, _ in world.journal.events] == ["question", "answer"]


def test_a_yes_to_the_last_question_agrees_to_nothing_that_is_asked_later() -> None:
    world = World()
    client = world.submit("pick")
    world.let_go()
    assert world.coordinator.running is not None
    old = world.coordinator.running.question_id
    world.answer("no")
    assert client.code is Code.NOT_CONFIRMED
    world.submit("pick")
    world.let_go()
    assert world.coordinator.running.question_id not in ("", old)
    late = world.coordinator.answer("", "yes", "test", old)
    assert late.code is Code.INVALID_REQUEST and not world.moving
    world.answer("no")


def test_while_somebody_else_has_our_names_no_command_is_taken_and_none_begins() -> None:
    world = World()
    first = world.submit("turn")
    waiting = world.submit("turn")
    world.stranger = "/other/evil serves 'make_plan', which belongs to planner."
    refused = world.submit("turn")
    assert refused.code is Code.CONFLICT
    assert "/other/evil" in refused.endings[0].report.result.message
    for _ in range(2):  # planned, executed
        world.let_go()
    assert first.code is Code.OK and not waiting.endings and not world.at
    assert world.coordinator.answer("", "stop", "test").ok, "a stop is taken all the same"
    world.coordinator.lifted(world.coordinator.stops)
    world.latched = False
    world.stranger = ""
    world.coordinator.executor_latched(False)
    assert waiting.code is Code.STOPPED
    after = world.submit("turn")
    world.let_go()
    world.let_go()
    assert after.code is Code.OK


def test_what_waits_while_somebody_has_our_names_begins_when_that_is_over() -> None:
    world = World()
    first, waiting = world.submit("turn"), world.submit("turn")
    world.stranger = "x"
    world.let_go()
    world.let_go()
    assert first.endings and not world.at
    world.stranger = ""
    world.coordinator.components_changed()
    world.settle()
    assert world.at == "planning"
    world.let_go()
    world.let_go()
    assert waiting.code is Code.OK


def test_while_a_plan_runs_that_is_no_commands_none_begins_and_the_state_says_so() -> None:
    world = World()
    world.coordinator.executes_beside(True)
    assert world.coordinator.state() is SystemState.EXECUTING
    client = world.submit("turn")
    assert not world.at and not client.endings
    world.coordinator.executes_beside(False)
    world.settle()
    assert world.at == "planning"
    world.let_go()
    world.let_go()
    assert client.code is Code.OK


def test_a_plan_is_its_commands_while_that_runs_and_a_moment_longer() -> None:
    now = [0.0]
    world = World()
    world.coordinator._clock = lambda: now[0]
    client = world.submit("turn")
    trace_id = client.command.trace_id
    assert world.coordinator.owns(trace_id)
    assert not world.coordinator.owns("other")
    world.let_go()
    world.let_go()
    assert client.code is Code.OK
    assert world.coordinator.owns(trace_id), "the executor may be heard a little later"
    now[0] = OWN_S
    assert not world.coordinator.owns(trace_id)


def test_no_means_no() -> None:
    world = World()
    client = world.submit("pick")
    world.let_go()
    world.answer("rather not")
    assert client.code is Code.NOT_CONFIRMED
    assert not world.moving


def test_stop_ends_everything_and_holds() -> None:
    world = World()
    running, waiting = executing(world), world.submit()
    assert world.submit("Stop!").code is Code.OK
    assert (running.code, waiting.code) == (Code.STOPPED, Code.STOPPED)
    assert not world.moving
    assert world.submit().code is Code.STOPPED
    world.reset()
    assert world.at == "", "nothing that waited goes on by itself"
    executing(world)


def test_stop_with_a_dead_executor_stops_the_robot_and_stays() -> None:
    world = World()
    world.kill("executor")
    before = world.abandoned
    assert world.submit("stop").code is Code.STOP_UNCONFIRMED
    assert world.abandoned == before + 1
    assert world.coordinator.state() is SystemState.STOPPED
    world.revive("executor")
    assert world.latched
    assert world.submit().code is Code.STOPPED
    world.reset()
    executing(world)


def test_a_full_journal_does_not_hold_up_a_stop() -> None:
    world = World()
    running = executing(world)
    world.journal.works = False
    assert world.submit("stop").code is Code.OK
    assert running.code is Code.STOPPED
    assert not world.moving


def test_what_can_not_be_recorded_is_not_carried_out() -> None:
    world = World()
    world.journal.works = False
    assert world.submit().code is Code.JOURNAL_FAILED
    world.journal.works = True
    client = world.submit()
    world.journal.works = False
    world.let_go()
    assert client.code is Code.JOURNAL_FAILED
    assert not world.moving


def test_the_death_of_the_executor_ends_all_commands_and_the_robots_actions() -> None:
    world = World()
    running, waiting = executing(world), world.submit()
    world.kill("executor")
    assert (running.code, waiting.code) == (Code.COMPONENT_FAILED, Code.COMPONENT_FAILED)
    assert world.abandoned == 1
    assert world.coordinator.state() is SystemState.FAULT
    assert world.submit().code is Code.NOT_READY
    world.revive("executor")
    executing(world)


def test_a_restart_of_the_executor_does_not_lift_a_stop() -> None:
    world = World()
    assert world.stop().ok
    world.kill("executor")
    assert world.coordinator.state() is SystemState.STOPPED
    world.revive("executor")
    assert world.latched
    assert world.coordinator.state() is SystemState.STOPPED


def test_a_stop_holds_until_the_new_executor_says_that_it_does() -> None:
    world = World()
    assert world.stop().ok
    world.kill("executor")
    world.stop_answers = False  # not discovered yet, or too busy
    world.revive("executor")
    assert world.coordinator.state() is SystemState.STOPPED
    world.coordinator.executor_latched(False)  # what the new process says of itself
    assert world.coordinator.state() is SystemState.STOPPED
    assert world.submit().code is Code.STOPPED
    world.stop_answers = True
    world.coordinator.components_changed()  # the next look
    world.settle()
    assert world.latched
    world.reset()
    executing(world)


def test_a_stop_that_is_heard_of_after_the_death_still_counts() -> None:
    world = World()
    world.kill("executor")
    world.coordinator.executor_latched(True)  # its last message
    world.revive("executor")
    assert world.latched
    assert world.coordinator.state() is SystemState.STOPPED


def test_a_reset_does_not_lift_a_stop_that_came_meanwhile() -> None:
    world = World()
    world.stop()
    stops = world.coordinator.stops
    world.coordinator.executor_latched(False)
    world.stop()
    world.coordinator.lifted(stops)
    assert world.coordinator.state() is SystemState.STOPPED


def test_a_defect_in_the_record_ends_the_command_all_the_same() -> None:
    world = World()

    def broken(*_: Any, **__: Any) -> None:
        raise OverflowError("a defect")

    world.journal.accept = broken  # type: ignore[method-assign]
    assert world.submit().code is Code.INTERNAL_ERROR
    assert not world.moving


def test_the_death_of_the_planner_ends_only_what_is_being_planned() -> None:
    world = World()
    client = executing(world)
    waiting = world.submit()
    world.kill("planner")
    assert world.moving
    world.let_go()
    assert client.code is Code.OK
    assert waiting.endings == [], "it waits until the planner is back"
    world.revive("planner")
    assert world.at == "planning"
    world.kill("planner")
    assert waiting.code is Code.COMPONENT_FAILED


def test_pause_holds_the_queue_and_not_what_runs() -> None:
    world = World()
    first = executing(world)
    world.coordinator.pause()
    second = world.submit()
    world.let_go()
    assert first.code is Code.OK
    assert world.coordinator.state() is SystemState.PAUSED
    third = world.submit()
    assert "resume" in third.progress_seen[0].message
    assert third.progress_seen[1].message == "1 command is before this one."
    world.coordinator.resume()
    world.settle()
    assert world.at == "planning"
    assert second.endings == []


class CoordinatorMachine(RuleBasedStateMachine):
    """Random commands, cancels, answers, stops, deaths, pauses and a failing journal, against a small model."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(queue_size=2)
        self.stop_holds = False

    @rule(
        text=st.sampled_from(["turn", "turn", "pick", "", "x" * 2000]),
        priority=st.integers(0, 2),
        policy=st.sampled_from(Policy),
        dry_run=st.booleans(),
    )
    def submit(self, text: str, priority: int, policy: Policy, dry_run: bool) -> None:
        world = self.world
        may_not = self.stop_holds or not (world.executor_up and world.planner_up)
        client = world.submit(text, priority=priority, policy=policy, dry_run=dry_run)
        if text in ("turn", "pick") and not may_not and world.journal.works:
            refused = client.endings and client.code in (Code.NOT_READY, Code.STOPPED)
            assert not refused
        else:
            assert client.endings
            assert not client.endings[0].report.result.ok

    @precondition(lambda self: self.world.at in ("planning", "executing"))
    @rule(result=st.sampled_from([Result(), GRASP_FAILED, Result(Code.NOT_UNDERSTOOD, "What?")]))
    def stage_goes_on(self, result: Result) -> None:
        self.world.let_go(result)

    @precondition(lambda self: self.world.at == "confirming")
    @rule(text=st.sampled_from(["yes", "no", "hm"]))
    def answer(self, text: str) -> None:
        assert self.world.answer(text).ok

    @precondition(lambda self: self.world.clients)
    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        client = self.world.clients[which % len(self.world.clients)]
        over = bool(client.endings)
        assert self.world.cancel(client) is not over
        assert client.endings, "with these stages a cancel takes effect at once"

    @rule()
    def cancel_all(self) -> None:
        self.world.coordinator.cancel_all(Code.CANCELED, "Canceled, like all commands.")
        self.world.settle()

    @rule(by_command=st.booleans())
    def stop(self, by_command: bool) -> None:
        if by_command:
            self.world.submit("stop")
            self.stop_holds = True
        elif self.world.stop().ok:
            self.stop_holds = True

    @rule(answers=st.booleans())
    def stop_service(self, answers: bool) -> None:
        self.world.stop_answers = answers
        self.world.coordinator.components_changed()
        self.world.settle()

    @rule()
    def reset(self) -> None:
        if self.world.executor_up:
            self.stop_holds = False
        self.world.reset()

    @rule(name=st.sampled_from(["executor", "planner"]))
    def dies(self, name: str) -> None:
        if getattr(self.world, f"{name}_up"):
            self.world.kill(name)

    @rule(name=st.sampled_from(["executor", "planner"]))
    def comes_back(self, name: str) -> None:
        if not getattr(self.world, f"{name}_up"):
            self.world.revive(name)

    @rule(on=st.booleans())
    def pause(self, on: bool) -> None:
        if on:
            self.world.coordinator.pause()
        else:
            self.world.coordinator.resume()
        self.world.settle()

    @rule(works=st.booleans())
    def journal(self, works: bool) -> None:
        self.world.journal.works = works

    # --- what must always hold ----------------------------------------------------------------------

    @invariant()
    def never_motion_while_stopped_or_without_an_executor(self) -> None:
        world = self.world
        assert world.coordinator.facts().stopped == self.stop_holds
        if self.stop_holds or not world.executor_up:
            assert not world.moving
            assert world.coordinator.running is None
            assert not world.coordinator.waiting()

    @invariant()
    def the_bound_and_the_order_of_the_queue_hold(self) -> None:
        waiting = self.world.coordinator.waiting()
        assert len(waiting) <= 2 + (self.world.coordinator.running is None)
        keys = [(-run.command.priority, run.outlet.number) for run in waiting]  # type: ignore[attr-defined]
        assert keys == sorted(keys)

    @invariant()
    def every_command_has_one_end_or_is_still_there(self) -> None:
        world = self.world
        alive = {id(run.outlet) for run in world.coordinator.waiting()}
        if world.coordinator.running is not None:
            alive.add(id(world.coordinator.running.outlet))
        for client in world.clients:
            assert len(client.endings) == (0 if id(client) in alive else 1)
            recorded = client.command.trace_id in world.journal.ended
            accepted = client.command.trace_id in world.journal.accepted
            assert recorded == (accepted and bool(client.endings))
            if client.endings:
                ending = client.endings[0]
                assert not ending.canceled or client.cancel_asked
                assert ending.report.result.ok or ending.report.result.message

    @invariant()
    def nothing_waits_that_could_run(self) -> None:
        coordinator = self.world.coordinator
        if coordinator.state() in (SystemState.IDLE, SystemState.DEGRADED):
            assert not coordinator.waiting()

    def teardown(self) -> None:
        """Whatever still runs can be brought to an end."""
        world = self.world
        world.coordinator.cancel_all(Code.SHUTTING_DOWN, "The system goes down.")
        world.settle()
        assert all(len(client.endings) == 1 for client in world.clients)
        assert not world.moving


TestCoordinator = CoordinatorMachine.TestCase
TestCoordinator.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_an_answer_that_says_stop_stops_the_robot() -> None:
    world = World()
    running = executing(world)
    stopped = world.coordinator.answer("", "Stop!", "text")
    world.settle()
    assert stopped.ok and running.code is Code.STOPPED
    assert world.submit().code is Code.STOPPED


def test_an_empty_answer_is_none() -> None:
    refused = World().coordinator.answer("", "  ", "text")
    assert refused.code is Code.INVALID_REQUEST and "no words" in refused.message


@pytest.mark.parametrize(
    "text",
    [
        "stop please stop",
        "stop right now",
        "stop driving",
        "stop everything",
        "stop stop stop stop stop stop stop stop stop stop stop stop stop",
        "stop what you are doing and go to the table",
        "could you please stop",
    ],
)
def test_however_a_stop_is_worded_it_waits_for_nothing(text: str) -> None:
    world = World()
    running, waiting = executing(world), world.submit()
    stopped = world.submit(text)
    assert stopped.code is Code.OK and not world.moving and world.latched
    assert (running.code, waiting.code) == (Code.STOPPED, Code.STOPPED)


def test_a_stop_with_more_behind_it_says_what_is_not_carried_out() -> None:
    world = World()
    executing(world)
    message = world.submit("stop and go to the table").endings[0].report.result.message
    assert "Stopped" in message and "'go to the table'" in message


@pytest.mark.parametrize("text", ["cancel that", "never mind", "forget it, please"])
def test_what_is_taken_back_ends_at_once_and_latches_nothing(text: str) -> None:
    world = World()
    running, waiting = executing(world), world.submit()
    assert world.submit(text).code is Code.OK
    assert not world.moving and not world.latched
    assert (running.code, waiting.code) == (Code.CANCELED, Code.CANCELED)
    executing(world)


def test_nothing_to_take_back_is_said() -> None:
    result = World().submit("never mind").endings[0].report.result
    assert result.ok and "nothing" in result.message


def test_a_command_that_does_not_end_when_it_is_taken_back_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coordinator_module, "END_TIMEOUT_S", 0.01)
    world = World()
    running = executing(world)
    run = world.coordinator.running
    assert run is not None
    monkeypatch.setattr(run.token, "cancel", lambda code: None)
    result = world.submit("cancel that").endings[0].report.result
    monkeypatch.undo()
    assert result.ok and "stopped" in result.message and world.latched
    assert world.coordinator.facts().stopped
    run.token.cancel(Code.STOPPED)
    world.settle()
    assert running.code is Code.STOPPED


def test_an_invalid_request_that_says_stop_stops() -> None:
    world = World()
    running = executing(world)
    client = Client(world, 99, Command(b"99", "trace", "stop"))
    invalid = Result(Code.INVALID_REQUEST, "That is no trace id.")
    world.coordinator.submit(client.command, client, invalid)
    world.settle()
    assert running.code is Code.STOPPED and not world.moving


def test_never_mind_answers_a_question_and_latches_nothing() -> None:
    world = World()
    client = world.submit("pick")
    world.let_go()
    world.answer("cancel that please")
    assert client.code is Code.NOT_CONFIRMED and not world.latched


@pytest.mark.parametrize("text", ["no, no!", "wait!", "hold!", "pause"])
def test_what_interrupts_ends_what_runs_and_is_a_command_otherwise(text: str) -> None:
    world = World()
    running = executing(world)
    assert world.submit(text).code is Code.OK
    assert running.code is Code.CANCELED
    assert not world.moving and not world.latched
    later = world.submit(text)
    assert later.endings == [] and world.at == "planning"
