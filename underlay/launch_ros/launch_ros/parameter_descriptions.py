"""Single parameters and parameter files as they are written in launch files."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Union

import yaml
from launch import LaunchContext, SomeSubstitutionsType
from launch.some_substitutions_type import SomeSubstitutionsType_types_tuple
from launch.substitution import Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import (
    ensure_argument_type,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from launch.utilities.type_utils import normalize_typed_substitution, perform_typed_substitution

from .file_substitutions import parse_substitutions

FilePath = Union[str, bytes, "os.PathLike[str]"]


class ParameterValue:
    """A value whose type is given, so that its text is not read as YAML of another type."""

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self._value = normalize_typed_substitution(value, value_type)
        self.value_type = value_type
        self._evaluated: Any = None

    @property
    def value(self) -> Any:
        """The value; in substitutions before `evaluate`."""
        return self._value if self._evaluated is None else self._evaluated

    def __str__(self) -> str:
        return (
            "launch_ros.description.ParameterValue"
            f"(value={self.value}, value_type={self.value_type})"
        )

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; ValueError or TypeError when it is not of the type."""
        self._evaluated = perform_typed_substitution(context, self._value, self.value_type)
        return self._evaluated


class Parameter:
    """A parameter with its name, set for one node whatever the files say."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, *, value_type: Any = None) -> None:
        ensure_argument_type(name, SomeSubstitutionsType_types_tuple, "name")
        self._name = normalize_to_list_of_substitutions(name)
        self._value = ParameterValue(value, value_type=value_type)
        self._evaluated_name: str | None = None

    @property
    def name(self) -> list[Substitution] | str:
        """The name; in substitutions before `evaluate`."""
        return self._name if self._evaluated_name is None else self._evaluated_name

    @property
    def value(self) -> Any:
        """The value; in substitutions before `evaluate`."""
        return self._value.value

    @property
    def value_type(self) -> Any:
        """The value's type, see ParameterValue."""
        return self._value.value_type

    def __str__(self) -> str:
        return (
            "launch_ros.description.Parameter"
            f"(name={self.name}, value={self.value}, value_type={self.value_type})"
        )

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return name and value."""
        self._evaluated_name = perform_substitutions(context, self._name)
        return self._evaluated_name, self._value.evaluate(context)


class ParameterFile:
    """A YAML file of parameters; with `allow_substs`, `$(var x)` and the like are filled in."""

    def __init__(
        self,
        param_file: FilePath | SomeSubstitutionsType,
        *,
        allow_substs: bool | SomeSubstitutionsType = False,
    ) -> None:
        self._evaluated: Path | None = None
        self._is_temporary = False
        ensure_argument_type(
            param_file,
            (*SomeSubstitutionsType_types_tuple, os.PathLike, bytes),
            "param_file",
            "ParameterFile()",
        )
        self._param_file: Any = param_file
        if not isinstance(param_file, (os.PathLike, bytes)):
            self._param_file = normalize_to_list_of_substitutions(param_file)
        self.allow_substs = normalize_typed_substitution(allow_substs, bool)

    @property
    def param_file(self) -> Any:
        """The path; in substitutions before `evaluate`."""
        return self._param_file if self._evaluated is None else self._evaluated

    def __str__(self) -> str:
        return (
            "launch_ros.description.ParameterFile"
            f"(param_file={self.param_file}, allow_substs={self.allow_substs})"
        )

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path, of a temporary file when substitutions were filled in."""
        if self._evaluated is not None:
            return self._evaluated
        path = self._param_file
        if isinstance(path, list):
            path = perform_substitutions(context, path)
        self._evaluated = Path(os.fsdecode(path))
        if perform_typed_substitution(context, self.allow_substs, bool):
            self._evaluated = self._fill_in(context, self._evaluated)
        return self._evaluated

    def _fill_in(self, context: LaunchContext, source: Path) -> Path:
        text = perform_substitutions(
            context, parse_substitutions(source.read_text(encoding="utf-8"))
        )
        try:
            yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SubstitutionFailure(
                f"{source} is not valid YAML with its substitutions filled in: {error}"
            ) from error
        with NamedTemporaryFile(
            mode="w", encoding="utf-8", prefix="launch_params_", delete=False
        ) as file:
            file.write(text)
        self._is_temporary = True
        return Path(file.name)

    def cleanup(self) -> None:
        """Remove the temporary file, if there is one."""
        if self._is_temporary and self._evaluated is not None:
            self._evaluated.unlink(missing_ok=True)
            self._evaluated = None

    def __del__(self) -> None:
        if getattr(self, "_is_temporary", False):
            self.cleanup()
