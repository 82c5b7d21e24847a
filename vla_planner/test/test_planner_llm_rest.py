# SPDX-License-Identifier: Apache-2.0
"""When a server that did not answer is asked again."""

from __future__ import annotations

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.llm.transport.cooldown import Rest

DOWN = VlaError(Code.PLANNER_UNAVAILABLE, "It is down.")


def test_it_is_left_alone_until_its_time_is_over():
    rest = Rest(30.0)
    rest.check(0.0)
    rest.failed(DOWN, 100.0)
    with pytest.raises(VlaError, match=r"It is down\. It is asked again in 1 s\.") as caught:
        rest.check(129.0)
    assert caught.value.code is Code.PLANNER_UNAVAILABLE
    rest.check(130.0)


def test_an_answer_ends_it():
    rest = Rest(30.0)
    rest.failed(DOWN, 100.0)
    rest.answered()
    rest.check(101.0)
    rest.failed(DOWN, 100.0)
    rest.failed(VlaError(Code.INVALID_PLAN, "No plan, but an answer."), 101.0)
    rest.check(101.0)


@pytest.mark.parametrize("code", [Code.CANCELED, Code.BUDGET_EXCEEDED])
def test_what_says_nothing_of_the_server_changes_nothing(code):
    rest = Rest(30.0)
    rest.failed(VlaError(code, "x"), 100.0)
    rest.check(100.0)
    rest.failed(VlaError(Code.PLANNING_TIMEOUT, "Silent."), 100.0)
    rest.failed(VlaError(code, "x"), 101.0)
    with pytest.raises(VlaError, match="Silent"):
        rest.check(101.0)


def test_zero_never_leaves_it_alone():
    rest = Rest(0.0)
    rest.failed(DOWN, 100.0)
    rest.check(100.0)
