# SPDX-License-Identifier: Apache-2.0
"""Every base skill on the fake robot: that it works, and one row per way to fail."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import SceneObject
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.plan.records import StepState
from vla_executor.robot.robot import Operation
from vla_executor.skills.wording import where_from
from vla_executor.spatial.geometry import Pose2
from vla_testing.executor.bench import BIN, TABLE, Bench, room, thing

RED_CUP = {"label": "cup", "attributes": ["red"]}


def operations(bench: Bench) -> list[Operation]:
    return [call.detail[0] for call in bench.robot.calls if call.name == "manipulate"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "x", "y"),
    [
        ({"distance": 1.0}, 1.0, 0.0),
        ({"distance": 0.5, "direction": "backward"}, -0.5, 0.0),
        ({"distance": -0.5}, -0.5, 0.0),
        ({"distance": 0.5, "direction": "left"}, 0.0, 0.5),
        ({"distance": 0.5, "direction": "right"}, 0.0, -0.5),
        ({"distance": -0.5, "direction": "right"}, 0.0, 0.5),
    ],
)
@pytest.mark.parametrize("holonomic", [True, False])
def test_move_ends_where_it_was_to_end(
    arguments: dict[str, Any], x: float, y: float, holonomic: bool
) -> None:
    bench = Bench(room(), replace(ExecutorConfig(), holonomic=holonomic))
    result = bench.do(("move", arguments))
    assert result.result.ok, result.result
    assert result.records[0].verified
    assert bench.robot.pose.x_m == pytest.approx(x, abs=0.05)
    assert bench.robot.pose.y_m == pytest.approx(y, abs=0.05)
    assert bench.robot.pose.yaw_rad == pytest.approx(0.0, abs=0.06)
    assert bench.robot.velocity.is_zero()


@pytest.mark.parametrize("angle", [math.pi / 2, -math.pi / 2, math.pi, 6.2832, -3.5, 0.1])
def test_turn_turns_in_full(bench: Bench, angle: float) -> None:
    result = bench.do(("turn", {"angle": angle}))
    assert result.result.ok, result.result
    error = math.remainder(bench.robot.pose.yaw_rad - angle, 2 * math.pi)
    assert abs(error) < 0.06
    drives = [call.detail.wz_radps for call in bench.robot.calls if call.name == "drive"]  # type: ignore[attr-defined]
    assert all(rate * angle > 0 for rate in drives)
    # A whole turn is not no turn.
    assert sum(drives) * 0.04 == pytest.approx(angle, abs=0.08)


def test_the_first_call_of_a_turn_that_waits_for_anything_comes_after_the_first_velocity(
    bench: Bench,
) -> None:
    bench.do(("turn", {"angle": 1.0}))
    assert [call.name for call in bench.robot.calls[:2]] == ["odometry", "drive"]


def test_go_to_a_place_ends_before_it_and_faces_it(bench: Bench) -> None:
    assert bench.do(("go_to", {"place": "desk"})).result.ok
    pose = bench.robot.pose
    assert pose.to_local(2.0, 0.0)[0] == pytest.approx(0.45 + 0.35, abs=0.05)
    assert abs(pose.to_local(2.0, 0.0)[1]) < 0.05


def test_go_to_an_area_ends_on_it(bench: Bench) -> None:
    assert bench.do(("go_to", {"place": "corner"})).result.ok
    assert bench.robot.pose.xy == (-1.0, -1.0)


def test_go_to_tries_another_side_when_the_way_is_blocked(bench: Bench) -> None:
    blocked = VlaError(Code.NAVIGATION_BLOCKED, "No way.")
    bench.robot.fails["navigate"] = [blocked, blocked]
    assert bench.do(("go_to", {"place": "table"})).result.ok
    goals = [call.detail for call in bench.robot.calls if call.name == "navigate"]
    assert len(set(goals)) == 3


def test_fetch_and_put_into_the_bin(bench: Bench) -> None:
    result = bench.do(
        ("go_to", {"place": "table"}),
        ("find", {"object": {**RED_CUP, "place": "table"}}),
        ("pick", {"object": {**RED_CUP, "place": "table"}}),
        ("place", {"relation": "in", "target_place": "bin"}),
    )
    assert result.result.ok, result.result
    assert all(record.verified for record in result.records)
    assert operations(bench) == [Operation.PICK, Operation.STOW, Operation.PLACE]
    (cup,) = [item for item in bench.robot.objects if item.id.startswith("cup1")]
    assert BIN.covers(cup.position[0], cup.position[1])
    assert bench.runner.memory.held is None


@pytest.mark.parametrize(
    ("relation", "target"),
    [
        ("on", {"target_place": "table"}),
        ("next_to", {"target_object": {"label": "ball"}}),
        ("left_of", {"target_object": {"label": "ball"}}),
        ("behind", {"target_object": {"label": "ball"}}),
        ("on", {"target_object": {"label": "ball"}}),
        ("in", {"target_object": {"label": "ball"}}),
    ],
)
def test_place_puts_it_where_it_was_told(
    bench: Bench, relation: str, target: dict[str, Any]
) -> None:
    bench.robot.hold(thing("box1", 0, 0, label="box", color="yellow"))
    bench.runner.memory.held = bench.robot.held
    result = bench.do(("place", {"relation": relation, **target}))
    assert result.result.ok, result.result
    (box,) = [item for item in bench.robot.objects if item.label == "box"]
    assert TABLE.covers(box.position[0], box.position[1], -0.05)
    if relation not in ("on", "in"):
        gap = math.dist(box.position[:2], (1.8, 0.0))
        assert 0.07 < gap < 0.5


def test_the_object_found_is_the_one_picked_although_another_is_nearer(bench: Bench) -> None:
    ref = {"label": "cup"}
    bench.robot.pose = replace(bench.robot.pose, y_m=0.3)
    bench.do(("find", {"object": ref}))
    # The plan's memory is gone with the plan, so do both in one and let the robot drift between.
    bench = Bench(room())
    bench.robot.pose = replace(bench.robot.pose, y_m=0.3)

    def drift(call: Any) -> None:
        if call.name == "wait":
            bench.robot.pose = replace(bench.robot.pose, y_m=-0.6)

    bench.robot.on_call = drift
    result = bench.do(
        ("find", {"object": ref}), ("wait", {"duration": 1.0}), ("pick", {"object": ref})
    )
    assert result.result.ok, result.result
    assert bench.runner.memory.held is not None
    assert bench.runner.memory.held.id == "cup1"


def test_pick_takes_the_nearest_when_nothing_was_found_before(bench: Bench) -> None:
    bench.robot.pose = replace(bench.robot.pose, y_m=-0.3)
    assert bench.do(("pick", {"object": {"label": "cup"}})).result.ok
    assert bench.runner.memory.held is not None
    assert bench.runner.memory.held.id == "cup2"


def test_a_slip_is_tried_again_with_a_new_look(bench: Bench) -> None:
    bench.robot.slips = 1
    assert bench.do(("pick", {"object": RED_CUP})).result.ok
    first, second = [
        index for index, call in enumerate(bench.robot.calls)
        if call.name == "manipulate" and call.detail[0] is Operation.PICK  # type: ignore[index]
    ]  # fmt: skip
    between = [call for call in bench.robot.calls[first:second] if call.name == "query_scene"]
    assert any(call.detail[1] for call in between)  # type: ignore[index]


def test_pick_comes_nearer_when_navigation_stops_short(bench: Bench) -> None:
    bench.robot.navigation_error_m = 0.3
    assert bench.do(("pick", {"object": RED_CUP})).result.ok


def test_find_looks_at_the_parts_of_the_place_until_it_sees_it(bench: Bench) -> None:
    bench.robot.gaze_radius_m = 0.3
    bench.robot.pose = replace(bench.robot.pose, x_m=1.2)
    assert bench.do(("find", {"object": {**RED_CUP, "place": "table"}})).result.ok
    looks = [call for call in bench.robot.calls if call.name == "point_head"]
    assert len(looks) >= 2
    assert math.dist(looks[-1].detail, (1.85, 0.3, 0.76)) < 0.3  # type: ignore[arg-type]


def test_find_without_a_place_turns_round(bench: Bench) -> None:
    bench.robot.objects = [
        SceneObject("b", "box", (-1.2, 0.0, 0.6), "red", size=(0.05, 0.05, 0.05))
    ]
    bench.robot.gaze_radius_m = 0.3
    assert bench.do(("find", {"object": {"label": "box"}})).result.ok
    assert abs(bench.robot.pose.yaw_rad) > 2.5


def test_a_single_bad_image_is_looked_past(bench: Bench) -> None:
    def on_call(call: Any) -> None:
        if call.name == "query_scene" and call.detail[1] and not failed:
            failed.append(call)
            bench.robot.fails["query_scene"] = [error(Code.NO_TRANSFORM), error(Code.NO_IMAGE)]

    failed: list[Any] = []
    bench.robot.on_call = on_call
    assert bench.do(FIND).result.ok
    assert bench.robot.fails["query_scene"] == []


def test_find_goes_to_the_place_when_it_is_far(bench: Bench) -> None:
    bench.robot.pose = replace(bench.robot.pose, x_m=-3.0)
    bench.robot.sight_m = 2.0
    assert bench.do(("find", {"object": {**RED_CUP, "place": "table"}})).result.ok
    assert bench.robot.pose.x_m == pytest.approx(1.2, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"object": {"label": "cup"}}, "I see two cups."),
        ({"object": {"label": "cup"}, "place": "table"}, "I see two cups at the table."),
        ({"object": {"label": "box"}, "place": "table"}, "I see no boxes at the table."),
        ({"object": RED_CUP}, "I see one red cup."),
    ],
)
def test_count_says_the_number(bench: Bench, arguments: dict[str, Any], text: str) -> None:
    assert bench.do(("count", arguments)).result.ok
    assert bench.robot.said == [text]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "I see one blue cup, one green ball and one red cup."),
        ({"place": "bin"}, "I see nothing at the bin."),
        ({"place": "table"}, "I see one blue cup, one green ball and one red cup at the table."),
        ({"object": {"label": "ball"}}, "I see a green ball at the table, 6 x 6 x 8 centimetres."),
    ],
)
def test_describe_says_what_is_seen(bench: Bench, arguments: dict[str, Any], text: str) -> None:
    assert bench.do(("describe", arguments)).result.ok
    assert bench.robot.said == [text]


@pytest.mark.parametrize(
    ("arguments", "verified"),
    [({"object": RED_CUP}, True), ({"place": "table"}, False), ({"direction": "left"}, False)],
)
def test_look_at(bench: Bench, arguments: dict[str, Any], verified: bool) -> None:
    result = bench.do(("look_at", arguments))
    assert result.result.ok
    assert result.records[0].verified is verified
    assert bench.robot.gaze is not None


HEAD_LIMIT = VlaError(Code.EXECUTION_FAILED, "Out of the head's range.")


def neck(bench: Bench) -> None:
    """Make the head refuse what is behind the robot."""

    def on_call(call: Any) -> None:
        if call.name == "point_head":
            ahead, left = bench.robot.pose.to_local(*call.detail[:2])
            behind = abs(math.atan2(left, ahead)) > 1.6
            bench.robot.fails["point_head"] = [HEAD_LIMIT] if behind else []

    bench.robot.on_call = on_call


@pytest.mark.parametrize(
    "step",
    [
        ("look_at", {"place": "table"}),
        ("look_at", {"object": RED_CUP}),
        ("count", {"object": RED_CUP, "place": "table"}),
        ("describe", {"place": "table"}),
        ("find", {"object": {**RED_CUP, "place": "table"}}),
        ("find", {"object": RED_CUP}),
        ("pick", {"object": RED_CUP}),
    ],
)
@pytest.mark.parametrize("seen_before", [True, False])
def test_what_is_behind_the_robot_is_turned_to(
    bench: Bench, step: tuple[str, dict[str, Any]], seen_before: bool
) -> None:
    neck(bench)
    bench.robot.pose = replace(bench.robot.pose, yaw_rad=math.pi, x_m=0.6)
    if not seen_before:
        bench.robot.gaze_radius_m = 0.4
    result = bench.do(step)
    assert result.result.ok, result.result


def test_a_head_that_turns_nowhere_fails_the_step(bench: Bench) -> None:
    bench.robot.fails["point_head"] = [HEAD_LIMIT] * 30
    assert bench.code(("count", {"object": RED_CUP})) is Code.EXECUTION_FAILED


def test_say_and_wait(bench: Bench) -> None:
    before = bench.robot.time_s
    assert bench.do(("say", {"text": "Hello."}), ("wait", {"duration": 2.0})).result.ok
    assert bench.robot.said == ["Hello."]
    assert bench.robot.time_s == before + 2.0


# --- one row per way to fail ------------------------------------------------------------------------


def error(code: Code) -> VlaError:
    return VlaError(code, "Scripted.")


def fails(name: str, code: Code, times: int = 20) -> dict[str, Any]:
    return {"fails": {name: [error(code)] * times}}


MOVE = ("move", {"distance": 1.0})
TURN = ("turn", {"angle": 1.0})
GO = ("go_to", {"place": "table"})
GO_POSE = ("go_to", {"pose": (1.0, 1.0, 0.0)})
FIND = ("find", {"object": RED_CUP})
PICK = ("pick", {"object": RED_CUP})
PUT = ("place", {"relation": "on", "target_place": "table"})


@pytest.mark.parametrize(
    ("step", "robot", "code"),
    [
        (MOVE, {"moves_by": 0.0}, Code.NAVIGATION_BLOCKED),
        (MOVE, {"odometry_age_s": 2.0}, Code.GUARD_REFUSED),
        (MOVE, {"pose_age_s": 2.0}, Code.GUARD_REFUSED),
        (MOVE, {"pose_age_s": -2.0}, Code.GUARD_REFUSED),
        (MOVE, fails("base_pose", Code.NO_TRANSFORM), Code.NO_TRANSFORM),
        (MOVE, fails("odometry", Code.ROBOT_UNAVAILABLE), Code.ROBOT_UNAVAILABLE),
        (("move", {"distance": 2.0}), {}, Code.GUARD_REFUSED),  # into the table
        (("move", {"distance": 2.0, "direction": "left"}), {}, Code.GUARD_REFUSED),  # the bin
        (TURN, {"moves_by": 0.0}, Code.NAVIGATION_BLOCKED),
        (TURN, {"odometry_age_s": 2.0}, Code.GUARD_REFUSED),
        (TURN, fails("drive", Code.ROBOT_UNAVAILABLE), Code.ROBOT_UNAVAILABLE),
        (GO, fails("navigate", Code.NAVIGATION_BLOCKED), Code.NAVIGATION_BLOCKED),
        (GO, fails("navigate", Code.NAVIGATION_FAILED), Code.NAVIGATION_FAILED),
        (GO, fails("navigate", Code.ROBOT_UNAVAILABLE, 1), Code.ROBOT_UNAVAILABLE),
        (GO, {"navigation_error_m": 0.4}, Code.POSTCONDITION_FAILED),
        (("go_to", {"place": "moon"}), {}, Code.UNKNOWN_PLACE),
        (("go_to", {"pose": (2.0, 0.0, 0.0)}), {}, Code.GUARD_REFUSED),
        (("go_to", {"pose": (200.0, 0.0, 0.0)}), {}, Code.GUARD_REFUSED),
        (("go_to", {"object": {"label": "box"}}), {}, Code.OBJECT_NOT_FOUND),
        (FIND, fails("query_scene", Code.PERCEPTION_UNAVAILABLE), Code.PERCEPTION_UNAVAILABLE),
        (FIND, fails("point_head", Code.ROBOT_UNAVAILABLE), Code.ROBOT_UNAVAILABLE),
        (FIND, {"image_age_s": 1.0}, Code.STALE_SCENE),
        (FIND, fails("query_scene", Code.NO_IMAGE), Code.NO_IMAGE),
        (("find", {"object": {"label": "box"}}), {}, Code.OBJECT_NOT_FOUND),
        (("find", {"object": {"label": "cup", "place": "moon"}}), {}, Code.UNKNOWN_PLACE),
        (PICK, {"slips": 2}, Code.GRASP_FAILED),
        (PICK, {"ghost": True}, Code.GRASP_FAILED),  # held, but still seen where it was
        (PICK, fails("manipulate", Code.ROBOT_UNAVAILABLE), Code.ROBOT_UNAVAILABLE),
        (PICK, fails("manipulate", Code.UNREACHABLE), Code.UNREACHABLE),
        (PICK, fails("navigate", Code.NAVIGATION_BLOCKED), Code.NAVIGATION_BLOCKED),
        (("pick", {"object": {"label": "cup", "quantity": "all"}}), {}, Code.INVALID_PLAN),
        (PUT, {}, Code.PRECONDITION_FAILED),
        (("look_at", {"object": {"label": "box"}}), {}, Code.OBJECT_NOT_FOUND),
        (("count", {"object": RED_CUP, "place": "moon"}), {}, Code.UNKNOWN_PLACE),
        (("describe", {"object": RED_CUP, "place": "table"}), {}, Code.INVALID_ARGUMENT),
        (("greet", {"person": "Ann"}), {}, Code.SKILL_UNAVAILABLE),
        (("fly", {}), {}, Code.UNKNOWN_SKILL),
        (("move", {"distance": 6.0}), {}, Code.INVALID_ARGUMENT),
        (("move", {"distance": math.nan}), {}, Code.INVALID_ARGUMENT),
        (("move", {"distance": 1.0, "speed": 2.0}), {}, Code.INVALID_ARGUMENT),
        (("go_to", {}), {}, Code.INVALID_ARGUMENT),
    ],
)  # fmt: skip
def test_failures(step: tuple[str, dict[str, Any]], robot: dict[str, Any], code: Code) -> None:
    bench = Bench(room(**robot))
    result = bench.do(step)
    assert result.result.code is code, result.result
    assert result.result.message
    assert bench.logged == []
    assert bench.robot.velocity.is_zero()
    if result.records and bench.robot.motions():
        assert result.records[0].state == StepState.FAILED
        assert bench.robot.halted >= 1


HELD = thing("box1", 0, 0, label="box", color="yellow")


@pytest.mark.parametrize(
    ("arguments", "robot", "code"),
    [
        ({"relation": "in", "target_place": "table"}, {}, Code.NOT_POSSIBLE),
        ({"relation": "next_to", "target_place": "table"}, {}, Code.NOT_POSSIBLE),
        ({"relation": "on", "target_place": "corner"}, {}, Code.NOT_POSSIBLE),
        ({"relation": "on", "target_place": "moon"}, {}, Code.UNKNOWN_PLACE),
        ({"relation": "on", "target_object": {"label": "hat"}}, {}, Code.OBJECT_NOT_FOUND),
        ({"relation": "on", "target_place": "table"}, {"ghost": True}, Code.PLACE_FAILED),
        (
            {"relation": "on", "target_place": "table"},
            fails("manipulate", Code.PLACE_FAILED),
            Code.PLACE_FAILED,
        ),
        (
            {"relation": "on", "target_place": "table"},
            fails("navigate", Code.NAVIGATION_BLOCKED),
            Code.NAVIGATION_BLOCKED,
        ),
    ],
)
def test_place_failures(arguments: dict[str, Any], robot: dict[str, Any], code: Code) -> None:
    bench = Bench(room(**robot))
    bench.robot.hold(HELD)
    bench.runner.memory.held = HELD
    result = bench.do(("place", arguments))
    assert result.result.code is code, result.result
    assert bench.logged == []


@pytest.mark.parametrize(
    ("x", "code", "verified"),
    [(0.0, Code.OK, True), (None, Code.OK, False), (0.4, Code.PLACE_FAILED, False)],
)
def test_what_is_in_a_container_may_be_hidden_but_not_beside(
    x: float | None, code: Code, verified: bool
) -> None:
    bench = Bench(room(ghost=True))
    bench.robot.hold(HELD)
    bench.runner.memory.held = HELD

    def on_call(call: Any) -> None:
        if call.name == "manipulating" and x is not None:
            bench.robot.objects.append(replace(HELD, position=(x, 2.0, 0.1), place=""))

    bench.robot.on_call = on_call
    result = bench.do(("place", {"relation": "in", "target_place": "bin"}))
    assert (result.result.code, result.records[0].verified) == (code, verified)


@pytest.mark.parametrize(("hidden", "verified"), [(True, False), (False, True)])
def test_what_was_in_a_container_before_proves_nothing(hidden: bool, verified: bool) -> None:
    bench = Bench(room(ghost=hidden))
    bench.robot.objects.append(replace(HELD, id="box2", position=(0.05, 2.0, 0.1), place="bin"))
    bench.robot.hold(HELD)
    bench.runner.memory.held = HELD
    result = bench.do(("place", {"relation": "in", "target_place": "bin"}))
    assert (result.result.code, result.records[0].verified) == (Code.OK, verified)


def test_what_fits_into_the_gripper_comes_before_what_is_nearer(bench: Bench) -> None:
    bowl = thing("bowl1", 1.75, 0.0, label="bowl", size=(0.16, 0.16, 0.06))
    bench.robot.objects.append(bowl)
    red = {"attributes": ["red"], "place": "table"}
    assert bench.do(("find", {"object": red}), ("pick", {"object": red})).result.ok
    assert bench.runner.memory.held is not None
    assert bench.runner.memory.held.id == "cup1"


def test_what_is_too_wide_is_not_tried(bench: Bench) -> None:
    bench.robot.objects.append(thing("bowl1", 1.75, 0.0, label="bowl", size=(0.16, 0.16, 0.06)))
    assert bench.code(("pick", {"object": {"label": "bowl"}})) is Code.NOT_POSSIBLE
    assert operations(bench) == []


@pytest.mark.parametrize("step", [("move", {"distance": 0.5}), ("turn", {"angle": 1.0})])
def test_without_odometry_the_base_stands_and_goes_on_slowly(
    bench: Bench, step: tuple[str, dict[str, Any]]
) -> None:
    drives = 0

    def on_call(call: Any) -> None:
        nonlocal drives
        drives += call.name == "drive"
        if call.name == "drive" and drives == 8:
            bench.robot.fails["odometry"] = [error(Code.ROBOT_UNAVAILABLE)]

    bench.robot.on_call = on_call
    assert bench.do(step).result.ok
    speeds = [
        abs(call.detail.vx_mps) + abs(call.detail.wz_radps)  # type: ignore[attr-defined]
        for call in bench.robot.calls
        if call.name == "drive"
    ]
    assert speeds[8] == 0.0
    assert 0.0 < speeds[9] < speeds[7]


def test_a_full_table_has_no_free_spot() -> None:
    bench = Bench(room())
    bench.robot.objects = [
        thing(f"o{i}{j}", 1.7 + 0.15 * i, -0.6 + 0.15 * j) for i in range(5) for j in range(9)
    ]
    bench.robot.hold(HELD)
    bench.runner.memory.held = HELD
    result = bench.do(PUT)
    assert result.result.code is Code.PLACE_FAILED
    assert "no free spot" in result.result.message
    assert Operation.PLACE not in operations(bench)


def test_pick_with_a_full_gripper_is_refused_before_anything_moves() -> None:
    bench = Bench(room())
    bench.robot.hold(HELD)
    assert bench.code(PICK) is Code.PRECONDITION_FAILED
    assert bench.robot.motions() == []


def test_holding_something_unknown_is_not_put_down_blindly() -> None:
    bench = Bench(room())
    bench.robot.hold(HELD)
    assert bench.code(PUT) is Code.PRECONDITION_FAILED
    assert bench.robot.motions() == []


def test_move_is_refused_at_a_configured_zone_too() -> None:
    zone = GuardConfig(keep_out=("0.6 -1, 0.9 -1, 0.9 1, 0.6 1",))
    bench = Bench(room(), guard_config=zone)
    assert bench.code(("move", {"distance": 0.5})) is Code.GUARD_REFUSED
    assert bench.robot.motions() == []


@pytest.mark.parametrize(
    ("skill", "arguments", "answer"),
    [
        ("count", {"object": {"label": "cup"}, "place": "table"}, "I see two cups at the table."),
        ("describe", {"place": "table"}, "I see "),
        ("describe", {"object": RED_CUP}, "I see a "),
        ("say", {"text": "Hello."}, "Hello."),
        ("find", {"object": RED_CUP}, "cup is at the table."),
        ("find", {"object": {"label": "cup", "quantity": "2"}}, "cup"),
    ],
)
def test_what_a_step_finds_out_for_the_person_is_in_its_record(
    bench: Bench, skill: str, arguments: dict[str, Any], answer: str
) -> None:
    record = bench.do((skill, arguments)).records[0]
    assert answer in record.answer
    if skill != "find":
        assert bench.robot.said == [record.answer]


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (1.2, 0.0, "1.2 m in front of me."),
        (0.1, 1.0, "1.0 m to my left."),
        (0.1, -1.0, "1.0 m to my right."),
        (-1.2, 0.5, "1.3 m behind me."),
    ],
)
def test_where_something_is_that_is_at_no_place(x: float, y: float, words: str) -> None:
    assert where_from(thing("cup1", x, y), Pose2()) == f"The red cup is {words}"


def test_a_step_that_only_moves_answers_nothing(bench: Bench) -> None:
    assert bench.do(("turn", {"angle": 1.0})).records[0].answer == ""
