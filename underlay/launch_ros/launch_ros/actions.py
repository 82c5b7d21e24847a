# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The action that runs a ROS node."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import ExecuteProcess
from launch.logging import get_logger
from launch.outside_subset import missing_names
from launch.substitution import Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .substitutions import ExecutableInPackage

__all__ = ["Node"]
__getattr__ = missing_names(__name__)

_SCALARS = (bool, int, float, str)
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURELY_VALID_LENGTH = 200
"""The middleware's limit is a little above; longer names are checked by rclpy."""


class Node(ExecuteProcess):
    """Runs an executable of a package with its ROS arguments behind `--ros-args`.

    Args:
        executable: the executable, of a package or by its path.
        package: the package that has it.
        name: the node's name; without it the executable's own.
        namespace: the node's namespace.
        parameters: paths of parameter files, and dictionaries of Python values; later ones win.
        remappings: pairs (from, to).
        ros_arguments: more arguments behind `--ros-args`.
        arguments: arguments before it.
        kwargs: those of `launch.actions.ExecuteProcess`.
    """

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        parameters: Sequence[Any] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        program: SomeSubstitutionsType = executable
        if package is not None:
            program = ExecutableInPackage(executable=executable, package=package)
        cmd: list[SomeSubstitutionsType] = [program, *(arguments or ())]
        if ros_arguments is not None:
            cmd += ["--ros-args", *ros_arguments]
        cmd.append("--ros-args")
        super().__init__(cmd=cmd, **kwargs)
        self._node_name = None if name is None else normalize_to_list_of_substitutions(name)
        self._namespace = (
            None if namespace is None else normalize_to_list_of_substitutions(namespace)
        )
        self._parameters = _checked(parameters or [])
        self._remappings = [_pair(rule) for rule in remappings or ()]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Adds name, namespace, parameters and remappings to the command, and begins to run it."""
        if self.process_details is None:
            self._cmd += [
                normalize_to_list_of_substitutions(argument) for argument in self._ros(context)
            ]
        return super().execute(context)

    def _ros(self, context: LaunchContext) -> list[str]:
        arguments: list[str] = []
        name = namespace = None
        if self._node_name is not None:
            name = perform_substitutions(context, self._node_name)
            _check_node_name(name)
            arguments += ["-r", f"__node:={name}"]
        if self._namespace is not None:
            namespace = "/" + perform_substitutions(context, self._namespace).strip("/")
            _check_namespace(namespace)
            arguments += ["-r", f"__ns:={namespace}"]
        whom = "/**"
        if name is not None and namespace is not None:
            whom = f"{namespace.rstrip('/')}/{name}"
        for item in self._parameters:
            if isinstance(item, dict):
                arguments += ["--params-file", _write_parameters(whom, item)]
                continue
            path = os.path.abspath(perform_substitutions(context, item))
            if os.path.isfile(path):
                arguments += ["--params-file", path]
            else:
                get_logger(__name__).warning(f"Parameter file path is not a file: {path}")
        for source, target in self._remappings:
            text = perform_substitutions(
                context, [*source, *normalize_to_list_of_substitutions(":=")]
            )
            arguments += ["-r", text + perform_substitutions(context, target)]
        return arguments


def _pair(rule: Any) -> tuple[list[Substitution], list[Substitution]]:
    if not isinstance(rule, tuple) or len(rule) != 2:
        raise TypeError(f"a remapping is a pair (from, to), got {rule!r}")
    return normalize_to_list_of_substitutions(rule[0]), normalize_to_list_of_substitutions(rule[1])


def _checked(parameters: Any) -> list[list[Substitution] | dict[str, Any]]:
    """Files as substitutions, and dictionaries with those in them taken apart: `{"a": {"b": 1}}` is a.b.

    Raises:
        TypeError: for a value that no parameter can have.
    """
    if isinstance(parameters, str) or not isinstance(parameters, Sequence):
        raise TypeError(f"a list of parameters is needed, got {parameters!r}")
    return [
        dict(_flat(item, ""))
        if isinstance(item, Mapping)
        else normalize_to_list_of_substitutions(
            item if not hasattr(item, "__fspath__") else str(item)
        )
        for item in parameters
    ]


def _flat(parameters: Mapping[Any, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in parameters.items():
        if not isinstance(key, str):
            raise TypeError(f"the name of a parameter must be a text in this underlay, got {key!r}")
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, _SCALARS):
            yield name, value
        elif isinstance(value, (list, tuple)):
            yield name, _uniform(name, value)
        else:
            raise TypeError(f"parameter '{name}' cannot have the value {value!r} in this underlay")


def _uniform(name: str, items: Sequence[Any]) -> list[Any]:
    if {type(item) for item in items} == {int, float}:
        return [float(item) for item in items]
    kinds = {type(item) for item in items}
    if len(kinds) != 1 or not kinds <= set(_SCALARS):
        raise TypeError(
            f"parameter '{name}': a list needs items of one type out of bool, int, float, str; "
            f"got {list(items)!r}"
        )
    return list(items)


def _write_parameters(node_name: str, parameters: dict[str, Any]) -> str:
    """A parameter file that is left for the node to read."""
    with NamedTemporaryFile(
        mode="w", encoding="utf-8", prefix="launch_params_", delete=False
    ) as file:
        yaml.safe_dump({node_name: {"ros__parameters": parameters}}, file, default_flow_style=False)
    return file.name


# rclpy takes long to import: it is asked only about names that look wrong, and raises its own exceptions.


def _check_node_name(name: str) -> None:
    if len(name) > _SURELY_VALID_LENGTH or not _TOKEN.fullmatch(name):
        from rclpy.validate_node_name import validate_node_name

        validate_node_name(name)


def _check_namespace(namespace: str) -> None:
    tokens = namespace.split("/")
    simple = namespace == "/" or (tokens[0] == "" and all(map(_TOKEN.fullmatch, tokens[1:])))
    if len(namespace) > _SURELY_VALID_LENGTH or not simple:
        from rclpy.validate_namespace import validate_namespace

        validate_namespace(namespace)
