"""`BufferCore`: the frame graph in terms of ROS messages and times."""

from __future__ import annotations

from typing import Any, NoReturn

import rclpy.logging
from geometry_msgs.msg import TransformStamped
from rclpy.time import Time

from tf2_py.exceptions import TransformException
from tf2_py.frame_graph import DEFAULT_CACHE_NS, FrameGraph, seconds
from tf2_py.rigid import Rigid

_OUTSIDE_SUBSET = {"_allFramesAsDot", "lookupVelocityCore", "lookupVelocityFullCore"}


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

    def __getattr__(self, name: str) -> NoReturn:
        outside = " is outside the subset of this underlay" if name in _OUTSIDE_SUBSET else ""
        raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'{outside}")

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
            authority=authority,
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

    def lookup_transform_full_core(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
    ) -> TransformStamped:
        """From source at one time to target at another, by way of a frame that did not move."""
        for argument, frame in (
            ("target_frame", target_frame),
            ("source_frame", source_frame),
            ("fixed_frame", fixed_frame),
        ):
            self._graph.check_name(argument, frame)
        first, _ = self._graph.lookup(fixed_frame, source_frame, to_nanoseconds(source_time))
        second, time_ns = self._graph.lookup(target_frame, fixed_frame, to_nanoseconds(target_time))
        return to_message(target_frame, source_frame, second @ first, time_ns)

    def can_transform_core(
        self, target_frame: str, source_frame: str, time: Any
    ) -> tuple[bool, str]:
        """Whether `lookup_transform_core` would succeed, and why not."""
        try:
            self._graph.lookup(target_frame, source_frame, to_nanoseconds(time))
        except TransformException as error:
            return False, str(error)
        return True, ""

    def can_transform_full_core(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
    ) -> tuple[bool, str]:
        """Whether `lookup_transform_full_core` would succeed, and why not."""
        try:
            self.lookup_transform_full_core(
                target_frame, target_time, source_frame, source_time, fixed_frame
            )
        except TransformException as error:
            return False, str(error)
        return True, ""

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Newest time for which the whole chain between two frames is known."""
        return Time(nanoseconds=self._graph.latest_common_ns(target_frame, source_frame))

    def all_frames_as_string(self) -> str:
        """One line per frame with its parent."""
        return "".join(
            f"Frame {frame.child} exists with parent {frame.parent}.\n"
            for frame in self._graph.summaries()
        )

    def all_frames_as_yaml(self) -> str:
        """A YAML mapping from each frame to its parent, broadcaster, rate and times."""
        lines = []
        for frame in self._graph.summaries():
            span_ns = frame.latest_ns - frame.oldest_ns
            lines += [
                f"{frame.child}: ",
                f"  parent: '{frame.parent}'",
                f"  broadcaster: '{frame.authority}'",
                f"  rate: {frame.count * 1e9 / max(span_ns, 100_000):.3f}",
                f"  most_recent_transform: {seconds(frame.latest_ns)}",
                f"  oldest_transform: {seconds(frame.oldest_ns)}",
                f"  buffer_length: {span_ns / 1e9:.3f}",
            ]
        return "\n".join(lines) + "\n" if lines else "[]"

    def _frameExists(self, frame_id: str) -> bool:
        return frame_id in self._graph.names()

    def _getFrameStrings(self) -> list[str]:
        return self._graph.names()
