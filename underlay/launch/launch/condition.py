"""The base class of conditions that actions carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Condition:
    """A predicate over the launch context."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        self._predicate = predicate

    def describe(self) -> str:
        """Return a text for people."""
        return repr(self)

    def evaluate(self, context: LaunchContext) -> bool:
        """Return the predicate's value now; without a predicate it does not hold."""
        return self._predicate is not None and self._predicate(context)
