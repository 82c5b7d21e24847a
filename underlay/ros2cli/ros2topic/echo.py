"""`ros2 topic echo`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import rclpy
import yaml
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSPresetProfiles,
    QoSProfile,
    QoSReliabilityPolicy,
)
from rclpy.task import Future
from ros2cli import completion
from ros2cli.helpers import interface_class, positive_float, unsigned_int
from ros2cli.node.strategy import NodeStrategy
from ros2cli.node.strategy import add_arguments as add_strategy_arguments
from ros2cli.verb import Result
from rosidl_runtime_py import message_to_csv, message_to_yaml
from rosidl_runtime_py.utilities import get_message

from ros2topic.api import (
    add_qos_arguments,
    get_msg_class,
    has_qos_overrides,
    qos_profile_from_arguments,
)
from ros2topic.command import add_topic_name

_TRUNCATE_LENGTH = 128


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `echo`."""
    add_strategy_arguments(parser)
    add_topic_name(parser)
    types = completion.from_table(completion.message_types)
    completion.add(parser, "message_type", types, nargs="?", help="type, for a topic not yet there")
    add_qos_arguments(parser, "subscribe", "sensor_data")
    flag = {"action": "store_true"}
    for names, options in (
        (["--csv"], {**flag, "help": "one line a message, values separated by commas"}),
        (["--field"], {"help": "show one field only, such as 'pose.position'"}),
        (["-f", "--full-length"], {**flag, "help": "do not cut long values"}),
        (["--no-arr"], {**flag, "help": "do not show arrays"}),
        (["--no-str"], {**flag, "help": "do not show strings"}),
        (["--flow-style"], {**flag, "help": "show arrays on one line"}),
        (["--no-lost-messages"], {**flag, "help": "do not report lost messages"}),
        (["--raw"], {**flag, "help": "show the bytes that were received"}),
        (["--filter"], {"dest": "filter_expr", "help": "Python expression; m is the message"}),
        (["--once"], {**flag, "help": "exit after the first message"}),
        (["--timeout"], {"metavar": "N", "type": positive_float, "help": "exit after N seconds"}),
        (["-i", "--include-message-info"], {**flag, "help": "show stamps and numbers as well"}),
    ):
        parser.add_argument(*names, **options)  # type: ignore[arg-type]
    parser.add_argument(
        "-l",
        "--truncate-length",
        type=unsigned_int,
        default=_TRUNCATE_LENGTH,
        help=f"length at which arrays and strings are cut (default: {_TRUNCATE_LENGTH})",
    )


def run(args: Namespace) -> Result:
    """Print until the first message, the timeout or a signal."""
    echo = _Echo(args)
    with NodeStrategy(args) as node:
        if args.message_type is None:
            message_type = get_msg_class(node, args.topic_name, include_hidden_topics=True)
        else:
            message_type = interface_class(get_message, args.message_type, "message")
        profile = _choose_qos(node, args)
        _subscribe(node, args, message_type, profile, echo.show)
        if args.timeout is not None:
            node.create_timer(args.timeout, lambda: echo.done.set_result(True))
        rclpy.spin_until_future_complete(node.node, echo.done)
    return 0


def _subscribe(node: Any, args: Namespace, kind: Any, profile: QoSProfile, show: Any) -> None:
    callbacks = SubscriptionEventCallbacks(message_lost=_report_lost)
    options = {"raw": args.raw}
    if args.no_lost_messages:
        node.create_subscription(kind, args.topic_name, show, profile, **options)
        return
    try:
        node.create_subscription(
            kind, args.topic_name, show, profile, event_callbacks=callbacks, **options
        )
    except UnsupportedEventTypeError:
        node.create_subscription(kind, args.topic_name, show, profile, **options)


def _choose_qos(node: Any, args: Namespace) -> QoSProfile:
    """A profile that matches all publishers that there are, unless the user chose one."""
    if has_qos_overrides(args):
        return qos_profile_from_arguments(args)
    profile = QoSPresetProfiles.get_from_short_key(args.qos_profile)
    offered = [info.qos_profile for info in node.get_publishers_info_by_topic(args.topic_name)]
    if not offered:
        return profile
    for policy, strong, weak in (
        ("reliability", QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT),
        ("durability", QoSDurabilityPolicy.TRANSIENT_LOCAL, QoSDurabilityPolicy.VOLATILE),
    ):
        count = sum(getattr(publisher, policy) == strong for publisher in offered)
        setattr(profile, policy, strong if count == len(offered) else weak)
        if 0 < count < len(offered):
            print(f"Only some publishers offer {strong.name}; using {weak.name} to hear all")
    return profile


class _Echo:
    """Prints messages; `done` is set when no more are wanted."""

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._fields = [name for name in (args.field or "").split(".") if name]
        if args.field is not None and not self._fields:
            raise RuntimeError(f"Invalid field value '{args.field}'")
        # The expression is the user's own, typed on this command line.
        self._filter = compile(args.filter_expr, "--filter", "eval") if args.filter_expr else None
        self._options: dict[str, Any] = {
            "truncate_length": None if args.full_length else args.truncate_length,
            "no_arr": args.no_arr,
            "no_str": args.no_str,
        }
        self.done: Future = Future()

    def show(self, message: Any, info: Any) -> None:
        """Print one message, if the filter lets it pass."""
        for name in self._fields:
            if not hasattr(message, name):
                raise RuntimeError(
                    f"Invalid field '{'.'.join(self._fields)}': "
                    f"'{type(message).__name__}' has no '{name}'"
                )
            message = getattr(message, name)
        if self._filter is not None and not eval(self._filter, {}, {"m": message}):
            return
        if self._args.once:
            self.done.set_result(True)
        if not hasattr(message, "get_fields_and_field_types"):  # bytes, or a field's plain value
            if self._args.include_message_info:
                print(f"---Got new message, message info:---\n{info}\n---Message data:---")
            print(message, end="\n---\n")
        elif self._args.csv:
            values = message_to_csv(message, **self._options)
            prefix = [str(value) for value in info.values()]
            print(",".join([*prefix, values]) if self._args.include_message_info else values)
        else:
            if self._args.include_message_info:
                print(yaml.dump(info), end="---\n")
            style = self._args.flow_style
            print(message_to_yaml(message, **self._options, flow_style=style), end="---\n")


def _report_lost(status: Any) -> None:
    print(
        "A message was lost!!!\n"
        f"\ttotal count change:{status.total_count_change}\n"
        f"\ttotal count: {status.total_count}",
        end="---\n",
    )
