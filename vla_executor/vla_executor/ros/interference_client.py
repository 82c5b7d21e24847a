# SPDX-License-Identifier: Apache-2.0
"""Looks several times a second whether somebody else drives the robot or serves our names, and tells who listens.

Looks at the ROS graph and at what `RosRobot` has seen; what it means is decided in `interference`. An alarm is told at
once: by the node's health (diagnostics, its pulse, and by that the status) and as a sentence on `feedback`.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from vla_common.contracts.outcomes import OK, Result
from vla_common.machine.ownership import Kind, OwnName
from vla_common.ros.graph.name_watch import NameWatch
from vla_executor.robot.robot import Velocity
from vla_executor.safety.interference import judge, strange_publishers

LOOK_PERIOD_S = 0.1
GRAPH_PERIOD_S = 0.2
SETTLE_S = 0.3
"""A server that is being replaced is there twice for a moment."""
CLEAR_AFTER_S = 2.0
"""An alarm stays for so long after its cause was last seen, so that it does not flicker."""
OWN_SERVERS = (
    ("execute_plan", Kind.ACTION),
    ("stop", Kind.SERVICE),
    ("reset", Kind.SERVICE),
    ("list_skills", Kind.SERVICE),
    ("query_scene", Kind.SERVICE),
    ("navigate_to_pose", Kind.ACTION),
    ("manipulate", Kind.ACTION),
    ("point_head", Kind.ACTION),
)
CMD_VEL = OwnName("cmd_vel", Kind.TOPIC, ())
ODOM = OwnName("odom", Kind.TOPIC, ())


class InterferenceWatch:
    """Has a thread of its own; `close` ends it. tell: called with every new alarm, and with OK when it is over."""

    def __init__(
        self,
        node: Any,
        permitted: Sequence[str],
        motion: Callable[[], Velocity | None],
        stopped: Callable[[], bool],
        tell: Callable[[Result], None],
        strangers: Callable[[bool], None] = lambda there: None,
        look: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """motion: that nobody ordered, seen just now. strangers: told whether somebody else can drive the robot.
        look: called as often as the graph is looked at.
        """
        self._names = NameWatch(node, ())
        self._permitted = (*permitted, node.get_fully_qualified_name(), "state_manager", "watcher")
        self._motion, self._stopped, self._tell = motion, stopped, tell
        self._strangers = strangers
        self._look = look
        self._log = node.get_logger()
        self._clock = clock
        self._since_s: dict[str, float] = {}
        self._publishers: list[str] = []
        self._servers: dict[str, list[str]] = {}
        self._odometry: list[str] = []
        self._told = OK
        self._well_since_s: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="interference", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)

    @property
    def odometry_publishers(self) -> int:
        """How many there are, as far as is known; several are more than one should listen to."""
        return max(1, len(self._odometry))

    def _run(self) -> None:
        next_graph_s = 0.0
        while not self._over.wait(LOOK_PERIOD_S):
            try:
                now_s = self._clock()
                if now_s >= next_graph_s:
                    next_graph_s = now_s + GRAPH_PERIOD_S
                    self._look()
                    self._look_at_graph(now_s)
                self._judge(now_s)
            except Exception:
                if self._over.is_set():
                    return
                self._log.error(
                    f"looking for others at our names broke:\n{traceback.format_exc()}",
                    throttle_duration_sec=10.0,
                )

    def _look_at_graph(self, now_s: float) -> None:
        drivers = [end.node for end in self._names.endpoints(CMD_VEL) if not end.gone]
        # A node is found before it has said its name.
        named = [node for node in drivers if node]
        self._publishers = strange_publishers(named, self._permitted)
        if self._lasting("cmd_vel nameless", len(named) < len(drivers), now_s, 1.0):
            self._publishers.append("")
        self._strangers(bool(self._publishers))
        self._servers = {}
        for name, kind in OWN_SERVERS:
            ends = [end for end in self._names.endpoints(OwnName(name, kind, ())) if not end.gone]
            if self._lasting(name, len(ends) > 1, now_s, SETTLE_S):
                self._servers[name] = sorted(end.node for end in ends)
        ends = [end for end in self._names.endpoints(ODOM) if not end.gone]
        several = self._lasting("odom", len(ends) > 1, now_s, SETTLE_S)
        self._odometry = sorted(end.node for end in ends) if several else []

    def _lasting(self, key: str, there: bool, now_s: float, after_s: float) -> bool:
        if not there:
            self._since_s.pop(key, None)
            return False
        return now_s - self._since_s.setdefault(key, now_s) >= after_s

    def _judge(self, now_s: float) -> None:
        found = judge(
            self._motion(), self._stopped(), self._publishers, self._servers, self._odometry
        )
        if found.ok:
            if self._told.ok:
                return
            if self._well_since_s is None:
                self._well_since_s = now_s
            if now_s - self._well_since_s < CLEAR_AFTER_S:
                return
        self._well_since_s = None
        if found.code == self._told.code and _shape(found) == _shape(self._told):
            return  # the same alarm; only its figures differ
        self._told = found
        self._tell(found)


def _shape(result: Result) -> str:
    return "".join(letter for letter in result.message if not letter.isdigit())
