# SPDX-License-Identifier: Apache-2.0
"""The node in one process with fake action servers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from vla_testing.executor.ros_world import Bed, bed, wait, wait_until

pytestmark = pytest.mark.ros

action_msgs = pytest.importorskip("action_msgs.msg")
from vla_interfaces.msg import ExecutionState, StepResult  # noqa: E402
from vla_interfaces.msg import Skill as SkillMsg  # noqa: E402
from vla_interfaces.srv import ListSkills, Reset, Stop  # noqa: E402

from vla_common.contracts.outcomes import Code  # noqa: E402
from vla_common.contracts.skills import SkillSpec, Step  # noqa: E402
from vla_executor.skills.skill import Skill, SkillRegistry  # noqa: E402

STATUS = action_msgs.GoalStatus
MOVE = ("move", {"distance": 1.0})
GO = ("go_to", {"place": "table"})
FETCH = {"label": "cup", "attributes": ["red"]}


def codes(result: Any) -> tuple[int, int]:
    return result.status, result.result.outcome.code


def test_carries_out_a_plan_and_tells_of_it() -> None:
    with bed(0) as b:
        result = b.client.run(
            ("turn", {"angle": 0.5}),
            GO,
            ("pick", {"object": _ref()}),
            ("count", {"object": _ref()}),
        )
        assert codes(result) == (STATUS.STATUS_SUCCEEDED, Code.OK), result.result
        assert [step.state for step in result.result.results] == [StepResult.SUCCEEDED] * 4
        assert all(step.verified for step in result.result.results)
        assert result.result.results[3].answer == "I see no red cups."
        wait_until(lambda: b.client.sentences == ["I see no red cups."])
        wait_until(lambda: b.client.states[-1].state == ExecutionState.IDLE)
        assert b.client.states[-1].holding
        assert b.client.states[-1].held_object_id == "cup1"
        assert {state.skill for state in b.client.states} >= {"turn", "go_to", "pick", "count"}
        # Whoever only listens knows what is carried out, and how it ended.
        wait_until(lambda: bool(b.client.states[-1].ended_trace_id))
        running = next(state for state in b.client.states if state.skill == "turn")
        assert b.client.states[-1].ended_trace_id == running.trace_id
        assert b.client.states[-1].ended.code == Code.OK


def _ref() -> Any:
    from vla_common.contracts.skills import ObjectRef

    return ObjectRef.from_json(FETCH)


class Nod(Skill):
    spec = SkillSpec("nod", "Move the head.", (), frozenset({"head"}))

    def run(self, context: Any) -> None:
        context.point_head((*context.base().to_outer(1.2, 0.0), 0.5))


def test_two_steps_at_once_each_with_its_part_of_the_robot() -> None:
    with bed(2) as b:
        runner = b.executor._runner
        assert runner is not None
        registry = runner.registry
        runner.registry = SkillRegistry(
            {**registry.specs, "nod": Nod.spec}, {**registry.classes, "nod": Nod}
        )
        b.robot.hold.add("point_head")
        handle = b.client.send(("turn", {"angle": 0.4}), Step("nod", {}, with_previous=True))
        b.robot.wait_for(lambda: "point_head" in b.robot.goals)
        # The base has done its part and is free again; the head has not been ended with it.
        wait_until(lambda: bool(b.client.states) and _owners(b)["head"] != "")
        wait_until(lambda: b.robot.yaw > 0.3 and _owners(b)["base"] == "")
        assert _owners(b)["head"] == "step 2 (nod)"
        assert b.robot.ended == []
        b.robot.hold.clear()
        b.robot.wake()
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_SUCCEEDED, Code.OK), result.result
        wait_until(lambda: not any(_owners(b).values()))


def _owners(b: Bed) -> dict[str, str]:
    return {use.name: use.owner for use in b.client.states[-1].resources}


def _standing(b: Bed, after: int) -> None:
    """Nothing but zero was commanded since."""
    assert all(not (t.linear.x or t.linear.y or t.angular.z) for t in b.robot.twists[after:])


def test_cancel_while_driving_by_velocity() -> None:
    with bed(1) as b:
        handle = b.client.send(("move", {"distance": 1.4}))
        b.robot.wait_for(lambda: len(b.robot.moving_twists()) > 5)
        wait(handle.cancel_goal_async())
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_CANCELED, Code.CANCELED)
        last = max(i for i, t in enumerate(b.robot.twists) if t.linear.x)
        assert last < len(b.robot.twists) - 1
        assert b.robot._twist.linear.x == 0.0
        assert b.robot.x < 1.3
        assert b.client.run(("turn", {"angle": 0.2})).result.outcome.code == Code.OK


@pytest.mark.parametrize("held", ["navigate_to_pose", "point_head", "manipulate"])
def test_cancel_waits_for_the_robots_own_goal(held: str) -> None:
    with bed(2) as b:
        b.robot.hold.add(held)
        handle = b.client.send(GO, ("pick", {"object": _ref()}))
        b.robot.wait_for(lambda: held in b.robot.goals)
        canceling = handle.cancel_goal_async()
        wait(canceling)
        b.robot.wake()
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_CANCELED, Code.CANCELED)
        assert (held, "canceled") in b.robot.ended


def test_cancel_that_the_robot_ignores_is_not_reported_as_done() -> None:
    with bed(2, parameters={"executor.stop_timeout_s": 0.5}) as b:
        b.robot.hold.add("navigate_to_pose")
        b.robot.deaf = True
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        wait(handle.cancel_goal_async())
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.STOP_UNCONFIRMED)
        assert "may still be moving" in result.result.outcome.message


def test_cancel_without_standstill_is_not_reported_as_done() -> None:
    with bed(4, parameters={"executor.stop_timeout_s": 0.5}) as b:
        handle = b.client.send(("move", {"distance": 1.4}))
        b.robot.wait_for(lambda: len(b.robot.moving_twists()) > 5)
        b.robot.runaway = True
        wait(handle.cancel_goal_async())
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.STOP_UNCONFIRMED)


@pytest.mark.parametrize("step", [("move", {"distance": 1.4}), GO])
def test_stop_while_driving_latches_until_reset(step: Any) -> None:
    with bed(4) as b:
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(step)
        b.robot.wait_for(
            lambda: len(b.robot.moving_twists()) > 5 or "navigate_to_pose" in b.robot.goals
        )
        stopping = b.client._srv_clients[Stop].call_async(Stop.Request(reason="test"))
        b.robot.wait_for(lambda: any(not t.linear.x for t in b.robot.twists[-1:]))
        mark = len(b.robot.twists)
        threading.Timer(0.1, b.robot.wake).start()
        assert wait(stopping).outcome.code == Code.OK
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.STOPPED)
        assert codes(b.client.run(("turn", {"angle": 1.0}))) == (
            STATUS.STATUS_ABORTED, Code.STOPPED,
        )  # fmt: skip
        wait_until(lambda: b.client.states[-1].state == ExecutionState.STOPPED)
        b.robot.wait_for(lambda: len(b.robot.twists) > mark + 3)  # the latch speaks on
        _standing(b, mark)
        b.robot.hold.clear()
        assert b.client.call(Reset).outcome.code == Code.OK
        assert b.client.run(("turn", {"angle": 0.2})).result.outcome.code == Code.OK


def test_stop_works_while_not_active_and_survives_a_new_configure() -> None:
    with bed(0, activate=False) as b:
        b.executor.trigger_configure()
        result = b.client.run(MOVE)
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.NOT_READY)
        assert b.client.call(Stop, reason="test").outcome.code == Code.OK
        b.executor.trigger_cleanup()
        b.activate()
        result = b.client.run(MOVE)
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.STOPPED)
        assert b.robot.moving_twists() == []


def test_a_stop_that_can_not_be_confirmed_says_so() -> None:
    with bed(1, parameters={"executor.stop_timeout_s": 0.5}) as b:
        b.robot.runaway = True
        outcome = b.client.call(Stop, reason="test").outcome
        assert outcome.code == Code.STOP_UNCONFIRMED
        assert codes(b.client.run(MOVE))[1] == Code.STOPPED


def test_a_second_plan_is_refused_while_one_runs() -> None:
    with bed(2) as b:
        b.robot.hold.add("navigate_to_pose")
        first = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        second = b.client.run(MOVE)
        assert codes(second) == (STATUS.STATUS_ABORTED, Code.RESOURCE_BUSY)
        # Canceling the refused one does not touch the one that runs.
        b.robot.hold.clear()
        b.robot.wake()
        assert codes(wait(first.get_result_async()))[0] == STATUS.STATUS_SUCCEEDED


def test_a_robot_without_navigation() -> None:
    # A domain that no test with navigation uses: a server that has gone is known for a while.
    with bed(3, navigation=False) as b:
        result = b.client.run(GO)
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.ROBOT_UNAVAILABLE)
        assert "navigate_to_pose" in result.result.outcome.message
        # What does not need it still works.
        assert b.client.run(("turn", {"angle": 0.2})).result.outcome.code == Code.OK


def test_an_action_without_progress_is_canceled_and_reported() -> None:
    with bed(1, parameters={"ros2.navigation_timeout": 0.3}) as b:
        b.robot.hold.add("navigate_to_pose")
        handle = b.client.send(GO)
        b.robot.wait_for(lambda: "navigate_to_pose" in b.robot.goals)
        wait_until(
            lambda: b.robot.wake() is None and ("navigate_to_pose", "canceled") in b.robot.ended
        )
        result = wait(handle.get_result_async())
        assert codes(result) == (STATUS.STATUS_ABORTED, Code.STEP_TIMEOUT)
        assert "0.3 s" in result.result.outcome.message


def test_an_action_that_gets_on_may_take_longer() -> None:
    # Far longer than a busy machine makes of the 0.1 s between two messages of progress.
    with bed(2, parameters={"ros2.navigation_timeout": 1.5}) as b:
        b.robot.hold.add("navigate_to_pose")
        b.robot.slow_s = 2.5
        assert codes(b.client.run(GO)) == (STATUS.STATUS_SUCCEEDED, Code.OK)


def test_deactivating_ends_the_plan() -> None:
    with bed(4) as b:
        handle = b.client.send(("move", {"distance": 1.4}))
        b.robot.wait_for(lambda: len(b.robot.moving_twists()) > 5)
        b.executor.trigger_deactivate()
        assert b.robot._twist.linear.x == 0.0
        assert codes(wait(handle.get_result_async())) == (STATUS.STATUS_ABORTED, Code.CANCELED)


def test_lists_its_skills() -> None:
    with bed(4) as b:
        answer = b.client.call(ListSkills)
        assert answer.outcome.code == Code.OK
        skills = {skill.name: skill for skill in answer.skills}
        assert skills["turn"].available
        assert not skills["greet"].available
        assert skills["greet"].unavailable_reason


def test_tiers_of_the_parameters_are_listed_and_enforced() -> None:
    lists = {"executor.confirm_skills": ["turn"], "executor.forbid_skills": ["move"]}
    with bed(4, parameters=lists) as b:
        skills = {skill.name: skill for skill in b.client.call(ListSkills).skills}
        assert skills["turn"].risk_tier == SkillMsg.CONFIRM
        assert skills["move"].risk_tier == SkillMsg.FORBID
        assert skills["go_to"].risk_tier == SkillMsg.AUTO
        turn = ("turn", {"angle": 0.2})
        assert codes(b.client.run(turn)) == (STATUS.STATUS_ABORTED, Code.NOT_CONFIRMED)
        assert codes(b.client.run(MOVE, confirmed=True))[1] == Code.FORBIDDEN
        assert b.robot.moving_twists() == []
        assert codes(b.client.run(turn, confirmed=True))[1] == Code.OK


def test_a_skill_nobody_knows_in_a_list_of_tiers_fails_configure() -> None:
    with bed(0, activate=False, parameters={"executor.forbid_skills": ["moove"]}) as b:
        assert b.executor.trigger_configure().name == "FAILURE"
        assert "executor.forbid_skills" in b.executor._health.message


def test_parameters_that_contradict_one_another_fail_configure() -> None:
    with bed(0, activate=False, parameters={"executor.linear_speed_mps": 1.0}) as b:
        assert b.executor.trigger_configure().name == "FAILURE"
