# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Substitutions that look into ROS packages."""

from __future__ import annotations

import os
import shutil

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch.launch_context import LaunchContext
from launch.outside_subset import missing_names
from launch.substitution import SomeSubstitutionsType, Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ["ExecutableInPackage", "FindPackageShare"]
__getattr__ = missing_names(__name__)


class FindPackageShare(Substitution):
    """The share directory of a package."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.package = normalize_to_list_of_substitutions(package)

    def describe(self) -> str:
        """Returns the package in words."""
        package = " + ".join(sub.describe() for sub in self.package)
        return f"FindPackageShare(pkg={package})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the directory.

        Raises:
            PackageNotFoundError: when there is no such package.
        """
        return str(get_package_share_directory(perform_substitutions(context, self.package)))


class ExecutableInPackage(Substitution):
    """The path of an executable in a package's lib directory."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        self.executable = normalize_to_list_of_substitutions(executable)
        self.package = normalize_to_list_of_substitutions(package)

    def perform(self, context: LaunchContext) -> str:
        """Returns the path.

        Raises:
            PackageNotFoundError: when there is no such package.
            SubstitutionFailure: when the package has no such executable.
        """
        executable = perform_substitutions(context, self.executable)
        package = perform_substitutions(context, self.package)
        directory = os.path.join(get_package_prefix(package), "lib", package)
        path = shutil.which(executable, path=directory)
        if path is None:
            raise SubstitutionFailure(
                f"executable '{executable}' not found on the libexec directory '{directory}'"
            )
        return path
