"""The base class of actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .condition import Condition
from .launch_description_entity import LaunchDescriptionEntity
from .outside_subset import refuse_arguments

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Action(LaunchDescriptionEntity):
    """An entity that does something when visited, if its condition holds."""

    def __init__(self, *, condition: Condition | None = None, **unknown: Any) -> None:
        refuse_arguments(self, unknown)
        self.condition = condition

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return what executing leads to, as far as it is known before."""
        return []

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return what executing leads to when there is no condition."""
        return self.get_sub_entities() if self.condition is None else []

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return what executing leads to when there is a condition."""
        if self.condition is None:
            return []
        return [(f"Conditionally included by {self.describe()}", self.get_sub_entities())]

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Execute if the condition holds, and announce completion to whoever handles that."""
        if self.condition is not None and not self.condition.evaluate(context):
            return None
        try:
            return self.execute(context)
        finally:
            self._announce_completion(context)

    def _announce_completion(self, context: LaunchContext) -> None:
        from .events import ExecutionComplete

        event = ExecutionComplete(action=self)
        if not context.would_handle_event(event):
            return
        future = self.get_asyncio_future()
        if future is None:
            context.emit_event_sync(event)
        else:
            future.add_done_callback(lambda _: context.emit_event_sync(event))

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Do the work; return the entities to visit next. Does nothing here."""
        return None
