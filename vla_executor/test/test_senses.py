# SPDX-License-Identifier: Apache-2.0
"""What was there once is required: a scan that dies, a map that becomes empty; and what is said where neither was."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import ObjectRef
from vla_executor.config import ExecutorConfig, GuardConfig
from vla_executor.robot.fake_robot import Call, FakeRobot
from vla_executor.robot.robot import Scan
from vla_executor.safety.guard import Guard
from vla_executor.safety.known_map import KnownMap
from vla_testing.executor.bench import BIN, TABLE, Bench, room

AHEAD = ("move", {"distance": 0.4, "direction": "forward"})
TURN = ("turn", {"angle": 0.6})
GO = ("go_to", {"place": "table"})
FAR = [(5.0, 5.0)]


def dying(robot: FakeRobot, name: str, after: int) -> FakeRobot:
    """The scan falls silent with the call of that name and number: its age grows with the time."""
    count, since = 0, math.inf

    def on_call(call: Call) -> None:
        nonlocal count, since
        count += call.name == name
        if count >= after:
            since = min(since, robot.time_s)
            robot.scan_age_s = robot.time_s - since

    robot.on_call = on_call
    return robot


@pytest.mark.parametrize("step", [AHEAD, GO, TURN], ids=lambda step: step[0])
def test_a_scan_that_was_there_and_is_gone_refuses_every_motion(step: tuple[str, dict]) -> None:
    robot = room(obstacles=FAR, scan_age_s=60.0)
    result = Bench(robot).do(step).result
    assert result.code is Code.GUARD_REFUSED and "scan" in result.message
    assert robot.motions() == []


@pytest.mark.parametrize("step", [AHEAD, GO, TURN], ids=lambda step: step[0])
def test_a_robot_that_never_had_a_scan_drives_without(step: tuple[str, dict]) -> None:
    assert Bench(room()).code(step) is Code.OK


def test_a_scan_that_dies_on_the_way_ends_a_drive() -> None:
    robot = dying(room(obstacles=FAR), "drive", 8)
    result = Bench(robot).do(("move", {"distance": 1.0, "direction": "backward"})).result
    assert result.code is Code.GUARD_REFUSED and "scan" in result.message
    assert robot.velocity.is_zero() and 0.05 < abs(robot.pose.x_m) < 0.8


def test_a_scan_that_is_late_is_waited_for() -> None:
    robot = room(obstacles=FAR)
    begun = 0.0

    def on_call(call: Call) -> None:
        nonlocal begun
        if call.name == "drive" and not begun and abs(robot.pose.x_m) > 0.1:
            begun = robot.time_s
        robot.scan_age_s = 1.0 if begun and robot.time_s < begun + 1.0 else 0.05

    robot.on_call = on_call
    assert Bench(robot).code(("move", {"distance": 0.6, "direction": "backward"})) is Code.OK
    waits = [call for call in robot.calls if call.name == "wait"]
    assert begun and waits


def test_a_scan_that_dies_ends_a_drive_of_navigation() -> None:
    robot = room(obstacles=FAR)
    navigate = robot.navigate

    def late(*arguments: object, **more: object) -> None:
        robot.scan_age_s = 30.0
        navigate(*arguments, **more)  # type: ignore[arg-type]

    robot.navigate = late  # type: ignore[method-assign]
    assert Bench(robot).code(GO) is Code.GUARD_REFUSED


def test_the_scan_may_be_ignored_and_then_may_be_gone() -> None:
    robot = room(obstacles=FAR, scan_age_s=60.0)
    assert Bench(robot, guard_config=GuardConfig(scan="ignore")).code(AHEAD) is Code.OK


def test_a_scan_that_never_was_any_use_is_one_that_should_be_there() -> None:
    guard = Guard(GuardConfig(), ExecutorConfig())
    useless = Scan(np.empty((0, 2)), -math.inf)
    with pytest.raises(VlaError) as caught:
        guard.check_senses(useless, (TABLE,), "", 1000.0)
    assert "none has come" in caught.value.message
    guard.check_turn(useless, 1000.0)


# --- the map --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [AHEAD, GO], ids=lambda step: step[0])
def test_a_map_that_is_gone_refuses_a_drive(step: tuple[str, dict]) -> None:
    robot = room(map_lost="The list of places has become empty.")
    result = Bench(robot).do(step).result
    assert result.code is Code.GUARD_REFUSED and "empty" in result.message
    assert robot.motions() == []
    assert (
        Bench(room(map_lost="Gone."), guard_config=GuardConfig(map="ignore")).code(step) is Code.OK
    )


def test_a_map_that_is_on_its_way_is_waited_for() -> None:
    robot = room(map_lost="None have come yet.")
    robot.on_call = lambda call: setattr(
        robot, "map_lost", "" if robot.time_s > 1001.0 else "None."
    )
    assert Bench(robot).code(AHEAD) is Code.OK


def test_without_any_map_it_is_said_that_nothing_is_kept_out_of() -> None:
    for obstacles, word in ((None, "nothing is kept out of"), (FAR, "what the scan sees")):
        bench = Bench(FakeRobot(obstacles=obstacles))
        assert bench.code(AHEAD) is Code.OK
        assert any("No map is known" in text and word in text for text in bench.told())
    bench = Bench(room())
    assert bench.code(AHEAD) is Code.OK and not any("No map" in text for text in bench.told())


def test_a_map_may_be_required() -> None:
    bench = Bench(FakeRobot(), guard_config=GuardConfig(map="required"))
    assert bench.code(AHEAD) is Code.GUARD_REFUSED and bench.robot.motions() == []


def test_an_empty_list_is_believed_of_another_map_alone() -> None:
    known = KnownMap()
    known.take((), "hall")
    assert (known.places, known.trouble, known.heard) == ((), "", True)
    known.take((TABLE, BIN), "home")
    for map_id in ("home", ""):
        known.take((), map_id)
        assert known.places == (TABLE, BIN) and "2 places were known" in known.trouble
    known.take((TABLE,), "home")
    assert (known.places, known.trouble) == ((TABLE,), "")
    known.take((), "hall")
    assert (known.places, known.trouble) == ((), "")


def test_a_list_that_can_not_be_used_is_a_map_that_is_not_known() -> None:
    known = KnownMap()
    known.reject("The place 'x' is nowhere.")
    assert "'x' is nowhere" in known.trouble and known.heard
    known.take((TABLE,))
    known.reject("The place 'x' is nowhere.")
    assert (known.places, known.trouble) == ((TABLE,), "")


def test_places_of_others_count_until_there_are_some() -> None:
    known = KnownMap()
    known.take_over(())
    known.take_over((BIN,))
    assert known.places == (BIN,)
    known.take((TABLE,))
    known.take_over((BIN,))
    assert known.places == (TABLE,)


# --- colours that nobody could see ----------------------------------------------------------------


@pytest.mark.parametrize("places", [{}, {"place": "table"}])
def test_how_many_are_red_is_not_said_of_a_gray_picture(places: dict[str, str]) -> None:
    robot = room()
    robot.objects = [
        replace(item, color="") if item.label == "cup" else item for item in robot.objects
    ]
    ref = ObjectRef(label="cup", attributes=("red",))
    result = Bench(robot).do(("count", {"object": ref, **places})).result
    assert result.code is Code.BAD_IMAGE and "can't tell colours" in result.message
    assert "two cups" in result.message and robot.said == []


def test_what_is_not_about_colors_is_counted_all_the_same() -> None:
    robot = room()
    robot.objects = [replace(item, color="") for item in robot.objects]
    assert Bench(robot).code(("count", {"object": ObjectRef(label="cup")})) is Code.OK
    assert robot.said == ["I see two cups."]
    ref = ObjectRef(label="bottle", attributes=("red",))
    assert Bench(robot).code(("count", {"object": ref})) is Code.OK


def test_a_clock_that_is_read_late_ends_no_drive_and_starts_none() -> None:
    """A starved node finds the newest scan in the future for a while: it waits, as for a late one."""
    guard = Guard(GuardConfig(), ExecutorConfig())
    ahead = Scan(np.asarray(FAR), 1001.4)
    guard.check_senses(ahead, (TABLE,), "", 1000.0)
    assert guard.scan_is_late(ahead, 1000.0)
    with pytest.raises(VlaError, match="scan"):
        guard.check_senses(Scan(np.asarray(FAR), 1060.0), (TABLE,), "", 1000.0)
