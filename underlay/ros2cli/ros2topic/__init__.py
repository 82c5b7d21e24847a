"""`ros2 topic`."""
