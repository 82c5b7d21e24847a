"""Handlers for the events of launch and its processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .event import Event
from .event_handler import BaseEventHandler, EventHandler
from .events import ExecutionComplete, IncludeLaunchDescription, Shutdown
from .events.process import ProcessExited, ProcessIO, ProcessStarted
from .launch_description_entity import LaunchDescriptionEntity
from .some_entities_type import SomeEntitiesType

if TYPE_CHECKING:
    from .launch_context import LaunchContext

__all__ = [
    "OnExecutionComplete",
    "OnIncludeLaunchDescription",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
    "event_named",
]

EntitiesOrCallable = Any


def event_named(name: str) -> Callable[[Event], bool]:
    """Return a matcher for events of this name."""
    return lambda event: event.name == name


class _OnActionEvent(BaseEventHandler):
    """Takes events of one class, from all actions, one action or those a callable accepts."""

    _event_class: type[Event]

    def __init__(
        self, target_action: Any, target_class: type, on_event: Any, **kwargs: Any
    ) -> None:
        if not (
            target_action is None
            or isinstance(target_action, target_class)
            or callable(target_action)
        ):
            raise TypeError(
                f"target_action must be an '{target_class.__name__}', a callable or None, "
                f"got {target_action!r}"
            )
        self._target = target_action
        self._target_class = target_class
        self._entities: list[LaunchDescriptionEntity] = []
        self._callable: Callable[[Any, LaunchContext], Any] | None = None
        if callable(on_event):
            self._callable = on_event
        elif isinstance(on_event, LaunchDescriptionEntity):
            self._entities = [on_event]
        elif on_event is not None:
            self._entities = list(on_event)
            for entity in self._entities:
                if not isinstance(entity, LaunchDescriptionEntity):
                    raise TypeError(f"an event handler needs entities to visit, got {entity!r}")
        super().__init__(matcher=self._takes, **kwargs)

    def _takes(self, event: Event) -> bool:
        if not isinstance(event, self._event_class):
            return False
        action = event.action  # type: ignore[attr-defined]
        if callable(self._target):
            return bool(self._target(action))
        return self._target is None or action is self._target

    @property
    def handler_description(self) -> str:
        """What it does, in words."""
        return str(self._callable) if self._callable is not None else "<actions>"

    @property
    def matcher_description(self) -> str:
        """What it takes, in words."""
        source = "" if self._target is None else f" and {self._target_class.__name__}(event.action)"
        return f"event == {self._event_class.__name__}{source}"

    def describe(self) -> tuple[str, list[Any]]:
        """Return a text for people and the entities known before any event."""
        return super().describe()[0], list(self._entities)

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities, or what the callable answers."""
        super().handle(event, context)
        if self._callable is None:
            return self._entities
        answer: SomeEntitiesType | None = self._callable(event, context)
        return answer


class OnProcessStart(_OnActionEvent):
    """Acts when a process has started."""

    _event_class = ProcessStarted

    def __init__(
        self, *, target_action: Any = None, on_start: EntitiesOrCallable, **kwargs: Any
    ) -> None:
        from .actions import ExecuteLocal

        super().__init__(target_action, ExecuteLocal, on_start, **kwargs)


class OnProcessExit(_OnActionEvent):
    """Acts when a process has ended, however it did."""

    _event_class = ProcessExited

    def __init__(
        self, *, target_action: Any = None, on_exit: EntitiesOrCallable, **kwargs: Any
    ) -> None:
        from .actions import ExecuteLocal

        super().__init__(target_action, ExecuteLocal, on_exit, **kwargs)


class OnProcessIO(_OnActionEvent):
    """Calls a function with each piece of input or output of a process."""

    _event_class = ProcessIO

    def __init__(
        self,
        *,
        target_action: Any = None,
        on_stdin: Callable[[ProcessIO], SomeEntitiesType | None] | None = None,
        on_stdout: Callable[[ProcessIO], SomeEntitiesType | None] | None = None,
        on_stderr: Callable[[ProcessIO], SomeEntitiesType | None] | None = None,
        **kwargs: Any,
    ) -> None:
        from .actions import ExecuteLocal

        def pass_on(event: ProcessIO, _: LaunchContext) -> SomeEntitiesType | None:
            if event.from_stdout:
                function = on_stdout
            else:
                function = on_stderr if event.from_stderr else on_stdin
            return None if function is None else function(event)

        super().__init__(target_action, ExecuteLocal, pass_on, **kwargs)


class OnExecutionComplete(_OnActionEvent):
    """Acts when an action has done its work."""

    _event_class = ExecutionComplete

    def __init__(
        self, *, target_action: Any = None, on_completion: EntitiesOrCallable, **kwargs: Any
    ) -> None:
        from .action import Action

        super().__init__(target_action, Action, on_completion, **kwargs)


class OnShutdown(BaseEventHandler):
    """Acts when the launched system is asked to stop."""

    def __init__(self, *, on_shutdown: EntitiesOrCallable, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), **kwargs)
        self._on_shutdown = on_shutdown

    @property
    def handler_description(self) -> str:
        """What it does, in words."""
        return str(self._on_shutdown)

    @property
    def matcher_description(self) -> str:
        """What it takes, in words."""
        return "event issubclass of launch.events.Shutdown"

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities, or what the callable answers."""
        super().handle(event, context)
        if callable(self._on_shutdown):
            answer: SomeEntitiesType | None = self._on_shutdown(event, context)
            return answer
        entities: SomeEntitiesType | None = self._on_shutdown
        return entities


class OnIncludeLaunchDescription(EventHandler):
    """Visits the launch description that an IncludeLaunchDescription event carries."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, IncludeLaunchDescription), **kwargs
        )

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the launch description."""
        super().handle(event, context)
        assert isinstance(event, IncludeLaunchDescription)
        return [event.launch_description]
