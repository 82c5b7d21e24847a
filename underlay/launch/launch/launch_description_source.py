# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Where an included launch description comes from."""

from __future__ import annotations

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .substitution import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions, perform_substitutions


class LaunchDescriptionSource:
    """A launch description that is loaded from a location when it is first needed."""

    def __init__(self, location: SomeSubstitutionsType) -> None:
        self._location = normalize_to_list_of_substitutions(location)
        self._launch_description: LaunchDescription | None = None

    def _load(self, location: str) -> LaunchDescription:
        raise NotImplementedError

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Returns the launch description; whatever loading it raises is passed on."""
        if self._launch_description is None:
            self._launch_description = self._load(perform_substitutions(context, self._location))
        return self._launch_description
