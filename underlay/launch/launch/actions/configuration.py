"""Actions on launch arguments, launch configurations and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution

Entities = list[LaunchDescriptionEntity]


class DeclareLaunchArgument(Action):
    """Declares an argument: afterwards the launch configuration of that name has a value.

    RuntimeError when there is neither a value nor a default, or the value is no choice.
    """

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if choices is not None and len(choices) == 0:
            raise RuntimeError(f"argument '{name}': choices is empty; None means any value")
        if choices is not None and isinstance(default_value, str) and default_value not in choices:
            raise RuntimeError(
                f"argument '{name}': default_value '{default_value}' is not in provided choices "
                f"{choices}"
            )
        self.name = name
        self.default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )
        self.choices = choices
        if description is None:
            self.description = f"One of: {choices}" if choices else "no description given"
        elif choices is None:
            self.description = description
        else:
            self.description = f"{description.removesuffix('.')}. Valid choices are: {choices}"
        self._conditionally_included = False

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set the default if there is no value yet, and check the choices."""
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                get_logger(__name__).error(
                    f'Required launch argument "{self.name}" (description: '
                    f'"{self.description}") was not provided'
                )
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided.')
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. '
                f"Valid options are: {self.choices}"
            )
        return None


class _NamedAction(Action):
    """An action on something that has a name given as substitutions."""

    def __init__(self, name: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = normalize_to_list_of_substitutions(name)


class _NamedValueAction(_NamedAction):
    """An action that also has a value given as substitutions."""

    def __init__(
        self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self.value = normalize_to_list_of_substitutions(value)

    def _performed(self, context: LaunchContext) -> tuple[str, str]:
        return perform_substitutions(context, self.name), perform_substitutions(context, self.value)


class SetLaunchConfiguration(_NamedValueAction):
    """Sets a launch configuration."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        name, value = self._performed(context)
        context.launch_configurations[name] = value
        return None


class UnsetLaunchConfiguration(_NamedAction):
    """Removes a launch configuration, if it is there."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remove it."""
        context.launch_configurations.pop(perform_substitutions(context, self.name), None)
        return None


class SetEnvironmentVariable(_NamedValueAction):
    """Sets an environment variable."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Set it."""
        name, value = self._performed(context)
        context.environment[name] = value
        return None


class UnsetEnvironmentVariable(_NamedAction):
    """Removes an environment variable, if it is there."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remove it."""
        context.environment.pop(perform_substitutions(context, self.name), None)
        return None


class AppendEnvironmentVariable(_NamedValueAction):
    """Adds to a list in an environment variable, at the end or with `prepend` in front."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: SomeSubstitutionsType,
        prepend: bool | SomeSubstitutionsType = False,
        separator: SomeSubstitutionsType = os.pathsep,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, value, **kwargs)
        self.prepend = normalize_typed_substitution(prepend, bool)
        self.separator = normalize_to_list_of_substitutions(separator)

    def execute(self, context: LaunchContext) -> Entities | None:
        """Add the value; an unset variable becomes the value alone."""
        name, value = self._performed(context)
        separator = perform_substitutions(context, self.separator)
        parts = [context.environment[name], value] if name in context.environment else [value]
        if perform_typed_substitution(context, self.prepend, bool):
            parts.reverse()
        context.environment[name] = separator.join(parts)
        return None


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remember them."""
        context._push_launch_configurations()
        return None


class PopLaunchConfigurations(Action):
    """Goes back to the launch configurations remembered last."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Go back."""
        context._pop_launch_configurations()
        return None


class ResetLaunchConfigurations(Action):
    """Removes all launch configurations but those given, evaluated before the removal."""

    def __init__(
        self,
        launch_configurations: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kept = [
            (normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
            for name, value in (launch_configurations or {}).items()
        ]

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remove them."""
        kept = {
            perform_substitutions(context, name): perform_substitutions(context, value)
            for name, value in self._kept
        }
        context.launch_configurations.clear()
        context.launch_configurations.update(kept)
        return None


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Remember it."""
        context._push_environment()
        return None


class PopEnvironment(Action):
    """Goes back to the environment remembered last."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Go back."""
        context._pop_environment()
        return None


class ResetEnvironment(Action):
    """Goes back to the environment in which the launch began."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Go back."""
        context._reset_environment()
        return None
