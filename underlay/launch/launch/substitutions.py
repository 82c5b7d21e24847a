# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The substitutions of the subset."""

from __future__ import annotations

import collections.abc
import os
from collections.abc import Iterable
from typing import Any

from .launch_context import LaunchContext
from .outside_subset import missing_names
from .substitution import SomeSubstitutionsType, Substitution
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = [
    "EnvironmentVariable",
    "LaunchConfiguration",
    "PathJoinSubstitution",
    "SubstitutionFailure",
    "TextSubstitution",
]
__getattr__ = missing_names(__name__)


class SubstitutionFailure(Exception):
    """A substitution has no value in this context; the text says why."""


def _describe(subs: Iterable[Substitution]) -> str:
    return " + ".join(sub.describe() for sub in subs)


class TextSubstitution(Substitution):
    """A fixed text."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution needs a str, got '{type(text).__name__}'")
        self.text = text

    def describe(self) -> str:
        """Returns the text in quotes."""
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        """Returns the text."""
        return self.text


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, which is where launch arguments are stored."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.variable_name = normalize_to_list_of_substitutions(variable_name)
        self._default: list[Substitution] | None = None
        if default is not None:
            if isinstance(default, (str, Substitution)) or not isinstance(
                default, collections.abc.Iterable
            ):
                default = [default]
            self._default = normalize_to_list_of_substitutions(
                [item if isinstance(item, Substitution) else str(item) for item in default]
            )

    def describe(self) -> str:
        """Returns the name in words."""
        return f"LaunchConfig({_describe(self.variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the value, or the default.

        Raises:
            SubstitutionFailure: when there is neither.
        """
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return str(context.launch_configurations[name])
        if self._default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self._default)


class EnvironmentVariable(Substitution):
    """The value of an environment variable."""

    def __init__(
        self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None
    ) -> None:
        self.name = normalize_to_list_of_substitutions(name)
        self.default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )

    def describe(self) -> str:
        """Returns the name in words."""
        return f"EnvVar({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the value, or the default.

        Raises:
            SubstitutionFailure: when there is neither.
        """
        name = perform_substitutions(context, self.name)
        if name in context.environment:
            return context.environment[name]
        if self.default_value is None:
            raise SubstitutionFailure(f"environment variable '{name}' does not exist")
        return perform_substitutions(context, self.default_value)


class PathJoinSubstitution(Substitution):
    """Parts joined as a path."""

    def __init__(self, substitutions: Iterable[str | Substitution]) -> None:
        self.substitutions = normalize_to_list_of_substitutions(substitutions)

    def describe(self) -> str:
        """Returns the parts in words."""
        return f"PathJoin('{_describe(self.substitutions)}')"

    def perform(self, context: LaunchContext) -> str:
        """Returns the path."""
        return os.path.join(*(part.perform(context) for part in self.substitutions))
