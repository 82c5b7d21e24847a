"""What is to be executed: a command with its environment, directory and name."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .outside_subset import missing_names
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .substitutions import LaunchConfiguration
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from .action import Action
    from .launch_context import LaunchContext

__all__ = ["Executable"]

__getattr__ = missing_names(__name__, [])

SomeEnvironment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]
NormalizedEnvironment = list[tuple[list[Substitution], list[Substitution]]]

_process_numbers = itertools.count(1)


def _normalize_environment(variables: SomeEnvironment | None) -> NormalizedEnvironment | None:
    if variables is None:
        return None
    return [
        (normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
        for name, value in variables.items()
    ]


class Executable:
    """A command line in substitutions; `prepare` gives it its final form, once per launch."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: SomeEnvironment | None = None,
        additional_env: SomeEnvironment | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
    ) -> None:
        self.cmd = [normalize_to_list_of_substitutions(part) for part in (*cmd, *(arguments or ()))]
        self.arguments = arguments
        self._has_own_prefix = prefix is not None
        self.prefix = normalize_to_list_of_substitutions(
            LaunchConfiguration("launch-prefix", default="") if prefix is None else prefix
        )
        self.name = None if name is None else normalize_to_list_of_substitutions(name)
        self.cwd = None if cwd is None else normalize_to_list_of_substitutions(cwd)
        self.env = _normalize_environment(env)
        self.additional_env = _normalize_environment(additional_env)
        self.final_cmd: list[str] | None = None
        self.final_name: str | None = None
        self.final_cwd: str | None = None
        self.final_env: dict[str, str] | None = None

    def prepare(self, context: LaunchContext, action: Action | Any) -> None:
        """Perform the substitutions; the name gets a number that is unique in this process."""
        cmd = [perform_substitutions(context, part) for part in self.cmd]
        if self._prefix_applies(context, cmd[0]):
            cmd = shlex.split(perform_substitutions(context, self.prefix)) + cmd
        name = (
            os.path.basename(cmd[0])
            if self.name is None
            else perform_substitutions(context, self.name)
        )
        self.final_cmd = cmd
        self.final_name = f"{name}-{next(_process_numbers)}"
        self.final_cwd = None if self.cwd is None else perform_substitutions(context, self.cwd)
        env = dict(context.environment) if self.env is None else {}
        for key, value in (self.env or []) + (self.additional_env or []):
            env[perform_substitutions(context, key)] = perform_substitutions(context, value)
        self.final_env = env

    def _prefix_applies(self, context: LaunchContext, executable: str) -> bool:
        if self._has_own_prefix:
            return True
        pattern = context.launch_configurations.get("launch-prefix-filter", "")
        return re.match(pattern, os.path.basename(executable)) is not None
