"""`ros2 topic pub`."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from typing import Any

import rclpy
from ros2cli import completion
from ros2cli.helpers import (
    add_values_arguments,
    fill,
    interface_class,
    positive_float,
    read_values,
    unsigned_int,
)
from ros2cli.node.direct import DirectNode
from ros2cli.node.direct import add_arguments as add_direct_arguments
from ros2cli.verb import Result
from rosidl_runtime_py.utilities import get_message

from ros2topic.api import add_qos_arguments, qos_profile_from_arguments
from ros2topic.command import add_topic_name

_POLL_S = 0.1


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `pub`."""
    add_topic_name(parser)
    types = completion.from_table(completion.message_types)
    completion.add(parser, "message_type", types, help="type, such as 'std_msgs/msg/String'")
    add_values_arguments(parser, "values", "{data: Hello}")
    parser.add_argument(
        "-r", "--rate", metavar="N", type=positive_float, default=1.0, help="rate in Hz (1)"
    )
    parser.add_argument(
        "-p", "--print", metavar="N", type=int, default=1, help="print every N-th message only (1)"
    )
    count = parser.add_mutually_exclusive_group()
    count.add_argument("-1", "--once", action="store_true", help="publish one message and exit")
    count.add_argument(
        "-t", "--times", type=unsigned_int, default=0, help="publish this many messages and exit"
    )
    parser.add_argument(
        "-w",
        "--wait-matching-subscriptions",
        type=unsigned_int,
        help="wait for this many subscriptions (1 with --once or --times, else 0)",
    )
    parser.add_argument(
        "--max-wait-time-secs", type=positive_float, help="give up that waiting after N seconds"
    )
    parser.add_argument(
        "--keep-alive",
        metavar="N",
        type=positive_float,
        default=0.1,
        help="exit N seconds after the last message (0.1)",
    )
    parser.add_argument("-n", "--node-name", help="name of the publishing node")
    add_qos_arguments(parser, "publish", "default")
    add_direct_arguments(parser)


def run(args: Namespace) -> Result:
    """Publish until the wanted number of messages or a signal."""
    values = read_values(args.values, args.stdin)
    message_type = interface_class(get_message, args.message_type, "message")
    message = message_type()
    set_stamps = fill(message, values, expand_header_auto=True, expand_time_now=True)
    times = 1 if args.once else args.times
    wanted = args.wait_matching_subscriptions
    if wanted is None:
        wanted = 1 if times else 0
    if wanted == 0 and args.max_wait_time_secs is not None:
        return (
            "--max-wait-time-secs option is only effective with "
            "--wait-matching-subscriptions, --once or --times"
        )
    with DirectNode(args, node_name=args.node_name) as node:
        publisher = node.create_publisher(
            message_type, args.topic_name, qos_profile_from_arguments(args)
        )
        if sentence := _wait_for_subscriptions(publisher, wanted, args.max_wait_time_secs):
            return sentence
        print("publisher: beginning loop")
        count = 0

        def publish() -> None:
            nonlocal count
            now = node.get_clock().now().to_msg()
            for set_stamp in set_stamps:
                set_stamp(now)
            count += 1
            if args.print and count % args.print == 0:
                print(f"publishing #{count}: {message!r}\n")
            publisher.publish(message)

        publish()
        timer = node.create_timer(1.0 / args.rate, publish) if times != 1 else None
        while times == 0 or count < times:
            rclpy.spin_once(node.node)
        time.sleep(args.keep_alive)  # for the last message to leave
        if timer is not None:
            node.destroy_timer(timer)
    return 0


def _wait_for_subscriptions(publisher: Any, wanted: int, limit_s: float | None) -> str:
    """Wait for subscriptions; what is missing after `limit_s`, or an empty string."""
    start = reported = time.monotonic()
    while (count := publisher.get_subscription_count()) < wanted:
        now = time.monotonic()
        if now >= reported:
            print(f"Waiting for at least {wanted} matching subscription(s)...")
            reported += 1.0
        if limit_s is not None and now - start >= limit_s:
            return f"Timed out waiting for {wanted} subscribers: there are {count}"
        time.sleep(_POLL_S)
    return ""
