"""Installed packages and their executables."""

from __future__ import annotations

import os
from collections.abc import KeysView
from pathlib import Path

from ament_index_python import (
    PackageNotFoundError,
    get_package_prefix,
    get_packages_with_prefixes,
)


class PackageNotFound(Exception):
    """There is no such package."""

    def __init__(self, package_name: str) -> None:
        super().__init__(package_name)
        self.package_name = package_name


def get_package_names() -> KeysView[str]:
    """All installed packages."""
    found: dict[str, str] = get_packages_with_prefixes()
    return found.keys()


def get_prefix_path(package_name: str) -> str | None:
    """The prefix that a package is installed in; None when it is not."""
    try:
        return str(get_package_prefix(package_name))
    except (PackageNotFoundError, ValueError):
        return None


def get_executable_paths(*, package_name: str) -> list[str]:
    """All executables of a package, sorted by folder. Raises PackageNotFound."""
    prefix = get_prefix_path(package_name)
    if prefix is None:
        raise PackageNotFound(package_name)
    found: list[str] = []
    for folder, folders, files in os.walk(Path(prefix, "lib", package_name)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [os.path.join(folder, name) for name in sorted(files)]
        found += [path for path in paths if os.access(path, os.X_OK)]
    return found
