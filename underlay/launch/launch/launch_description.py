"""A list of entities, and which launch arguments they declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .action import Action
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument, IncludeLaunchDescription
    from .launch_context import LaunchContext

    ArgumentAndIncludes = tuple[DeclareLaunchArgument, list[IncludeLaunchDescription] | None]


class LaunchDescription(LaunchDescriptionEntity):
    """What a launch file returns."""

    def __init__(
        self,
        initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
        *,
        deprecated_reason: str | None = None,
    ) -> None:
        self.entities = list(initial_entities or ())
        self.deprecated_reason = deprecated_reason

    @property
    def deprecated(self) -> bool:
        """Whether visiting it warns."""
        return self.deprecated_reason is not None

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Add an entity at the end."""
        self.entities.append(entity)

    def add_action(self, action: Action) -> None:
        """Add an action at the end."""
        self.add_entity(action)

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Return the entities; warn when the description is deprecated."""
        if self.deprecated_reason is not None:
            from .logging import get_logger

            path = context.get_locals_as_dict().get("current_launch_file_path")
            what = (
                f"launch file [{path}] is deprecated" if path else "deprecated launch description"
            )
            get_logger().warning(f"{what}: {self.deprecated_reason}")
        return self.entities

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities."""
        return self.entities

    def get_launch_arguments(
        self, conditional_inclusion: bool = False
    ) -> list[DeclareLaunchArgument]:
        """Return the declared arguments that can be found without launching, first ones first."""
        found = self.get_launch_arguments_with_include_launch_description_actions(
            conditional_inclusion
        )
        return [argument for argument, _ in found]

    def get_launch_arguments_with_include_launch_description_actions(
        self, conditional_inclusion: bool = False
    ) -> list[ArgumentAndIncludes]:
        """Return each declared argument with the includes on the way to it, None at the top.

        Only the first declaration of a name counts. Included files that cannot be loaded
        without a context are passed over.
        """
        from .actions import (
            DeclareLaunchArgument,
            IncludeLaunchDescription,
            ResetLaunchConfigurations,
        )

        found: dict[str, ArgumentAndIncludes] = {}

        def collect(
            entities: Iterable[LaunchDescriptionEntity],
            conditional: bool,
            includes: list[IncludeLaunchDescription] | None,
        ) -> None:
            for entity in entities:
                if isinstance(entity, DeclareLaunchArgument):
                    if entity.name in found:
                        continue
                    entity._conditionally_included = conditional or entity.condition is not None
                    found[entity.name] = (entity, includes)
                if isinstance(entity, ResetLaunchConfigurations):
                    return  # what comes after cannot be set from outside
                inner = includes
                if isinstance(entity, IncludeLaunchDescription):
                    inner = [*(includes or []), entity]
                collect(entity.describe_sub_entities(), conditional, inner)
                for _, sub_entities in entity.describe_conditional_sub_entities():
                    collect(sub_entities, True, inner)

        collect(self.entities, conditional_inclusion, None)
        return list(found.values())
