# SPDX-License-Identifier: Apache-2.0
"""What the gripper holds between two operations, and that its name goes with it."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code
from vla_common.contracts.skills import ObjectRef
from vla_executor.robot.robot import Grip
from vla_executor.safety.jaw import SETTLED_S, Jaw
from vla_testing.executor.bench import room, thing


def said(jaw: Jaw, holding: bool, *, begin_s: float, at_work: bool = False) -> bool:
    """The jaw says so five times a second for a second."""
    answers = [jaw.says(holding, at_work, begin_s + 0.2 * i) for i in range(6)]
    return any(answers)


@pytest.mark.parametrize("holding", [True, False])
def test_what_the_jaw_says_for_a_while_is_believed(holding: bool) -> None:
    jaw = Jaw()
    jaw.operated(Grip(not holding, 0.04))
    assert not jaw.says(holding, False, 10.0)  # that may have been on its way
    assert jaw.grip.holding is not holding
    assert said(jaw, holding, begin_s=10.2)
    assert jaw.grip.holding is holding
    assert not said(jaw, holding, begin_s=12.0)  # nothing new


def test_an_operation_has_its_own_word() -> None:
    jaw = Jaw()
    jaw.operated(Grip(True, 0.04))
    assert not said(jaw, False, begin_s=10.0, at_work=True)
    assert not jaw.says(False, False, 12.0)
    jaw.operated(Grip(True, 0.04))
    assert not jaw.says(False, False, 12.0 + SETTLED_S)  # the wait begins anew
    assert jaw.grip == Grip(True, 0.04)


def test_the_first_word_counts_where_there_was_no_operation() -> None:
    jaw = Jaw()
    assert jaw.grip.holding is None
    assert said(jaw, True, begin_s=0.0)


def test_a_full_gripper_is_told_with_its_name() -> None:
    from vla_testing.executor.bench import Bench

    bench = Bench(room())
    held = thing("mug", 0.0, 0.0, label="mug", color="yellow")
    bench.robot.hold(held)
    bench.runner.memory.held = held
    result = bench.do(("pick", {"object": ObjectRef("cup", ("red",))})).result
    assert result.code is Code.PRECONDITION_FAILED
    assert "already holds the yellow mug" in result.message
    bench.runner.memory.held = None
    assert "nobody saw" in bench.do(("pick", {"object": ObjectRef("cup")})).result.message
