# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The base class of what a launch description is made of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that is visited to launch it."""

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Returns what a visit leads to, as far as it is known without a context."""
        return []

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Does the work without blocking; returns the entities to visit next."""
        return None

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Returns what is done when the work begun by `visit` is over, or None."""
        return None
