# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Small functions that actions and substitutions share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .launch_description_entity import LaunchDescriptionEntity
from .outside_subset import missing_names
from .substitution import SomeSubstitutionsType, Substitution

if TYPE_CHECKING:
    from .launch_context import LaunchContext

__all__ = [
    "normalize_to_list_of_substitutions",
    "perform_substitutions",
    "visit_all_entities_and_collect_futures",
]
__getattr__ = missing_names(__name__)


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Returns a list of substitutions, with texts as TextSubstitution.

    Raises:
        TypeError: for anything else.
    """
    from .substitutions import TextSubstitution

    if isinstance(subs, (str, Substitution)):
        subs = [subs]
    normalized: list[Substitution] = []
    for item in subs:
        if isinstance(item, Substitution):
            normalized.append(item)
        elif isinstance(item, str):
            normalized.append(TextSubstitution(text=item))
        else:
            raise TypeError(
                f"a text or a launch.Substitution is needed, got {item!r} of type "
                f"'{type(item).__name__}'"
            )
    return normalized


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Returns the texts of `subs` in `context`, joined."""
    return "".join(context.perform_substitution(sub) for sub in subs)


def visit_all_entities_and_collect_futures(
    entity: LaunchDescriptionEntity, context: LaunchContext
) -> list[tuple[LaunchDescriptionEntity, asyncio.Future[Any]]]:
    """Visits `entity` and, depth first, what it leads to; returns the futures of running work."""
    collected: list[tuple[LaunchDescriptionEntity, asyncio.Future[Any]]] = []
    children = entity.visit(context)
    future = entity.get_asyncio_future()
    if future is not None:
        collected.append((entity, future))
    for child in children or ():
        collected.extend(visit_all_entities_and_collect_futures(child, context))
    return collected
