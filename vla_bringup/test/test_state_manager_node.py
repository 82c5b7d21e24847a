# SPDX-License-Identifier: Apache-2.0
"""The state manager over real ROS, with fake stages."""

from __future__ import annotations

import os
import threading
import time
import uuid
from types import SimpleNamespace

import pytest
import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionServer
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from vla_interfaces.action import ExecuteCommand, ExecutePlan, MakePlan
from vla_interfaces.msg import (
    ExecutionState,
    Feedback,
    Outcome,
    Place,
    PlaceArray,
    SystemStatus,
    Transcript,
)
from vla_interfaces.srv import Answer, ListSkills, Manage, QueryScene, Stop

from vla_bringup.client.ros.system_client import SystemClient
from vla_bringup.journal.reader import JournalReader
from vla_bringup.ros.state_manager_node import StateManagerNode
from vla_common.contracts.outcomes import Code
from vla_common.ros.qos import COMMAND, LATCHED
from vla_common.ros.spin import spin_on
from vla_testing.bringup.fake_stages import FakeBase, FakeExecutor, FakePerception, FakePlanner

pytestmark = pytest.mark.ros
LONG_S = 60.0
NAMESPACE = "test_robot"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    context = Context()
    journal = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    rclpy.init(context=context)
    options = {"context": context, "namespace": NAMESPACE}
    stages = SimpleNamespace(
        perception=FakePerception(**options),
        planner=FakePlanner(**options),
        executor=FakeExecutor(**options),
        base=FakeBase(**options),
    )
    manager = StateManagerNode(
        parameter_overrides=[
            Parameter("integration.command_queue_size", value=2),
            Parameter("integration.feedback_interval", value=0.2),
            Parameter("integration.stop_timeout", value=5.0),
            Parameter("integration.scene_timeout", value=0.5),
            Parameter("journal.file", value=str(journal)),
        ],
        **options,
    )
    executor = MultiThreadedExecutor(num_threads=16, context=context)
    for node in (*vars(stages).values(), manager):
        executor.add_node(node)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    with SystemClient(NAMESPACE, "test_client") as client:
        assert client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, LONG_S) is not None
        yield SimpleNamespace(client=client, manager=manager, journal=journal, **vars(stages))
    manager.close()
    executor.shutdown(timeout_sec=5.0)
    rclpy.try_shutdown(context=context)
    spinner.join(10.0)


@pytest.fixture(autouse=True)
def fresh(system):
    system.planner.thinking.clear()
    system.planner.release.clear()
    system.executor.running.clear()
    system.executor.cancel_seen.clear()
    system.executor.standing_still.set()
    system.executor.executed.clear()
    system.executor.stops.clear()
    yield
    assert system.client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, LONG_S) is not None


def goal(command, **options):
    return ExecuteCommand.Goal(command=command, **options)


def test_a_command_is_carried_out_and_told(system):
    feedback = []
    result = system.client.execute(goal("turn left"), feedback.append)
    assert result.outcome.code == Outcome.OK
    assert [step.skill for step in result.plan.steps] == ["turn"]
    assert result.results[0].verified
    assert result.trace_id
    stages = [item.stage for item in feedback]
    assert stages == sorted(stages)
    assert any(item.plan.steps for item in feedback)
    assert any(item.message == "Turning." for item in feedback)
    total = result.times.total
    assert total.sec + total.nanosec > 0


def test_the_given_trace_id_is_kept_and_a_wrong_one_refused(system):
    trace_id = "12345678-1234-5678-1234-567812345678"
    assert system.client.execute(goal("turn", trace_id=trace_id)).trace_id == trace_id
    assert (
        system.client.execute(goal("turn", trace_id="; rm")).outcome.code == Outcome.INVALID_REQUEST
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("nonsense", Code.NOT_UNDERSTOOD),
        ("", Code.EMPTY_COMMAND),
        ("x" * 1001, Code.INVALID_REQUEST),
    ],
)
def test_refusals_have_a_code_and_a_sentence_and_move_nothing(system, command, code):
    result = system.client.execute(goal(command))
    assert result.outcome.code == code
    assert result.outcome.message
    assert system.executor.executed == []


def test_dry_run_moves_nothing(system):
    result = system.client.execute(goal("turn", dry_run=True))
    assert result.outcome.code == Outcome.OK
    assert len(result.plan.steps) == 1
    assert system.executor.executed == []


