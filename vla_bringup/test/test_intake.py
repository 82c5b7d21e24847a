# SPDX-License-Identifier: Apache-2.0
"""What comes in keeps the order of its places, whatever is ready first."""

from __future__ import annotations

import threading

from vla_bringup.commands.command_inbox import CommandInbox

TIMEOUT_S = 20.0


def test_the_order_is_that_of_the_places_not_of_what_is_ready_first() -> None:
    done: list[str] = []
    over = threading.Event()
    intake = CommandInbox(print)
    first, second, third = intake.reserve(), intake.reserve(), intake.reserve()
    third.fill(lambda: (done.append("third"), over.set()))  # type: ignore[arg-type, return-value]
    second.fill(lambda: done.append("second"))
    assert not over.wait(0.05)
    first.fill(lambda: done.append("first"))
    assert over.wait(TIMEOUT_S)
    assert done == ["first", "second", "third"]
    intake.close()


def test_a_place_that_is_given_up_holds_up_nobody() -> None:
    over = threading.Event()
    intake = CommandInbox(print, fill_timeout_s=10 * TIMEOUT_S)
    gone, next_one = intake.reserve(), intake.reserve()
    next_one.fill(over.set)
    gone.give_up()
    assert over.wait(TIMEOUT_S)
    intake.close()


def test_what_comes_after_its_turn_is_done_all_the_same() -> None:
    passed, late = threading.Event(), threading.Event()
    intake = CommandInbox(print, fill_timeout_s=0.01)
    slow, next_one = intake.reserve(), intake.reserve()
    next_one.fill(passed.set)
    assert passed.wait(TIMEOUT_S)
    slow.fill(late.set)
    assert late.wait(TIMEOUT_S)
    intake.close()


def test_one_that_fails_does_not_keep_the_others() -> None:
    logged: list[str] = []
    over = threading.Event()
    intake = CommandInbox(logged.append)
    intake.reserve().fill(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    intake.reserve().fill(over.set)
    assert over.wait(TIMEOUT_S)
    assert len(logged) == 1 and "ZeroDivisionError" in logged[0]
    intake.close()
