# SPDX-License-Identifier: Apache-2.0
"""Steps that depend on what a `find` saw: which are carried out, and what is refused before anything moves."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vla_common.contracts.outcomes import OK, Code, VlaError
from vla_common.contracts.skills import Condition, Step
from vla_executor.plan.records import StepState
from vla_executor.spatial.geometry import Pose2
from vla_testing.executor.bench import Bench, room, thing

FOUND, NOT_FOUND = Condition.FOUND, Condition.NOT_FOUND
OK_S, SKIPPED = StepState.SUCCEEDED, StepState.SKIPPED


def find(label: str, only_if: Condition = Condition.ALWAYS, **words: Any) -> Step:
    return Step("find", {"object": {"label": label, **words}}, only_if=only_if)


def say(text: str, only_if: Condition = Condition.ALWAYS, together: bool = False) -> Step:
    return Step("say", {"text": text}, together, only_if)


PICK_CUP = Step("pick", {"object": {"label": "cup"}}, only_if=FOUND)


@pytest.mark.parametrize(
    ("label", "said", "states", "told"),
    [
        ("cup", ["yes", "end"], [OK_S, OK_S, SKIPPED, OK_S], "There is a cup, so I leave that out."),
        ("hat", ["no", "end"], [OK_S, SKIPPED, OK_S, OK_S], "There is no hat, so I leave that out."),
    ],
)  # fmt: skip
def test_one_of_two_branches_is_carried_out(
    bench: Bench, label: str, said: list[str], states: list[StepState], told: str
) -> None:
    result = bench.carry_out(find(label), say("yes", FOUND), say("no", NOT_FOUND), say("end"))
    assert result.result == OK
    assert bench.robot.said == said
    assert [record.state for record in result.records] == states
    assert [record.index for record in result.records] == [0, 1, 2, 3]
    skipped = result.records[states.index(SKIPPED)]
    assert (skipped.result.ok, skipped.result.message, skipped.verified) == (True, told, False)
    assert bench.told().count(told) == 1
    assert bench.seen[-1].progress == 1.0


def test_a_long_branch_is_told_once(bench: Bench) -> None:
    bench.carry_out(find("hat"), say("a", FOUND), say("b", FOUND), say("c", NOT_FOUND))
    assert bench.told().count("There is no hat, so I leave that out.") == 1


def test_nothing_there_is_an_answer_with_a_sentence(bench: Bench) -> None:
    result = bench.carry_out(find("bottle", place="table"), say("no", NOT_FOUND))
    record = result.records[0]
    assert (record.state, record.verified) == (StepState.SUCCEEDED, True)
    assert (record.result.code, record.result.message) == (
        Code.OK,
        "There is no bottle at the table.",
    )
    assert record.result.message in bench.told()
    assert bench.robot.halted == 0, "nothing went wrong"
    looks = [c for c in bench.robot.calls if c.name == "query_scene" and c.detail[1]]  # type: ignore[index]
    assert looks, "an answer without a look"


def test_the_same_find_without_a_step_that_depends_on_it_fails(bench: Bench) -> None:
    result = bench.carry_out(find("bottle", place="table"), say("x"))
    assert (result.result.code, result.failed_step) == (Code.OBJECT_NOT_FOUND, 0)
    assert result.records[0].state == StepState.FAILED
    assert bench.robot.said == []


def test_a_branch_is_told_once_and_each_of_its_steps_is_on_record(bench: Bench) -> None:
    go = Step("go_to", {"place": "bin"}, only_if=FOUND)
    put = Step("place", {"relation": "in", "target_place": "bin"}, only_if=FOUND)
    pick = Step("pick", {"object": {"label": "hat"}}, only_if=FOUND)
    result = bench.carry_out(find("hat"), pick, go, put)
    assert result.result.ok
    assert [record.state for record in result.records] == [OK_S, SKIPPED, SKIPPED, SKIPPED]
    # Aloud, because nothing else shows that the command was heard.
    assert bench.robot.said == ["There is no hat, so I leave that out."]
    assert [r.answer for r in result.records if r.answer][-1:] == bench.robot.said
    assert not any("leave that out" in text for text in bench.told())
    assert not any(call.name in ("navigate", "manipulate") for call in bench.robot.calls)


def test_within_the_branch_the_thing_that_was_found_is_taken() -> None:
    bench = Bench(room())
    put = Step("place", {"relation": "in", "target_place": "bin"}, only_if=FOUND)
    result = bench.carry_out(find("cup"), PICK_CUP, put)
    assert result.result.ok, result.result
    assert all(record.verified for record in result.records)
    assert len([item for item in bench.robot.objects if item.place == "bin"]) == 1


def test_the_last_find_without_a_condition_counts(bench: Bench) -> None:
    # The find in the branch asks nothing, and the one after it asks anew.
    result = bench.carry_out(
        find("cup"),
        find("ball", FOUND),
        say("a", FOUND),
        find("hat"),
        say("b", FOUND),
        say("c", NOT_FOUND),
    )
    assert result.result.ok, result.result
    assert bench.robot.said == ["a", "c"]


def test_a_find_in_a_branch_that_sees_nothing_is_a_failure(bench: Bench) -> None:
    result = bench.carry_out(find("cup"), find("hat", FOUND), say("x", FOUND))
    assert (result.result.code, result.failed_step) == (Code.OBJECT_NOT_FOUND, 1)


@pytest.mark.parametrize(
    ("robot", "code"),
    [
        ({"fails": {"query_scene": [VlaError(Code.NO_IMAGE, "No.")] * 20}}, Code.NO_IMAGE),
        ({"fails": {"point_head": [VlaError(Code.EXECUTION_FAILED, "No.")] * 99}}, Code.EXECUTION_FAILED),
        ({"fails": {"point_head": [VlaError(Code.ROBOT_UNAVAILABLE, "No.")]}}, Code.ROBOT_UNAVAILABLE),
        ({"fails": {"query_scene": [VlaError(Code.OBJECT_NOT_FOUND, "Says perception.")]}}, Code.OBJECT_NOT_FOUND),
        ({"image_age_s": 1.0}, Code.STALE_SCENE),
    ],
)  # fmt: skip
def test_only_a_look_answers(robot: dict[str, Any], code: Code) -> None:
    bench = Bench(room(**robot))
    result = bench.carry_out(find("hat"), say("no", NOT_FOUND))
    assert (result.result.code, result.failed_step) == (code, 0)
    assert result.records[0].state == StepState.FAILED
    assert len(result.records) == 1
    assert bench.robot.said == []


HAT = thing("hat1", 1.85, 0.45, label="hat")


def stiff_neck(bench: Bench, times: int) -> list[Any]:
    """The head can't turn to the part of the table where the hat is, that many times; returns when it did not."""
    refusals: list[Any] = []

    def on_call(call: Any) -> None:
        if call.name == "point_head":
            there = call.detail[0] > 1.3 and call.detail[1] > 0.2
            refuses = there and len(refusals) < times
            if refuses:
                refusals.append(call)
            error = VlaError(Code.EXECUTION_FAILED, "Out of range.")
            bench.robot.fails["point_head"] = [error] if refuses else []

    bench.robot.on_call = on_call
    return refusals