def test_cancel_while_planning(system):
    run = system.client.start(goal("think"))
    assert system.planner.thinking.wait(LONG_S)
    wrapped = run.cancel(LONG_S)
    assert wrapped.status == GoalStatus.STATUS_CANCELED
    assert wrapped.result.outcome.code == Outcome.CANCELED
    assert system.executor.executed == []


def test_cancel_while_executing_waits_for_standstill(system):
    system.executor.standing_still.clear()
    run = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    ended = []
    canceler = threading.Thread(target=lambda: ended.append(run.cancel(LONG_S)))
    canceler.start()
    assert system.executor.cancel_seen.wait(LONG_S)
    assert run.wait(0.2) is None  # the robot still moves, so the command has not ended
    system.executor.standing_still.set()
    canceler.join(LONG_S)
    assert ended[0].status == GoalStatus.STATUS_CANCELED
    assert ended[0].result.outcome.code == Outcome.CANCELED


def test_queue_order_bound_and_cancel_in_the_queue(system):
    first = system.client.start(goal("long one"))
    assert system.executor.running.wait(LONG_S)
    second = system.client.start(goal("second"))
    third = system.client.start(goal("third"))
    full = system.client.execute(goal("fourth"))
    assert full.outcome.code == Outcome.QUEUE_FULL
    assert "2" in full.outcome.message
    canceled = second.cancel(LONG_S)
    assert canceled.status == GoalStatus.STATUS_CANCELED
    assert system.client.wait_for_status(lambda s: s.queue_length == 1, LONG_S) is not None
    first.cancel(LONG_S)
    assert third.wait(LONG_S).result.outcome.code == Outcome.OK
    assert system.executor.executed == ["long one", "third"]


def test_feedback_keeps_coming_while_nothing_changes(system):
    enough = threading.Event()
    counted = []

    def count(message):
        counted.append(message)
        if sum(item.message == "Turning." for item in counted) >= 3:
            enough.set()

    run = system.client.start(goal("long"), count)
    assert enough.wait(LONG_S)
    run.cancel(LONG_S)


def test_stop_is_never_planned_and_latches(system):
    run = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    planned = len(system.planner.commands)
    result = system.client.execute(goal("Stop!"))
    assert result.outcome.code == Outcome.OK
    assert system.executor.stops == ["command 'Stop!'"]
    assert len(system.planner.commands) == planned
    assert (
        system.client.wait_for_status(lambda s: s.state == SystemStatus.STOPPED, LONG_S) is not None
    )
    refused = system.client.execute(goal("turn"))
    assert refused.outcome.code == Outcome.STOPPED
    run.cancel(LONG_S)
    assert system.client.manage(Manage.Request.RESET).ok
    assert system.client.wait_for_status(lambda s: s.state == SystemStatus.IDLE, LONG_S) is not None
    assert system.client.execute(goal("turn")).outcome.code == Outcome.OK


def test_perception_that_does_not_answer_leaves_motion_and_the_places_of_the_map(system):
    places = system.base.create_publisher(PlaceArray, "places", LATCHED)
    places.publish(PlaceArray(places=[Place(name="table", kind=Place.SURFACE)]))
    system.perception.answering.clear()
    try:
        for _ in range(5):  # the places may still be on their way when the first command is planned
            assert system.client.execute(goal("turn left")).outcome.code == Outcome.OK
            known = [place.name for place in system.planner.goals[-1].scene.places]
            if known:
                break
            places.publish(PlaceArray(places=[Place(name="table", kind=Place.SURFACE)]))
        assert known == ["table"]
        refused = system.client.execute(goal("see"))
        assert refused.outcome.code == Outcome.PERCEPTION_UNAVAILABLE
        assert "query_scene" in refused.outcome.message
        places.publish(PlaceArray(places=[Place(name="nowhere", kind=77)]))
        assert system.client.execute(goal("turn right")).outcome.code == Outcome.OK
        assert [place.name for place in system.planner.goals[-1].scene.places] == ["table"]
    finally:
        system.perception.answering.set()
        system.base.destroy_publisher(places)


