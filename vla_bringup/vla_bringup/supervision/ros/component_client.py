# SPDX-License-Identifier: Apache-2.0
"""Watches the pulses of the components, asks and changes their lifecycle states, ends those that hang.

What to do next is decided in `supervision`; here it is done over ROS, on a thread of its own. State is read again
after every transition: an answer is believed only when the node then says the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState, GetState

from vla_bringup.supervision.supervision import Component, LifecycleState, Supervision, Transition
from vla_common.contracts.outcomes import VlaError
from vla_common.machine.process_watch import LAUNCH, named
from vla_common.machine.processes import ProcessState, kill, process_state
from vla_common.ros.clients.calls import call
from vla_common.ros.heartbeat import HeartbeatInfo, HeartbeatMonitor

PERIOD_S = 1.0
STARTING_PERIOD_S = 0.1
GET_STATE_TIMEOUT_S = 2.0
LEAVE_TIMEOUT_S = 0.5
"""It may wait for somebody who is gone already, and is left to the end of the process then."""
MOST_MISSES = 3
"""Answers in a row that an active component may owe before it counts as lost."""


class ComponentClient:
    """Subscribes <component>/heartbeat on `streams`; calls <component>/get_state and change_state.

    on_lost(name, reason) when a component that was active is gone; on_active(name); on_change after every look.
    """

    def __init__(
        self,
        node: Any,
        streams: Any,
        supervision: Supervision,
        heartbeat_timeout_s: float,
        transition_timeout_s: float,
        on_change: Callable[[], None],
        on_lost: Callable[[str, str], None],
        on_active: Callable[[str], None],
    ) -> None:
        self._node = node
        self._supervision = supervision
        self._transition_timeout_s = transition_timeout_s
        self._on_change = on_change
        self._on_lost = on_lost
        self._on_active = on_active
        self._lock = threading.Lock()
        self._reported: set[str] = set()
        self._misses: dict[str, int] = {}
        self._up = False
        self._looks = 0
        self._over = False
        self._wake = threading.Event()
        self._settled = threading.Condition()
        group = node.reentrant
        names = list(supervision.by_name)
        self._get = {
            name: node.create_client(GetState, f"{name}/get_state", callback_group=group)
            for name in names
        }
        self._change = {
            name: node.create_client(ChangeState, f"{name}/change_state", callback_group=group)
            for name in names
        }
        self._pulses = HeartbeatMonitor(
            streams,
            names,
            on_lost=self._pulse_lost,
            on_pulse=self._pulse,
            timeout_s=heartbeat_timeout_s,
        )
        self._thread = threading.Thread(target=self._work, name="supervision", daemon=True)
        self._thread.start()

    def bring(self, up: bool) -> None:
        """From now on keep the components up, or take them down."""
        if up:
            now = time.monotonic()
            for component in self._supervision.components:
                component.wanted(now)
        self._up = up
        self._wake.set()

    def pids(self) -> dict[str, int]:
        """Process ids by component, of those that run on this machine."""
        out = {}
        for name in self._supervision.by_name:
            last = self._pulses.last(name)
            if last is not None and self._pulses.alive(name):
                out[name] = last.process.pid
        return out

    def strangers(self) -> list[str]:
        """Components under whose name somebody else sends pulses."""
        return self._pulses.strangers()

    @property
    def looks(self) -> int:
        """How often all components have been looked at."""
        return self._looks

    def wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a condition on the components holds; looked at after every observation."""
        with self._settled:
            return self._settled.wait_for(condition, timeout_s)

    def leave_alone(self) -> None:
        """The system goes down: who is lost from now on goes down as well. Pulses are still heard."""
        self._over = True
        self._wake.set()

    def close(self) -> None:
        self.leave_alone()
        self._pulses.close()
        self._thread.join(LEAVE_TIMEOUT_S)

    def _pulse(self, name: str, info: HeartbeatInfo) -> None:
        component = self._supervision.by_name[name]
        was_alive, health = component.alive, component.health
        restarted = component.pulse(time.monotonic(), info.instance, info.health.message)
        if restarted:
            self._node.get_logger().warning(f"{name} was restarted")
        if restarted or not was_alive or component.health != health:
            self._wake.set()

    def _pulse_lost(self, name: str, reason: str) -> None:
        self._supervision.by_name[name].lost(time.monotonic(), reason)
        self._lost(name, reason)
        self._wake.set()

    def _work(self) -> None:
        while not self._over:
            busy = False
            try:
                busy = self._round()
            except Exception as error:
                if self._over:
                    return
                self._node.get_logger().error(f"supervision: {error!r}")
            with self._settled:
                self._settled.notify_all()
            self._on_change()
            self._wake.wait(STARTING_PERIOD_S if busy else PERIOD_S)
            self._wake.clear()

    def _round(self) -> bool:
        """Observe all, end what hangs, do at most one transition; True when there is more to do soon."""
        for component in self._supervision.components:
            self._observe(component)
        self._looks += 1
        now = time.monotonic()
        for component in self._supervision.hung(now):
            self._end(component)
        step = self._supervision.next_transition(self._up, now)
        if step is not None:
            self._do(*step)
        for facts in self._supervision.facts(time.monotonic()):
            if not facts.active:
                self._lost(facts.name, facts.reason)
            else:
                with self._lock:
                    new = facts.name not in self._reported
                    self._reported.add(facts.name)
                if new:
                    self._node.get_logger().info(f"{facts.name} is active")
                    self._on_active(facts.name)
        return step is not None

    def _lost(self, name: str, reason: str) -> None:
        with self._lock:
            if name not in self._reported:
                return
            self._reported.discard(name)
        if self._over:
            return
        # Going down in order is no loss; dying on the way down is.
        if self._up or not self._supervision.by_name[name].alive:
            self._node.get_logger().error(f"{name} is lost: {reason}")
            self._on_lost(name, reason)

    def _end(self, component: Component) -> None:
        component.killed = True
        last = self._pulses.last(component.name)
        if last is None:
            return
        launch, log = named(LAUNCH), self._node.get_logger()
        if kill(last.process, component.name, launch.pid if launch else 0):
            log.error(
                f"{component.name} hangs ({component.lost_reason}); process {last.process.pid} was killed"
            )
        elif process_state(last.process) is not ProcessState.GONE:
            log.error(
                f"{component.name} hangs ({component.lost_reason}), and process {last.process.pid} is not proven "
                "to be a node of ours: end it"
            )

    def _observe(self, component: Component) -> None:
        if not component.alive:
            return  # nobody is there to be asked
        try:
            answer = call(self._get[component.name], GetState.Request(), GET_STATE_TIMEOUT_S)
        except VlaError:
            # On a busy machine an answer may be late; a component that is active is judged by its pulse first.
            self._misses[component.name] = self._misses.get(component.name, 0) + 1
            if (
                component.state is not LifecycleState.ACTIVE
                or self._misses[component.name] >= MOST_MISSES
            ):
                component.state = LifecycleState.UNKNOWN
            return
        self._misses[component.name] = 0
        known = {state.value for state in LifecycleState}
        state = answer.current_state.id
        component.state = LifecycleState(state) if state in known else LifecycleState.UNKNOWN

    def _do(self, component: Component, transition: Transition) -> None:
        request = ChangeState.Request()
        request.transition.id = int(transition)
        before = component.state
        try:
            ok = bool(
                call(self._change[component.name], request, self._transition_timeout_s).success
            )
        except VlaError as error:
            ok = False
            component.health = component.health or error.message
        self._observe(component)
        ok = ok and component.state is not before
        component.transition_ended(ok, time.monotonic())
        log = self._node.get_logger()
        if ok:
            log.info(f"{component.name}: {component.state.name.lower()}")
        else:
            reason = component.health or "it gave no reason"
            log.error(
                f"{component.name}: {transition.name.lower()} failed ({component.failures}): {reason}"
            )
