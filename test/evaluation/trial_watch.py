# SPDX-License-Identifier: Apache-2.0
"""Follows one command, the robot and the system through a fault, from outside of all of them."""

from __future__ import annotations

import time
import uuid
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from fault_kinds import Injection, Kind
from fault_verdict import Trial
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.qos import qos_profile_action_status_default
from vla_interfaces.action import ExecuteCommand
from vla_interfaces.msg import SystemStatus
from vla_interfaces.srv import GetStatus

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.ros.clients.calls import GoalRun
from vla_testing.system.motion_watch import STILL, MotionWatch
from vla_testing.system.moving import Mover
from vla_testing.system.own_system import COMPOSED, STAGES, OwnSystem

RECOVERY_LIMIT_S = 60.0
QUIET_S = 3.0
"""So long nothing may move after the end of the command."""
LATE_S = 0.03
"""A sample of motion may be stamped so much later than it was."""
POLL_S = 0.1
ANSWER_S = 2.0
IDLE = (SystemStatus.IDLE, SystemStatus.DEGRADED)
WORKING = (*IDLE, SystemStatus.PLANNING, SystemStatus.EXECUTING)
PROBE = "turn right 20 degrees"
LIFECYCLE = tuple(stage for stage in STAGES if stage != "state_manager")
FINAL = (GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED)


