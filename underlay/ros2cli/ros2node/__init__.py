"""`ros2 node`."""
