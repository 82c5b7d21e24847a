# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""A stand-in for a subset of the launch package of ROS 2 Jazzy; not upstream's package. See README.md."""

from . import actions, event_handlers, events, launch_description_sources, logging, substitutions
from .action import Action
from .event import Event
from .invalid_launch_file_error import InvalidLaunchFileError
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .launch_description_source import LaunchDescriptionSource
from .launch_service import LaunchService
from .outside_subset import missing_names
from .substitution import SomeSubstitutionsType, Substitution

__all__ = [
    "Action",
    "Event",
    "InvalidLaunchFileError",
    "LaunchContext",
    "LaunchDescription",
    "LaunchDescriptionEntity",
    "LaunchDescriptionSource",
    "LaunchService",
    "SomeSubstitutionsType",
    "Substitution",
    "actions",
    "event_handlers",
    "events",
    "launch_description_sources",
    "logging",
    "substitutions",
]
__getattr__ = missing_names(__name__)
