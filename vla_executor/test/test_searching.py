# SPDX-License-Identifier: Apache-2.0
"""Which thing is meant: found once, it stays the one, wherever the robot drives and whatever perception calls it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_common.contracts.skills import ObjectRef, Step
from vla_executor.robot.fake_robot import FakeRobot
from vla_executor.search import searching
from vla_executor.spatial.geometry import Pose2
from vla_perception.memory.query import find
from vla_testing.executor.bench import BIN, TABLE, Bench, thing

SHELF = Place("shelf", PlaceKind.SURFACE, (-2.0, 0.5, 0.76), 0.0, (0.4, 1.0))
CUPS = (
    thing("a", 1.85, 0.5, size=(0.06, 0.06, 0.06)),
    thing("b", 1.85, 0.1, size=(0.08, 0.08, 0.10)),
    thing("c", 1.85, -0.4, size=(0.05, 0.05, 0.12)),
    thing("bowl", 1.85, -0.15, label="bowl", color="white", size=(0.07, 0.07, 0.05)),
)


def bench_with(*objects: SceneObject, **robot: Any) -> Bench:
    robot.setdefault("find", find)
    robot.setdefault("pose", Pose2(1.15, 0.5, 0.0))
    return Bench(FakeRobot(list(objects or CUPS), [TABLE, BIN, SHELF], **robot))


def cup(**words: Any) -> dict[str, Any]:
    return {"object": {"label": "cup", **words}}


def drift(bench: Bench, pose: Pose2) -> None:
    """Whenever the robot waits, it is somewhere else afterwards."""

    def on_call(call: Any) -> None:
        if call.name == "wait":
            bench.robot.pose = pose

    bench.robot.on_call = on_call


def held(bench: Bench) -> str:
    item = bench.robot.held
    return item.id.split("~")[0] if item else ""


RELATIONS = [
    ({"relation": "nearest"}, "a"),
    ({"relation": "farthest"}, "c"),
    ({"relation": "largest"}, "b"),
    ({"relation": "smallest"}, "a"),
    ({"relation": "tallest"}, "c"),
    ({"relation": "leftmost"}, "a"),
    ({"relation": "rightmost"}, "c"),
    ({"relation": "left_of", "reference": ["white bowl"]}, "b"),
    ({"relation": "right_of", "reference": ["white bowl"]}, "c"),
    ({"relation": "nearest", "reference": ["bowl"]}, "b"),
    ({"relation": "farthest", "reference": ["white object"]}, "a"),
]


@pytest.mark.parametrize("new_ids", [False, True])
@pytest.mark.parametrize("place", ["", "table"])
@pytest.mark.parametrize(("words", "wanted"), RELATIONS)
def test_what_was_found_is_what_is_taken_from_wherever_the_robot_is_by_then(
    words: dict[str, Any], wanted: str, place: str, new_ids: bool
) -> None:
    bench = bench_with(new_ids=new_ids, remembers=True)
    if place:
        words = {**words, "place": place}
    # From the other side of the table left is right, and the nearest the farthest.
    drift(bench, Pose2(2.8, -0.5, math.pi))
    steps = (("find", cup(**words)), ("wait", {"duration": 1.0}), ("pick", cup(**words)))
    result = bench.do(*steps)
    assert result.result.ok, result.result
    assert held(bench) == wanted


def test_a_new_find_asks_anew() -> None:
    bench = bench_with()
    drift(bench, Pose2(1.15, -0.5, 0.0))
    nearest = cup(relation="nearest")
    wait = ("wait", {"duration": 1.0})
    result = bench.do(("find", nearest), wait, ("find", nearest), ("pick", nearest))
    assert result.result.ok, result.result
    assert held(bench) == "c"


def test_what_was_singled_out_and_has_gone_is_not_replaced_by_another() -> None:
    bench = bench_with()
    nearest = cup(relation="nearest")

    def on_call(call: Any) -> None:
        if call.name == "wait":
            bench.robot.objects[:] = [item for item in bench.robot.objects if item.id != "a"]

    bench.robot.on_call = on_call
    result = bench.do(("find", nearest), ("wait", {"duration": 1.0}), ("pick", nearest))
    assert (result.result.code, result.failed_step) == (Code.OBJECT_NOT_FOUND, 2)
    assert "red cup that was meant is not there any more" in result.result.message
    assert held(bench) == ""


def test_what_was_singled_out_and_can_not_be_looked_for_everywhere_has_not_gone() -> None:
    bench = bench_with(gaze_radius_m=0.3, remembers=True)
    nearest = cup(relation="nearest")

    def on_call(call: Any) -> None:
        if any(call.name == "wait" for call in bench.robot.calls) and call.name == "point_head":
            there = call.detail[0] > 1.0 and call.detail[1] > 0.2
            error = VlaError(Code.EXECUTION_FAILED, "Out of range.")
            bench.robot.fails["point_head"] = [error] if there else []

    bench.robot.on_call = on_call
    result = bench.do(("find", nearest), ("wait", {"duration": 1.0}), ("pick", nearest))
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 2)
    assert "I did not see the red cup that was meant again, but" in result.result.message
    assert held(bench) == ""


def test_any_cup_is_replaced_by_another() -> None:
    bench = bench_with()

    def on_call(call: Any) -> None:
        if call.name == "wait":
            bench.robot.objects[:] = [item for item in bench.robot.objects if item.id != "a"]

    bench.robot.on_call = on_call
    assert bench.do(("find", cup()), ("wait", {"duration": 1.0}), ("pick", cup())).result.ok
    assert held(bench) in ("b", "c")


def test_what_turns_out_to_be_something_else_is_not_taken() -> None:
    bench = bench_with()

    def on_call(call: Any) -> None:
        if call.name == "wait":
            bench.robot.objects[0] = replace(bench.robot.objects[0], label="bottle")

    bench.robot.on_call = on_call
    nearest = cup(relation="nearest")
    result = bench.do(("find", nearest), ("wait", {"duration": 1.0}), ("pick", nearest))
    assert result.result.code is Code.OBJECT_NOT_FOUND
    assert held(bench) == ""


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    "words", [{"relation": "largest"}, {"relation": "largest", "place": "table"}]
)
def test_all_that_can_be_seen_from_one_spot_is_compared(words: dict[str, Any], side: int) -> None:
    # One look shows one part of the table only, so on one of the sides the smaller one is seen first.
    small = replace(CUPS[0], position=(1.85, 0.5 * side, 0.76))
    big = replace(small, id="big", position=(1.85, -0.5 * side, 0.76), size=(0.09, 0.09, 0.09))
    bench = bench_with(small, big, gaze_radius_m=0.45, remembers=True, pose=Pose2(1.15, 0.0, 0.0))
    assert bench.do(("find", cup(**words)), ("pick", cup(**words))).result.ok
    assert held(bench) == "big"


@pytest.mark.parametrize(("there", "wanted"), [(True, "big"), (False, "b")])
def test_what_is_only_remembered_is_looked_at_before_it_counts(there: bool, wanted: str) -> None:
    big = thing("big", -1.95, 0.5, size=(0.09, 0.09, 0.12), place="shelf", last_seen_s=1.0)
    bench = bench_with(*CUPS, big, sight_m=1.5)
    if not there:
        # Seen once, and gone before the robot looks again.
        remembered = replace(big, visible=False)
        bench.robot.objects.remove(big)
        bench.robot.find = lambda ref, objects, places, observer: find(
            ref, [*objects, remembered], places, observer
        )
    result = bench.do(("find", cup(relation="largest")), ("pick", cup(relation="largest")))
    assert result.result.ok, result.result
    assert held(bench) == wanted


def test_a_superlative_of_nothing_is_not_found() -> None:
    bench = bench_with()
    result = bench.do(("find", {"object": {"label": "hat", "relation": "nearest"}}))
    assert result.result.code is Code.OBJECT_NOT_FOUND
    assert "no hat nearest" in result.result.message


def test_look_at_stays_with_the_one_that_was_meant() -> None:
    # From the other side of the table no cup is left of the bowl.
    bench = bench_with(CUPS[1], CUPS[3])
    drift(bench, Pose2(2.8, -0.5, math.pi))
    left = cup(relation="left_of", reference=["bowl"])
    result = bench.do(("find", left), ("wait", {"duration": 1.0}), ("look_at", left))
    assert result.result.ok, result.result
    assert result.records[2].verified


def test_the_target_of_a_place_is_the_one_that_was_found() -> None:
    bench = bench_with()
    box = thing("box", 0, 0, label="box", color="yellow")
    bench.robot.hold(box)
    bench.runner.memory.held = box
    drift(bench, Pose2(2.8, -0.4, math.pi))
    target = {"label": "cup", "relation": "leftmost"}
    result = bench.do(
        ("find", {"object": target}),
        ("wait", {"duration": 1.0}),
        ("place", {"relation": "on", "target_object": target}),
    )
    assert result.result.ok, result.result
    (put,) = [item for item in bench.robot.objects if item.label == "box"]
    assert math.dist(put.position[:2], CUPS[0].position[:2]) < 0.01


# --- how many -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("2", ""),
        ("3", ""),
        ("4", "There are only three cups to be seen, not 4; I looked"),
        ("all", ""),
    ],
)
@pytest.mark.parametrize("new_ids", [False, True])
def test_find_wants_as_many_as_it_was_told(quantity: str, message: str, new_ids: bool) -> None:
    # Several looks show the same things, and each counts once.
    bench = bench_with(gaze_radius_m=0.45, new_ids=new_ids, pose=Pose2(1.15, 0.0, 0.0))
    result = bench.do(("find", cup(quantity=quantity)))
    assert result.result.code is (Code.OBJECT_NOT_FOUND if message else Code.OK), result.result
    assert result.result.message.startswith(message)
    if not message:
        assert result.records[0].verified


def test_find_tells_what_it_saw() -> None:
    bench = bench_with()
    bench.do(("find", cup(quantity="2", place="table")))
    assert bench.told() == [
        "Looking for two cups at the table.",
        "I see three red cups at the table.",
    ]
    bench = bench_with()
    bench.do(("find", cup(quantity="all")))
    assert bench.told()[0] == "Looking for all cups."


def test_count_takes_no_notice_of_a_quantity() -> None:
    bench = bench_with()
    assert bench.do(("count", cup(quantity="2", place="table"))).result.ok
    assert bench.robot.said == ["I see three cups at the table."]


# --- known again ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        ([], None),
        ([replace(CUPS[0], position=(0.0, 0.0, 0.0))], "a"),
        ([replace(CUPS[0], id="x", position=(1.85, 0.55, 0.76))], "x"),
        ([replace(CUPS[0], id="x", position=(1.85, 0.60, 0.76))], None),
        ([replace(CUPS[0], id="x", color="blue")], None),
        ([replace(CUPS[0], id="x", label="ball")], None),
        ([replace(CUPS[0], id="x"), replace(CUPS[0], position=(0.0, 0.0, 0.0))], "a"),
        ([replace(CUPS[0], id="far", position=(1.85, 0.56, 0.76)), replace(CUPS[0], id="near")], "near"),
    ],
)  # fmt: skip
def test_a_thing_is_known_again(others: list[SceneObject], wanted: str | None) -> None:
    found = searching.same(others, CUPS[0])
    assert (found.id if found else None) == wanted


def test_words_mean_the_same_with_and_without_a_quantity() -> None:
    bench = bench_with()
    memory = bench.runner.memory
    memory.mean(ObjectRef("cup", quantity="2"), *CUPS[:2])
    assert memory.meant(ObjectRef("cup", quantity="all")) == CUPS[:2]
    assert memory.meant(ObjectRef("cup", place="table")) == ()
    memory.mean(ObjectRef("cup"))
    assert memory.found == {}


def test_pick_and_find_together_leave_no_trace() -> None:
    bench = bench_with()
    bench.carry_out(Step("find", cup(relation="nearest")))
    assert bench.runner.memory.found == {}
