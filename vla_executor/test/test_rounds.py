# SPDX-License-Identifier: Apache-2.0
"""Parts of a plan that move several things: how many, which ones, how they end, and what is refused."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place, PlaceKind, SceneObject
from vla_common.contracts.skills import Condition, SkillSpec, Step
from vla_executor.config import ExecutorConfig
from vla_executor.plan.plan_segments import Rounds, count_of
from vla_executor.plan.records import StepState
from vla_executor.plan.rounds import RepeatState, Round
from vla_executor.plan.runner import PlanResult
from vla_executor.robot.fake_robot import FakeRobot
from vla_executor.robot.robot import Operation
from vla_executor.skills import catalog
from vla_executor.skills.context import SkillContext
from vla_executor.skills.skill import Skill, SkillRegistry
from vla_testing.executor.bench import BIN, CORNER, TABLE, Bench, thing

SHELF = Place("shelf", PlaceKind.SURFACE, (-2.0, 0.5, 0.76), 0.0, (0.4, 1.0))


def block(name: str, y: float, **more: Any) -> SceneObject:
    more.setdefault("size", (0.05, 0.05, 0.08))
    return thing(name, 1.85, y, label="block", **more)


def blocks(count: int) -> list[SceneObject]:
    return [block(f"block{n}", 0.45 - 0.18 * n) for n in range(count)]


def bench_with(*objects: SceneObject, config: ExecutorConfig | None = None, **robot: Any) -> Bench:
    ball = thing("ball1", 1.80, 0.55, label="ball", color="green")
    made = FakeRobot([*objects, ball], [TABLE, BIN, CORNER, SHELF], **robot)
    return Bench(made, config or ExecutorConfig())


def pick(quantity: str, **words: Any) -> Step:
    return Step("pick", {"object": {"label": "block", "quantity": quantity, **words}})


def put(**more: Any) -> Step:
    return Step("place", more or {"relation": "in", "target_place": "bin"})


def at(bench: Bench, place: str) -> list[str]:
    """Labels of the things there."""
    return [item.label for item in bench.robot.objects if item.place == place]


def picks(bench: Bench) -> int:
    return sum(
        call.name == "manipulate" and call.detail[0] is Operation.PICK  # type: ignore[index]
        for call in bench.robot.calls
    )


@pytest.mark.parametrize("new_ids", [False, True])
@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize(
    ("quantity", "there", "moved", "message"),
    [
        ("2", 3, 2, ""),
        ("2", 2, 2, ""),
        ("2", 1, 1, "I moved 1 of 2 blocks: There is no other block"),
        ("2", 0, 0, "I moved 0 of 2 blocks: There is no block"),
        ("3", 3, 3, ""),
        ("all", 3, 3, ""),
        ("all", 1, 1, ""),
        ("all", 0, 0, "There is no block"),
    ],
)
def test_as_many_are_moved_as_were_asked_for(
    quantity: str, there: int, moved: int, message: str, remembers: bool, new_ids: bool
) -> None:
    bench = bench_with(*blocks(there), new_ids=new_ids, remembers=remembers)
    result = bench.carry_out(pick(quantity), Step("go_to", {"place": "bin"}), put())
    assert at(bench, "bin") == ["block"] * moved
    assert at(bench, "table") == ["block"] * (there - moved) + ["ball"]
    assert picks(bench) == moved, "each is taken once"
    assert result.result.code is (Code.OBJECT_NOT_FOUND if message else Code.OK), result.result
    assert result.result.message.startswith(message)
    if not message:
        assert [record.state for record in result.records] == [StepState.SUCCEEDED] * 3
        assert [record.index for record in result.records] == [0, 1, 2]
        assert all(record.verified for record in result.records)
        assert bench.robot.halted == 0
    else:
        assert result.failed_step == 0
        assert result.records[0].result == result.result
        assert result.records[0].state == StepState.FAILED
        assert len(result.records) == (3 if moved else 1)
    assert bench.runner.memory.moved is None
    assert bench.runner.memory.found == {}


def test_what_is_out_of_sight_is_looked_for_where_the_others_were() -> None:
    # Only what the head points at is seen, and nothing is known before.
    bench = bench_with(*blocks(4), gaze_radius_m=0.3, sight_m=1.5)
    bench.robot.pose = replace(bench.robot.pose, x_m=0.8)
    result = bench.carry_out(pick("all"), put())
    assert result.result.ok, result.result
    assert at(bench, "bin") == ["block"] * 4


def test_messages_and_records_say_which_round_it_is() -> None:
    bench = bench_with(*blocks(2))
    bench.carry_out(pick("2"), put(), Step("say", {"text": "end"}))
    told = bench.told()
    starts = [text for text in told if "Picking up" in text or "Putting it" in text]
    assert starts == [
        "Round 1 of 2: Picking up the block.",
        "Round 1 of 2: Putting it in the bin.",
        "Round 2 of 2: Picking up the block.",
        "Round 2 of 2: Putting it in the bin.",
    ]
    running = [
        (record.index, record.result.message)
        for progress in bench.seen
        for record in progress.records
        if record.state == StepState.RUNNING and record.index < 2
    ]
    assert list(dict.fromkeys(running)) == [
        (0, "Round 1 of 2."), (1, "Round 1 of 2."), (0, "Round 2 of 2."), (1, "Round 2 of 2."),
    ]  # fmt: skip
    # Within a step a sentence may come with less progress than the one before, but not from step to step.
    ends = [p.progress for p in bench.seen if all(r.state != StepState.RUNNING for r in p.records)]
    assert ends == sorted(ends) == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 1.0])


def test_the_last_sentence_about_all_says_how_many_there_were() -> None:
    bench = bench_with(*blocks(3))
    result = bench.carry_out(pick("all"), put())
    assert result.result.ok
    assert "I moved three blocks; there are no more." in bench.told()
    assert result.records[0].result.message == "I moved three blocks; there are no more."
    assert result.records[1].result.message == "Round 3."
    assert bench.seen[-1].progress == 1.0
    assert any(text.startswith("Round 3: Picking") for text in bench.told())


def test_the_time_of_a_record_is_that_of_all_rounds(monkeypatch: Any) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(
        "vla_executor.plan.plan_execution.time.monotonic", lambda: float(next(clock))
    )
    bench = bench_with(*blocks(3))
    result = bench.carry_out(pick("3"), put())
    assert [record.duration_s for record in result.records] == [3.0, 3.0]


def test_a_round_that_could_not_be_verified_leaves_its_mark() -> None:
    bench = bench_with(*blocks(2))
    seen: list[bool] = [False, True]

    class Blind(Skill):
        spec = catalog.PLACE

        def run(self, context: SkillContext) -> None:
            context.robot.held = None  # type: ignore[attr-defined]
            context.robot._grip = replace(context.robot.grip(), holding=False)  # type: ignore[attr-defined]

        def verify(self, context: SkillContext) -> bool:
            return seen.pop(0)

    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(registry.specs, {**registry.classes, "place": Blind})
    result = bench.carry_out(pick("2"), put())
    assert result.result.ok, result.result
    assert [record.verified for record in result.records] == [True, False]


@pytest.mark.parametrize("new_ids", [False, True])
@pytest.mark.parametrize(
    ("words", "target", "moved"),
    [
        # The one that is at the target is not taken.
        ({}, {"relation": "on", "target_place": "shelf"}, 3),
        # Those that are wanted are there already, and each is taken once.
        ({"place": "table"}, {"relation": "on", "target_place": "table"}, 3),
    ],
)
def test_what_is_at_the_target_is_left_there(
    words: dict[str, Any], target: dict[str, Any], moved: int, new_ids: bool
) -> None:
    there = thing("there", -1.95, 0.5, label="block", place="shelf", size=(0.05, 0.05, 0.08))
    bench = bench_with(*blocks(3), there, new_ids=new_ids, remembers=True)
    result = bench.carry_out(pick("all", **words), put(**target))
    assert result.result.ok, result.result
    assert picks(bench) == moved
    assert there in bench.robot.objects, "it was not touched"


def test_what_is_in_a_container_and_goes_there_is_taken_once() -> None:
    inside = [
        thing(name, x, 2.0, label="block", place="bin", size=(0.04, 0.04, 0.08))
        for name, x in (("a", 0.12), ("b", -0.12))
    ]
    bench = bench_with(*inside, new_ids=True, remembers=True)
    result = bench.carry_out(pick("all", place="bin"), put())
    assert result.result.ok, result.result
    assert picks(bench) == 2


def test_all_of_them_are_at_the_target_already() -> None:
    bench = bench_with(*blocks(2))
    result = bench.carry_out(pick("all"), put(relation="on", target_place="desk"))
    assert result.result.code is Code.OBJECT_NOT_FOUND
    assert picks(bench) == 0


@pytest.mark.parametrize("relation", ["next_to", "on"])
def test_the_thing_that_the_others_go_to_is_not_taken(relation: str) -> None:
    big = block("big", 0.0, color="blue", size=(0.09, 0.09, 0.05))
    bench = bench_with(*[b for b in blocks(5) if abs(b.position[1]) > 0.2], big)
    # Nearest to the robot, so that it would be taken first.
    bench.robot.pose = replace(bench.robot.pose, x_m=0.9)
    step = put(relation=relation, target_object={"label": "block", "attributes": ["blue"]})
    count = "2" if relation == "next_to" else "1"
    result = bench.carry_out(pick(count if count != "1" else "all"), step)
    assert big in bench.robot.objects, "it was not touched"
    assert result.result.ok or result.result.code is Code.PLACE_FAILED, result.result
    assert picks(bench) >= 1


def test_what_is_in_the_target_thing_already_is_not_taken() -> None:
    bowl = thing("bowl", 1.85, 0.3, label="bowl", color="white", size=(0.2, 0.2, 0.06))
    inside = thing("inside", 1.86, 0.31, label="block", size=(0.04, 0.04, 0.04))
    bench = bench_with(bowl, inside, block("out", -0.3))
    bench.robot.pose = replace(bench.robot.pose, y_m=0.3)  # nearer to the one inside
    result = bench.carry_out(pick("all"), put(relation="in", target_object={"label": "bowl"}))
    assert result.result.ok, result.result
    assert picks(bench) == 1
    assert inside in bench.robot.objects


def test_the_largest_come_first_and_the_next_largest_after_them() -> None:
    from vla_perception.memory.query import find

    sizes = {"s": 0.03, "m": 0.045, "l": 0.06, "xl": 0.08}
    things = [
        block(name, 0.5 - 0.3 * n, size=(size, size, size))
        for n, (name, size) in enumerate(sizes.items())
    ]
    bench = bench_with(*things, find=find)
    result = bench.carry_out(pick("2", relation="largest"), put())
    assert result.result.ok, result.result
    assert sorted(item.id for item in bench.robot.objects if item.place == "bin") == ["l'", "xl'"]


def test_the_nearest_two_are_those_that_were_nearest_when_they_were_found() -> None:
    from vla_perception.memory.query import find

    near = [block("a", 0.4), block("b", 0.2)]
    # Nearer than b from the bin.
    later = thing("c", -0.5, 1.7, label="block", place="", size=(0.05, 0.05, 0.08))
    bench = bench_with(*near, later, find=find)
    bench.robot.pose = replace(bench.robot.pose, x_m=1.1, y_m=0.3)
    look = Step("find", pick("2", relation="nearest").arguments)
    result = bench.carry_out(look, pick("2", relation="nearest"), put())
    assert result.result.ok, result.result
    assert sorted(item.id for item in bench.robot.objects if item.place == "bin") == ["a'", "b'"]


def taken_away(bench: Bench, *names: str) -> None:
    """A person takes them as soon as the first thing is in the bin."""

    def on_call(call: Any) -> None:
        if at(bench, "bin"):
            bench.robot.objects[:] = [o for o in bench.robot.objects if o.id not in names]

    bench.robot.on_call = on_call


def near_ball(quantity: str) -> dict[str, Any]:
    return pick(quantity, relation="next_to", reference=["ball"]).arguments


@pytest.mark.parametrize("new_ids", [False, True])
@pytest.mark.parametrize(
    ("quantity", "gone", "moved", "message"),
    [
        ("all", [], 3, "I moved three blocks; there are no more."),
        # The one that would come next, the last one, both.
        ("all", ["b"], 2, "I moved two blocks; there are no more."),
        ("all", ["c"], 2, "I moved two blocks; there are no more."),
        ("all", ["b", "c"], 1, "I moved one block; there are no more."),
        ("2", ["b"], 2, "Round 2 of 2."),
        ("2", ["b", "c"], 1, "I moved 1 of 2 blocks: There is no other block next to the ball"),
    ],
)
def test_one_that_is_taken_away_is_passed_over(
    quantity: str, gone: list[str], moved: int, message: str, new_ids: bool
) -> None:
    from vla_perception.memory.query import find

    # In the order in which they are taken; the last one is next to nothing.
    there = [block("a", 0.40), block("b", 0.32), block("c", 0.68), block("far", -0.5)]
    bench = bench_with(*there, find=find)
    bench.robot.pose = replace(bench.robot.pose, x_m=1.15, y_m=0.4)
    bench.robot.new_ids = new_ids
    taken_away(bench, *gone)
    words = near_ball(quantity)
    result = bench.carry_out(Step("find", near_ball("3")), Step("pick", words), put())
    assert at(bench, "bin") == ["block"] * moved, result.result
    assert at(bench, "table") == ["block"] * (4 - len(gone) - moved) + ["ball"]
    assert result.records[1].result.message.startswith(message), result.records[1]
    code = Code.OBJECT_NOT_FOUND if message.startswith("I moved 1 of 2") else Code.OK
    assert result.result.code is code
    passed_over = any("that was meant is not there any more" in text for text in bench.told())
    assert passed_over is bool(gone)


def test_after_one_that_is_taken_away_the_next_that_was_meant_is_still_meant() -> None:
    from vla_perception.memory.query import find

    bench = bench_with(block("a", 0.40), block("b", 0.32), block("c", 0.68), find=find)
    bench.robot.pose = replace(bench.robot.pose, x_m=1.15, y_m=0.4)
    taken_away(bench, "b", "ball1")  # nothing is next to the ball by now
    result = bench.carry_out(Step("find", near_ball("3")), Step("pick", near_ball("2")), put())
    assert result.result.ok, result.result
    assert sorted(item.id for item in bench.robot.objects) == ["a'", "c'"]


@pytest.mark.parametrize("relation", [{}, {"relation": "next_to", "reference": ["ball"]}])
def test_a_head_that_turns_no_longer_everywhere_does_not_end_the_rounds(
    relation: dict[str, Any],
) -> None:
    from vla_perception.memory.query import find

    bench = bench_with(block("a", 0.45), block("b", 0.60), find=find, gaze_radius_m=0.3)
    bench.robot.pose = replace(bench.robot.pose, x_m=1.15, y_m=0.4)

    def on_call(call: Any) -> None:
        if call.name == "point_head" and at(bench, "bin") and not bench.robot.held:
            there = call.detail[0] > 1.0 and call.detail[1] > 0.2
            error = VlaError(Code.EXECUTION_FAILED, "Out of range.")
            bench.robot.fails["point_head"] = [error] if there else []

    bench.robot.on_call = on_call
    words = pick("all", **relation).arguments
    result = bench.carry_out(Step("find", words), Step("pick", words), put())
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 1)
    assert result.result.message.startswith("I moved one block: I ")
    assert "of the points" in result.result.message


@pytest.mark.parametrize(("quantity", "moved"), [("2", 1), ("all", 2)])
def test_the_two_that_were_singled_out_are_not_replaced_by_others(
    quantity: str, moved: int
) -> None:
    from vla_perception.memory.query import find

    bench = bench_with(block("a", 0.4), block("b", 0.2), block("c", -0.4), find=find)
    bench.robot.pose = replace(bench.robot.pose, x_m=1.1, y_m=0.3)
    taken_away(bench, "b")
    look = Step("find", pick("2", relation="nearest").arguments)
    result = bench.carry_out(look, pick(quantity, relation="nearest"), put())
    assert at(bench, "bin") == ["block"] * moved
    if quantity == "all":
        assert result.result.ok, result.result
    else:
        assert result.result.code is Code.OBJECT_NOT_FOUND
        assert "I moved 1 of 2 blocks: The red block that was meant" in result.result.message


def test_there_is_a_limit_to_all() -> None:
    bench = bench_with(*blocks(5), config=ExecutorConfig(max_group_rounds=3))
    result = bench.carry_out(pick("all"), put())
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 0)
    assert result.result.message == (
        "I moved three blocks: There are more, and one plan moves at most 3 things "
        "(executor.max_group_rounds)."
    )
    assert at(bench, "bin") == ["block"] * 3
    # As many as the limit are no failure.
    bench = bench_with(*blocks(3), config=ExecutorConfig(max_group_rounds=3))
    assert bench.carry_out(pick("all"), put()).result.ok


@pytest.mark.parametrize("before", [(), ("find",)])
def test_more_than_the_limit_is_refused_before_anything_moves(before: tuple[str, ...]) -> None:
    """Also where the planner, which has a limit of its own, lets it through."""
    bench = bench_with(*blocks(5), config=ExecutorConfig(max_group_rounds=3))
    only_if = Condition.FOUND if before else Condition.ALWAYS
    steps = [Step(skill, pick("1").arguments) for skill in before]
    steps += [replace(pick("4"), only_if=only_if), replace(put(), only_if=only_if)]
    result = bench.carry_out(Step("turn", {"angle": 0.3}), *steps)
    assert (result.result.code, result.failed_step) == (Code.INVALID_PLAN, 1 + len(before))
    assert result.result.message == (
        "4 things are more than one plan moves: at most 3 (executor.max_group_rounds)."
    )
    assert bench.robot.calls == []
    assert result.records == ()


def nth_call(bench: Bench, name: str, number: int, action: Any) -> list[int]:
    """Do something at the n-th call of a name; returns where the record of calls then stood."""
    marks: list[int] = []
    count = 0

    def on_call(call: Any) -> None:
        nonlocal count
        count += call.name == name
        if call.name == name and count == number and not marks:
            marks.append(len(bench.robot.calls))
            action()

    bench.robot.on_call = on_call
    return marks


@pytest.mark.parametrize("call", ["manipulate", "navigate", "query_scene", "point_head"])
@pytest.mark.parametrize(
    ("end", "code"),
    [("cancel", Code.CANCELED), ("stop", Code.STOPPED), ("timeout", Code.STEP_TIMEOUT)],
)
def test_every_round_can_be_ended(call: str, end: str, code: Code) -> None:
    first = bench_with(*blocks(3))
    assert first.carry_out(pick("1"), put()).result.ok
    in_one_round = sum(c.name == call for c in first.robot.calls)
    bench = bench_with(*blocks(3))
    action = (lambda: bench.timers[-1][1]()) if end == "timeout" else getattr(bench.state, end)
    marks = nth_call(bench, call, in_one_round + 1, action)
    result = bench.carry_out(pick("3"), put())
    assert result.result.code is code, result.result
    assert [c for c in bench.robot.calls[marks[0] :] if c.moves] == []
    assert bench.robot.halted == 1
    assert at(bench, "bin") in (["block"], ["block"] * 2)
    if end == "timeout":
        assert "of 3 blocks: The step took longer" in result.result.message
    assert not any(bench.runner.resources.owners().values())
    assert bench.runner.memory.moved is None


def test_each_step_of_each_round_has_its_own_time() -> None:
    bench = bench_with(*blocks(3))
    bench.carry_out(pick("3"), put())
    assert len(bench.timers) == 6


@pytest.mark.parametrize("quantity", ["2", "all"])
def test_a_failure_in_a_later_round_ends_the_plan_and_says_what_was_done(quantity: str) -> None:
    bench = bench_with(*blocks(2))
    fails = VlaError(Code.GRASP_FAILED, "Slipped.")

    def spoil() -> None:
        bench.robot.fails["manipulate"] = [fails] * 9

    nth_call(bench, "manipulate", 4, spoil)  # pick, stow and place come before
    result = bench.carry_out(pick(quantity), put(), Step("say", {"text": "end"}))
    words = "I moved 1 of 2 blocks" if quantity == "2" else "I moved one block"
    assert (result.result.code, result.failed_step) == (Code.GRASP_FAILED, 0)
    assert result.result.message == f"{words}: Slipped."
    assert [record.state for record in result.records] == [StepState.FAILED, StepState.SUCCEEDED]
    assert bench.robot.said == []
    assert bench.robot.halted == 1


def test_one_that_vanishes_while_the_robot_comes_near_is_a_failure_and_not_the_end() -> None:
    bench = bench_with(*blocks(2))

    seen: list[Any] = []

    def on_call(call: Any) -> None:
        second = at(bench, "bin") and not bench.robot.held
        if second and call.name == "query_scene" and call.detail[1] and call.detail[0].label:
            seen.append(call)
        elif second and seen and call.name == "navigating":
            bench.robot.objects[:] = [o for o in bench.robot.objects if o.place == "bin"]

    bench.robot.on_call = on_call
    bench.robot.remembers = True
    result = bench.carry_out(pick("all", place="table"), put())
    assert result.result.code is Code.OBJECT_NOT_FOUND, result.result
    assert result.result.message.startswith("I moved one block: There is no other block")


def test_one_that_slips_away_is_a_failure_and_not_the_end() -> None:
    bench = bench_with(*blocks(2))

    def slip() -> None:
        bench.robot.slips = 1

    def on_call(call: Any) -> None:
        if call.name == "manipulate" and picks(bench) == 1 and call.detail[0] is Operation.PICK:
            slip()
        elif bench.robot.slips == 0 and picks(bench) == 2 and call.name == "query_scene":
            bench.robot.objects[:] = [o for o in bench.robot.objects if o.place == "bin"]

    bench.robot.on_call = on_call
    result = bench.carry_out(pick("all"), put())
    assert result.result.code is Code.OBJECT_NOT_FOUND, result.result
    assert result.result.message.startswith("I moved one block: ")


def test_a_look_that_failed_does_not_end_the_rounds() -> None:
    bench = bench_with(*blocks(1))
    blind = VlaError(Code.NO_IMAGE, "No image.")

    def spoil() -> None:
        bench.robot.fails["query_scene"] = [blind] * 20

    def on_call(call: Any) -> None:
        if (
            call.name == "query_scene"
            and call.detail[1]
            and at(bench, "bin")
            and not bench.robot.held
        ):
            label = call.detail[0].label
            if label == "block":
                spoil()

    bench.robot.on_call = on_call
    result = bench.carry_out(pick("all"), put())
    assert result.result.code is Code.NO_IMAGE, result.result
    assert result.result.message == "I moved one block: No image."


def test_steps_in_between_and_beside_belong_to_each_round() -> None:
    bench = bench_with(*blocks(2))
    beside = Step("say", {"text": "I have one."}, with_previous=True)
    result = bench.carry_out(
        pick("all"), beside, Step("go_to", {"place": "bin"}), put(), Step("say", {"text": "end"})
    )
    assert result.result.ok, result.result
    # The one beside the last look is said as well: nobody knows before that it was the last.
    assert bench.robot.said == ["I have one."] * 3 + ["end"]
    goals = [text for text in bench.told() if "Going to the bin" in text]
    assert len(goals) == 2


def test_what_fails_beside_the_last_look_leaves_nothing_on_record_as_running() -> None:
    bench = bench_with(*blocks(1))
    last_look_over = threading.Event()
    ends: list[int] = []

    def ended() -> None:
        ends.append(1)
        if len(ends) == 3:  # after the pick and the place of the only round
            last_look_over.set()

    def timer(seconds: float, callback: Any) -> Any:
        # The steps that others run beside are in the thread of the plan.
        return ended if threading.current_thread() is threading.main_thread() else lambda: None

    bench.runner.timer = timer
    calls: list[int] = []

    class Nod(Skill):
        spec = SkillSpec("nod", "made", ())

        def run(self, context: SkillContext) -> None:
            calls.append(1)
            if len(calls) == 2:
                assert last_look_over.wait(20.0)
                raise VlaError(Code.EXECUTION_FAILED, "Stiff.")

    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(
        {**registry.specs, "nod": Nod.spec}, {**registry.classes, "nod": Nod}
    )
    result = bench.carry_out(pick("all"), Step("nod", {}, with_previous=True), put())
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 1)
    assert result.result.message == "I moved one block: Stiff."
    took, nod, gave = result.records
    assert (took.state, took.verified) == (StepState.SUCCEEDED, True)
    assert took.result.message == "I moved one block; there are no more."
    assert (nod.state, gave.state) == (StepState.FAILED, StepState.SUCCEEDED)


def test_handing_over_ends_a_round_too() -> None:
    bench = bench_with(*blocks(2))
    given: list[Any] = []

    class Give(Skill):
        spec = replace(catalog.HAND_OVER, available=True)

        def run(self, context: SkillContext) -> None:
            given.append(context.object("object"))
            context.robot.held = None  # type: ignore[attr-defined]
            context.robot._grip = replace(context.robot.grip(), holding=False)  # type: ignore[attr-defined]
            context.memory.held = None

    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(
        {**registry.specs, "hand_over": Give.spec}, {**registry.classes, "hand_over": Give}
    )
    words = pick("2").arguments["object"]
    give = Step("hand_over", {"object": words, "person": "me"})
    plan = [pick("3"), Step("hand_over", {**give.arguments, "object": {**words, "quantity": "3"}})]  # type: ignore[dict-item]
    assert bench.runner.run(_plan(pick("2"), give), confirmed=True).result.ok
    assert [ref.quantity for ref in given] == ["", ""]
    bench.robot.objects.append(block("late", 0.0))
    result = bench.runner.run(_plan(*plan), confirmed=True)
    assert result.result.message.startswith("I handed over 1 of 3 blocks: There is no other")


def _plan(*steps: Step) -> Any:
    from vla_common.contracts.skills import Plan

    return Plan("test", steps)


def test_two_parts_of_a_plan_count_for_themselves() -> None:
    bench = bench_with(*blocks(3))
    on_shelf = put(relation="on", target_place="shelf")
    result = bench.carry_out(pick("2"), put(), pick("all", place="table"), on_shelf)
    assert result.result.ok, result.result
    assert at(bench, "bin") == ["block"] * 2
    assert at(bench, "shelf") == ["block"]


def test_what_was_moved_is_found_again_afterwards() -> None:
    bench = bench_with(*blocks(2))
    on_shelf = put(relation="on", target_place="shelf")
    result = bench.carry_out(pick("2"), on_shelf, Step("find", pick("").arguments))
    assert result.result.ok, result.result


SAY = Step("say", {"text": "x"})


@pytest.mark.parametrize(
    ("steps", "code", "failed", "words"),
    [
        ([SAY, pick("2")], Code.INVALID_PLAN, 1, ["Step 2 (pick)", "'place'"]),
        ([pick("all"), SAY], Code.INVALID_PLAN, 0, ["Step 1 (pick)", "'place'"]),
        ([put(), pick("2")], Code.INVALID_PLAN, 1, ["Step 2 (pick)"]),
        ([pick("2"), pick("1"), put()], Code.INVALID_PLAN, 1, ["Step 2 (pick)", "step 1 (pick)"]),
        ([pick("2"), pick("2"), put(), put()], Code.INVALID_PLAN, 1, ["Step 2 (pick)"]),
        ([pick("21"), put()], Code.INVALID_PLAN, 0, ["21", "20", "max_group_rounds"]),
        ([SAY, replace(pick("2"), with_previous=True), put()], Code.INVALID_PLAN, 1, ["step 1 (say)"]),
        *[
            ([SAY, pick(wrong), put()], Code.INVALID_ARGUMENT, 1, ["quantity", repr(wrong)[:40]])
            for wrong in ("0", "-1", "two", "2.0", "1e1", " 2", "\u0662", "some", "ALL")
        ],
        ([SAY, pick("9" * 201), put()], Code.INVALID_ARGUMENT, 1, ["too many words"]),
        ([Step("count", {"object": {"quantity": "x"}})], Code.INVALID_ARGUMENT, 0, ["quantity"]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_moves(
    steps: list[Step], code: Code, failed: int, words: list[str]
) -> None:
    bench = bench_with(*blocks(2))
    result = bench.carry_out(*steps)
    assert (result.result.code, result.failed_step) == (code, failed), result.result
    assert all(word in result.result.message for word in words), result.result
    assert result.records == ()
    assert bench.robot.calls == []


@pytest.mark.parametrize("quantity", ["", "one", "1"])
def test_a_single_thing_is_no_round(quantity: str) -> None:
    bench = bench_with(*blocks(2))
    result = bench.carry_out(pick(quantity))
    assert result.result.ok, result.result
    assert not any("Round" in text for text in bench.told())


@pytest.mark.parametrize("skill", ["go_to", "look_at", "describe"])
def test_other_skills_take_one_thing_only(skill: str) -> None:
    bench = bench_with(*blocks(2))
    result = bench.carry_out(Step(skill, pick("2").arguments))
    assert result.result.code is Code.NOT_POSSIBLE
    assert "two blocks" in result.result.message
    assert bench.robot.motions() == []


# --- what is left out -------------------------------------------------------------------------------


def moved(**more: Any) -> RepeatState:
    from vla_common.contracts.skills import ObjectRef

    ref = ObjectRef(label="block", place=more.pop("place", ""))
    made = RepeatState(Rounds(0, 1, ref, None), 20, **more)
    made.ids, made.released = {"a"}, [(0.0, 2.0, 0.3)]
    return made


@pytest.mark.parametrize(
    ("item", "out"),
    [
        (block("b", 0.0), False),
        # Where one was let go, whatever its id is by now.
        (replace(block("b", 0.0), position=(0.03, 2.0, 0.1)), True),
        # An id that perception has given to another thing.
        (replace(block("a", 0.0), visible=True), False),
        (replace(block("a", 0.0), visible=True, position=(0.1, 2.1, 0.1)), True),
        (replace(block("a", 0.0), visible=False), True),
    ],
)
def test_what_was_moved_is_known_by_where_it_is(item: SceneObject, out: bool) -> None:
    assert moved().leaves_out(item) is out


def test_without_knowing_where_the_id_alone_counts() -> None:
    made = moved()
    made.released = []
    assert made.leaves_out(replace(block("a", 0.0), visible=True))


@pytest.mark.parametrize(
    ("item", "words", "out"),
    [
        (replace(block("b", 0.0), place="shelf"), "", True),
        (replace(block("b", 0.0), place="table"), "", False),
        # No place is told: it lies over it. In a box on the shelf it is in the box.
        (replace(block("b", 0.0), place="", position=(-2.0, 0.5, 0.8)), "", True),
        (replace(block("b", 0.0), place="box", position=(-2.0, 0.5, 0.8)), "", False),
        (replace(block("b", 0.0), place="shelf"), "shelf", False),
    ],
)
def test_what_is_at_the_target_place(item: SceneObject, words: str, out: bool) -> None:
    assert moved(target_place="shelf", place=words).leaves_out(item, SHELF) is out


@pytest.mark.parametrize(("of", "shares"), [(2, [0.0, 0.25, 0.5, 0.75, 1.0]), (None, [])])
def test_progress_of_rounds_never_goes_back(of: int | None, shares: list[float]) -> None:
    values = [Round(n, of).share(part) for n in (1, 2) for part in (0.0, 0.5)] + [
        Round(2, of).share(1.0)
    ]
    assert values == sorted(values)
    assert not shares or values == shares
    assert all(0.0 <= value <= 1.0 for value in values)
    assert math.isclose(Round(100, None).share(1.0), 100 / 101)


@pytest.mark.parametrize(
    ("text", "count"), [("", 1), ("one", 1), ("1", 1), ("2", 2), ("all", None)]
)
def test_quantities(text: str, count: int | None) -> None:
    assert count_of(text) == count


def test_what_a_skill_that_is_no_pick_does_with_a_quantity_is_its_own_affair() -> None:
    bench = bench_with(*blocks(2))
    seen: list[Any] = []

    class Sort(Skill):
        spec = SkillSpec("sort", "made", catalog.PICK.parameters)

        def run(self, context: SkillContext) -> None:
            seen.append(context.object("object").quantity)

    registry = bench.runner.registry
    bench.runner.registry = SkillRegistry(
        {**registry.specs, "sort": Sort.spec}, {**registry.classes, "sort": Sort}
    )
    result: PlanResult = bench.carry_out(Step("sort", pick("all").arguments))
    assert result.result.ok
    assert seen == ["all"]
