# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`BufferCore`: the frame graph in terms of ROS messages and times."""

from __future__ import annotations

from typing import Any

import rclpy.logging
from geometry_msgs.msg import TransformStamped

from tf2_py.exceptions import TransformException
from tf2_py.frame_graph import DEFAULT_CACHE_NS, FrameGraph
from tf2_py.rigid import Rigid


def to_nanoseconds(time: Any) -> int:
    """Nanoseconds of a message (sec, nanosec) or of an rclpy time or duration (nanoseconds)."""
    if hasattr(time, "sec") and hasattr(time, "nanosec"):
        return int(time.sec) * 1_000_000_000 + int(time.nanosec)
    if hasattr(time, "nanoseconds"):
        return int(time.nanoseconds)
    raise TypeError(f"{time!r} has neither sec and nanosec nor nanoseconds")


def to_message(target: str, source: str, transform: Rigid, time_ns: int) -> TransformStamped:
    """The message that says how to get from `source` to `target`."""
    message = TransformStamped()
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(time_ns, 1_000_000_000)
    message.header.frame_id = target
    message.child_frame_id = source
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = transform.translation
    rotation.x, rotation.y, rotation.z, rotation.w = transform.rotation
    return message


class BufferCore:
    """Keeps transforms for `cache_time` (rclpy Duration, 10 s by default) and answers from them."""

    def __init__(self, cache_time: Any = None) -> None:
        cache_ns = DEFAULT_CACHE_NS if cache_time is None else to_nanoseconds(cache_time)
        self._graph = FrameGraph(cache_ns)

    def _set(self, message: TransformStamped, authority: str, static: bool) -> None:
        translation, rotation = message.transform.translation, message.transform.rotation
        ignored = self._graph.insert(
            message.header.frame_id,
            message.child_frame_id,
            to_nanoseconds(message.header.stamp),
            Rigid(
                (translation.x, translation.y, translation.z),
                (rotation.x, rotation.y, rotation.z, rotation.w),
            ),
            static=static,
        )
        if ignored:
            logger = rclpy.logging.get_logger("tf2")
            logger.warning(
                f"transform from '{authority}' ignored: {ignored}", throttle_duration_sec=1.0
            )

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Add a transform that holds at its stamp. An invalid one is logged and ignored."""
        self._set(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Add a transform that holds at all times."""
        self._set(transform, authority, static=True)

    def clear(self) -> None:
        """Forget everything but static transforms."""
        self._graph.clear()

    def lookup_transform_core(
        self, target_frame: str, source_frame: str, time: Any
    ) -> TransformStamped:
        """Transform from source to target at a time (0: the latest), without waiting."""
        found, time_ns = self._graph.lookup(target_frame, source_frame, to_nanoseconds(time))
        return to_message(target_frame, source_frame, found, time_ns)

    def can_transform_core(
        self, target_frame: str, source_frame: str, time: Any
    ) -> tuple[bool, str]:
        """Whether `lookup_transform_core` would succeed, and why not."""
        try:
            self._graph.lookup(target_frame, source_frame, to_nanoseconds(time))
        except TransformException as error:
            return False, str(error)
        return True, ""
