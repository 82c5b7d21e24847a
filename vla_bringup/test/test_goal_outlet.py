# SPDX-License-Identifier: Apache-2.0
"""The end of a goal: also when nobody is left to be told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")

from vla_bringup.commands.command_pipeline import CommandReport
from vla_bringup.commands.command_run import Ending
from vla_bringup.ros.goal_result_sink import GoalResultSink
from vla_common.contracts.outcomes import OK, Code, Result

DOWN = Result(Code.SHUTTING_DOWN, "The system goes down.")


@pytest.mark.parametrize(
    ("result", "canceled", "end"),
    [(OK, False, "succeed"), (DOWN, False, "abort"), (DOWN, True, "canceled")],
)
@pytest.mark.parametrize("gone", [False, True])
def test_an_end_that_can_not_be_told_is_an_end(result, canceled, end, gone):
    told, log = [], []

    def tell(name):
        if gone:
            raise RuntimeError("the context is invalid")
        told.append(name)

    handle = SimpleNamespace(
        is_cancel_requested=True,
        **{name: (lambda name=name: tell(name)) for name in ("succeed", "abort", "canceled")},
    )
    outbox = SimpleNamespace(flush=lambda timeout_s: True)
    outlet = GoalResultSink(handle, "a" * 32, log.append, outbox)
    message = outlet._finish(Ending(CommandReport(result), canceled))
    assert message.outcome.code == result.code
    assert told == ([] if gone else [end])
    assert bool(log) == gone
