"""`ros2 topic hz` and `ros2 topic bw`: messages and bytes per second."""
