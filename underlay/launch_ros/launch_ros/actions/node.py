"""The action that runs a ROS node."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import ExecuteProcess
from launch.logging import get_logger
from launch.utilities import (
    ensure_argument_type,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)

from ..names import check_namespace, check_node_name, make_namespace_absolute, prefix_namespace
from ..parameter_descriptions import Parameter
from ..parameters import SomeParameters, evaluate_parameters, normalize_parameters, to_yaml
from ..substitutions import ExecutableInPackage
from ..utilities import add_node_name, get_node_name_count, normalize_remap_rules


class Node(ExecuteProcess):
    """Runs an executable of a package with its ROS arguments behind `--ros-args`.

    Parameters come in the order: those set for all nodes, then `parameters` as listed; later
    ones win. Dictionaries become parameter files that are left for the node to read.
    """

    UNSPECIFIED_NODE_NAME = "<node_name_unspecified>"
    UNSPECIFIED_NODE_NAMESPACE = "<node_namespace_unspecified>"

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: SomeParameters | None = None,
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
        if parameters is not None:
            ensure_argument_type(parameters, list, "parameters", "Node")
        super().__init__(cmd=cmd, name=exec_name, **kwargs)
        self._package = package
        self._node_executable = executable
        self._given_name = name
        self._given_namespace = namespace
        self._parameters = normalize_parameters(parameters or [])
        self._remappings = list(normalize_remap_rules(remappings or ()))
        self._expanded_name = self.UNSPECIFIED_NODE_NAME
        self._expanded_namespace = self.UNSPECIFIED_NODE_NAMESPACE
        self._expanded_remappings: list[tuple[str, str]] | None = None
        self._full_name: str | None = None

    @property
    def node_package(self) -> SomeSubstitutionsType | None:
        """The package, as it was given."""
        return self._package

    @property
    def node_executable(self) -> SomeSubstitutionsType:
        """The executable, as it was given."""
        return self._node_executable

    @property
    def node_name(self) -> str:
        """The full name, with placeholders for what was not given; RuntimeError before execution."""
        if self._full_name is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self._full_name

    @property
    def expanded_node_namespace(self) -> str:
        """The namespace, or a placeholder."""
        return self._expanded_namespace

    @property
    def expanded_remapping_rules(self) -> list[tuple[str, str]] | None:
        """All remappings, None when there are none."""
        return self._expanded_remappings

    def is_node_name_fully_specified(self) -> bool:
        """Return whether both name and namespace are known here."""
        placeholders = (self.UNSPECIFIED_NODE_NAME, self.UNSPECIFIED_NODE_NAMESPACE)
        return not any(placeholder in self.node_name for placeholder in placeholders)

    def _perform_substitutions(self, context: LaunchContext) -> None:
        """Find out name, namespace, parameters and remappings, and add them to the command."""
        if self._full_name is not None:
            return
        ros_arguments: list[str] = []
        if self._given_name is not None:
            self._expanded_name = perform_substitutions(
                context, normalize_to_list_of_substitutions(self._given_name)
            )
            check_node_name(self._expanded_name)
            ros_arguments += ["-r", f"__node:={self._expanded_name}"]
        given_namespace = None
        if self._given_namespace is not None:
            given_namespace = perform_substitutions(
                context, normalize_to_list_of_substitutions(self._given_namespace)
            )
        outer_namespace = context.launch_configurations.get("ros_namespace")
        namespace = make_namespace_absolute(prefix_namespace(outer_namespace, given_namespace))
        if namespace is not None:
            check_namespace(namespace)
            self._expanded_namespace = namespace
            ros_arguments += ["-r", f"__ns:={namespace}"]
        self._full_name = prefix_namespace(self._expanded_namespace, self._expanded_name)
        ros_arguments += self._parameter_arguments(context)
        remappings: list[tuple[str, str]] = [
            *context.launch_configurations.get("ros_remaps", ()),
            *(
                (perform_substitutions(context, source), perform_substitutions(context, target))
                for source, target in self._remappings
            ),
        ]
        self._expanded_remappings = remappings or None
        for source, target in remappings:
            ros_arguments += ["-r", f"{source}:={target}"]
        self.process_description.cmd.extend(
            normalize_to_list_of_substitutions(argument) for argument in ros_arguments
        )

    def _parameter_arguments(self, context: LaunchContext) -> list[str]:
        result: list[str] = []
        for item in context.launch_configurations.get("global_params", ()):
            if isinstance(item, tuple):
                result += ["-p", f"{item[0]}:={to_yaml(item[1])}"]
            else:
                result += self._file_arguments(os.path.abspath(item))
        for parameters in evaluate_parameters(context, self._parameters):
            if isinstance(parameters, Path):
                result += self._file_arguments(str(parameters))
            elif isinstance(parameters, Parameter):
                name, value = parameters.evaluate(context)
                result += ["-p", f"{name}:={to_yaml(value)}"]
            else:
                result += ["--params-file", self._write_parameters(parameters)]
        return result

    def _file_arguments(self, path: str) -> list[str]:
        if os.path.isfile(path):
            return ["--params-file", path]
        get_logger(__name__).warning(f"Parameter file path is not a file: {path}")
        return []

    def _write_parameters(self, parameters: dict[str, Any]) -> str:
        node_name = self.node_name if self.is_node_name_fully_specified() else "/**"
        values = {
            name: list(value) if isinstance(value, bytes) else value
            for name, value in parameters.items()
        }
        with NamedTemporaryFile(
            mode="w", encoding="utf-8", prefix="launch_params_", delete=False
        ) as file:
            yaml.safe_dump({node_name: {"ros__parameters": values}}, file, default_flow_style=False)
        return file.name

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Begin to run the node; warn when there is another one of its full name."""
        self._perform_substitutions(context)
        entities = super().execute(context)
        if self.is_node_name_fully_specified():
            add_node_name(context, self.node_name)
            count = get_node_name_count(context, self.node_name)
            if count > 1:
                get_logger(self.process_description.final_name).warning(
                    f"there are now at least {count} nodes with the name {self.node_name} "
                    "created within this launch context"
                )
        return entities
