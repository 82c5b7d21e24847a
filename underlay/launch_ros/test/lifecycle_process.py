"""A lifecycle node that refuses to be cleaned up."""

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class Node(LifecycleNode):
    def on_cleanup(self, state):
        return TransitionCallbackReturn.FAILURE


rclpy.init()
try:
    rclpy.spin(Node("overridden"))
except (KeyboardInterrupt, ExternalShutdownException):
    pass
