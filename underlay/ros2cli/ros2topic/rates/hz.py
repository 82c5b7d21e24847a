"""`ros2 topic hz`."""

from __future__ import annotations

import statistics
from argparse import ArgumentParser, Namespace
from collections import deque
from typing import Any

import rclpy
from rclpy.clock import Clock
from rclpy.qos import qos_profile_sensor_data
from ros2cli.helpers import positive_int
from ros2cli.node.direct import DirectNode
from ros2cli.node.direct import add_arguments as add_direct_arguments
from ros2cli.verb import Result

from ros2topic.api import get_msg_class
from ros2topic.command import add_topic_name

_WINDOW = 10000


class Rate:
    """Intervals between messages, in a window. Times are nanoseconds of any one clock."""

    def __init__(self, window: int) -> None:
        self._intervals: deque[int] = deque(maxlen=window)
        self._last_ns: int | None = None

    def add(self, now_ns: int) -> None:
        """A message came. A clock that jumped back starts the window anew."""
        if self._last_ns is not None and now_ns < self._last_ns:
            self._intervals.clear()
        elif self._last_ns is not None:
            self._intervals.append(now_ns - self._last_ns)
        self._last_ns = now_ns

    def report(self) -> str:
        """The figures, or an empty string before the second message."""
        intervals = [interval * 1e-9 for interval in self._intervals]
        if not intervals:
            return ""
        mean = statistics.fmean(intervals)
        rate = 1.0 / mean if mean > 0.0 else 0.0
        spread = statistics.pstdev(intervals, mean)
        return (
            f"average rate: {rate:.3f}\n\tmin: {min(intervals):.3f}s max: {max(intervals):.3f}s "
            f"std dev: {spread:.5f}s window: {len(intervals)}"
        )


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `hz`."""
    add_topic_name(parser)
    parser.add_argument(
        "-w",
        "--window",
        dest="window_size",
        type=positive_int,
        default=_WINDOW,
        help=f"messages to average over (default: {_WINDOW})",
    )
    parser.add_argument("--filter", dest="filter_expr", help="Python expression; m is the message")
    parser.add_argument(
        "--wall-time", dest="use_wtime", action="store_true", help="not the time of /clock"
    )
    add_direct_arguments(parser)


def run(args: Namespace) -> Result:
    """Print the rate every second in which messages came."""
    wanted = compile(args.filter_expr, "--filter", "eval") if args.filter_expr else None
    rate, heard = Rate(args.window_size), False
    with DirectNode(args) as node:
        clock = Clock() if args.use_wtime else node.get_clock()

        def callback(message: Any) -> None:
            nonlocal heard
            # The expression is the user's own, typed on this command line.
            now_ns = clock.now().nanoseconds
            # Time 0 is that of a clock that nobody has set yet.
            if now_ns and (wanted is None or eval(wanted, {}, {"m": message})):
                rate.add(now_ns)
                heard = True

        def show() -> None:
            nonlocal heard
            if heard and (report := rate.report()):
                print(report)
            heard = False

        message_type = get_msg_class(
            node, args.topic_name, blocking=True, include_hidden_topics=True
        )
        node.create_subscription(message_type, args.topic_name, callback, qos_profile_sensor_data)
        node.create_timer(1.0, show, clock=Clock())
        rclpy.spin(node.node)
    return 0
