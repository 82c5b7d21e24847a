"""The base class of what a launch description is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Is described without a context (to list arguments) and visited with one (to launch)."""

    def describe(self) -> str:
        """Return a text for people."""
        return repr(self)

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return what a visit always leads to."""
        return []

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return pairs of a condition in words and what a visit leads to if it holds."""
        return []

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Do the work without blocking; return the entities to visit next."""
        return None

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return what is done when the work begun by `visit` is over, or None."""
        return None
