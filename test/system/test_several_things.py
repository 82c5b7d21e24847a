# SPDX-License-Identifier: Apache-2.0
"""Plans that move several things or depend on what is seen, with the real simulator and the real perception.

Judged by the simulator's ground truth. World 11 has four blocks on the table, two of them red, and no bottle. One
simulator serves all tests; each begins in a world of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vla_interfaces.msg import StepResult

from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import Condition, ObjectRef, Step
from vla_sim.world.world_generator import generate_world
from vla_sim.world.world_spec import save_world
from vla_testing.system.node_processes import Client, processes

pytestmark = pytest.mark.system

FOUND, NOT_FOUND = Condition.FOUND, Condition.NOT_FOUND
BLOCK = ObjectRef("block", place="table")
ALL = ObjectRef("block", place="table", quantity="all")
INTO_THE_BOX = {"relation": "in", "target_place": "box"}
CLOCK = "use_sim_time:=true"
NODES = {
    "vla_perception.ros.perception_node": (CLOCK,),
    "vla_executor.ros.executor_node": (CLOCK,),
}


WORLDS = {"all": 4, "two": 2, "none": 0}
"""How many of the blocks lie on the table."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each of `WORLDS`."""
    folder = tmp_path_factory.mktemp("worlds")
    world = generate_world(11)
    blocks = [item.name for item in world.objects if item.kind == "block"]
    assert len(blocks) == WORLDS["all"]
    for name, number in WORLDS.items():
        objects = tuple(item for item in world.objects if item.name not in blocks[number:])
        save_world(replace(world, objects=objects), folder / f"{name}.yaml")
    return folder


@pytest.fixture(scope="module")
def nodes(worlds: Path) -> Iterator[Client]:
    sim = ("sim.seed:=11", "sim.speed:=2.0", f"sim.world_folders:=['{worlds}']")
    with processes(
        {"vla_sim.ros.sim_node": sim, **NODES}, int(os.environ["ROS_DOMAIN_ID"])
    ) as client:
        client.activate("perception")
        client.activate("executor")
        client.until_seeing()
        yield client


@pytest.fixture
def robot(nodes: Client, worlds: Path, request: pytest.FixtureRequest) -> Client:
    """The robot in a world as it was in the beginning; `@pytest.mark.parametrize` names another one than "all"."""
    nodes.begin(worlds / f"{getattr(request, 'param', 'all')}.yaml")
    return nodes


def at(robot: Client, place: str) -> set[str]:
    """The blocks that are really there."""
    return {item.id for item in robot.truth() if item.label == "block" and item.place == place}


def whereabouts(robot: Client) -> dict[str, tuple[str, bool]]:
    return {item.id: (item.place, item.held) for item in robot.truth()}


def states(result: Any) -> list[int]:
    return [step.state for step in result.results]


def test_what_is_not_there_is_not_brought(robot: Client) -> None:
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


def test_the_one_that_was_found_is_taken_although_the_robot_has_moved(robot: Client) -> None:
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


def test_two_of_those_that_are_there_are_moved(robot: Client) -> None:
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


@pytest.mark.parametrize("robot", ["two"], indirect=True)
def test_all_that_are_there_are_moved(robot: Client) -> None:
    there = at(robot, "table")
    assert len(there) == 2
    result = robot.carry_out(Step("pick", {"object": ALL}), Step("place", INTO_THE_BOX))
    assert result.outcome.code == Code.OK, result.outcome
    assert "I moved two blocks; there are no more." in robot.told
    assert at(robot, "table") == set()
    assert at(robot, "box") == there
    assert not any(item.held for item in robot.truth())


@pytest.mark.parametrize("robot", ["none"], indirect=True)
def test_when_none_is_left_it_says_so(robot: Client) -> None:
    before = whereabouts(robot)
    result = robot.carry_out(Step("pick", {"object": ALL}), Step("place", INTO_THE_BOX))
    assert result.outcome.code == Code.OBJECT_NOT_FOUND, result.outcome
    assert whereabouts(robot) == before
