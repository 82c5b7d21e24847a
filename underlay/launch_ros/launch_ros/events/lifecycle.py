"""Events of lifecycle nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from launch import Event

from .matchers import matches_node_name

if TYPE_CHECKING:
    from lifecycle_msgs.msg import TransitionEvent

    from ..actions import LifecycleNode

__all__ = ["ChangeState", "StateTransition", "matches_node_name"]


# The constants of lifecycle_msgs/Transition that can be asked for.
_REQUESTS = (
    "TRANSITION_CREATE",
    "TRANSITION_CONFIGURE",
    "TRANSITION_CLEANUP",
    "TRANSITION_ACTIVATE",
    "TRANSITION_DEACTIVATE",
    "TRANSITION_UNCONFIGURED_SHUTDOWN",
    "TRANSITION_INACTIVE_SHUTDOWN",
    "TRANSITION_ACTIVE_SHUTDOWN",
    "TRANSITION_DESTROY",
)


class ChangeState(Event):
    """A request to the lifecycle nodes that a matcher accepts; ValueError for unknown ids."""

    name = "launch_ros.events.lifecycle.ChangeState"

    def __init__(
        self, *, lifecycle_node_matcher: Callable[[LifecycleNode], bool], transition_id: int
    ) -> None:
        self.transition_name(transition_id)
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id

    @staticmethod
    def transition_name(transition_id: int) -> str:
        """Return the name of the constant in lifecycle_msgs/Transition."""
        from lifecycle_msgs.msg import Transition

        names = {getattr(Transition, name): name for name in _REQUESTS}
        if transition_id not in names:
            raise ValueError(
                f"transition_id {transition_id!r} is none of "
                f"{', '.join(f'{name}: {number}' for number, name in names.items())}"
            )
        return names[transition_id]


class StateTransition(Event):
    """A transition that a lifecycle node has made or is making."""

    name = "launch_ros.events.lifecycle.StateTransition"

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent | Any) -> None:
        self.action = action
        self.msg = msg
        self.timestamp: int = msg.timestamp
        self.transition: str = msg.transition.label
        self.start_state: str = msg.start_state.label
        self.goal_state: str = msg.goal_state.label
