"""Substitutions that look into ROS packages and parameters."""

from __future__ import annotations

import os
import shutil
from typing import Any

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch.substitutions import LaunchConfiguration, SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = [
    "ExecutableInPackage",
    "FindPackage",
    "FindPackagePrefix",
    "FindPackageShare",
    "Parameter",
]


class FindPackage(Substitution):
    """A directory of a package; PackageNotFoundError when there is no such package."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.package = normalize_to_list_of_substitutions(package)

    def find(self, package_name: str) -> str:
        """Return the directory; subclasses decide which."""
        raise TypeError("use FindPackagePrefix or FindPackageShare")

    def describe(self) -> str:
        """Return the package in words."""
        package = " + ".join(sub.describe() for sub in self.package)
        return f"{type(self).__name__}(pkg={package})"

    def perform(self, context: LaunchContext) -> str:
        """Return the directory."""
        return self.find(perform_substitutions(context, self.package))


class FindPackagePrefix(FindPackage):
    """The prefix that a package is installed to."""

    def find(self, package_name: str) -> str:
        """Return the prefix."""
        return str(get_package_prefix(package_name))


class FindPackageShare(FindPackage):
    """The share directory of a package."""

    def find(self, package_name: str) -> str:
        """Return the share directory."""
        return str(get_package_share_directory(package_name))


class ExecutableInPackage(FindPackagePrefix):
    """The path of an executable in a package's lib directory."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self.executable = normalize_to_list_of_substitutions(executable)

    def describe(self) -> str:
        """Return package and executable in words."""
        package = " + ".join(sub.describe() for sub in self.package)
        executable = " + ".join(sub.describe() for sub in self.executable)
        return f"ExecInPkg(pkg={package}, exec={executable})"

    def perform(self, context: LaunchContext) -> str:
        """Return the path; SubstitutionFailure when it is not there or cannot be executed."""
        executable = perform_substitutions(context, self.executable)
        package = perform_substitutions(context, self.package)
        directory = os.path.join(super().perform(context), "lib", package)
        if not os.path.isdir(directory):
            raise SubstitutionFailure(f"package '{package}' has no libexec directory '{directory}'")
        path = shutil.which(executable, path=directory)
        if path is None:
            raise SubstitutionFailure(
                f"executable '{executable}' not found on the libexec directory '{directory}'"
            )
        return path


class Parameter(Substitution):
    """The value, as text, of a parameter that SetParameter has set."""

    def __init__(self, name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.name = normalize_to_list_of_substitutions(name)
        self._default = None if default is None else LaunchConfiguration("", default=default)

    def describe(self) -> str:
        """Return the name in words."""
        return f"Parameter(name={' + '.join(sub.describe() for sub in self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value, else the default, else raise SubstitutionFailure."""
        name = perform_substitutions(context, self.name)
        for item in context.launch_configurations.get("global_params", ()):
            if isinstance(item, tuple) and item[0] == name:
                return str(item[1])
        if self._default is None:
            raise SubstitutionFailure(f"parameter '{name}' not found")
        return self._default.perform(context)
