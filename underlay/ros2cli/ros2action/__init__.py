"""`ros2 action`."""
