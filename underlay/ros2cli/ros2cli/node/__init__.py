"""Nodes that look at the ROS graph for the command line."""

# A leading underscore hides a node from `ros2 node list`.
NODE_NAME_PREFIX = "_ros2cli"
