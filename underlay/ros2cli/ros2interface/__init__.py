"""`ros2 interface`."""
