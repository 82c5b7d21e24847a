# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 topic hz`."""

from __future__ import annotations

import statistics
from argparse import ArgumentParser, Namespace
from collections import deque

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.qos import qos_profile_sensor_data
from ros2cli.helpers import Result
from ros2cli.node import graph

from ros2topic.command import add_topic_name, message_class

_WINDOW = 10000


class Rate:
    """Intervals between messages, the newest of them. Times are nanoseconds of any one clock."""

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
        type=int,
        default=_WINDOW,
        help=f"messages to average over (default: {_WINDOW})",
    )


def run(args: Namespace) -> Result:
    """Prints the rate every second in which messages came."""
    rate = Rate(args.window)
    heard = 0
    with graph(args) as node:
        clock = Clock(clock_type=ClockType.STEADY_TIME)

        def callback(_: bytes) -> None:
            nonlocal heard
            heard += 1
            rate.add(clock.now().nanoseconds)

        def show() -> None:
            nonlocal heard
            if heard and (report := rate.report()):
                print(report)
            heard = 0

        kind = message_class(node, args.topic_name)
        node.create_subscription(kind, args.topic_name, callback, qos_profile_sensor_data, raw=True)
        node.create_timer(1.0, show, clock=clock)
        rclpy.spin(node.node)
    return 0
