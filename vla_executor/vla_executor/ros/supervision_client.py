# SPDX-License-Identifier: Apache-2.0
"""Plans that may run only as long as the state manager lives; and the state manager that hangs.

Decides when a supervised plan may begin and when it has to end. The state manager ends components that hang; when it
is the one that hangs, its process is ended here, so that launch starts it again. Whoever sends a plan without asking
for supervision is not affected. The plan is ended through `state.ExecutionState`; the runner halts the robot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.machine.process_watch import LAUNCH, named
from vla_common.machine.processes import ProcessState, kill, process_state
from vla_common.ros.heartbeat import HeartbeatMonitor

SUPERVISOR = "state_manager"
FIRST_PULSE_TIMEOUT_S = 2.0
"""A goal may overtake the first pulse that this node hears."""


class Supervision:
    """Created on configure; `close` ends its thread. end: cancels the plan of an owner, with a reason."""

    def __init__(
        self, node: Any, end: Callable[[object, Code], Any], hang_timeout_s: float
    ) -> None:
        """hang_timeout_s: from the loss of the pulse until a process that still exists is killed."""
        self._end = end
        self._hang_timeout_s = hang_timeout_s
        self._patience: threading.Timer | None = None
        self._log = node.get_logger()
        self._lock = threading.Lock()
        self._owners: set[object] = set()
        self._heard = threading.Event()
        self._watch = HeartbeatMonitor(
            node,
            [SUPERVISOR],
            self._on_lost,
            on_back=lambda name: self._wait_for_it(False),
            on_pulse=lambda name, info: self._heard.set(),
            group=node.reentrant,
        )

    def begin(self, owner: object) -> None:
        """From now on the owner's plan ends with the state manager. Errors: COMPONENT_FAILED when it has no pulse."""
        # Noted first: a loss between the look and the beginning of the plan is not missed.
        with self._lock:
            self._owners.add(owner)
        if not self._watch.alive(SUPERVISOR):
            self._heard.clear()
            self._heard.wait(FIRST_PULSE_TIMEOUT_S)
        if not self._watch.alive(SUPERVISOR):
            raise VlaError(
                Code.COMPONENT_FAILED,
                "The plan is to be supervised, and the state manager has no pulse; nothing was done.",
            )

    def end(self, owner: object) -> None:
        """The owner's plan is over."""
        with self._lock:
            self._owners.discard(owner)

    def close(self) -> None:
        self._watch.close()
        self._wait_for_it(False)

    def _on_lost(self, name: str, reason: str) -> None:
        with self._lock:
            owners = list(self._owners)
        for owner in owners:
            self._end(owner, Code.COMPONENT_FAILED)
        self._log.warning(f"the {name} is lost: {reason} {len(owners)} supervised plans end")
        self._wait_for_it(True)

    def _wait_for_it(self, on: bool) -> None:
        """Give it time to come back, or call that off."""
        with self._lock:
            if self._patience is not None:
                self._patience.cancel()
            self._patience = threading.Timer(self._hang_timeout_s, self._end_hung) if on else None
            if self._patience is not None:
                self._patience.daemon = True
                self._patience.start()

    def _end_hung(self) -> None:
        last = self._watch.last(SUPERVISOR)
        if last is None or self._watch.alive(SUPERVISOR):
            return
        launch = named(LAUNCH)
        if kill(last.process, SUPERVISOR, launch.pid if launch else 0):
            self._log.error(f"the {SUPERVISOR} hangs; process {last.process.pid} was killed")
        elif process_state(last.process) is not ProcessState.GONE:
            self._log.error(
                f"the {SUPERVISOR} hangs, and process {last.process.pid} is not proven to be a node of ours: end it"
            )
