# SPDX-License-Identifier: Apache-2.0
"""What is sent by a thread of its own: order, failures, the end."""

from __future__ import annotations

import threading

from vla_bringup.commands.publish_queue import PublishQueue

TIMEOUT_S = 20.0


def test_order_is_kept_and_nobody_waits() -> None:
    told: list[int] = []
    gate = threading.Event()
    outbox = PublishQueue(print)
    outbox.post(lambda: _wait(gate))
    for number in range(100):
        outbox.post(lambda n=number: told.append(n))  # type: ignore[misc]
    assert told == []
    assert not outbox.flush(0.01)
    gate.set()
    assert outbox.flush(TIMEOUT_S)
    assert told == list(range(100))
    outbox.close()


def test_one_that_fails_does_not_keep_the_others() -> None:
    told: list[str] = []
    logged: list[str] = []
    outbox = PublishQueue(logged.append)
    outbox.post(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    outbox.post(lambda: told.append("after"))
    assert outbox.flush(TIMEOUT_S)
    assert told == ["after"]
    assert len(logged) == 1 and "ZeroDivisionError" in logged[0]
    outbox.close()


def test_what_was_said_before_the_end_is_sent_and_what_comes_later_too() -> None:
    told: list[str] = []
    outbox = PublishQueue(print)
    outbox.post(lambda: told.append("before"))
    outbox.close(TIMEOUT_S)
    assert told == ["before"]
    outbox.post(lambda: told.append("later"))
    assert told == ["before", "later"]
    assert outbox.flush(TIMEOUT_S)
    outbox.close()


def test_a_job_may_say_something_itself() -> None:
    told: list[str] = []
    outbox = PublishQueue(print)
    outbox.post(lambda: outbox.post(lambda: told.append("inner")))
    assert outbox.flush(TIMEOUT_S)
    assert told == ["inner"]
    outbox.close()


def test_where_nothing_gets_out_nobody_hangs_and_the_loss_is_told() -> None:
    logged: list[str] = []
    gate = threading.Event()
    begun = threading.Event()
    outbox = PublishQueue(logged.append, max_jobs=2, room_timeout_s=0.01)
    outbox.post(lambda: (begun.set(), _wait(gate)))  # type: ignore[arg-type, return-value]
    assert begun.wait(TIMEOUT_S)
    for _ in range(3):
        outbox.post(lambda: None)
    assert len(logged) == 1 and "lost" in logged[0]
    gate.set()
    assert outbox.flush(TIMEOUT_S)
    outbox.close()


def _wait(gate: threading.Event) -> None:
    assert gate.wait(TIMEOUT_S)
