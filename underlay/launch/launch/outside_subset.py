# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""How the underlay says that upstream has something that it has not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class OutsideSubsetError(Exception):
    """Upstream has this, the underlay does not; see the package's README for what is covered."""


class OutsideSubsetImportError(OutsideSubsetError, ImportError):
    """A name was imported that the underlay does not have."""


class OutsideSubsetArgumentError(OutsideSubsetError, TypeError):
    """A keyword argument was given that the underlay does not know."""


def refuse_arguments(owner: object, arguments: Iterable[str]) -> None:
    """Refuses keyword arguments that nobody took.

    Raises:
        OutsideSubsetArgumentError: unless `arguments` is empty.
    """
    names = sorted(arguments)
    if names:
        raise OutsideSubsetArgumentError(
            f"{type(owner).__name__}: keyword argument(s) {', '.join(names)} are unknown or "
            "outside the subset of this underlay (see its README)"
        )


def missing_names(module: str) -> Callable[[str], Any]:
    """Returns a `__getattr__` for a module that says of a missing class that upstream may have it."""

    def module_getattr(name: str) -> Any:
        if not name[:1].isupper():  # no class: Python itself looks for such names
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise OutsideSubsetImportError(
            f"{module}.{name} is unknown or outside the subset of this underlay (see its README); "
            "a ROS distribution has all of upstream's package"
        )

    return module_getattr