class Watched:
    """One system with everything that is watched in it. Errors: VlaError where the system should have worked."""

    def __init__(self, system: OwnSystem) -> None:
        self._system = system
        self._client = system.client
        self._watch = MotionWatch(self._client, by_arrival=True)
        self._mover = Mover(self._client, self._watch, {})
        self._finals: dict[bytes, set[int]] = {}
        self._run: GoalRun | None = None
        self._goal_id = b""
        self._trace_id = ""
        self._missing = ""
        self._client.node.create_subscription(
            GoalStatusArray,
            "execute_command/_action/status",
            self._on_goals,
            qos_profile_action_status_default,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._watch.check()

    def _on_goals(self, message: GoalStatusArray) -> None:
        for item in message.status_list:
            if item.status in FINAL:
                known = self._finals.setdefault(bytes(item.goal_info.goal_id.uuid), set())
                known.add(item.status)

    def prepare(self, world: str) -> None:
        self._finals.clear()
        self._mover.prepare(world)

    def start(self, command: str) -> None:
        self._trace_id = str(uuid.uuid4())
        goal = ExecuteCommand.Goal(command=command, source="faults", trace_id=self._trace_id)
        self._run = self._client.start(goal)
        self._goal_id = bytes(self._run._handle.goal_id.uuid)

    def until(self, at_s: float) -> None:
        """Until that time of day, or the end of the command."""
        assert self._run is not None
        self._run.wait(max(0.0, at_s - time.time()))

    def verdict(
        self, kind: Kind, injection: Injection, command: str, fault_s: float, lasts_s: float
    ) -> Trial:
        """Waits for end, recovery and quiet; then tells how it went."""
        before = self._watch.trace.at(fault_s)
        owner_died = kind.replaced and (self._system.composed or kind.process == "state_manager")
        over_s = fault_s + lasts_s
        ended_s, whole_s, state = self._follow(kind, injection, over_s, owner_died)
        end_s = ended_s if ended_s is not None else whole_s if whole_s is not None else time.time()
        self._watch.until(lambda: time.time() > end_s + QUIET_S, 2 * QUIET_S)
        moving = [s.at_s for s in self._watch.trace.between(fault_s + LATE_S) if s.speed >= STILL]
        now_s = time.time()
        still_s = (
            None
            if moving and now_s - moving[-1] < QUIET_S / 2
            else max([fault_s, *moving[-1:]]) - fault_s
        )
        later = self._watch.trace.largest(end_s + LATE_S)
        code = self._code()
        if whole_s is not None and not self._probe():
            whole_s = None
        return Trial(
            kind=kind.name,
            mission=command,
            detail=injection.detail,
            must_stop=kind.must_stop,
            moving=before is not None and before.speed >= STILL,
            still_s=still_s,
            final_states=len(self._finals.get(self._goal_id, ())),
            code=code,
            owner_died=owner_died,
            journaled=self._journaled() if owner_died and code is None else None,
            recovered_s=None if whole_s is None else max(0.0, whole_s - over_s),
            degraded=state == SystemStatus.DEGRADED,
            later_speed=later,
            # Who was told that standstill could not be confirmed was told the truth.
            moved_after_end=later >= STILL and code != Code.STOP_UNCONFIRMED,
            needed_restart=self._missing,
        )

    def _code(self) -> int | None:
        assert self._run is not None
        wrapped = self._run.wait(0.0)
        return None if wrapped is None else int(wrapped.result.outcome.code)

    def _follow(
        self, kind: Kind, injection: Injection, over_s: float, owner_died: bool
    ) -> tuple[float | None, float | None, int]:
        """When the command ended for its client, since when the system was whole again, and its state in the end.

        A command that the fault did not end goes on, so that the system may be whole long before it is idle.
        """
        assert self._run is not None
        ended_s: float | None = None
        whole_s: float | None = None
        while time.time() < over_s + RECOVERY_LIMIT_S:
            if ended_s is None and self._run.wait(POLL_S) is not None:
                ended_s = time.time()
            self._watch.trace.wait(POLL_S)
            if time.time() < over_s or not injection.lifted.is_set():
                continue
            state = self._whole(kind, injection)
            if state is None:
                whole_s = None
                continue
            whole_s = whole_s or time.time()
            if state in IDLE and (ended_s is not None or owner_died):
                return ended_s, whole_s, state
        self._missing = self._missing or "the command did not end, or the system did not get idle"
        return ended_s, None, 0

    def _whole(self, kind: Kind, injection: Injection) -> int | None:
        """The system's state when nothing is missing: by the processes, by the stages' and by its own word."""
        node = COMPOSED if self._system.composed else kind.process
        process = self._system.processes().get(node) if kind.replaced else None
        if kind.replaced and (process is None or process.pid == injection.before):
            self._missing = f"no new process of {node}"
            return None
        try:
            for stage in LIFECYCLE:
                answer = self._client.call(
                    GetState, f"{stage}/get_state", GetState.Request(), ANSWER_S
                )
                if answer.current_state.id != State.PRIMARY_STATE_ACTIVE:
                    self._missing = f"{stage} is {answer.current_state.label}"
                    return None
            status = self._client.call(
                GetStatus, "get_status", GetStatus.Request(), ANSWER_S
            ).status
        except VlaError as error:
            self._missing = error.message
            return None
        if status.state in WORKING:
            self._missing = ""
            return int(status.state)
        self._missing = f"state {status.state}: {status.message}"
        return None

    def _probe(self) -> bool:
        """Ready is who carries out a command."""
        goal = ExecuteCommand.Goal(command=PROBE, source="faults")
        try:
            outcome = self._client.execute(goal, timeout_s=RECOVERY_LIMIT_S).outcome
        except VlaError as error:
            self._missing = f"the next command: {error.message}"
            return False
        if outcome.code != Code.OK:
            self._missing = f"the next command: {outcome.code} {outcome.message}"
        return bool(outcome.code == Code.OK)

    def _journaled(self) -> str | None:
        """How the journal says that the command ended; empty when it does not, None where there is no journal."""
        try:
            from vla_bringup.journal.config import journal_path
            from vla_bringup.journal.reader import JournalReader
        except ImportError:
            return None
        reader: Any = JournalReader(journal_path("", "vla", {"ROS_HOME": str(self._system.home)}))
        try:
            return str(reader.details(self._trace_id).record.outcome)
        except VlaError:
            return ""
