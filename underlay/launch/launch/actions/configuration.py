# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Actions on launch arguments, launch configurations and the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger
from ..substitution import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

Entities = list[LaunchDescriptionEntity]


class DeclareLaunchArgument(Action):
    """Declares an argument: afterwards the launch configuration of that name has a value.

    Visiting it raises RuntimeError when there is neither a value nor a default, or the value is
    none of the choices.
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

    def execute(self, context: LaunchContext) -> Entities | None:
        """Sets the default if there is no value yet, and checks the choices."""
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


class _Assignment(Action):
    """Gives a value to a name; both may be substitutions."""

    def __init__(
        self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.name = normalize_to_list_of_substitutions(name)
        self.value = normalize_to_list_of_substitutions(value)

    def _performed(self, context: LaunchContext) -> tuple[str, str]:
        return perform_substitutions(context, self.name), perform_substitutions(context, self.value)


class SetLaunchConfiguration(_Assignment):
    """Sets a launch configuration."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Sets it."""
        name, value = self._performed(context)
        context.launch_configurations[name] = value
        return None


class SetEnvironmentVariable(_Assignment):
    """Sets an environment variable."""

    def execute(self, context: LaunchContext) -> Entities | None:
        """Sets it."""
        name, value = self._performed(context)
        context.environment[name] = value
        return None
