# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Actions that lead to others: includes, functions, the end; and messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..action import Action
from ..events import Shutdown as ShutdownEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..launch_description_source import LaunchDescriptionSource
from ..launch_description_sources import AnyLaunchDescriptionSource
from ..logging import get_logger
from ..substitution import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .configuration import DeclareLaunchArgument, Entities, SetLaunchConfiguration

LaunchArguments = Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]


class LogInfo(Action):
    """Logs a message."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = normalize_to_list_of_substitutions(msg)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Logs it."""
        get_logger("launch.user").info(perform_substitutions(context, self.msg))
        return None


class OpaqueFunction(Action):
    """Calls a function with the context; the entities that it returns are visited next."""

    def __init__(self, *, function: Callable[[LaunchContext], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"OpaqueFunction needs a callable, got {function!r}")
        self._function = function

    def execute(self, context: LaunchContext) -> Entities | None:
        """Calls the function."""
        entities: Entities | None = self._function(context)
        return entities


class IncludeLaunchDescription(Action):
    """Visits another launch description, after setting its arguments.

    Visiting it raises RuntimeError when an argument that it declares is neither given nor has a default.
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

    def describe_sub_entities(self) -> Entities:
        """Returns the launch description if it can be loaded without a context."""
        try:
            return [self.launch_description_source.get_launch_description(LaunchContext())]
        except Exception as error:  # a launch file may raise anything
            get_logger(__name__).debug(f"cannot list the arguments of an included file: {error}")
            return []

    def execute(self, context: LaunchContext) -> Entities | None:
        """Loads the launch description and returns it behind the setting of its arguments."""
        description = self.launch_description_source.get_launch_description(context)
        given = [
            perform_substitutions(context, normalize_to_list_of_substitutions(name))
            for name, _ in self.launch_arguments
        ]
        for entity in description.entities:
            if not isinstance(entity, DeclareLaunchArgument) or entity.default_value is not None:
                continue
            if entity.name not in given:
                raise RuntimeError(
                    f"Included launch description missing required argument '{entity.name}' "
                    f"(description: '{entity.description}'), given: [{', '.join(given)}]"
                )
        set_arguments = [
            SetLaunchConfiguration(name, value) for name, value in self.launch_arguments
        ]
        return [*set_arguments, description]


class Shutdown(Action):
    """Stops the launched system; as `on_exit` of a process it makes that a required one."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = ShutdownEvent(reason=reason)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Emits the event."""
        if isinstance(context._event, ProcessExited):
            get_logger("launch").info(
                f"process[{context._event.process_name}] was required: "
                "shutting down launched system"
            )
        context.emit_event_sync(self.event)
        return None
