# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Launch files: Python only; XML and YAML are refused."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from .invalid_launch_file_error import InvalidLaunchFileError
from .launch_description import LaunchDescription
from .launch_description_source import LaunchDescriptionSource
from .outside_subset import OutsideSubsetError, missing_names

__all__ = [
    "AnyLaunchDescriptionSource",
    "InvalidPythonLaunchFileError",
    "PythonLaunchDescriptionSource",
    "get_launch_description_from_any_launch_file",
    "get_launch_description_from_python_launch_file",
]
__getattr__ = missing_names(__name__)


class InvalidPythonLaunchFileError(Exception):
    """A Python file has no generate_launch_description()."""


def get_launch_description_from_python_launch_file(
    python_launch_file_path: str,
) -> LaunchDescription:
    """Returns what the file's generate_launch_description() returns; what it raises is passed on."""
    loader = SourceFileLoader("python_launch_file", python_launch_file_path)
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    function = getattr(module, "generate_launch_description", None)
    if function is None:
        raise InvalidPythonLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    launch_description: LaunchDescription = function()
    return launch_description


def get_launch_description_from_any_launch_file(launch_file_path: str) -> LaunchDescription:
    """Returns the launch description of a Python launch file.

    Raises:
        OutsideSubsetError: for a file in XML or YAML.
        InvalidLaunchFileError: for one that can't be loaded.
    """
    extension = os.path.splitext(launch_file_path)[1].lstrip(".")
    if extension in ("xml", "yaml", "yml", "launch"):
        raise OutsideSubsetError(
            f"{launch_file_path}: launch files in XML or YAML are outside the subset of this "
            "underlay, only Python launch files (.py) are read"
        )
    try:
        return get_launch_description_from_python_launch_file(launch_file_path)
    except Exception as error:  # a launch file may raise anything
        raise InvalidLaunchFileError(extension, likely_errors=[error]) from error


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python launch file."""

    def _load(self, location: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(location)


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file of any format that is read, which here is Python."""

    def _load(self, location: str) -> LaunchDescription:
        return get_launch_description_from_any_launch_file(location)
