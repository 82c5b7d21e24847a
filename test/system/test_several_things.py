# SPDX-License-Identifier: Apache-2.0
"""Plans that move several things or depend on what is seen, with the real simulator and the real perception.

Judged by the simulator's ground truth. World 11 has four blocks on the table, two of them red, and no bottle. The
tests come one after the other: each finds the world as the one before has left it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from vla_interfaces.msg import StepResult

from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import Condition, ObjectRef, Step
from vla_testing.system.node_processes import Client, processes

pytestmark = pytest.mark.system

FOUND, NOT_FOUND = Condition.FOUND, Condition.NOT_FOUND
BLOCK = ObjectRef("block", place="table")
ALL = ObjectRef("block", place="table", quantity="all")
INTO_THE_BOX = {"relation": "in", "target_place": "box"}
CLOCK = "use_sim_time:=true"
NODES = {
    "vla_sim.ros.sim_node": ("sim.seed:=11", "sim.speed:=2.0"),
    "vla_perception.ros.perception_node": (CLOCK,),
    "vla_executor.ros.executor_node": (CLOCK,),
}


@pytest.fixture(scope="module")
def robot() -> Iterator[Client]:
    with processes(NODES, int(os.environ["ROS_DOMAIN_ID"])) as client:
        client.activate("perception")
        client.activate("executor")
        client.until_seeing()
        yield client


def at(robot: Client, place: str) -> set[str]:
    """The blocks that are really there."""
    return {item.id for item in robot.truth() if item.label == "block" and item.place == place}


def whereabouts(robot: Client) -> dict[str, tuple[str, bool]]:
    return {item.id: (item.place, item.held) for item in robot.truth()}


def states(result: Any) -> list[int]:
    return [step.state for step in result.results]


def test_1_what_is_not_there_is_not_brought(robot: Client) -> None:
    before = whereabouts(robot)
    bottle = ObjectRef("bottle", place="table")
    result = robot.carry_out(
        Step("find", {"object": bottle}),
        Step("pick", {"object": bottle}, only_if=FOUND),
        Step("place", INTO_THE_BOX, only_if=FOUND),
        Step("say", {"text": "There is none."}, only_if=NOT_FOUND),
    )
    assert result.outcome.code == Code.OK, result.outcome
    done, skipped = StepResult.SUCCEEDED, StepResult.SKIPPED
    assert states(result) == [done, skipped, skipped, done]
    assert "There is no bottle at the table." in robot.told
    assert whereabouts(robot) == before


def test_2_the_one_that_was_found_is_taken_although_the_robot_has_moved(robot: Client) -> None:
    """The rightmost is the blue one for whoever stands before the table; from its other end it is another."""
    rightmost = ObjectRef("block", place="table", relation="rightmost")
    result = robot.carry_out(
        Step("find", {"object": rightmost}),
        Step("go_to", {"place": "side table"}),
        Step("pick", {"object": rightmost}),
    )
    assert result.outcome.code == Code.OK, result.outcome
    assert [item.id for item in robot.truth() if item.held] == ["blue_block"]
    result = robot.carry_out(Step("place", {"relation": "on", "target_place": "table"}))
    assert result.outcome.code == Code.OK, result.outcome
    assert len(at(robot, "table")) == 4


def test_3_two_of_those_that_are_there_are_moved(robot: Client) -> None:
    there = at(robot, "table")
    assert len(there) == 4
    two = ObjectRef("block", place="table", quantity="2")
    result = robot.carry_out(
        Step("find", {"object": BLOCK}),
        Step("pick", {"object": two}, only_if=FOUND),
        Step("go_to", {"place": "box"}, only_if=FOUND),
        Step("place", INTO_THE_BOX, only_if=FOUND),
        Step("say", {"text": "There is none."}, only_if=NOT_FOUND),
    )
    assert result.outcome.code == Code.OK, result.outcome
    assert states(result)[-1] == StepResult.SKIPPED
    assert len(at(robot, "box")) == 2
    assert at(robot, "box") | at(robot, "table") == there
    assert not any(item.held for item in robot.truth())


def test_4_all_that_are_left_are_moved(robot: Client) -> None:
    assert len(at(robot, "table")) == 2
    result = robot.carry_out(Step("pick", {"object": ALL}), Step("place", INTO_THE_BOX))
    assert result.outcome.code == Code.OK, result.outcome
    assert "I moved two blocks; there are no more." in robot.told
    assert at(robot, "table") == set()
    assert len(at(robot, "box")) == 4
    assert not any(item.held for item in robot.truth())


def test_5_when_none_is_left_it_says_so(robot: Client) -> None:
    before = whereabouts(robot)
    result = robot.carry_out(Step("pick", {"object": ALL}), Step("place", INTO_THE_BOX))
    assert result.outcome.code == Code.OBJECT_NOT_FOUND, result.outcome
    assert whereabouts(robot) == before
