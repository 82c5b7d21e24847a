"""Small functions that actions and substitutions share."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__all__ = [
    "ensure_argument_type",
    "is_a",
    "is_a_subclass",
    "isclassinstance",
    "normalize_to_list_of_entities",
    "normalize_to_list_of_substitutions",
    "perform_substitutions",
    "visit_all_entities_and_collect_futures",
]


def isclassinstance(obj: object) -> bool:
    """Return whether `obj` has a class, which everything has."""
    return hasattr(obj, "__class__")


def is_a(obj: object, entity_type: type) -> bool:
    """Return whether `obj` is an instance of `entity_type`."""
    if not inspect.isclass(entity_type):
        raise RuntimeError(f"'{entity_type}' is not a class")
    return isinstance(obj, entity_type)


def is_a_subclass(obj: object, entity_type: type) -> bool:
    """Return whether `obj` is an instance or a subclass of `entity_type`."""
    return is_a(obj, entity_type) or (inspect.isclass(obj) and issubclass(obj, entity_type))


def ensure_argument_type(
    argument: object,
    types: type | Iterable[type],
    argument_name: str,
    caller: str | None = None,
) -> None:
    """Raise TypeError, naming the argument, unless it is of one of `types`."""
    if not isinstance(types, type) and not isinstance(types, Iterable):
        raise TypeError(f"'types' must be a type or several, got {types!r}")
    if not isinstance(argument_name, str):
        raise TypeError(f"'argument_name' must be a str, got {argument_name!r}")
    if caller is not None and not isinstance(caller, str):
        raise TypeError(f"'caller' must be a str or None, got {caller!r}")
    accepted = (types,) if isinstance(types, type) else tuple(types)
    if not isinstance(argument, accepted):
        prefix = f"{caller}: " if caller else ""
        names = ", ".join(kind.__name__ for kind in accepted)
        raise TypeError(
            f"{prefix}argument '{argument_name}' must be one of [{names}], "
            f"got {argument!r} of type '{type(argument).__name__}'"
        )


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return a list of substitutions; texts become TextSubstitution, others raise TypeError."""
    from ..substitutions import TextSubstitution

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


def normalize_to_list_of_entities(
    entities: Iterable[SomeEntitiesType],
) -> list[LaunchDescriptionEntity]:
    """Return entities and iterables of entities as one flat list."""
    flat: list[LaunchDescriptionEntity] = []
    for entity in entities:
        if isinstance(entity, LaunchDescriptionEntity):
            flat.append(entity)
        else:
            flat.extend(entity)
    return flat


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the texts of `subs` in `context`, joined."""
    return "".join(context.perform_substitution(sub) for sub in subs)


def visit_all_entities_and_collect_futures(
    entity: LaunchDescriptionEntity, context: LaunchContext
) -> list[tuple[LaunchDescriptionEntity, asyncio.Future[Any]]]:
    """Visit `entity` and, depth first, what it leads to; return the futures of running work."""
    collected: list[tuple[LaunchDescriptionEntity, asyncio.Future[Any]]] = []
    children = entity.visit(context)
    future = entity.get_asyncio_future()
    if future is not None:
        collected.append((entity, future))
    for child in children or ():
        collected.extend(visit_all_entities_and_collect_futures(child, context))
    return collected
