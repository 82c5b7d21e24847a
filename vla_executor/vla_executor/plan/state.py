# SPDX-License-Identifier: Apache-2.0
"""What the executor is doing: one plan at a time, and a stop that latches.

Decides who may begin, which token a running plan listens to, and when a stop may be lifted. It does
not move or stop anything itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from vla_common.contracts.cancellation import CancelToken
from vla_common.contracts.outcomes import Code, VlaError


class Phase(IntEnum):
    """Same numbers as vla_interfaces/msg/ExecutionState."""

    IDLE = 0
    RUNNING = 1
    CANCELING = 2
    STOPPED = 3


@dataclass(frozen=True)
class Snapshot:
    """The state at one moment."""

    phase: Phase = Phase.IDLE
    trace_id: str = ""
    step_index: int = 0
    step_count: int = 0
    skill: str = ""


class ExecutionState:
    """Thread-safe. `changed` is called after every change, outside the lock."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._now = Snapshot()
        self._token: CancelToken | None = None
        self._owner: object = None
        self._early: dict[object, Code] = {}
        self._stopped = False
        self._barred = False
        self._changed = changed

    @property
    def stopped(self) -> bool:
        return self._stopped

    def snapshot(self) -> Snapshot:
        with self._lock:
            return replace(self._now, phase=Phase.STOPPED) if self._stopped else self._now

    def begin(self, trace_id: str, step_count: int, owner: object = None) -> CancelToken:
        """A plan begins. Errors: STOPPED, RESOURCE_BUSY, NOT_READY while barred.

        owner: whoever may cancel it; a cancel that came before the plan began is not lost.
        """
        with self._lock:
            if self._stopped:
                raise VlaError(Code.STOPPED, "The robot is stopped; reset it first.")
            if self._barred:
                raise VlaError(Code.NOT_READY, "The executor is being deactivated.")
            if self._token is not None:
                raise VlaError(Code.RESOURCE_BUSY, "Another plan is being carried out.")
            self._token = token = CancelToken()
            self._owner = owner
            early = None if owner is None else self._early.get(owner)
            self._now = Snapshot(
                Phase.RUNNING if early is None else Phase.CANCELING, trace_id, 0, step_count
            )
        if early is not None:
            token.cancel(early)
        self._changed()
        return token

    def bar(self, on: bool) -> None:
        """While on, no plan begins."""
        with self._lock:
            self._barred = on

    def step(self, index: int, skill: str) -> None:
        with self._lock:
            self._now = replace(self._now, step_index=index, skill=skill)
        self._changed()

    def cancel(self, owner: object = None, reason: Code = Code.CANCELED) -> bool:
        """Ask the running plan to end with a reason, if it is this owner's (None: whoever's).

        False when there is none; the owner's next `begin` then begins canceled, until `forget`.
        """
        with self._lock:
            token = self._token
            if owner is not None and (token is None or owner != self._owner):
                self._early.setdefault(owner, reason)
                return False
            if token is None:
                return False
            self._now = replace(self._now, phase=Phase.CANCELING)
        token.cancel(reason)
        self._changed()
        return True

    def forget(self, owner: object) -> None:
        """This owner will not begin any more."""
        with self._lock:
            self._early.pop(owner, None)

    def stop(self) -> None:
        """Latch, and end the running plan with STOPPED."""
        with self._lock:
            self._stopped = True
            token = self._token
        if token is not None:
            token.cancel(Code.STOPPED)
        self._changed()

    def end(self) -> None:
        """The running plan is over."""
        with self._lock:
            self._token = None
            self._owner = None
            self._now = Snapshot()
            self._idle.notify_all()
        self._changed()

    def reset(self) -> None:
        """Lift the stop. Errors: RESOURCE_BUSY while the stopped plan has not ended."""
        with self._lock:
            if self._stopped and self._token is not None:
                raise VlaError(
                    Code.RESOURCE_BUSY, "The plan that was stopped has not come to its end yet."
                )
            self._stopped = False
        self._changed()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no plan runs; false after the timeout (seconds of the steady clock)."""
        with self._idle:
            return self._idle.wait_for(lambda: self._token is None, timeout_s)
