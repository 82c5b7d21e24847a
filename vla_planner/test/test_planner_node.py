# SPDX-License-Identifier: Apache-2.0
"""The planner node in this process, with a client of its own."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

rclpy = pytest.importorskip("rclpy")

from action_msgs.msg import GoalStatus  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from vla_interfaces.action import MakePlan  # noqa: E402

from vla_common.contracts.outcomes import Code, Result  # noqa: E402
from vla_common.contracts.skills import Plan, Step  # noqa: E402
from vla_common.ros.clients.action_client import ActionClient  # noqa: E402
from vla_common.ros.conversions import (  # noqa: E402
    outcome_from_msg,
    outcome_to_msg,
    plan_from_msg,
    plan_to_msg,
    scene_to_msg,
    skill_to_msg,
)
from vla_common.ros.spin import spin_on  # noqa: E402
from vla_planner.core import planning  # noqa: E402
from vla_planner.core.backend import AmbiguousError, Proposal  # noqa: E402
from vla_planner.ros.planner_node import PlannerNode  # noqa: E402
from vla_testing.planner.fixtures import SCENE, SKILLS  # noqa: E402

pytestmark = pytest.mark.ros

DOMAIN_ID = 90
TIMEOUT_S = 30.0
TRACE_ID = "12345678-1234-4234-8234-123456789abc"
SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def ros():
    """The node (not yet configured), a client and an executor that spins them."""
    context = Context()
    rclpy.init(context=context, domain_id=DOMAIN_ID)
    node = PlannerNode(context=context)
    client_node = Node("client", context=context)
    client = ActionClient(client_node, MakePlan, "make_plan")
    executor = MultiThreadedExecutor(num_threads=4, context=context)
    executor.add_node(node)
    executor.add_node(client_node)
    spinner = threading.Thread(target=spin_on, args=(executor,), daemon=True)
    spinner.start()
    yield SimpleNamespace(node=node, client=client)
    node.close()
    executor.shutdown(timeout_sec=5.0)
    client.destroy()
    client_node.destroy_node()
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    spinner.join(5.0)


def start(ros):
    ros.node.set_parameters([Parameter("planner.backends", value=["rules"])])
    assert ros.node.trigger_configure() is SUCCESS
    assert ros.node.trigger_activate() is SUCCESS
    assert ros.client.wait_for_server(timeout_sec=TIMEOUT_S)


def result_of(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(TIMEOUT_S)
    return future.result()


def goal_for(command, **more):
    return MakePlan.Goal(
        command=command,
        scene=scene_to_msg(SCENE),
        skills=[skill_to_msg(spec) for spec in SKILLS],
        trace_id=TRACE_ID,
        **more,
    )


def ask(ros, goal, feedback=None):
    handle = result_of(ros.client.send_goal_async(goal, feedback_callback=feedback))
    assert handle.accepted
    return result_of(handle.get_result_async())


def test_a_command_becomes_a_plan(ros):
    start(ros)
    said = []
    heard = threading.Event()

    def feedback(message):
        said.append(message.feedback.message)
        heard.set()

    answer = ask(ros, goal_for("go to the table, find a red object, and pick it up"), feedback)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert outcome_from_msg(answer.result.outcome) == Result()
    plan = plan_from_msg(answer.result.plan)
    assert [step.to_json() for step in plan.steps] == [
        {"skill": "go_to", "arguments": {"place": "table"}},
        {"skill": "find", "arguments": {"object": {"attributes": ["red"], "place": "table"}}},
        {"skill": "pick", "arguments": {"object": {"attributes": ["red"], "place": "table"}}},
    ]
    assert plan.planner == "rules"
    assert plan.trace_id == TRACE_ID
    assert heard.wait(TIMEOUT_S)
    assert said == ["I am planning."]


@pytest.mark.parametrize(
    ("goal", "code", "part"),
    [
        (goal_for("invalid command with no meaning"), Code.NOT_UNDERSTOOD, "'invalid'"),
        (goal_for("   "), Code.EMPTY_COMMAND, "no words"),
        (goal_for("x" * 1001), Code.INVALID_REQUEST, "1001"),
        (goal_for("go to the kitchen"), Code.UNKNOWN_PLACE, "kitchen"),
        (goal_for("turn left", failed_plan=MakePlan.Goal().failed_plan), Code.OK, ""),
        (MakePlan.Goal(command="turn left", trace_id="no uuid"), Code.INVALID_REQUEST, "no uuid"),
        (MakePlan.Goal(command="turn left"), Code.UNKNOWN_SKILL, "turn"),
    ],
)
def test_every_goal_gets_an_outcome(ros, goal, code, part):
    start(ros)
    answer = ask(ros, goal)
    assert answer.result.outcome.code == int(code)
    assert part in answer.result.outcome.message
    expected = GoalStatus.STATUS_SUCCEEDED if code is Code.OK else GoalStatus.STATUS_ABORTED
    assert answer.status == expected


def test_an_enum_that_nobody_knows_is_an_invalid_request(ros):
    start(ros)
    goal = goal_for("turn left")
    goal.scene.places[0].kind = 99
    answer = ask(ros, goal)
    assert answer.result.outcome.code == int(Code.INVALID_REQUEST)


def test_an_ambiguous_command_comes_with_question_and_choices(ros):
    start(ros)
    answer = ask(ros, goal_for("pick up the cup"))
    assert answer.result.outcome.code == int(Code.AMBIGUOUS)
    assert "Which cup" in answer.result.question
    assert list(answer.result.choices) == ["red cup", "blue cup"]


def test_a_failed_plan_gets_a_new_one_for_the_rest(ros):
    start(ros)
    first = ask(ros, goal_for("pick up the red cup and put it in the box")).result.plan
    failed = [step.skill for step in first.steps].index("pick")
    goal = goal_for(
        first.command,
        failed_plan=first,
        failed_step=failed,
        failure=outcome_to_msg(Result(Code.GRASP_FAILED, "It slipped.")),
    )
    answer = ask(ros, goal)
    skills = [step.skill for step in plan_from_msg(answer.result.plan).steps]
    assert skills == ["go_to", "find", "pick", "go_to", "place"]
    goal.failure = outcome_to_msg(Result())
    assert ask(ros, goal).result.outcome.code == int(Code.INVALID_REQUEST)
    assert plan_to_msg(plan_from_msg(first)) == first


def test_goals_are_refused_while_inactive(ros):
    assert ros.node.trigger_configure() is SUCCESS
    assert ros.client.wait_for_server(timeout_sec=TIMEOUT_S)
    assert not result_of(ros.client.send_goal_async(goal_for("turn left"))).accepted
    assert ros.node.trigger_activate() is SUCCESS
    assert ask(ros, goal_for("turn left")).status == GoalStatus.STATUS_SUCCEEDED
    assert ros.node.trigger_deactivate() is SUCCESS
    assert not result_of(ros.client.send_goal_async(goal_for("turn left"))).accepted
    assert ros.node.trigger_cleanup() is SUCCESS
    start(ros)
    assert ask(ros, goal_for("turn left")).status == GoalStatus.STATUS_SUCCEEDED


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("planner.backends", value=["telepathy"]),
        Parameter("planner.max_steps", value=0),
        Parameter("planner.backends", value=[""]),
    ],
)
def test_bad_parameters_fail_configure(parameter):
    context = Context()
    rclpy.init(context=context, domain_id=DOMAIN_ID)
    try:
        node = PlannerNode(context=context, parameter_overrides=[parameter])
        assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
        node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)


class SlowBackend:
    """Thinks until it is told to end, as a language model would."""

    name = "slow"
    repairs = False
    partial = False
    configured = True

    def __init__(self, config):
        self.asked = threading.Event()
        self.released = threading.Event()
        self.closed = False

    def facts(self):
        return {"thoughts": "slow"}

    def close(self):
        self.closed = True

    def propose(self, request):
        self.asked.set()
        while not request.canceled():
            self.released.wait(0.005)
        return Proposal(())


@pytest.fixture
def slow(monkeypatch):
    backend = SlowBackend(None)
    monkeypatch.setattr(planning, "BACKENDS", {"rules": lambda *_: backend})
    return backend


def test_cancel_while_a_backend_thinks(ros, slow):
    start(ros)
    handle = result_of(ros.client.send_goal_async(goal_for("turn left")))
    assert slow.asked.wait(TIMEOUT_S)
    future = handle.get_result_async()
    assert result_of(handle.cancel_goal_async()).goals_canceling
    answer = result_of(future)
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert answer.result.outcome.code == int(Code.CANCELED)
    assert not answer.result.plan.steps


def test_planning_ends_after_its_time(ros, slow):
    ros.node.set_parameters([Parameter("planner.timeout_s", value=0.1)])
    start(ros)
    answer = ask(ros, goal_for("turn left"))
    assert answer.result.outcome.code == int(Code.PLANNING_TIMEOUT)
    assert answer.status == GoalStatus.STATUS_ABORTED


class CuriousBackend(SlowBackend):
    """Asks which one, plans once it was told, and remembers what it was given."""

    name = "curious"

    def propose(self, request):
        self.request = request
        if not request.answers:
            raise AmbiguousError("Which way?", ["left", "right"])
        return Proposal((Step("turn", {"angle": 1.0}),))


@pytest.fixture
def curious(monkeypatch):
    backend = CuriousBackend(None)
    monkeypatch.setattr(planning, "BACKENDS", {"rules": lambda *_: backend})
    return backend


def test_a_question_its_answer_and_what_was_wanted_before(ros, curious):
    start(ros)
    asked = ask(ros, goal_for("turn"))
    assert asked.status == GoalStatus.STATUS_ABORTED
    assert asked.result.outcome.code == int(Code.AMBIGUOUS)
    assert (asked.result.question, list(asked.result.choices)) == ("Which way?", ["left", "right"])
    before = Plan("turn right", (Step("turn", {"angle": -1.0}),))
    more = {"questions": ["Which way?"], "answers": ["left"], "previous_plan": plan_to_msg(before)}
    answer = ask(ros, goal_for("turn", **more))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert curious.request.answers == (("Which way?", "left"),)
    assert curious.request.previous.command == "turn right"
    assert curious.request.previous.steps == before.steps


def test_a_question_without_an_answer_is_no_request(ros, curious):
    start(ros)
    answer = ask(ros, goal_for("turn", questions=["Which way?"]))
    assert answer.result.outcome.code == int(Code.INVALID_REQUEST)


def test_backends_are_shown_and_closed(ros, slow):
    start(ros)
    assert ros.node._facts["backends"] == "slow" and ros.node._facts["thoughts"] == "slow"
    assert ros.node.trigger_deactivate() is SUCCESS
    assert ros.node.trigger_cleanup() is SUCCESS
    assert slow.closed
