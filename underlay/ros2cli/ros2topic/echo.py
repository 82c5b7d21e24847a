# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 topic echo`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import rclpy
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSPresetProfiles,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.task import Future
from ros2cli.helpers import Result, interface_class
from ros2cli.node import graph
from rosidl_runtime_py import message_to_yaml
from rosidl_runtime_py.utilities import get_message

from ros2topic.command import add_topic_name, message_class

_TRUNCATE_LENGTH = 128
_POLICIES = {
    "reliability": (
        QoSReliabilityPolicy,
        QoSReliabilityPolicy.RELIABLE,
        QoSReliabilityPolicy.BEST_EFFORT,
    ),
    "durability": (
        QoSDurabilityPolicy,
        QoSDurabilityPolicy.TRANSIENT_LOCAL,
        QoSDurabilityPolicy.VOLATILE,
    ),
}
"""Policy -> its kind, what asks for more, and what every publisher satisfies."""


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `echo`."""
    add_topic_name(parser)
    parser.add_argument("message_type", nargs="?", help="type, for a topic that is not yet there")
    for name, (kind, _, _) in _POLICIES.items():
        parser.add_argument(f"--qos-{name}", choices=kind.short_keys(), help=f"{name} to ask for")
    parser.add_argument("--field", help="show one field only, such as 'pose.position'")
    parser.add_argument("--once", action="store_true", help="exit after the first message")
    parser.add_argument("-f", "--full-length", action="store_true", help="do not cut long values")
    parser.add_argument("--no-arr", action="store_true", help="do not show arrays")
    parser.add_argument("--no-str", action="store_true", help="do not show strings")
    parser.add_argument(
        "-l",
        "--truncate-length",
        type=int,
        default=_TRUNCATE_LENGTH,
        help=f"length at which arrays and strings are cut (default: {_TRUNCATE_LENGTH})",
    )


def run(args: Namespace) -> Result:
    """Prints until a signal comes, or with `--once` the first message."""
    done: Future = Future()

    def show(message: Any) -> None:
        if args.once:
            done.set_result(True)
        print(_text_of(message, args), end="---\n")

    with graph(args) as node:
        if args.message_type is None:
            kind = message_class(node, args.topic_name)
        else:
            kind = interface_class(get_message, args.message_type, "message")
        node.create_subscription(kind, args.topic_name, show, _profile(node, args))
        rclpy.spin_until_future_complete(node.node, done)
    return 0


def _profile(node: Any, args: Namespace) -> QoSProfile:
    """A profile that matches all publishers that there are, unless the user asks for another one."""
    profile = QoSPresetProfiles.get_from_short_key("sensor_data")
    offered = [info.qos_profile for info in node.get_publishers_info_by_topic(args.topic_name)]
    for name, (kind, strong, weak) in _POLICIES.items():
        if asked := getattr(args, f"qos_{name}"):
            setattr(profile, name, kind.get_from_short_key(asked))
        elif offered:
            count = sum(getattr(publisher, name) == strong for publisher in offered)
            setattr(profile, name, strong if count == len(offered) else weak)
    return profile


def _text_of(message: Any, args: Namespace) -> str:
    for name in filter(None, (args.field or "").split(".")):
        if not hasattr(message, name):
            raise RuntimeError(
                f"Invalid field '{args.field}': '{type(message).__name__}' has no '{name}'"
            )
        message = getattr(message, name)
    if not hasattr(message, "get_fields_and_field_types"):  # a field's plain value
        return f"{message}\n"
    return message_to_yaml(
        message,
        truncate_length=None if args.full_length else args.truncate_length,
        no_arr=args.no_arr,
        no_str=args.no_str,
    )
