"""A ROS node of launch's own, started when an action needs one and stopped with the system."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from launch import LaunchContext
from launch.event_handlers import OnShutdown

if TYPE_CHECKING:
    import rclpy.context
    import rclpy.executors
    import rclpy.node

# The executor is asked to stop and then waited for.
STOP_TIMEOUT_S = 5.0


class ROSAdapter:
    """A node on a context of its own, spun in a thread."""

    def __init__(self, *, argv: list[str] | None = None, autostart: bool = True) -> None:
        self.argv = list(argv or [])
        self.ros_context: rclpy.context.Context | Any = None
        self.ros_node: rclpy.node.Node | Any = None
        self.ros_executor: rclpy.executors.Executor | Any = None
        self._thread: threading.Thread | None = None
        if autostart:
            self.start()

    def start(self) -> None:
        """Start; RuntimeError when it runs."""
        if self._thread is not None:
            raise RuntimeError("Cannot start a ROS adapter that is already running")
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor

        self.ros_context = Context()
        rclpy.init(args=self.argv, context=self.ros_context)
        self.ros_node = rclpy.create_node(f"launch_ros_{os.getpid()}", context=self.ros_context)
        self.ros_executor = SingleThreadedExecutor(context=self.ros_context)
        self.ros_executor.add_node(self.ros_node)
        self._thread = threading.Thread(target=self._spin, name="launch_ros", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        try:
            self.ros_executor.spin()
        except ExternalShutdownException:
            pass

    def shutdown(self) -> None:
        """Stop; RuntimeError when it does not run."""
        if self._thread is None:
            raise RuntimeError("Cannot shutdown a ROS adapter that is not running")
        self.ros_executor.shutdown(timeout_sec=STOP_TIMEOUT_S)
        self._thread.join(STOP_TIMEOUT_S)
        self._thread = None
        self.ros_node.destroy_node()
        self.ros_context.shutdown()


def get_ros_adapter(context: LaunchContext) -> ROSAdapter:
    """Return the adapter of this launch, started if it was not there."""
    adapter = context.get_locals_as_dict().get("ros_adapter")
    if adapter is None:
        adapter = ROSAdapter()
        context.extend_globals({"ros_adapter": adapter})
        started = adapter
        context.register_event_handler(OnShutdown(on_shutdown=lambda *_: started.shutdown()))
    assert isinstance(adapter, ROSAdapter)
    return adapter


def get_ros_node(context: LaunchContext) -> Any:
    """Return the node of the adapter."""
    return get_ros_adapter(context).ros_node
