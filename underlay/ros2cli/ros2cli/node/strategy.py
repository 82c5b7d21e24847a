"""`NodeStrategy`: upstream chooses between a daemon and a node; here it is always a node."""

from __future__ import annotations

from argparse import ArgumentParser

from ros2cli.node.direct import DirectNode
from ros2cli.node.direct import add_arguments as add_direct_node_arguments


class NodeStrategy(DirectNode):
    """A `DirectNode`."""

    @property
    def direct_node(self) -> DirectNode:
        """This node."""
        return self


def add_arguments(parser: ArgumentParser) -> None:
    """Those of `DirectNode`, and `--no-daemon`, which changes nothing."""
    add_direct_node_arguments(parser)
    parser.add_argument(
        "--no-daemon", action="store_true", help="accepted; there is no daemon in this underlay"
    )
