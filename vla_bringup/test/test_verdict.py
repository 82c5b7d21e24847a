# SPDX-License-Identifier: Apache-2.0
"""The judge of demo and evaluation: it says no whenever ground truth does not agree."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vla_bringup.cli import demo_filmstrip
from vla_bringup.cli.verdict import Truth, judge
from vla_common.contracts.scene import SceneObject
from vla_common.contracts.skills import Condition, ObjectRef, Step

RED = SceneObject("red_cup", "cup", (1.0, 0.0, 0.8), "red", place="table")
BLUE = SceneObject("blue_cup", "cup", (1.0, 0.3, 0.8), "blue", place="table")
PLACES = (("table", 1.0, 0.0, 0.5, 0.7),)
PICK_RED = Step("pick", {"object": ObjectRef(attributes=("red",), place="table")})
BEFORE = Truth((RED, BLUE), (0.0, 0.0, 0.0), 0.0, "", PLACES)


def after(objects=(RED, BLUE), pose=(0.0, 0.0, 0.0), speed=0.0, held=""):
    return Truth(objects, pose, speed, held, PLACES)


def at(item, place, position):
    return SceneObject(item.id, item.label, position, item.color, place=place)


PUT_IN_BIN = (PICK_RED, Step("place", {"relation": "in", "target_place": "bin"}))
BESIDE_BLUE = (
    PICK_RED,
    Step("place", {"relation": "next_to", "target_object": ObjectRef(attributes=("blue",))}),
)
IN_BIN = (at(RED, "bin", (2.0, 2.0, 0.1)), BLUE)
NEAR_BLUE = (at(RED, "table", (1.0, 0.45, 0.8)), BLUE)
MOVE = (Step("move", {"distance": 1.0, "direction": "left"}),)
TURN = (Step("turn", {"angle": math.pi / 2}),)
GO = (Step("go_to", {"place": "table"}),)


BOTH_IN_BIN = (at(RED, "bin", (2.0, 2.0, 0.1)), at(BLUE, "bin", (2.1, 2.0, 0.1)))
ALL_IN_BIN = (Step("pick", {"object": ObjectRef("cup", quantity="all")}), PUT_IN_BIN[1])
TWO_IN_BIN = (Step("pick", {"object": ObjectRef("cup", quantity="2")}), PUT_IN_BIN[1])
ONE_IN_BIN = (Step("pick", {"object": ObjectRef("cup", quantity="1")}), PUT_IN_BIN[1])


def asking(label, *branches):
    """Whether there is such a thing, then (condition, steps) for what follows from it."""
    question = Step("find", {"object": ObjectRef(label)})
    return (
        question,
        *(replace(step, only_if=when) for when, steps in branches for step in steps),
    )


IF_CUP = asking("cup", (Condition.FOUND, PUT_IN_BIN), (Condition.NOT_FOUND, TURN))
IF_PEN = asking("pen", (Condition.FOUND, PUT_IN_BIN), (Condition.NOT_FOUND, (PICK_RED,)))


@pytest.mark.parametrize(
    ("steps", "truth", "ok"),
    [
        ((PICK_RED,), after(held="red_cup"), True),
        ((PICK_RED,), after(held="blue_cup"), False),
        ((PICK_RED,), after(held=""), False),
        ((PICK_RED,), after(held="red_cup", speed=0.5), False),
        (PUT_IN_BIN, after(IN_BIN), True),
        (PUT_IN_BIN, after(), False),
        (PUT_IN_BIN, after(IN_BIN, held="blue_cup"), False),
        (PUT_IN_BIN, after((RED, at(BLUE, "bin", (2.0, 2.0, 0.1)))), False),
        (BESIDE_BLUE, after(NEAR_BLUE), True),
        (BESIDE_BLUE, after(), False),
        (MOVE, after(pose=(0.0, 1.0, 0.0)), True),
        (MOVE, after(pose=(1.0, 0.0, 0.0)), False),
        (MOVE, after(pose=(0.0, 1.0, 0.5)), False),
        (TURN, after(pose=(0.0, 0.0, math.pi / 2)), True),
        (TURN, after(pose=(0.0, 0.0, -math.pi / 2)), False),
        (ALL_IN_BIN, after(BOTH_IN_BIN), True),
        (ALL_IN_BIN, after(IN_BIN), False),
        (TWO_IN_BIN, after(BOTH_IN_BIN), True),
        (TWO_IN_BIN, after(IN_BIN), False),
        (ONE_IN_BIN, after(BOTH_IN_BIN), False),
        (IF_CUP, after(IN_BIN), True),
        (IF_CUP, after(), False),
        (IF_PEN, after(held="red_cup"), True),
        (IF_PEN, after(IN_BIN), False),
        (IF_PEN, after(), False),
        (GO, after(pose=(0.5, 0.0, 0.0)), True),
        (GO, after(pose=(4.0, 0.0, 0.0)), False),
    ],
)
def test_the_verdict(steps, truth, ok):
    checks = judge(steps, BEFORE, truth)
    assert all(check.ok for check in checks) is ok


def test_a_strip_has_a_column_for_each_moment_and_fills_gaps():
    view = np.zeros((240, 320, 3), np.uint8)
    one = demo_filmstrip.compose([demo_filmstrip.Moment("start", view, None)])
    two = demo_filmstrip.compose(
        [demo_filmstrip.Moment("start", view, None), demo_filmstrip.Moment("end", None, view)]
    )
    assert one.shape[1] == demo_filmstrip.COLUMN_PX
    assert two.shape[1] == 2 * demo_filmstrip.COLUMN_PX + demo_filmstrip.GAP_PX
    assert two.shape[0] > one.shape[0]
    with pytest.raises(ValueError, match="at least one"):
        demo_filmstrip.compose([])
