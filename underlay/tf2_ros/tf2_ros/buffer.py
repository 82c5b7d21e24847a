"""`Buffer`: the transforms of one process, with waiting."""

from __future__ import annotations

import threading
import time as wall
from collections.abc import Callable
from typing import Any

import rclpy.logging
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time
from tf2_py import BufferCore

from tf2_ros.buffer_interface import BufferInterface

_NO_WAIT = Duration()


class Buffer(BufferCore, BufferInterface):
    """Keeps transforms and answers lookups, waiting for data where a timeout allows it.

    `cache_time` is how long dynamic transforms are kept (10 s by default). With `node`, the buffer
    serves `tf2_frames` (tf2_msgs/srv/FrameGraph) and follows that node's clock: when its time jumps
    back or changes between real and simulated, dynamic transforms are forgotten.

    A timeout waits for the data to arrive through another thread: in a callback of a
    single-threaded executor that also feeds this buffer, it can only run out.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        BufferCore.__init__(self, cache_time)
        BufferInterface.__init__(self)
        self._new_data = threading.Condition()
        self._watchers: dict[int, Callable[[], None]] = {}
        self.clock = Clock() if node is None else node.get_clock()
        if node is not None:
            try:
                from tf2_msgs.srv import FrameGraph
            except ImportError:
                node.get_logger().warning("tf2_frames is not served: tf2_msgs has no FrameGraph")
            else:
                self.srv = node.create_service(FrameGraph, "tf2_frames", self._serve_frames)
        backwards = JumpThreshold(
            min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True
        )
        self.jump_handle = self.clock.create_jump_callback(
            backwards, post_callback=self.time_jump_callback
        )

    def _serve_frames(self, _request: Any, response: Any) -> Any:
        response.frame_yaml = self.all_frames_as_yaml()
        return response

    def time_jump_callback(self, time_jump: Any) -> None:
        """Forget dynamic transforms: their stamps belong to another time line."""
        rclpy.logging.get_logger("tf2_buffer").warning(
            "the clock jumped back or changed its source: the transform buffer is cleared"
        )
        self.clear()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform(transform, authority)
        self._announce()

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        super().set_transform_static(transform, authority)
        self._announce()

    def _announce(self) -> None:
        with self._new_data:
            self._new_data.notify_all()
            watchers = list(self._watchers.values())
        for watcher in watchers:
            watcher()

    def _wait_until(self, ask: Callable[[], tuple[bool, str]], timeout: Any) -> tuple[bool, str]:
        """Ask now, and again after each new transform, until it can be or the time is over."""
        deadline = wall.monotonic() + timeout.nanoseconds / 1e9
        with self._new_data:
            while not (answer := ask())[0]:
                left_s = deadline - wall.monotonic()
                if left_s <= 0.0:
                    break
                self._new_data.wait(left_s)
            return answer

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Whether the lookup would succeed within `timeout`; with the reason on request."""
        answer = self._wait_until(
            lambda: self.can_transform_core(target_frame, source_frame, time), timeout
        )
        return answer if return_debug_tuple else answer[0]

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Whether the full lookup would succeed within `timeout`; with the reason on request."""
        answer = self._wait_until(
            lambda: self.can_transform_full_core(
                target_frame, target_time, source_frame, source_time, fixed_frame
            ),
            timeout,
        )
        return answer if return_debug_tuple else answer[0]

    def lookup_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """The transform that takes data from `source_frame` to `target_frame`.

        `time` is a Time or a time message; 0 asks for the latest common one. Raises a
        TransformException that says what is missing when the data does not come within `timeout`.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """From source at `source_time` to target at `target_time`, fixed in `fixed_frame`."""
        self.can_transform_full(
            target_frame, target_time, source_frame, source_time, fixed_frame, timeout
        )
        return self.lookup_transform_full_core(
            target_frame, target_time, source_frame, source_time, fixed_frame
        )

    def _future(
        self, ask: Callable[[], tuple[bool, str]], fetch: Callable[[], TransformStamped]
    ) -> Future:
        """A future of `fetch`, done as soon as `ask` says that it can be."""
        future: Future = Future()
        key = id(future)

        def check() -> None:
            try:
                if not future.done() and ask()[0]:
                    future.set_result(fetch())
            except Exception as error:
                future.set_exception(error)

        with self._new_data:
            self._watchers[key] = check
        future.add_done_callback(lambda _: self._watchers.pop(key, None))
        check()
        return future

    def wait_for_transform_async(self, target_frame: str, source_frame: str, time: Time) -> Future:
        """A future whose result is the transform, as soon as it can be looked up."""
        return self._future(
            lambda: self.can_transform_core(target_frame, source_frame, time),
            lambda: self.lookup_transform_core(target_frame, source_frame, time),
        )

    def wait_for_transform_full_async(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
    ) -> Future:
        """A future whose result is the transform of the full lookup."""
        wanted = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._future(
            lambda: self.can_transform_full_core(*wanted),
            lambda: self.lookup_transform_full_core(*wanted),
        )

    async def lookup_transform_async(
        self, target_frame: str, source_frame: str, time: Time
    ) -> TransformStamped:
        """Await the transform in a coroutine of an rclpy executor. Waits without a limit."""
        await self.wait_for_transform_async(target_frame, source_frame, time)
        return self.lookup_transform_core(target_frame, source_frame, time)

    async def lookup_transform_full_async(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
    ) -> TransformStamped:
        """Await the transform of the full lookup. Waits without a limit."""
        wanted = (target_frame, target_time, source_frame, source_time, fixed_frame)
        await self.wait_for_transform_full_async(*wanted)
        return self.lookup_transform_full_core(*wanted)
