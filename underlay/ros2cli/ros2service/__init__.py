"""`ros2 service`."""
