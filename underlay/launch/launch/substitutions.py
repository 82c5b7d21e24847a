"""The substitutions of the subset."""

from __future__ import annotations

import collections.abc
import importlib
import math
import os
import random
import shlex
import shutil
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from .launch_context import LaunchContext
from .outside_subset import missing_names
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .utilities import (
    ensure_argument_type,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from .utilities.type_utils import is_substitution, perform_typed_substitution

__all__ = [
    "AllSubstitution",
    "AndSubstitution",
    "AnonName",
    "AnySubstitution",
    "Command",
    "EnvironmentVariable",
    "EqualsSubstitution",
    "FindExecutable",
    "IfElseSubstitution",
    "LaunchConfiguration",
    "LaunchLogDir",
    "LocalSubstitution",
    "NotEqualsSubstitution",
    "NotSubstitution",
    "OrSubstitution",
    "PathJoinSubstitution",
    "PythonExpression",
    "SubstitutionFailure",
    "TextSubstitution",
    "ThisLaunchFile",
    "ThisLaunchFileDir",
]

__getattr__ = missing_names(__name__, ["FileContent"])


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
        """Return the text in quotes."""
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
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
        """Return the name in words."""
        return f"LaunchConfig({_describe(self.variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value, else the default, else raise SubstitutionFailure."""
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
        """Return the name in words."""
        return f"EnvVar({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value, else the default, else raise SubstitutionFailure."""
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
        """Return the parts in words."""
        return f"PathJoin('{_describe(self.substitutions)}')"

    def perform(self, context: LaunchContext) -> str:
        """Return the path."""
        return os.path.join(*(part.perform(context) for part in self.substitutions))


class PythonExpression(Substitution):
    """The value, as text, of a Python expression; `math` names can be used without a prefix."""

    def __init__(
        self,
        expression: SomeSubstitutionsType,
        python_modules: SomeSubstitutionsType = ("math",),
    ) -> None:
        accepted = (str, Substitution, collections.abc.Iterable)
        ensure_argument_type(expression, accepted, "expression", "PythonExpression")
        ensure_argument_type(python_modules, accepted, "python_modules", "PythonExpression")
        self.expression = normalize_to_list_of_substitutions(expression)
        self.python_modules = normalize_to_list_of_substitutions(python_modules)

    def describe(self) -> str:
        """Return the expression in words."""
        modules = ", ".join(sub.describe() for sub in self.python_modules)
        return f"PythonExpr({_describe(self.expression)}, [{modules}])"

    def perform(self, context: LaunchContext) -> str:
        """Evaluate and return the value as text; errors of the expression are passed on."""
        names: dict[str, Any] = {}
        for sub in self.python_modules:
            module = importlib.import_module(context.perform_substitution(sub))
            if module is math:
                names.update(vars(math))
            names[module.__name__] = module
        return str(eval(perform_substitutions(context, self.expression), {}, names))


class FindExecutable(Substitution):
    """The path of an executable on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        self.name = normalize_to_list_of_substitutions(name)

    def describe(self) -> str:
        """Return the name in words."""
        return f"FindExec({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the path or raise SubstitutionFailure."""
        name = perform_substitutions(context, self.name)
        path = shutil.which(name)
        if path is None:
            raise SubstitutionFailure(f"executable '{name}' not found on the PATH")
        return path


class ThisLaunchFile(Substitution):
    """The path of the launch file being visited."""

    def perform(self, context: LaunchContext) -> str:
        """Return the path or raise SubstitutionFailure outside a launch file."""
        values = context.get_locals_as_dict()
        if "current_launch_file_path" not in values:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file")
        return str(values["current_launch_file_path"])


class ThisLaunchFileDir(Substitution):
    """The directory of the launch file being visited."""

    def perform(self, context: LaunchContext) -> str:
        """Return the directory or raise SubstitutionFailure outside a launch file."""
        values = context.get_locals_as_dict()
        if "current_launch_file_directory" not in values:
            raise SubstitutionFailure("ThisLaunchFileDir used outside of a launch file")
        return str(values["current_launch_file_directory"])


class LocalSubstitution(Substitution):
    """A value from the context's locals, such as `event.process_name` in an event handler."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        ensure_argument_type(expression, str, "expression", "LocalSubstitution")
        self.expression = expression
        self.description = description

    def describe(self) -> str:
        """Return the expression in words."""
        return f"LocalVar('{self.description or self.expression}')"

    def perform(self, context: LaunchContext) -> str:
        """Evaluate the expression on the locals; errors are passed on."""
        value: str = eval(f"values.{self.expression}", {}, {"values": context.locals})
        return value


class LaunchLogDir(Substitution):
    """The directory of this launch's log files."""

    def perform(self, context: LaunchContext) -> str:
        """Return the directory."""
        from .logging import launch_config

        return launch_config.log_dir


class AnonName(Substitution):
    """A name made unique, the same every time it is asked for within one launch."""

    def __init__(self, name: SomeSubstitutionsType) -> None:
        self.name = normalize_to_list_of_substitutions(name)

    def describe(self) -> str:
        """Return the name in words."""
        return f"AnonName({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the unique name, only of characters that a node name may have."""
        name = perform_substitutions(context, self.name)
        key = "anon" + name
        if key not in context.launch_configurations:
            unique = f"{name}_{socket.gethostname()}_{os.getpid()}_{random.randint(0, sys.maxsize)}"
            for character in ".-:":
                unique = unique.replace(character, "_")
            context.launch_configurations[key] = unique
        return str(context.launch_configurations[key])


class Command(Substitution):
    """What a command, run without a shell, prints on its standard output."""

    def __init__(
        self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = "fail"
    ) -> None:
        self.command = normalize_to_list_of_substitutions(command)
        self.on_stderr = normalize_to_list_of_substitutions(on_stderr)

    def describe(self) -> str:
        """Return the command in words."""
        return f"Command({_describe(self.command)})"

    def perform(self, context: LaunchContext) -> str:
        """Run the command; raise SubstitutionFailure when it is missing or fails."""
        command = perform_substitutions(context, self.command)
        on_stderr = perform_substitutions(context, self.on_stderr)
        if on_stderr not in ("fail", "ignore", "warn", "capture"):
            raise SubstitutionFailure("on_stderr must be 'fail', 'ignore', 'warn' or 'capture'")
        stderr = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
        try:
            result = subprocess.run(
                shlex.split(command), stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        except FileNotFoundError as error:
            raise SubstitutionFailure(f"file not found: {error}") from error
        if result.returncode != 0:
            raise SubstitutionFailure(
                f"executed command failed. Command: {command} (exit code {result.returncode})\n"
                f"{result.stderr or ''}"
            )
        if result.stderr and on_stderr in ("fail", "warn"):
            message = f"executed command showed stderr output. Command: {command}\n{result.stderr}"
            if on_stderr == "fail":
                raise SubstitutionFailure(message)
            from .logging import get_logger

            get_logger().warning(message)
        return result.stdout


class _TruthOf(Substitution, ABC):
    """A boolean function of texts that are read as booleans."""

    def __init__(self, *args: SomeSubstitutionsType) -> None:
        self._args = [normalize_to_list_of_substitutions(arg) for arg in args]

    def describe(self) -> str:
        """Return the arguments in words."""
        return f"{type(self).__name__}({' '.join(_describe(arg) for arg in self._args)})"

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'; raise SubstitutionFailure if a text is no boolean."""
        values = [_as_bool(context, arg) for arg in self._args]
        return str(self._combine(values)).lower()

    @abstractmethod
    def _combine(self, values: Iterable[bool]) -> bool:
        """Return the value of the function."""


def _as_bool(context: LaunchContext, subs: list[Substitution]) -> bool:
    try:
        return bool(perform_typed_substitution(context, subs, bool))
    except (TypeError, ValueError) as error:
        raise SubstitutionFailure(str(error)) from error


class AllSubstitution(_TruthOf):
    """'true' when all arguments are."""

    def _combine(self, values: Iterable[bool]) -> bool:
        return all(values)


class AnySubstitution(_TruthOf):
    """'true' when at least one argument is."""

    def _combine(self, values: Iterable[bool]) -> bool:
        return any(values)


class _TwoSided(_TruthOf):
    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    @property
    def left(self) -> list[Substitution]:
        """The left side."""
        return self._args[0]

    @property
    def right(self) -> list[Substitution]:
        """The right side."""
        return self._args[1]


class AndSubstitution(_TwoSided):
    """'true' when both sides are."""

    def _combine(self, values: Iterable[bool]) -> bool:
        return all(values)


class OrSubstitution(_TwoSided):
    """'true' when one side is."""

    def _combine(self, values: Iterable[bool]) -> bool:
        return any(values)


class NotSubstitution(Substitution):
    """'true' when the value is false."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        self.value = normalize_to_list_of_substitutions(value)

    def describe(self) -> str:
        """Return the value in words."""
        return f"NotSubstitution({_describe(self.value)})"

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'; raise SubstitutionFailure if the text is no boolean."""
        return str(not _as_bool(context, self.value)).lower()


class EqualsSubstitution(Substitution):
    """'true' when both sides are equal as booleans, as numbers (closely) or as texts."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left = self._normalize(left)
        self.right = self._normalize(right)

    @staticmethod
    def _normalize(side: Any) -> list[Substitution]:
        if is_substitution(side):
            return normalize_to_list_of_substitutions(side)
        if side is None:
            return normalize_to_list_of_substitutions("")
        text = str(side).lower() if isinstance(side, bool) else str(side)
        return normalize_to_list_of_substitutions(text)

    def describe(self) -> str:
        """Return both sides in words."""
        return f"{type(self).__name__}({_describe(self.left)} {_describe(self.right)})"

    def _equal(self, context: LaunchContext) -> bool:
        left = perform_substitutions(context, self.left)
        right = perform_substitutions(context, self.right)
        truths = {"true": True, "1": True, "false": False, "0": False}
        if left.lower() in truths and right.lower() in truths:
            return truths[left.lower()] == truths[right.lower()]
        try:
            return math.isclose(float(left), float(right))
        except ValueError:
            return left == right

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'."""
        return str(self._equal(context)).lower()


class NotEqualsSubstitution(EqualsSubstitution):
    """'true' when EqualsSubstitution is 'false'."""

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'."""
        return str(not self._equal(context)).lower()


class IfElseSubstitution(Substitution):
    """One of two values, after the truth of a condition."""

    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = "",
        else_value: SomeSubstitutionsType = "",
    ) -> None:
        if if_value == else_value == "":
            raise RuntimeError("one of if_value and else_value must be given")
        self.condition = normalize_to_list_of_substitutions(condition)
        self.if_value = normalize_to_list_of_substitutions(if_value)
        self.else_value = normalize_to_list_of_substitutions(else_value)

    def describe(self) -> str:
        """Return the parts in words."""
        parts = (self.condition, self.if_value, self.else_value)
        return f"IfElseSubstitution({', '.join(_describe(part) for part in parts)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value; raise SubstitutionFailure if the condition is no boolean."""
        chosen = self.if_value if _as_bool(context, self.condition) else self.else_value
        return perform_substitutions(context, chosen)
