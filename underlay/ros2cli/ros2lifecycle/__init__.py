"""`ros2 lifecycle`."""
