# SPDX-License-Identifier: Apache-2.0
"""The state manager's part of `./vla stop`: whose word counts, and that nobody is waited for who can't answer."""

from __future__ import annotations

import threading
import time

import pytest

from vla_bringup.supervision import local_stop
from vla_bringup.supervision.local_stop import LocalStop
from vla_common.contracts.outcomes import OK, Code, Result

UNCONFIRMED = Result(Code.STOP_UNCONFIRMED, "Odometry does not show standstill.")
LIMIT_S = 20.0


class World:
    """An executor and a robot. `answer`: until set, the executor answers nothing."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.result = OK
        self.answer = threading.Event()
        self.latched = self.lives = True
        self.problem = ""
        self.stop = LocalStop(
            self._stop,
            lambda: self.latched,
            lambda: self.lives,
            lambda: self.told.append("abandoned"),
            self._still,
            LIMIT_S,
        )

    def _stop(self, reason: str) -> Result:
        self.told.append(f"stop {reason}")
        assert self.answer.wait(LIMIT_S)
        return self.result

    def _still(self, timeout_s: float) -> str:
        self.told.append("looked")
        return self.problem


@pytest.fixture
def world():
    world = World()
    yield world
    world.answer.set()


def test_an_executor_that_lives_has_the_last_word(world):
    world.stop.latch("why")
    assert sorted(world.told) == ["abandoned", "stop why"]
    world.result = UNCONFIRMED
    world.answer.set()
    assert world.stop.confirm() == UNCONFIRMED
    assert "looked" not in world.told


def test_the_robot_is_told_although_the_executor_says_nothing(world):
    world.latched = world.lives = False
    world.stop.latch("why")
    assert "abandoned" in world.told
    begin = time.monotonic()
    result = world.stop.confirm()
    assert result.ok and "robot's own servers" in result.message
    assert time.monotonic() - begin < LIMIT_S  # it was not waited for


def test_a_robot_that_is_not_known_to_stand_still_is_no_stop(world):
    world.lives = False
    world.problem = "odometry does not say that it stands still"
    world.stop.latch("why")
    result = world.stop.confirm()
    assert result.code is Code.STOP_UNCONFIRMED and "odometry" in result.message


def test_one_that_is_not_configured_does_not_count_as_an_answer(world):
    world.result = Result(Code.NOT_READY, "Not configured.")
    world.answer.set()
    world.stop.latch("why")
    assert world.stop.confirm().ok
    assert "looked" in world.told


def test_the_executor_may_latch_first(world, monkeypatch):
    """Its plans then end as stopped, and not because somebody took their goals away."""
    monkeypatch.setattr(local_stop, "GRACE_S", LIMIT_S)
    world.latched = False
    order = threading.Thread(target=world.stop.latch, args=("why",))
    order.start()
    assert world.told in ([], ["stop why"])
    world.latched = True
    order.join(LIMIT_S)
    assert sorted(world.told) == ["abandoned", "stop why"]


def test_two_orders_are_one_request_to_the_executor(world):
    world.stop.latch("one")
    world.stop.latch("two")
    world.answer.set()
    assert world.stop.confirm().ok
    assert sum(text.startswith("stop") for text in world.told) == 1
