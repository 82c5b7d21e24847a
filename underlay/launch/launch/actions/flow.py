"""Actions that lead to others: groups, includes, timers, events, functions, messages."""

from __future__ import annotations

import asyncio
import collections.abc
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..action import Action
from ..event import Event
from ..event_handler import BaseEventHandler
from ..event_handlers import OnShutdown
from ..events import Shutdown as ShutdownEvent
from ..events import TimerEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_source import LaunchDescriptionSource
from ..launch_description_sources import AnyLaunchDescriptionSource
from ..logging import get_logger
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType, SomeSubstitutionsType_types_tuple
from ..utilities import (
    ensure_argument_type,
    normalize_to_list_of_entities,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution
from .configuration import (
    Entities,
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    ResetEnvironment,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)

LaunchArguments = Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]


class LogInfo(Action):
    """Logs a message."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = normalize_to_list_of_substitutions(msg)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Log it."""
        get_logger("launch.user").info(perform_substitutions(context, self.msg))
        return None


class OpaqueFunction(Action):
    """Calls a function with the context; what it returns is visited next."""

    def __init__(
        self,
        *,
        function: Callable[..., Any],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        if not callable(function):
            raise TypeError(f"OpaqueFunction needs a callable, got {function!r}")
        nothing = type(None)
        ensure_argument_type(args, (collections.abc.Iterable, nothing), "args", "OpaqueFunction")
        ensure_argument_type(kwargs, (dict, nothing), "kwargs", "OpaqueFunction")
        self._function = function
        self._args = list(args or ())
        self._kwargs = dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Entities | None:
        """Call the function."""
        entities: Entities | None = self._function(context, *self._args, **self._kwargs)
        return entities


class GroupAction(Action):
    """Visits several entities, by default in a scope of their own.

    With `scoped`, changes to launch configurations and environment end with the group; without
    `forwarding` it begins with `launch_configurations` and the launch's first environment only.
    """

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        self._actions = list(actions)
        self._scoped = scoped
        self._forwarding = forwarding
        self._launch_configurations = dict(launch_configurations or {})
        self._sub_entities: Entities | None = None

    def get_sub_entities(self) -> Entities:
        """Return the entities between those that open and close the scope."""
        if self._sub_entities is None:
            given = self._launch_configurations
            begin: Entities
            if self._scoped and not self._forwarding:
                begin = [ResetEnvironment(), ResetLaunchConfigurations(given)]
            else:
                begin = [SetLaunchConfiguration(name, value) for name, value in given.items()]
            inner: Entities = [*begin, *self._actions]
            if self._scoped:
                inner = [
                    PushLaunchConfigurations(),
                    PushEnvironment(),
                    *inner,
                    PopEnvironment(),
                    PopLaunchConfigurations(),
                ]
            self._sub_entities = inner
        return self._sub_entities

    def execute(self, context: LaunchContext) -> Entities | None:
        """Return the entities."""
        return self.get_sub_entities()


class IncludeLaunchDescription(Action):
    """Visits another launch description, after setting its arguments.

    RuntimeError when an argument it declares unconditionally is neither given nor has a default.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: LaunchArguments | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = tuple(launch_arguments or ())

    def get_sub_entities(self) -> Entities:
        """Return the launch description if it can be had without a context."""
        description = self.launch_description_source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def _argument_names(self, context: LaunchContext) -> list[str]:
        return [
            perform_substitutions(context, normalize_to_list_of_substitutions(name))
            for name, _ in self.launch_arguments
        ]

    def _try_get_arguments_names_without_context(self) -> list[str]:
        try:
            return self._argument_names(LaunchContext())
        except Exception:  # names in substitutions that need a context
            return []

    def execute(self, context: LaunchContext) -> Entities | None:
        """Load the launch description and return it behind the setting of its arguments."""
        description = self.launch_description_source.get_launch_description(context)
        path = os.path.abspath(self.launch_description_source.location)
        is_file = os.path.exists(path)
        context.extend_locals(
            {
                "current_launch_file_path": path,
                "current_launch_file_directory": (
                    os.path.dirname(path) if is_file else self.launch_description_source.location
                ),
            }
        )
        own_names = self._argument_names(context)
        found = description.get_launch_arguments_with_include_launch_description_actions()
        for argument, includes in found:
            if argument._conditionally_included or argument.default_value is not None:
                continue
            names = list(own_names)
            for include in includes or ():
                names.extend(include._try_get_arguments_names_without_context())
            if argument.name not in names:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(names)}]"
                )
        set_arguments = [
            SetLaunchConfiguration(name, value) for name, value in self.launch_arguments
        ]
        return [*set_arguments, description]


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(event, Event):
            raise RuntimeError(f"EmitEvent needs an event, got {event!r}")
        self.event = event

    def execute(self, context: LaunchContext) -> Entities | None:
        """Emit it."""
        context.emit_event_sync(self.event)
        return None


class Shutdown(EmitEvent):
    """Stops the launched system; as on_exit it makes a process a required one."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Emit the shutdown event."""
        event = context.get_locals_as_dict().get("event")
        if isinstance(event, ProcessExited):
            get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        return super().execute(context)


class RegisterEventHandler(Action):
    """Registers an event handler; it takes events that come after the one at hand."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> Entities | None:
        """Register it."""
        context.register_event_handler(self.event_handler)
        return None

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return what the handler visits for an event."""
        text, entities = self.event_handler.describe()
        return [(text, normalize_to_list_of_entities(entities))] if entities else []


class UnregisterEventHandler(Action):
    """Removes an event handler; ValueError if it is not registered."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remove it."""
        context.unregister_event_handler(self.event_handler)
        return None


class _OnTimer(BaseEventHandler):
    def __init__(self, timer: TimerAction) -> None:
        self._timer = timer
        super().__init__(
            matcher=lambda event: isinstance(event, TimerEvent) and event.timer_action is timer,
            handle_once=True,
        )

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        return self._timer.handle(context)


class TimerAction(Action):
    """Visits entities once, `period` seconds later, unless cancelled before."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool | SomeSubstitutionsType = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        ensure_argument_type(
            period, (*SomeSubstitutionsType_types_tuple, float, int), "period", "TimerAction"
        )
        ensure_argument_type(actions, collections.abc.Iterable, "actions", "TimerAction")
        if isinstance(period, str):
            warnings.warn("'period' as a text is deprecated, use a float", stacklevel=2)
        if isinstance(period, (str, int)):
            period = float(period)
        self.period = normalize_typed_substitution(period, float)
        self.actions = list(actions)
        self._cancel_on_shutdown = normalize_typed_substitution(cancel_on_shutdown, bool)
        self._locals: dict[str, Any] = {}
        self._completed: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancelled = False

    def describe(self) -> str:
        """Return the period in words."""
        return f"TimerAction(period={self.period}, actions=<actions>)"

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return what is visited when the time is over."""
        return [(f"{self.period} seconds pass without being canceled", self.actions)]

    def handle(self, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities, with the locals of the time when the timer was set."""
        context.extend_locals(self._locals)
        return self.actions

    def cancel(self) -> None:
        """Make sure that nothing is visited any more; before, during or after the wait."""
        self._cancelled = True
        if self._timer is not None:
            self._timer.cancel()
        if self._completed is not None and not self._completed.done():
            self._completed.set_result(None)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set the timer."""
        loop = context.asyncio_loop
        if loop is None:
            raise RuntimeError("TimerAction executed without a running launch service")
        self._completed = completed = loop.create_future()
        if self._cancelled:
            completed.set_result(None)
            return None
        self._locals = context.get_locals_as_dict()
        context.register_event_handler(_OnTimer(self))

        def fire() -> None:
            context.emit_event_sync(TimerEvent(timer_action=self))
            if not completed.done():
                completed.set_result(None)

        period_s = perform_typed_substitution(context, self.period, float)
        self._timer = loop.call_later(period_s, fire)
        if perform_typed_substitution(context, self._cancel_on_shutdown, bool):
            context.register_event_handler(OnShutdown(on_shutdown=lambda *_: self.cancel()))
        return None

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return what is done when the time is over or the timer cancelled."""
        return self._completed