def test_pause_holds_the_queue(system):
    assert system.client.manage(Manage.Request.PAUSE).ok
    run = system.client.start(goal("turn"))
    waiting = system.client.wait_for_status(lambda s: s.queue_length == 1, LONG_S)
    assert waiting.state == SystemStatus.PAUSED
    assert system.executor.executed == []
    assert system.client.manage(Manage.Request.RESUME).ok
    assert run.wait(LONG_S).result.outcome.code == Outcome.OK


def test_cancel_all_ends_everything(system):
    first = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    second = system.client.start(goal("second"))
    assert system.client.manage(Manage.Request.CANCEL_ALL).ok
    for run in (first, second):
        wrapped = run.wait(LONG_S)
        assert wrapped.result.outcome.code == Outcome.CANCELED
        assert wrapped.status == GoalStatus.STATUS_ABORTED  # its own client did not ask for it
    assert system.executor.executed == ["long"]


def test_shutdown_and_startup(system):
    assert system.client.manage(Manage.Request.SHUTDOWN).ok
    assert not system.executor.active
    assert (
        system.client.wait_for_status(lambda s: s.state == SystemStatus.INACTIVE, LONG_S)
        is not None
    )
    assert system.client.execute(goal("turn")).outcome.code == Outcome.NOT_READY
    assert system.client.manage(Manage.Request.STARTUP).ok
    assert system.executor.active
    assert system.client.execute(goal("turn")).outcome.code == Outcome.OK


def test_agreement_is_asked_for_and_given_over_ros(system):
    asked = threading.Event()
    questions = []

    def on_feedback(message):
        if message.question:
            questions.append((message.question, list(message.choices)))
            asked.set()

    run = system.client.start(goal("risky"), on_feedback)
    assert asked.wait(LONG_S)
    assert questions[0] == (
        "I need your agreement to wave. I will wave. Shall I do exactly this?",
        ["yes", "no"],
    )
    status = system.client.wait_for_status(lambda s: s.question, LONG_S)
    assert status.question == questions[0][0]
    assert system.executor.executed == []
    late = system.client.answer("yes", question="Which cup do you mean?")
    assert late.code is Code.INVALID_REQUEST  # it was for another question
    assert system.client.answer("yes", question=questions[0][0]).ok
    assert run.wait(LONG_S).result.outcome.code == Outcome.OK
    assert system.executor.executed == ["risky"]
    assert system.client.answer("yes").code is Code.INVALID_REQUEST


def test_a_question_about_what_is_meant_is_answered_within_the_same_command(system):
    asked = threading.Event()
    questions = []

    def on_feedback(message):
        if message.question:
            questions.append((message.question, list(message.choices), message.trace_id))
            asked.set()

    run = system.client.start(goal("take the cup"), on_feedback)
    assert asked.wait(LONG_S)
    assert questions[0][:2] == ("Which cup do you mean?", ["red cup", "blue cup"])
    assert system.executor.executed == []
    assert system.client.answer("the red one").ok
    result = run.wait(LONG_S).result
    assert result.outcome.code == Outcome.OK
    first, second = system.planner.goals[-2:]
    assert (list(second.questions), list(second.answers)) == (
        ["Which cup do you mean?"],
        ["the red one"],
    )
    assert first.trace_id == second.trace_id == result.trace_id == questions[0][2]
    assert system.executor.executed == ["take the cup"]


def test_the_planner_is_told_what_was_wanted_before(system):
    assert system.client.execute(goal("turn", source="dashboard")).outcome.code == Outcome.OK
    assert system.client.execute(goal("again", source="dashboard")).outcome.code == Outcome.OK
    first, second = system.planner.goals[-2:]
    assert first.previous_plan.command == ""
    assert second.previous_plan.command == "turn"
    assert [step.skill for step in second.previous_plan.steps] == ["turn"]


def test_without_a_clear_yes_nothing_moves(system):
    asked = threading.Event()
    run = system.client.start(goal("risky"), lambda m: m.question and asked.set())
    assert asked.wait(LONG_S)
    assert system.client.answer("what?").ok
    assert run.wait(LONG_S).result.outcome.code == Outcome.NOT_CONFIRMED
    assert system.executor.executed == []


def test_a_newer_command_may_take_the_place_of_others(system):
    first = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    second = system.client.start(goal("second"))
    newest = system.client.execute(goal("newest", policy=ExecuteCommand.Goal.POLICY_REPLACE))
    assert newest.outcome.code == Outcome.OK
    for run in (first, second):
        assert run.wait(LONG_S).result.outcome.code == Outcome.REPLACED
    assert system.executor.executed == ["long", "newest"]


