# SPDX-License-Identifier: Apache-2.0
"""The pulse of a node, and watching the pulses of others.

Three things can be wrong with a node, and each is seen in its own way:
- its process ended or was suspended: /proc tells within `LOOK_PERIOD_S` on the same machine;
- its machine is out of reach: DDS tells when the liveliness lease runs out (`LEASE_S`);
- its process lives but its work loop does not turn: no heartbeat message for `timeout_s`.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from vla_interfaces.msg import Heartbeat

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.machine.process_watch import LAUNCH, named
from vla_common.machine.processes import (
    ProcessIdentity,
    ProcessState,
    is_ours,
    own_identity,
    process_state,
)
from vla_common.machine.pulse_identity import Heard, believed
from vla_common.machine.work_loops import WorkLoops
from vla_common.ros.conversions import outcome_from_msg, outcome_to_msg

PERIOD_S = 0.25
LEASE_S = 1.0
LOOK_PERIOD_S = 0.05
TIMEOUT_S = 4.0
"""Silence after which a work loop counts as stuck; long, since a busy machine delays Python by seconds."""
STRANGER_S = 10.0
STRANGER_LOG_S = 10.0
"""How long a pulse that was ignored is worth a word."""
LOOKS_BEFORE_SILENT = 4
"""Looks that a silence takes at least: who slept itself (suspended, starved) has not heard, which proves nothing."""

PULSE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
    liveliness=LivelinessPolicy.AUTOMATIC,
    liveliness_lease_duration=Duration(seconds=LEASE_S),
)


class HeartbeatPublisher:
    """Publishes `<node>/heartbeat` from a timer of the node's executor, as long as the node's work gets on."""

    def __init__(
        self,
        node: Any,
        instance: str,
        group: Any,
        loops: WorkLoops,
        health: Callable[[], Result] = lambda: OK,
    ) -> None:
        self._node = node
        self._loops = loops
        self._health = health
        self._stuck = ""
        identity = own_identity()
        self._message = Heartbeat(
            instance=instance,
            host=identity.host,
            pid=identity.pid,
            process_start=identity.start,
        )
        self._publisher = node.create_publisher(Heartbeat, f"{node.get_name()}/heartbeat", PULSE)
        # The steady clock: a simulated one may stand still or jump, and the node lives on.
        node.create_timer(
            PERIOD_S, self.beat, callback_group=group, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def beat(self) -> None:
        """One pulse; withheld while work is stuck, so that whoever watches does not rely on this node."""
        stuck = self._loops.overdue()
        if bool(stuck) != bool(self._stuck):
            log = self._node.get_logger()
            if stuck:
                log.error(f"no pulse any more: {stuck}")
            else:
                log.warning("the work gets on again, and so does the pulse")
        self._stuck = stuck
        if stuck:
            return
        self._message.turn += 1
        self._message.health = outcome_to_msg(self._health())
        self._publisher.publish(self._message)


@dataclass(frozen=True)
class HeartbeatInfo:
    """What the last pulse of a node said."""

    instance: str
    process: ProcessIdentity
    health: Result
    at_s: float


class HeartbeatMonitor:
    """Watches the pulses of several nodes by name; callbacks come from threads of its own or of the executor.

    on_lost(name, reason) once when a node that was alive is lost; on_back(name) once when it is heard (again);
    on_pulse(name, info) for each pulse. `node` gets the subscriptions. `close` ends the thread.
    """

    def __init__(
        self,
        node: Any,
        names: Iterable[str],
        on_lost: Callable[[str, str], None],
        on_back: Callable[[str], None] = lambda name: None,
        on_pulse: Callable[[str, HeartbeatInfo], None] = lambda name, info: None,
        timeout_s: float = TIMEOUT_S,
        group: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = node.get_logger()
        self._timeout_s = timeout_s
        self._on_lost, self._on_back, self._on_pulse = on_lost, on_back, on_pulse
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, HeartbeatInfo] = {}
        self._lost: dict[str, str] = {}
        self._silence_s: dict[str, float] = {}
        self._strangers: dict[str, float] = {}
        self._over = threading.Event()
        for name in names:
            self._watch(node, name, group)
        self._thread = threading.Thread(target=self._look, name="pulses", daemon=True)
        self._thread.start()

    def alive(self, name: str) -> bool:
        """Heard, and not lost since."""
        with self._lock:
            return name in self._last and name not in self._lost

    def last(self, name: str) -> HeartbeatInfo | None:
        """The last pulse, whether or not the node still lives; None before the first one."""
        with self._lock:
            return self._last.get(name)

    def lost_reason(self, name: str) -> str:
        """Why it counts as lost; empty when it does not."""
        with self._lock:
            return self._lost.get(name, "")

    def close(self) -> None:
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _watch(self, node: Any, name: str, group: Any) -> None:
        def liveliness(event: Any) -> None:
            last = self.last(name)
            if event.alive_count != 0 or event.alive_count_change >= 0 or last is None:
                return
            # A busy middleware is late as well; on this machine we know better whether the process lives.
            if process_state(last.process) is not ProcessState.RUNNING:
                self._lose(name, "It can no longer be reached (its liveliness lease ran out).")

        node.create_subscription(
            Heartbeat,
            f"{name}/heartbeat",
            lambda message: self._heard(name, message),
            PULSE,
            callback_group=group,
            event_callbacks=SubscriptionEventCallbacks(liveliness=liveliness),
        )

    def _heard(self, name: str, message: Any) -> None:
        process = ProcessIdentity(message.host, message.pid, message.process_start)
        if process_state(process) is ProcessState.GONE:
            return  # its last pulse was still on the way
        try:
            health = outcome_from_msg(message.health)
        except ValueError:
            health = Result(Code.INTERNAL_ERROR, "Its pulse carries no proper outcome.")
        info = HeartbeatInfo(message.instance, process, health, self._clock())
        if not self._believe(name, info):
            return
        with self._lock:
            before = self._last.get(name)
            back = before is None or name in self._lost
            # A new instance means that the old one is gone, even if nobody noticed it go.
            unnoticed = not back and before is not None and before.instance != info.instance
            self._last[name] = info
            self._silence_s[name] = 0.0
            self._lost.pop(name, None)
        if unnoticed:
            self._on_lost(name, "It was restarted.")
        if back or unnoticed:
            self._on_back(name)
        self._on_pulse(name, info)

    def _believe(self, name: str, info: HeartbeatInfo) -> bool:
        """Anybody in the domain may send what looks like a pulse."""
        with self._lock:
            before = self._last.get(name)
            lost = name in self._lost
        if before is None:
            return True
        launch = named(LAUNCH)
        if believed(
            Heard(before.instance, before.process),
            Heard(info.instance, info.process),
            info.at_s - before.at_s,
            lost,
            process_state,
            lambda process: is_ours(process, name, launch.pid if launch else 0),
        ):
            return True
        with self._lock:
            self._strangers[name] = info.at_s
        self._log.error(
            f"somebody else sends pulses of {name} (process {info.process.pid} on "
            f"{info.process.host[:60]!r}); they are ignored",
            throttle_duration_sec=STRANGER_LOG_S,
        )
        return False

    def strangers(self) -> list[str]:
        """Names under which somebody else sends pulses now."""
        now_s = self._clock()
        with self._lock:
            return [name for name, at_s in self._strangers.items() if now_s - at_s < STRANGER_S]

    def _lose(self, name: str, reason: str) -> None:
        with self._lock:
            if name not in self._last or name in self._lost:
                return
            self._lost[name] = reason
        self._on_lost(name, reason)

    def _look(self) -> None:
        longest_s = self._timeout_s / LOOKS_BEFORE_SILENT
        before_s = self._clock()
        while not self._over.wait(LOOK_PERIOD_S):
            now_s = self._clock()
            awake_s, before_s = min(now_s - before_s, longest_s), now_s
            with self._lock:
                living = [(n, info) for n, info in self._last.items() if n not in self._lost]
                for name, _ in living:
                    self._silence_s[name] += awake_s
            for name, info in living:
                try:
                    self._judge(name, info)
                except Exception:  # the next death has to be seen as well
                    self._log.error(f"a loss was not dealt with:\n{traceback.format_exc()}")

    def _judge(self, name: str, info: HeartbeatInfo) -> None:
        state = process_state(info.process)
        if state is ProcessState.GONE:
            self._lose(name, "Its process has ended.")
        elif state is ProcessState.SUSPENDED:
            self._lose(name, "Its process is suspended.")
        elif self._silence_s[name] > self._timeout_s:
            self._lose(name, f"No pulse for more than {self._timeout_s:g} s.")
