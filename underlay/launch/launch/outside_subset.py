"""How this package says that something upstream offers is not part of the subset built here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class OutsideSubsetError(Exception):
    """Upstream has this, the underlay does not; see the package's README for what is covered."""


class OutsideSubsetImportError(OutsideSubsetError, ImportError):
    """A name that upstream exports and the underlay leaves out was imported."""


class OutsideSubsetArgumentError(OutsideSubsetError, TypeError):
    """A keyword argument that the underlay does not know was given."""


def refuse_arguments(owner: object, arguments: Iterable[str]) -> None:
    """Raise when `arguments`, the names of the keywords nobody took, is not empty."""
    names = sorted(arguments)
    if names:
        raise OutsideSubsetArgumentError(
            f"{type(owner).__name__}: keyword argument(s) {', '.join(names)} are unknown or "
            "outside the subset of this underlay (see its README)"
        )


def missing_names(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """Return a module `__getattr__` that refuses `names` in words and misses all others."""
    left_out = frozenset(names)

    def module_getattr(name: str) -> Any:
        if name in left_out:
            raise OutsideSubsetImportError(
                f"{module}.{name} is outside the subset of this underlay (see its README); "
                "use the upstream package if you need it"
            )
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return module_getattr