def test_what_waits_is_in_the_status_in_order(system):
    first = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    runs = [system.client.start(goal("low")), system.client.start(goal("high", priority=7))]
    status = system.client.wait_for_status(lambda s: s.queue_length == 2, LONG_S)
    assert [(item.command, item.priority) for item in status.queue] == [("high", 7), ("low", 0)]
    assert status.active_command == "long"
    first.cancel(LONG_S)
    for run in runs:
        assert run.wait(LONG_S).result.outcome.code == Outcome.OK
    assert system.executor.executed == ["long", "high", "low"]


def test_requests_are_refused_where_they_make_no_sense(system):
    assert system.client.manage(Manage.Request.SHUTDOWN).ok
    refused = system.client.manage(Manage.Request.PAUSE)
    assert refused.code is Code.NOT_READY
    assert "pause" in refused.message
    assert system.client.manage(Manage.Request.STARTUP).ok


def test_the_record_is_complete(system):
    result = system.client.execute(goal("turn left, on record"))
    refused = system.client.execute(goal("nonsense, on record"))
    reader = JournalReader(system.journal)
    done = reader.details(result.trace_id)
    assert done.record.command == "turn left, on record"
    assert (done.record.outcome, done.record.source) == ("OK", "text")
    assert done.record.accepted_at <= done.record.started_at <= done.record.ended_at
    assert [step["skill"] for step in done.plans[0].plan["steps"]] == ["turn"]
    assert [(step.skill, step.verified) for step in done.steps] == [("turn", True)]
    assert reader.details(refused.trace_id).record.outcome == "NOT_UNDERSTOOD"


def test_a_trace_id_runs_once(system):
    trace_id = "00000000-1111-2222-3333-444444444444"
    assert system.client.execute(goal("turn", trace_id=trace_id)).outcome.code == Outcome.OK
    again = system.client.execute(goal("turn", trace_id=trace_id))
    assert again.outcome.code == Outcome.DUPLICATE
    assert system.executor.executed == ["turn"]


def test_load_and_latencies_are_in_the_status(system):
    assert system.client.execute(goal("turn")).outcome.code == Outcome.OK
    status = system.client.wait_for_status(
        lambda s: (
            any(i.stage == "total" and i.count for i in s.latencies) and s.machine.cpu_percent >= 0
        ),
        LONG_S,
    )
    assert status is not None
    assert status.machine.disk_free_mb > 0
    assert all(component.memory_mb > 0 for component in status.components)
    assert {component.pid for component in status.components} == {os.getpid()}


def test_unknown_manage_command(system):
    result = system.client.manage(99)
    assert result.code is Code.INVALID_REQUEST


class Stranger(Node):
    """Somebody else in the same domain."""

    def __init__(self, system, name="evil", namespace="elsewhere"):
        super().__init__(name, namespace=namespace, context=system.manager.context)
        self.actions = []
        self.spun = MultiThreadedExecutor(num_threads=2, context=system.manager.context)
        self.spun.add_node(self)
        threading.Thread(target=spin_on, args=(self.spun,), daemon=True).start()

    def serve(self, kind, name):
        """Whatever it is asked, it says nothing of use."""
        if hasattr(kind, "Goal"):
            self.actions.append(ActionServer(self, kind, name, lambda handle: kind.Result()))
        else:
            self.create_service(kind, name, lambda request, response: response)

    def close(self):
        for server in self.actions:
            server.destroy()
        self.spun.shutdown(timeout_sec=5.0)
        self.destroy_node()


@pytest.fixture
def stranger(system):
    made = []

    def make(**names):
        made.append(Stranger(system, **names))
        return made[-1]

    yield make
    for node in made:
        node.close()
    assert system.client.wait_for_status(lambda s: not names_of(s), LONG_S) is not None


def names_of(status):
    return [text for text in status.degraded if text.startswith("names: ")]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MakePlan, "make_plan"),
        (ExecutePlan, "execute_plan"),
        (Stop, "stop"),
        (ListSkills, "list_skills"),
        (QueryScene, "query_scene"),
    ],
)
def test_while_a_second_server_of_our_names_is_there_no_command_is_taken(
    system, stranger, kind, name
):
    stranger().serve(kind, f"/{NAMESPACE}/{name}")
    status = system.client.wait_for_status(names_of, LONG_S)
    assert "/elsewhere/evil" in status.message and name in status.message
    refused = system.client.execute(goal("turn")).outcome
    assert refused.code == Outcome.CONFLICT and "/elsewhere/evil" in refused.message
    assert system.executor.executed == []


