"""`ros2 launch`."""
