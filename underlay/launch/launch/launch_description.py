# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A list of entities, and which launch arguments they declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument
    from .launch_context import LaunchContext


class LaunchDescription(LaunchDescriptionEntity):
    """What a launch file returns."""

    def __init__(self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None) -> None:
        self.entities = list(initial_entities or ())

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Returns the entities."""
        return self.entities

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Returns the entities."""
        return self.entities

    def get_launch_arguments(self) -> list[DeclareLaunchArgument]:
        """Returns the declared arguments, those of included files too; of one name the first."""
        from .actions import DeclareLaunchArgument

        def declared(entity: LaunchDescriptionEntity) -> Iterator[DeclareLaunchArgument]:
            if isinstance(entity, DeclareLaunchArgument):
                yield entity
            for inner in entity.describe_sub_entities():
                yield from declared(inner)

        found: dict[str, DeclareLaunchArgument] = {}
        for argument in declared(self):
            found.setdefault(argument.name, argument)
        return list(found.values())