def test_a_stop_is_taken_beside_a_stranger_and_whose_answer_it_was_is_not_believed(
    system, stranger
):
    stranger().serve(Stop, f"/{NAMESPACE}/stop")
    assert system.client.wait_for_status(names_of, LONG_S)
    outcome = system.client.execute(goal("stop")).outcome
    assert outcome.code == Outcome.STOP_UNCONFIRMED and "/elsewhere/evil" in outcome.message
    assert system.executor.stops
    assert system.client.manage(Manage.Request.RESET).ok


def test_the_plan_of_a_planner_that_lies_is_worded_here(system):
    result = system.client.execute(goal("turn"))
    assert result.plan.summary == "I will turn left 0 degrees."
    assert result.plan.command == "turn"


def heard(system, text, *, old_s=0.0, **fields):
    now = system.manager.get_clock().now()
    message = Transcript(text=text, is_final=True, accepted=True, confidence=1.0, **fields)
    message.header.stamp = (now - Duration(seconds=old_s)).to_msg()
    message.speech_start = message.header.stamp
    return message


def said_to(system):
    """What the person is told from now on."""
    told, come = [], threading.Event()

    def on_feedback(message):
        told.append(message.text)
        come.set()

    system.client.node.create_subscription(Feedback, "feedback", on_feedback, COMMAND)
    return told, come


def speak(node, system):
    """A publisher of transcripts that the state manager has found."""
    publisher = node.create_publisher(Transcript, f"/{NAMESPACE}/transcript", COMMAND)
    while not publisher.get_subscription_count():
        threading.Event().wait(0.01)
    return publisher


def until(condition):
    deadline = time.monotonic() + LONG_S
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return condition()


def test_a_transcript_moves_the_robot_when_it_is_from_its_source_and_of_now(system, stranger):
    ears = speak(stranger(name="speech", namespace=NAMESPACE), system)
    told, _ = said_to(system)
    assert until(lambda: not system.manager._names.heard())
    ears.publish(heard(system, "turn one", old_s=3600.0))
    unstamped = heard(system, "turn two")
    unstamped.header.stamp = Transcript().header.stamp
    ears.publish(unstamped)
    ears.publish(heard(system, "turn three"))
    assert until(lambda: system.executor.executed == ["turn three"])
    assert sum("transcript_max_age" in text for text in told) == 2
    # Somebody else speaks as well: nobody can tell them apart.
    evil = speak(stranger(), system)
    evil.publish(heard(system, "turn four"))
    ears.publish(heard(system, "turn five"))
    assert until(lambda: sum("/elsewhere/evil" in text for text in told) >= 2)
    assert system.executor.executed == ["turn three"]
    # Typed commands are taken all the same, and so is a spoken stop.
    assert system.client.execute(goal("turn")).outcome.code == Outcome.OK
    evil.publish(heard(system, "stop"))
    assert system.executor.stopped.wait(LONG_S)
    assert until(lambda: system.client.status().state == SystemStatus.STOPPED)
    assert system.client.manage(Manage.Request.RESET).ok


def test_a_spoken_yes_answers_what_was_asked_before_it_and_nothing_else(system, stranger):
    ears = speak(stranger(name="speech", namespace=NAMESPACE), system)
    assert until(lambda: not system.manager._names.heard())
    before = heard(system, "yes")
    asked = threading.Event()
    run = system.client.start(goal("risky"), lambda m: m.question and asked.set())
    assert asked.wait(LONG_S)
    ears.publish(before)
    assert until(lambda: system.client.status().queue_length == 1)  # a command like any other
    assert system.executor.executed == []
    ears.publish(heard(system, "yes"))
    assert run.wait(LONG_S).result.outcome.code == Outcome.OK
    assert until(lambda: "yes" in system.planner.commands)