@pytest.mark.parametrize("words", [{}, {"place": "table"}, {"relation": "largest"}])
def test_what_was_not_looked_at_is_no_answer(words: dict[str, Any]) -> None:
    bench = Bench(room(gaze_radius_m=0.3))
    bench.robot.pose = Pose2(1.2, 0.0, 0.0)
    bench.robot.objects.append(HAT)
    refusals = stiff_neck(bench, 999)
    result = bench.carry_out(find("hat", **words), say("no", NOT_FOUND))
    assert refusals
    assert (result.result.code, result.failed_step) == (Code.EXECUTION_FAILED, 0)
    assert result.result.message.startswith("I saw no hat")
    assert "of the points" in result.result.message
    assert result.records[0].state == StepState.FAILED
    assert bench.robot.said == []


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("words", [{}, {"place": "table"}])
def test_what_could_be_looked_at_only_later_was_looked_at(
    words: dict[str, Any], there: bool
) -> None:
    bench = Bench(room(gaze_radius_m=0.3))
    bench.robot.pose = Pose2(1.2, 0.0, 0.0)
    if there:
        bench.robot.objects.append(HAT)
    refusals = stiff_neck(bench, 2)
    result = bench.carry_out(find("hat", **words), say("yes", FOUND), say("no", NOT_FOUND))
    assert len(refusals) == 2
    assert result.result.ok, result.result
    assert bench.robot.said == ["yes" if there else "no"]


def test_the_base_turns_to_what_the_head_did_not_reach() -> None:
    """A long table beside the robot: its end is behind."""
    bench = Bench(room(gaze_radius_m=0.3, sight_m=2.0))
    bench.robot.pose = Pose2(1.5, 0.4, -math.pi / 2)
    bench.robot.objects.append(HAT)

    def on_call(call: Any) -> None:
        if call.name == "point_head":
            ahead, left = bench.robot.pose.to_local(*call.detail[:2])
            error = VlaError(Code.EXECUTION_FAILED, "Out of range.")
            behind = abs(math.atan2(left, ahead)) > 1.4
            bench.robot.fails["point_head"] = [error] if behind else []

    bench.robot.on_call = on_call
    bench.robot.pose = Pose2(1.5, 0.4, -math.pi / 2)
    result = bench.carry_out(find("hat"), say("yes", FOUND), say("no", NOT_FOUND))
    assert result.result.ok, result.result
    assert bench.robot.said == ["yes"]


