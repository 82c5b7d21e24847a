"""`ros2 pkg`."""
