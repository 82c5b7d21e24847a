# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 node`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb


def _list_arguments(parser: ArgumentParser) -> None:
    from ros2cli.node import add_arguments

    add_arguments(parser)
    parser.add_argument("-a", "--all", action="store_true", help="show hidden nodes as well")


def _list(args: Namespace) -> Result:
    from ros2cli.node import graph

    with graph(args) as node:
        names = node.settled(lambda: node.node_names(hidden=args.all))
    if len(set(names)) < len(names):
        print("WARNING: several nodes have the same name", file=sys.stderr)
    for name in names:
        print(name)
    return 0


VERBS = {"list": Verb("List nodes", _list, _list_arguments)}