@pytest.mark.parametrize(("x_m", "code"), [(-0.9, Code.OK), (-0.3, Code.EXECUTION_FAILED)])
def test_the_floor_under_the_robot_needs_no_look(x_m: float, code: Code) -> None:
    bench = Bench(room())
    bench.robot.pose = Pose2(x_m, -1.0, math.pi)

    def on_call(call: Any) -> None:
        if call.name == "point_head":
            floor = call.detail[2] < 0.05
            error = VlaError(Code.EXECUTION_FAILED, "Out of range.")
            bench.robot.fails["point_head"] = [error] if floor else []

    bench.robot.on_call = on_call
    result = bench.carry_out(find("hat"), say("no", NOT_FOUND))
    assert result.result.code is code, result.result
    assert bench.robot.said == (["no"] if result.result.ok else [])


def test_fewer_than_asked_for_is_no_answer_either() -> None:
    bench = Bench(room(gaze_radius_m=0.3))
    bench.robot.pose = Pose2(1.2, 0.0, 0.0)
    stiff_neck(bench, 999)
    result = bench.carry_out(find("cup", quantity="3", place="table"), say("no", NOT_FOUND))
    assert result.result.code is Code.EXECUTION_FAILED
    assert result.result.message.startswith("I saw only one cup at the table, but")
    assert bench.robot.said == []


@pytest.mark.parametrize(
    ("skill", "label", "said"),
    [
        ("count", "cup", ""),
        ("describe", "", "I see "),
        ("describe", "nothing", ""),
    ],
)
@pytest.mark.parametrize("times", [999, 2])
def test_a_number_is_told_only_of_all_that_was_to_be_looked_at(
    skill: str, label: str, said: str, times: int
) -> None:
    bench = Bench(room(gaze_radius_m=0.3))
    bench.robot.pose = Pose2(1.2, 0.0, 0.0)
    if label == "nothing":
        bench.robot.objects.clear()
    arguments: dict[str, Any] = {"place": "table"}
    if skill == "count":
        arguments["object"] = {"label": label}
    stiff_neck(bench, times)
    result = bench.carry_out(Step(skill, arguments))
    if times == 999 and not said:
        assert result.result.code is Code.EXECUTION_FAILED, result.result
        assert "2 of the points" in result.result.message
        assert bench.robot.said == []
    else:
        assert result.result.ok, result.result
        assert bench.robot.said[0].startswith("I see ")


@pytest.mark.parametrize("end", ["cancel", "stop"])
def test_a_cancel_while_looking_is_no_answer(bench: Bench, end: str) -> None:
    def on_call(call: Any) -> None:
        if call.name == "point_head":
            getattr(bench.state, end)()

    bench.robot.on_call = on_call
    result = bench.carry_out(find("hat"), say("no", NOT_FOUND))
    assert result.result.code is (Code.CANCELED if end == "cancel" else Code.STOPPED)
    assert result.records[0].state == StepState.CANCELED
    assert bench.robot.said == []


@pytest.mark.parametrize("end", ["cancel", "stop", "timeout"])
def test_what_ends_the_last_look_is_no_answer_either(end: str) -> None:
    answers: list[int] = []

    def search(bench: Bench, last: int) -> Any:
        """The last look finds nothing, and by then the step is to end."""

        def find_nothing(*_: Any) -> list[Any]:
            answers.append(1)
            if len(answers) == last:
                end_it = bench.timers[-1][1] if end == "timeout" else getattr(bench.state, end)
                end_it()
            return []

        bench.robot.find = find_nothing
        return bench.carry_out(find("hat", place="table"), say("no", NOT_FOUND))

    assert search(Bench(room()), 0).result.ok
    last, answers[:] = len(answers), []
    bench = Bench(room())
    codes = {"cancel": Code.CANCELED, "stop": Code.STOPPED, "timeout": Code.STEP_TIMEOUT}
    assert search(bench, last).result.code is codes[end]
    assert len(answers) == last
    assert bench.robot.said == []


