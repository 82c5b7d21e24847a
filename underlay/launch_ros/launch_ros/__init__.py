"""A stand-in for the launch_ros package of ROS 2 Jazzy, for the subset that README.md lists."""

from . import actions, descriptions, event_handlers, events, ros_adapters, substitutions

__all__ = [
    "actions",
    "descriptions",
    "event_handlers",
    "events",
    "ros_adapters",
    "substitutions",
]