def test_an_answer_names_its_question(system):
    seen = []
    asked = threading.Event()

    def on_feedback(message):
        if message.question:
            seen.append(message.question_id)
            asked.set()

    run = system.client.start(goal("risky"), on_feedback)
    assert asked.wait(LONG_S)

    def answer(question_id):
        request = Answer.Request(answer="yes", question_id=question_id)
        return system.client.call(Answer, "answer", request).outcome.code

    for wrong in ("", "00000000", "yes"):
        assert answer(wrong) == Outcome.INVALID_REQUEST
    assert system.executor.executed == []
    assert system.client.wait_for_status(lambda s: s.question_id, LONG_S).question_id == seen[0]
    assert answer(seen[0]) == Outcome.OK
    assert run.wait(LONG_S).result.outcome.code == Outcome.OK
    assert answer(seen[0]) == Outcome.INVALID_REQUEST


def test_a_plan_that_was_sent_directly_is_shown_and_on_record(system):
    trace_id = str(uuid.uuid4())
    state = system.executor._state
    state.publish(
        ExecutionState(
            state=ExecutionState.RUNNING, trace_id=trace_id, command="dance", step_count=2
        )
    )
    status = system.client.wait_for_status(lambda s: "dance" in s.active_command, LONG_S)
    assert status.state == SystemStatus.EXECUTING
    waiting = system.client.start(goal("turn"))
    assert system.client.wait_for_status(lambda s: s.queue_length == 1, LONG_S) is not None
    assert system.executor.executed == []
    ended = Outcome(code=Outcome.GRASP_FAILED, message="It slipped.")
    state.publish(ExecutionState(ended_trace_id=trace_id, ended=ended))
    assert waiting.wait(LONG_S).result.outcome.code == Outcome.OK

    def record():
        return JournalReader(system.journal).details(status.active_trace_id).record

    assert until(lambda: record().code is not None)
    assert (record().command, record().source) == ("dance", "execute_plan")
    assert record().code == Code.GRASP_FAILED


def restarts(status):
    return next(c.restarts for c in status.components if c.name == "executor")


def respawn(executor, instance):
    """As after a crash: another process with the same name, not configured."""
    executor.close()
    executor.trigger_deactivate()
    executor.trigger_cleanup()
    executor._pulse._message.instance = instance


def test_a_restart_of_the_executor_does_not_lift_a_stop(system):
    assert system.client.stop("test").ok
    assert (
        system.client.wait_for_status(lambda s: s.state == SystemStatus.STOPPED, LONG_S) is not None
    )
    system.executor.stops.clear()
    system.executor.stopped.clear()
    respawn(system.executor, "a second")
    assert (
        system.client.wait_for_status(
            lambda s: (
                any(c.restarts for c in s.components) and all(c.healthy for c in s.components)
            ),
            LONG_S,
        )
        is not None
    )
    assert system.client.execute(goal("turn")).outcome.code == Outcome.STOPPED
    # The new process is stopped again as soon as its service is seen; perhaps more than once.
    assert system.executor.stopped.wait(LONG_S)
    assert set(system.executor.stops) == {"the stop from before the executor was restarted"}
    while system.manager.coordinator._stop_again:  # until the executor says that it holds the stop
        threading.Event().wait(0.01)
    assert system.client.manage(Manage.Request.RESET).ok


@pytest.mark.parametrize("stops", [True, False])
def test_a_dead_executor_ends_its_command_when_the_robot_stands_still(system, stops):
    before = restarts(system.client.status())
    system.base.speed = 0.4
    system.base.told_to_stop.clear()
    run = system.client.start(goal("long"))
    assert system.executor.running.wait(LONG_S)
    respawn(system.executor, f"another {stops}")
    assert system.base.told_to_stop.wait(LONG_S)
    if stops:
        assert run.wait(0.5) is None  # the robot still moves, so the command has not ended
        system.base.speed = 0.0
    wrapped = run.wait(LONG_S)
    outcome = wrapped.result.outcome
    assert wrapped.status == GoalStatus.STATUS_ABORTED
    assert outcome.code == (Code.COMPONENT_FAILED if stops else Code.STOP_UNCONFIRMED)
    assert ("stands still" if stops else "may still be moving") in outcome.message
    system.base.speed = 0.0
    system.executor.cancel_seen.set()
    status = system.client.wait_for_status(
        lambda s: s.state == SystemStatus.IDLE and restarts(s) == before + 1, LONG_S
    )
    assert status is not None
    assert system.client.execute(goal("turn")).outcome.code == Outcome.OK