def test_a_step_that_took_too_long_is_no_answer(bench: Bench) -> None:
    def on_call(call: Any) -> None:
        if call.name == "point_head":
            bench.timers[-1][1]()

    bench.robot.on_call = on_call
    assert bench.carry_out(find("hat"), say("no", NOT_FOUND)).result.code is Code.STEP_TIMEOUT
    assert bench.robot.said == []


@pytest.mark.parametrize(
    ("quantity", "said", "told"),
    [("2", "yes", "There are two cups"), ("3", "no", "There are only two cups"), ("all", "yes", "There is a cup")],
)  # fmt: skip
def test_a_question_may_be_about_several(bench: Bench, quantity: str, said: str, told: str) -> None:
    result = bench.carry_out(
        find("cup", quantity=quantity), say("yes", FOUND), say("no", NOT_FOUND)
    )
    assert result.result.ok, result.result
    assert bench.robot.said == [said]
    assert any(text.startswith(told) for text in bench.told()), bench.told()


def test_steps_of_a_branch_may_run_together(bench: Bench) -> None:
    turn = Step("turn", {"angle": 0.3}, only_if=FOUND)
    result = bench.carry_out(find("cup"), turn, say("x", FOUND, together=True))
    assert result.result.ok
    assert bench.robot.said == ["x"]
    bench = Bench(room())
    result = bench.carry_out(find("hat"), turn, say("x", FOUND, together=True))
    assert [record.state for record in result.records] == [OK_S, SKIPPED, SKIPPED]


def test_a_question_may_run_beside_something_else(bench: Bench) -> None:
    question = Step("find", {"object": {"label": "hat"}}, with_previous=True)
    result = bench.carry_out(say("I look."), question, say("no", NOT_FOUND))
    assert result.result.ok, result.result
    assert bench.robot.said == ["I look.", "no"]


ALL_CUPS = {"label": "cup", "quantity": "all"}


def take(only_if: Condition = Condition.ALWAYS) -> Step:
    return Step("pick", {"object": ALL_CUPS}, only_if=only_if)


def put(only_if: Condition = Condition.ALWAYS) -> Step:
    return Step("place", {"relation": "in", "target_place": "bin"}, only_if=only_if)


@pytest.mark.parametrize(
    ("steps", "failed", "words"),
    [
        ([say("x", FOUND)], 0, ["Step 1 (say)", "'find'"]),
        ([say("x"), say("x", NOT_FOUND), find("cup")], 1, ["Step 2 (say)", "'find'"]),
        ([find("cup", FOUND), say("x", FOUND)], 0, ["Step 1 (find)"]),
        ([find("cup"), say("x", FOUND, together=True)], 1, ["step 1 (find)", "step 2 (say)", "condition"]),
        ([find("cup"), Step("turn", {"angle": 1.0}, only_if=FOUND), say("x", NOT_FOUND, together=True)],
         2, ["step 2 (turn)", "step 3 (say)", "condition"]),
        ([find("cup"), Step("turn", {"angle": 1.0}), say("x", FOUND, together=True)], 2, ["condition"]),
        ([find("cup"), take(), put(FOUND)], 2, ["Step 3 (place)", "condition"]),
        ([find("cup"), take(FOUND), say("x"), put(FOUND)], 2, ["Step 3 (say)", "condition"]),
        ([find("cup"), take(FOUND), put(NOT_FOUND)], 2, ["condition"]),
        ([take(), find("ball"), put(), say("x", FOUND)], 3, ["step 2 (find)", "several times"]),
    ],
)  # fmt: skip
def test_conditions_that_make_no_sense_are_refused_before_anything_moves(
    bench: Bench, steps: list[Step], failed: int, words: list[str]
) -> None:
    result = bench.carry_out(*steps)
    assert (result.result.code, result.failed_step) == (Code.INVALID_PLAN, failed), result.result
    assert all(word.lower() in result.result.message.lower() for word in words), result.result
    assert result.records == ()
    assert bench.robot.calls == []


@pytest.mark.parametrize("there", [True, False])
def test_a_part_that_moves_several_things_may_depend_as_a_whole(there: bool) -> None:
    bench = Bench(room())
    if not there:
        bench.robot.objects = [thing("ball1", 1.8, 0.0, label="ball", color="green")]
    result = bench.carry_out(find("cup"), take(FOUND), put(FOUND), say("none", NOT_FOUND))
    assert result.result.ok, result.result
    moved = [item for item in bench.robot.objects if item.place == "bin"]
    assert len(moved) == (2 if there else 0)
    assert bench.robot.said == ([] if there else ["none"])
    wanted = [OK_S, OK_S, OK_S, SKIPPED] if there else [OK_S, SKIPPED, SKIPPED, OK_S]
    assert [record.state for record in result.records] == wanted
