# SPDX-License-Identifier: Apache-2.0
"""Which event leads from which state to which: the contract of the system's states, as data.

The state itself is computed from facts (`system_state`), so that it can't disagree with them; where an event may
lead to several states, the facts decide between exactly those listed here. A test walks through everything that can
happen and holds the two against each other, in both directions. An event that has no entry is refused in that state
when it is a request, and can't happen otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from vla_bringup.supervision.system_state import SystemState
from vla_common.contracts.outcomes import OK, Code, Result


class Event(Enum):
    """Requests of somebody first, then what happens by itself."""

    STARTUP = "startup"
    SHUTDOWN = "shutdown"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RESET = "reset"
    DOWN = "down"  # after SHUTDOWN: every component is down
    PLAN = "plan"  # a command begins, or is planned again
    EXECUTE = "execute"  # its plan begins
    END = "end"  # it is over
    REQUIRED_UP = "required_up"  # a component that the system can't do without is active
    REQUIRED_LOST = "required_lost"
    OPTIONAL_UP = "optional_up"
    OPTIONAL_LOST = "optional_lost"


REQUESTS = (Event.STARTUP, Event.SHUTDOWN, Event.PAUSE, Event.RESUME, Event.STOP, Event.RESET)

_ROWS: Mapping[str, Mapping[str, str]] = {
    "INACTIVE": {
        "STARTUP": "STARTING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "STOP": "STOPPED",
        "RESET": "INACTIVE",
    },
    "STARTING": {
        "STARTUP": "STARTING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "STARTING PAUSED",
        "RESUME": "STARTING",
        "STOP": "STOPPED",
        "RESET": "STARTING",
        "PLAN": "STARTING",
        "EXECUTE": "STARTING",
        "END": "STARTING",
        "REQUIRED_UP": "STARTING IDLE PLANNING EXECUTING DEGRADED PAUSED",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "STARTING IDLE",
        "OPTIONAL_LOST": "STARTING DEGRADED",
    },
    "IDLE": {
        "STARTUP": "IDLE",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "PAUSED",
        "RESUME": "IDLE",
        "STOP": "STOPPED",
        "RESET": "IDLE",
        "PLAN": "PLANNING",
        "REQUIRED_UP": "IDLE",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "IDLE",
        "OPTIONAL_LOST": "DEGRADED",
    },
    "PLANNING": {
        "STARTUP": "PLANNING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "PLANNING",
        "RESUME": "PLANNING",
        "STOP": "STOPPED",
        "RESET": "PLANNING",
        "EXECUTE": "EXECUTING",
        "END": "STARTING IDLE DEGRADED PAUSED",
        "REQUIRED_UP": "PLANNING",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "PLANNING",
        "OPTIONAL_LOST": "PLANNING",
    },
    "EXECUTING": {
        "STARTUP": "EXECUTING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "EXECUTING",
        "RESUME": "EXECUTING",
        "STOP": "STOPPED",
        "RESET": "EXECUTING",
        "PLAN": "PLANNING",
        "END": "STARTING IDLE DEGRADED PAUSED",
        "REQUIRED_UP": "EXECUTING",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "EXECUTING",
        "OPTIONAL_LOST": "EXECUTING",
    },
    "STOPPED": {
        "STARTUP": "STOPPED",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "STOPPED",
        "RESUME": "STOPPED",
        "STOP": "STOPPED",
        "RESET": "INACTIVE STARTING IDLE PLANNING EXECUTING DEGRADED FAULT PAUSED",
        "PLAN": "STOPPED",
        "EXECUTE": "STOPPED",
        "END": "STOPPED",
        "REQUIRED_UP": "STOPPED",
        "REQUIRED_LOST": "STOPPED",
        "OPTIONAL_UP": "STOPPED",
        "OPTIONAL_LOST": "STOPPED",
    },
    "DEGRADED": {
        "STARTUP": "STARTING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "PAUSED",
        "RESUME": "DEGRADED",
        "STOP": "STOPPED",
        "RESET": "DEGRADED",
        "PLAN": "PLANNING",
        "REQUIRED_UP": "DEGRADED",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "IDLE",
    },
    "FAULT": {
        "STARTUP": "STARTING",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "FAULT",
        "RESUME": "FAULT",
        "STOP": "STOPPED",
        "RESET": "FAULT",
        "PLAN": "FAULT",
        "EXECUTE": "FAULT",
        "END": "FAULT",
        "REQUIRED_UP": "STARTING IDLE PLANNING EXECUTING DEGRADED PAUSED",
        "OPTIONAL_UP": "FAULT",
        "OPTIONAL_LOST": "FAULT",
    },
    "PAUSED": {
        "STARTUP": "PAUSED",
        "SHUTDOWN": "SHUTTING_DOWN",
        "PAUSE": "PAUSED",
        "RESUME": "STARTING IDLE DEGRADED",
        "STOP": "STOPPED",
        "RESET": "PAUSED",
        "REQUIRED_UP": "PAUSED",
        "REQUIRED_LOST": "FAULT",
        "OPTIONAL_UP": "PAUSED",
        "OPTIONAL_LOST": "PAUSED",
    },
    "SHUTTING_DOWN": {
        "SHUTDOWN": "SHUTTING_DOWN",
        "STOP": "SHUTTING_DOWN",
        "DOWN": "INACTIVE STOPPED",
        "PLAN": "SHUTTING_DOWN",
        "EXECUTE": "SHUTTING_DOWN",
        "END": "SHUTTING_DOWN",
        "REQUIRED_LOST": "SHUTTING_DOWN",
        "OPTIONAL_LOST": "SHUTTING_DOWN",
    },
}

TABLE: Mapping[tuple[SystemState, Event], frozenset[SystemState]] = {
    (SystemState[state], Event[event]): frozenset(SystemState[name] for name in names.split())
    for state, row in _ROWS.items()
    for event, names in row.items()
}
"""(state, event) -> the states that may follow."""


def refusal(state: SystemState, request: Event) -> Result:
    """OK when the request may be made in this state, otherwise NOT_READY or SHUTTING_DOWN with the reason."""
    if (state, request) in TABLE:
        return OK
    code = Code.SHUTTING_DOWN if state is SystemState.SHUTTING_DOWN else Code.NOT_READY
    what = state.name.lower().replace("_", " ")
    return Result(code, f"The system is {what}; {request.value} is not possible now.")
