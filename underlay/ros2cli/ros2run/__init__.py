"""`ros2 run`."""
