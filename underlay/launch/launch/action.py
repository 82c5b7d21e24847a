# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The base class of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .launch_description_entity import LaunchDescriptionEntity
from .outside_subset import refuse_arguments

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Action(LaunchDescriptionEntity):
    """An entity that does something when it is visited."""

    def __init__(self, **unknown: Any) -> None:
        refuse_arguments(self, unknown)

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Executes the action."""
        return self.execute(context)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Does the work; returns the entities to visit next. Does nothing here."""
        return None
