# SPDX-License-Identifier: Apache-2.0
"""Public names of a package: what others may import from it, wherever in its rooms it lives.

A package's `__init__` lists them, and each is imported when it is first asked for, so that importing
one room of a package does not load the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def public(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package.

    Example:
        >>> __getattr__ = public(__name__, {"Skill": "vla_executor.skills.skill"})

    Args:
        package: Name of the package, for the error.
        homes: Each public name with the module that defines it.

    Returns:
        A function that imports a public name and raises AttributeError for any other.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(importlib.import_module(homes[name]), name)

    return get
