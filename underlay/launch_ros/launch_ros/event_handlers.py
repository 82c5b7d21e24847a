"""Handlers for the events of lifecycle nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch import Event, EventHandler, SomeEntitiesType

from .actions import LifecycleNode
from .events.lifecycle import StateTransition

__all__ = ["OnStateTransition"]


class OnStateTransition(EventHandler):
    """Visits entities for transitions of one or all lifecycle nodes.

    `transition`, `start_state` and `goal_state` are labels; what is None is not compared.
    """

    def __init__(
        self,
        *,
        entities: SomeEntitiesType,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        matcher: Callable[[Event], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        if target_lifecycle_node is not None and not isinstance(
            target_lifecycle_node, LifecycleNode
        ):
            raise RuntimeError("OnStateTransition requires a 'LifecycleNode' action as the target")
        self._target = target_lifecycle_node
        wanted = {
            "action": target_lifecycle_node,
            "transition": transition,
            "start_state": start_state,
            "goal_state": goal_state,
        }

        def is_wanted(event: Event) -> bool:
            return isinstance(event, StateTransition) and all(
                value is None or getattr(event, field) == value for field, value in wanted.items()
            )

        super().__init__(matcher=matcher or is_wanted, entities=entities, **kwargs)

    @property
    def handler_description(self) -> str:
        """What it does, in words."""
        return "<actions>"

    @property
    def matcher_description(self) -> str:
        """What it takes, in words."""
        if self._target is None:
            return "event == StateTransition"
        return f"event == StateTransition and event.action == LifecycleNode({id(self._target):#x})"
