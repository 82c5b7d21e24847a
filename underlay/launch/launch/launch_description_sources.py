"""Launch files: Python only, markup (XML, YAML) is refused."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

from .invalid_launch_file_error import InvalidLaunchFileError
from .launch_description import LaunchDescription
from .launch_description_source import LaunchDescriptionSource
from .outside_subset import OutsideSubsetError, missing_names
from .some_substitutions_type import SomeSubstitutionsType

__all__ = [
    "AnyLaunchDescriptionSource",
    "InvalidPythonLaunchFileError",
    "PythonLaunchDescriptionSource",
    "get_launch_description_from_any_launch_file",
    "get_launch_description_from_python_launch_file",
    "load_python_launch_file_as_module",
]

__getattr__ = missing_names(
    __name__,
    [
        "FrontendLaunchDescriptionSource",
        "XMLLaunchDescriptionSource",
        "YAMLLaunchDescriptionSource",
        "get_launch_description_from_frontend_launch_file",
    ],
)


class InvalidPythonLaunchFileError(Exception):
    """A Python file has no generate_launch_description()."""


def load_python_launch_file_as_module(python_launch_file_path: str) -> ModuleType:
    """Run a Python file and return it as a module; whatever it raises is passed on."""
    loader = SourceFileLoader("python_launch_file", python_launch_file_path)
    spec = spec_from_loader(loader.name, loader)
    if spec is None:
        raise RuntimeError(f"cannot load {python_launch_file_path}")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def get_launch_description_from_python_launch_file(
    python_launch_file_path: str,
) -> LaunchDescription:
    """Return what the file's generate_launch_description() returns."""
    module = load_python_launch_file_as_module(python_launch_file_path)
    function = getattr(module, "generate_launch_description", None)
    if function is None:
        raise InvalidPythonLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    launch_description: LaunchDescription = function()
    return launch_description


def get_launch_description_from_any_launch_file(launch_file_path: str) -> LaunchDescription:
    """Return the launch description of a Python launch file.

    Raises OutsideSubsetError for markup, InvalidLaunchFileError for what cannot be loaded.
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

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(location)


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file of any format that is read, which here is Python."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted launch file")

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_any_launch_file(location)
