"""`ros2 topic bw`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import deque

import rclpy
from rclpy.clock import Clock
from rclpy.qos import qos_profile_sensor_data
from ros2cli.helpers import positive_int
from ros2cli.node.direct import DirectNode
from ros2cli.node.direct import add_arguments as add_direct_arguments
from ros2cli.verb import Result

from ros2topic.api import get_msg_class
from ros2topic.command import add_topic_name

_WINDOW = 100


class Bandwidth:
    """Sizes and arrival times of messages, in a window. Times are nanoseconds."""

    def __init__(self, window: int) -> None:
        self._messages: deque[tuple[int, int]] = deque(maxlen=window)

    def add(self, now_ns: int, size_bytes: int) -> None:
        """A message came. A clock that jumped back starts the window anew."""
        if self._messages and now_ns < self._messages[-1][0]:
            self._messages.clear()
        self._messages.append((now_ns, size_bytes))

    def report(self, now_ns: int) -> str:
        """The figures, or an empty string before the second message."""
        if len(self._messages) < 2 or now_ns <= self._messages[0][0]:
            return ""
        sizes = [size for _, size in self._messages]
        per_second = sum(sizes) / ((now_ns - self._messages[0][0]) * 1e-9)
        power, unit = next(
            (power, unit)
            for power, unit, limit in ((0, "B", 1e3), (1, "KB", 1e6), (2, "MB", float("inf")))
            if per_second < limit
        )

        def show(size: float) -> str:
            return f"{size / 1000**power:.{2 if power else 0}f} {unit}"

        return (
            f"{show(per_second)}/s from {len(sizes)} messages\n\tMessage size "
            f"mean: {show(sum(sizes) / len(sizes))} min: {show(min(sizes))} max: {show(max(sizes))}"
        )


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of `bw`."""
    add_topic_name(parser, "topic")
    parser.add_argument(
        "-w",
        "--window",
        type=positive_int,
        default=_WINDOW,
        help=f"messages to average over (default: {_WINDOW})",
    )
    add_direct_arguments(parser)


def run(args: Namespace) -> Result:
    """Print the bandwidth every second."""
    bandwidth, clock = Bandwidth(args.window), Clock()

    def now_ns() -> int:
        return int(clock.now().nanoseconds)

    with DirectNode(args) as node:
        message_type = get_msg_class(node, args.topic, blocking=True, include_hidden_topics=True)
        node.create_subscription(
            message_type,
            args.topic,
            lambda data: bandwidth.add(now_ns(), len(data)),
            qos_profile_sensor_data,
            raw=True,
        )
        print(f"Subscribed to [{args.topic}]")

        def show() -> None:
            if report := bandwidth.report(now_ns()):
                print(report)

        node.create_timer(1.0, show, clock=clock)
        rclpy.spin(node.node)
    return 0
