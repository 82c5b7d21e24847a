"""Topics of the graph, their types, and QoS profiles from the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import rclpy.exceptions
import rclpy.qos
from rclpy.duration import Duration
from rclpy.expand_topic_name import expand_topic_name
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
from rclpy.validate_full_topic_name import validate_full_topic_name
from ros2cli.helpers import interface_class
from rosidl_runtime_py.utilities import get_message

NamesAndTypes = list[tuple[str, list[str]]]


def get_topic_names_and_types(*, node: Any, include_hidden_topics: bool = False) -> NamesAndTypes:
    """(name, types) of every topic."""
    return [
        (name, types)
        for name, types in node.get_topic_names_and_types()
        if include_hidden_topics or not topic_or_service_is_hidden(name)
    ]


def get_topic_names(*, node: Any, include_hidden_topics: bool = False) -> list[str]:
    """Names of the topics."""
    found = get_topic_names_and_types(node=node, include_hidden_topics=include_hidden_topics)
    return [name for name, _ in found]


def full_name(node: Any, topic: str) -> str:
    """The topic's absolute name. Raises RuntimeError when it can be none."""
    try:
        expanded: str = expand_topic_name(topic, node.get_name(), node.get_namespace())
        validate_full_topic_name(expanded)
    except (ValueError, rclpy.exceptions.InvalidTopicNameException) as error:
        raise RuntimeError(str(error)) from error
    return expanded


def get_topic_types(node: Any, topic: str, include_hidden_topics: bool = True) -> list[str]:
    """Types of a topic, waiting a little for it to be discovered; empty when there is no such."""
    name = full_name(node, topic)
    if not include_hidden_topics and topic_or_service_is_hidden(name):
        return []
    types: list[str] = node.find(lambda: dict(node.get_topic_names_and_types()).get(name))
    return types or []


def get_msg_class(
    node: Any, topic: str, blocking: bool = False, include_hidden_topics: bool = False
) -> Any:
    """Message class of a topic; `blocking` waits until somebody publishes or subscribes it.

    Raises RuntimeError when the topic is not there, or has several types.
    """
    types = get_topic_types(node, topic, include_hidden_topics)
    if not types:
        print(f"WARNING: topic [{topic}] does not appear to be published yet")
    while not types and blocking and rclpy.ok():
        types = get_topic_types(node, topic, include_hidden_topics)
    if not types:
        raise RuntimeError("Could not determine the type for the passed topic")
    if len(types) > 1:
        raise RuntimeError(f"Topic '{topic}' has more than one type: [{', '.join(types)}]")
    return interface_class(get_message, types[0], "message")


def add_qos_arguments(
    parser: ArgumentParser, subscribe_or_publish: str, default_profile_str: str
) -> None:
    """The `--qos-*` arguments; `subscribe_or_publish` says in their help what they are for."""
    qos = rclpy.qos
    presets = qos.QoSPresetProfiles.short_keys()
    parser.add_argument(
        "--qos-profile",
        choices=presets,
        default=default_profile_str,
        help=f"preset to {subscribe_or_publish} with (default: {default_profile_str})",
    )
    parser.add_argument("--qos-depth", metavar="N", type=int, help="length of the queue")
    for name, policy in (
        ("history", qos.QoSHistoryPolicy),
        ("reliability", qos.QoSReliabilityPolicy),
        ("durability", qos.QoSDurabilityPolicy),
        ("liveliness", qos.QoSLivelinessPolicy),
    ):
        parser.add_argument(f"--qos-{name}", choices=policy.short_keys(), help=f"overrides {name}")
    parser.add_argument(
        "--qos-liveliness-lease-duration-seconds", type=float, help="overrides the lease duration"
    )


def has_qos_overrides(args: Namespace) -> bool:
    """Whether any `--qos-*` argument but the preset was given."""
    return any(
        value is not None
        for name, value in vars(args).items()
        if name.startswith("qos_") and name != "qos_profile"
    )


def qos_profile_from_arguments(args: Namespace) -> rclpy.qos.QoSProfile:
    """The profile that the `--qos-*` arguments describe."""
    qos = rclpy.qos
    profile = qos.QoSPresetProfiles.get_from_short_key(args.qos_profile)
    for name, policy in (
        ("history", qos.QoSHistoryPolicy),
        ("reliability", qos.QoSReliabilityPolicy),
        ("durability", qos.QoSDurabilityPolicy),
        ("liveliness", qos.QoSLivelinessPolicy),
    ):
        if chosen := getattr(args, f"qos_{name}"):
            setattr(profile, name, policy.get_from_short_key(chosen))
    if lease_s := args.qos_liveliness_lease_duration_seconds:
        profile.liveliness_lease_duration = Duration(seconds=lease_s)
    if args.qos_depth:
        profile.depth = args.qos_depth
    elif profile.durability == qos.QoSDurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1  # the last message is what one asks transient local for
    return profile
