# SPDX-License-Identifier: Apache-2.0
"""Which component gets which lifecycle transition next, which counts as dead, hung, or given up.

Pure bookkeeping over what was observed; watching pulses, asking the nodes and changing their state is left to
`component_client`. Times are seconds of a steady clock and come in from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from vla_bringup.supervision.system_state import ComponentFacts

MAX_FAILURES = 5
"""Failed transitions in a row after which a component is given up until it is restarted."""


class LifecycleState(IntEnum):
    """Same numbers as lifecycle_msgs/msg/State."""

    UNKNOWN = 0
    UNCONFIGURED = 1
    INACTIVE = 2
    ACTIVE = 3
    FINALIZED = 4


class Transition(IntEnum):
    """Same numbers as lifecycle_msgs/msg/Transition."""

    CONFIGURE = 1
    CLEANUP = 2
    ACTIVATE = 3
    DEACTIVATE = 4


_UP = {
    LifecycleState.UNCONFIGURED: Transition.CONFIGURE,
    LifecycleState.INACTIVE: Transition.ACTIVATE,
}
_DOWN = {
    LifecycleState.ACTIVE: Transition.DEACTIVATE,
    LifecycleState.INACTIVE: Transition.CLEANUP,
}


@dataclass(frozen=True)
class Limits:
    """Seconds and counts; see `config.IntegrationConfig`."""

    hang_timeout_s: float = 6.0
    startup_timeout_s: float = 60.0
    max_restarts: int = 5
    restart_window_s: float = 120.0


@dataclass
class Component:
    """One lifecycle node as it was last observed."""

    name: str
    required: bool
    limits: Limits = Limits()
    state: LifecycleState = LifecycleState.UNKNOWN
    instance: str = ""  # changes with every start of its process; empty: never heard of
    alive: bool = False  # its pulse is heard
    lost_reason: str = ""
    lost_at_s: float = 0.0
    killed: bool = False  # since it was lost
    health: str = ""  # why it is not well, by its own word
    restarts: int = 0
    restarted_at_s: list[float] = field(default_factory=list)
    given_up: bool = False
    failures: int = 0
    retry_at_s: float = 0.0
    wanted_since_s: float | None = None
    was_active: bool = False

    def wanted(self, now_s: float) -> None:
        """STARTUP: try (again), whatever was before."""
        self.given_up = False
        self.failures = 0
        self.retry_at_s = now_s
        self.restarted_at_s.clear()
        self.was_active = False
        self.wanted_since_s = now_s

    def pulse(self, now_s: float, instance: str, health: str) -> bool:
        """A heartbeat came in; True when it is from another process than the last one."""
        restarted = bool(self.instance) and instance != self.instance
        if restarted:
            self.restarts += 1
            self.failures = 0
            self.retry_at_s = now_s
            self.state = LifecycleState.UNKNOWN
            window_s = self.limits.restart_window_s
            self.restarted_at_s = [t for t in self.restarted_at_s if now_s - t < window_s]
            self.restarted_at_s.append(now_s)
            self.given_up |= len(self.restarted_at_s) > self.limits.max_restarts
        self.instance = instance
        self.alive = True
        self.lost_reason = ""
        self.killed = False
        self.health = health
        return restarted

    def lost(self, now_s: float, reason: str) -> None:
        """Its pulse has ended."""
        self.alive = False
        self.lost_reason = reason
        self.lost_at_s = now_s
        self.state = LifecycleState.UNKNOWN

    def transition_ended(self, ok: bool, now_s: float) -> None:
        """Failures are tried again after 1, 2, 4, ... seconds, a bounded number of times."""
        if ok:
            self.failures = 0
            return
        self.failures += 1
        self.retry_at_s = now_s + 2.0 ** (self.failures - 1)

    def facts(self, now_s: float) -> ComponentFacts:
        active = self.alive and self.state is LifecycleState.ACTIVE and not self.given_up
        self.was_active = self.was_active or active
        late = (
            not self.instance
            and self.wanted_since_s is not None
            and now_s - self.wanted_since_s > self.limits.startup_timeout_s
        )
        # A required one that is coming back holds everything up anyway; without an optional one the rest goes on.
        gone = not self.alive if self.required else not active
        failed = self.given_up or self.failures > 0 or late or (self.was_active and gone)
        return ComponentFacts(self.name, self.required, active, failed, self._reason(active, late))

    def _reason(self, active: bool, late: bool) -> str:
        if self.given_up:
            limits = self.limits
            return (
                f"Given up after {len(self.restarted_at_s)} restarts within "
                f"{limits.restart_window_s:g} s; STARTUP tries again."
            )
        if self.lost_reason:
            return self.lost_reason
        if self.failures >= MAX_FAILURES:
            return f"Given up after {self.failures} failed transitions: {self.health or 'no reason given'}"
        if self.health:
            return self.health
        if active:
            return ""
        if late:
            return f"Has not started within {self.limits.startup_timeout_s:g} s."
        if not self.alive:
            return "Has not started yet."
        if self.state is LifecycleState.FINALIZED:
            return "It was shut down for good; its process ends, and has to be started again."
        return f"Its lifecycle state is {self.state.name.lower()}."


@dataclass
class Supervision:
    """The components in the order in which they are brought up."""

    components: Sequence[Component]
    by_name: dict[str, Component] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {component.name: component for component in self.components}

    def next_transition(self, up: bool, now_s: float) -> tuple[Component, Transition] | None:
        """What to do now, or None. Going up, a required component that is not active holds back those after it."""
        table = _UP if up else _DOWN
        for component in self.components if up else reversed(self.components):
            transition = table.get(component.state) if component.alive else None
            if (
                transition is not None
                and not (up and component.given_up)
                and component.failures < MAX_FAILURES
                and now_s >= component.retry_at_s
            ):
                return component, transition
            not_up = not component.alive or component.state is not LifecycleState.ACTIVE
            if up and component.required and not_up:
                return None
        return None

    def hung(self, now_s: float) -> Iterable[Component]:
        """Those that have been lost for so long that their process, if there still is one, has to be ended."""
        return [
            component
            for component in self.components
            if component.instance
            and not component.alive
            and not component.killed
            and now_s - component.lost_at_s > component.limits.hang_timeout_s
        ]

    def facts(self, now_s: float) -> tuple[ComponentFacts, ...]:
        return tuple(component.facts(now_s) for component in self.components)

    def all_down(self) -> bool:
        """Whether no living component is configured or active any more."""
        return not any(
            component.alive
            and component.state in (LifecycleState.INACTIVE, LifecycleState.ACTIVE)
            and component.failures < MAX_FAILURES
            for component in self.components
        )
