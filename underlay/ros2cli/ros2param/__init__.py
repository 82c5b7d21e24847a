"""`ros2 param`."""
