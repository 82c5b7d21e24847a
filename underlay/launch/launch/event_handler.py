"""The base classes of event handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .event import Event
from .some_entities_type import SomeEntitiesType

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class BaseEventHandler:
    """Decides which events it takes; `handle` gives the entities to visit for one."""

    def __init__(self, *, matcher: Callable[[Event], bool], handle_once: bool = False) -> None:
        self._matcher = matcher
        self.handle_once = handle_once

    @property
    def handler_description(self) -> str | None:
        """What it does, in words."""
        return None

    @property
    def matcher_description(self) -> str | None:
        """What it takes, in words."""
        return None

    def matches(self, event: Event) -> bool:
        """Return whether it takes `event`."""
        return self._matcher(event)

    def describe(self) -> tuple[str, list[Any]]:
        """Return a text for people and the entities known before any event."""
        return (
            f"{type(self).__name__}(matcher='{self.matcher_description}', "
            f"handler='{self.handler_description}', handle_once={self.handle_once})",
            [],
        )

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Make the event known as `context.locals.event`; subclasses call this first."""
        context.extend_locals({"event": event})
        if self.handle_once:
            context.unregister_event_handler(self)
        return None


class EventHandler(BaseEventHandler):
    """Visits fixed entities for every event it takes."""

    def __init__(
        self,
        *,
        matcher: Callable[[Event], bool],
        entities: SomeEntitiesType | None = None,
        handle_once: bool = False,
    ) -> None:
        super().__init__(matcher=matcher, handle_once=handle_once)
        self.entities = entities

    def describe(self) -> tuple[str, list[Any]]:
        """Return a text for people and the entities."""
        from .launch_description_entity import LaunchDescriptionEntity

        text, entities = super().describe()
        if isinstance(self.entities, LaunchDescriptionEntity):
            entities.append(self.entities)
        else:
            entities.extend(self.entities or ())
        return text, entities

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities."""
        super().handle(event, context)
        return self.entities
