# SPDX-License-Identifier: Apache-2.0
"""Names that two nodes use with two types: they do not hear one another, and nothing else says so.

ROS lets everybody publish and subscribe a topic with a type of their own. `mismatches` goes through what a node
publishes, subscribes, serves and calls, and looks in the graph for others at the same names with other types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.action import get_action_names_and_types

from vla_common.ros.graph.name_watch import UNNAMED

MOST_NODES = 3
OWN = ("parameter_events", "rosout")


def mismatches(*nodes: Any) -> list[str]:
    """One sentence for each name, in order; the nodes are those of one stage."""
    found: dict[str, str] = {}
    for node in nodes:
        for subscription in node.subscriptions:
            _topic(node, subscription, node.get_publishers_info_by_topic, "publishes", found)
        for publisher in node.publishers:
            _topic(node, publisher, node.get_subscriptions_info_by_topic, "listens for", found)
        services = dict(node.get_service_names_and_types())
        for one in (*node.clients, *node.services):
            _called(
                node.resolve_service_name(one.srv_name), _type_name(one.srv_type), services, found
            )
        actions = dict(get_action_names_and_types(node))
        for one in node.waitables:
            kind, name = getattr(one, "_action_type", None), getattr(one, "_action_name", None)
            if kind is not None and name is not None:
                full = node.resolve_service_name(f"{name}/_action/send_goal")
                full = full.rsplit("/_action/", 1)[0]
                _called(full, _type_name(kind), actions, found)
    return [found[name] for name in sorted(found)]


def _type_name(kind: type[Any]) -> str:
    package, group = kind.__module__.split(".")[:2]
    return f"{package}/{group}/{kind.__name__}"


def _topic(node: Any, end: Any, infos: Any, verb: str, found: dict[str, str]) -> None:
    topic, mine = end.topic_name, _type_name(end.msg_type)
    if topic.rpartition("/")[2] in OWN:
        return
    others: dict[str, set[str]] = {}
    for info in infos(topic):
        if info.topic_type != mine:
            others.setdefault(info.topic_type, set()).add(node_name(info))
    for kind, names in sorted(others.items()):
        found.setdefault(
            topic,
            f"'{topic}' is {mine} here, but {_listed(names)} {verb} {kind}: they do not hear one another.",
        )


def node_name(info: Any) -> str:
    """Whose endpoint it is; one is found before its node has said its name."""
    if info.node_name in UNNAMED:
        return "a node without a name"
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"


def _called(name: str, mine: str, known: dict[str, list[str]], found: dict[str, str]) -> None:
    others = [kind for kind in known.get(name, []) if kind != mine]
    if others:
        found.setdefault(
            name,
            f"'{name}' is {mine} here, but {others[0]} elsewhere: they do not understand one another.",
        )


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = len(shown) - MOST_NODES
    return ", ".join(shown[:MOST_NODES]) + (f" and {more} more" if more > 0 else "")
