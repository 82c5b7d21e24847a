# SPDX-License-Identifier: Apache-2.0
"""What state the system is in, as a function of the facts.

There is no stored state that could disagree with the facts: components, the stop latch, what was asked for
and what runs. Which component gets which transition next is decided in `bringup_order`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class SystemState(IntEnum):
    """Same numbers as vla_interfaces/msg/SystemStatus."""

    INACTIVE = 0
    STARTING = 1
    IDLE = 2
    PLANNING = 3
    EXECUTING = 4
    STOPPED = 5
    DEGRADED = 6
    FAULT = 7
    PAUSED = 8
    SHUTTING_DOWN = 9


class Activity(IntEnum):
    """What the running command is at."""

    NONE = 0
    PLANNING = 1
    EXECUTING = 2


@dataclass(frozen=True)
class ComponentFacts:
    """One component as last observed. active: its lifecycle state is active and its pulse is fresh."""

    name: str
    required: bool
    active: bool
    failed: bool = False  # a transition failed, or it died after it had been active
    reason: str = ""


@dataclass(frozen=True)
class SystemFacts:
    """Everything the state follows from."""

    wanted: bool  # STARTUP was asked for, SHUTDOWN was not
    shutting_down: bool
    stopped: bool  # the executor's latch
    paused: bool
    activity: Activity
    components: Sequence[ComponentFacts] = ()


def system_state(facts: SystemFacts) -> SystemState:
    """The one state; what matters most to somebody beside the robot comes first."""
    if facts.shutting_down:
        return SystemState.SHUTTING_DOWN
    if facts.stopped:
        return SystemState.STOPPED
    if not facts.wanted:
        return SystemState.INACTIVE
    missing = [
        component for component in facts.components if component.required and not component.active
    ]
    if any(component.failed for component in missing):
        return SystemState.FAULT
    if missing:
        return SystemState.STARTING
    if facts.activity is Activity.PLANNING:
        return SystemState.PLANNING
    if facts.activity is Activity.EXECUTING:
        return SystemState.EXECUTING
    if facts.paused:
        return SystemState.PAUSED
    optional = [
        component
        for component in facts.components
        if not component.required and not component.active
    ]
    if any(not component.failed for component in optional):
        return SystemState.STARTING
    return SystemState.DEGRADED if optional else SystemState.IDLE


def takes_commands(state: SystemState) -> bool:
    """Whether a new command may be accepted into the queue in this state."""
    return state in (
        SystemState.IDLE,
        SystemState.DEGRADED,
        SystemState.PLANNING,
        SystemState.EXECUTING,
        SystemState.PAUSED,
    )


def explain(state: SystemState, components: Sequence[ComponentFacts]) -> str:
    """One sentence for people; with what the executor complains of while it is stopped, which is no standstill."""
    missing = [component for component in components if not component.active]
    names = ", ".join(component.name for component in missing)
    sentences = {
        SystemState.INACTIVE: "Not started; call manage with STARTUP.",
        SystemState.STARTING: f"Starting; waiting for: {names}." if names else "Starting.",
        SystemState.IDLE: "Ready for commands.",
        SystemState.PLANNING: "Planning.",
        SystemState.EXECUTING: "Carrying out a command.",
        SystemState.STOPPED: "Stopped; nothing moves until reset.",
        SystemState.DEGRADED: f"Ready, but without: {names}.",
        SystemState.FAULT: f"Not working: {names}.",
        SystemState.PAUSED: "Paused; commands wait.",
        SystemState.SHUTTING_DOWN: "Shutting down.",
    }
    if state is SystemState.STOPPED:
        for component in components:
            if component.name == "executor" and component.active and component.reason:
                return f"Stopped; this system moves nothing until reset, but: {component.reason}"
    return sentences[state]
