"""Where an included launch description comes from."""

from __future__ import annotations

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions, perform_substitutions


class LaunchDescriptionSource:
    """A launch description, given or loaded from a location when it is first needed."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "<string>",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self._launch_description = launch_description
        self._location = normalize_to_list_of_substitutions(location)
        self._expanded_location: str | None = None
        self.method = method

    def _get_launch_description(self, location: str) -> LaunchDescription:
        raise RuntimeError(f"there is no launch description and no way to load one: {location}")

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the launch description, or None if loading it fails for whatever reason."""
        if self._launch_description is not None:
            return self._launch_description
        try:
            return self._get_launch_description(
                perform_substitutions(LaunchContext(), self._location)
            )
        except Exception as error:  # a launch file may raise anything
            from .logging import get_logger

            get_logger(__name__).debug(f"cannot load {self.location} without a context: {error}")
            return None

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the launch description, loading it first if need be."""
        if self._expanded_location is None:
            self._expanded_location = perform_substitutions(context, self._location)
        if self._launch_description is None:
            self._launch_description = self._get_launch_description(self._expanded_location)
        return self._launch_description

    @property
    def location(self) -> str:
        """The path, or the substitutions in words as long as it is not known."""
        if self._expanded_location is not None:
            return self._expanded_location
        return " + ".join(sub.describe() for sub in self._location)
