"""The `ros2` command (subset of upstream's ros2cli and its command packages)."""
