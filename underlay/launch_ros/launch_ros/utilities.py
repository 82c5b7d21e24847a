"""Functions on names, parameters and remappings, under the names that upstream gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from launch import LaunchContext, SomeSubstitutionsType
from launch.outside_subset import missing_names
from launch.substitution import Substitution
from launch.utilities import ensure_argument_type, normalize_to_list_of_substitutions

from .names import (
    is_namespace_absolute,
    is_root_namespace,
    make_namespace_absolute,
    prefix_namespace,
)
from .parameters import evaluate_parameters, normalize_parameters

__all__ = [
    "add_node_name",
    "evaluate_parameters",
    "get_node_name_count",
    "is_namespace_absolute",
    "is_root_namespace",
    "make_namespace_absolute",
    "normalize_parameters",
    "normalize_remap_rule",
    "normalize_remap_rules",
    "prefix_namespace",
]

__getattr__ = missing_names(__name__, ["to_parameters_list", "plugin_support"])

RemapRule = tuple[tuple[Substitution, ...], tuple[Substitution, ...]]


def normalize_remap_rule(
    remap_rule: tuple[SomeSubstitutionsType, SomeSubstitutionsType],
) -> RemapRule:
    """Return both sides as substitutions; TypeError unless it is a pair."""
    ensure_argument_type(remap_rule, tuple, "remap_rule")
    if len(remap_rule) != 2:
        raise TypeError(f"a remapping is a pair (from, to), got {remap_rule!r}")
    source, target = remap_rule
    return (
        tuple(normalize_to_list_of_substitutions(source)),
        tuple(normalize_to_list_of_substitutions(target)),
    )


def normalize_remap_rules(
    remap_rules: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]],
) -> Iterator[RemapRule]:
    """Yield each rule normalized."""
    return map(normalize_remap_rule, remap_rules)


def _node_names(context: LaunchContext) -> dict[str, int]:
    names: Any = context.get_locals_as_dict().get("unique_ros_node_names")
    if names is None:
        names = {}
        context.extend_globals({"unique_ros_node_names": names})
    counts: dict[str, int] = names
    return counts


def add_node_name(context: LaunchContext, node_name: str) -> None:
    """Count a node of this full name."""
    names = _node_names(context)
    names[node_name] = names.get(node_name, 0) + 1


def get_node_name_count(context: LaunchContext, node_name: str) -> int:
    """Return how many nodes of this full name were counted."""
    return _node_names(context).get(node_name, 0)
