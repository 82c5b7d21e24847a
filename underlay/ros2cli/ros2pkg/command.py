# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""The verbs of `ros2 pkg`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from ros2cli.helpers import Result, Verb


def _prefix_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("package_name", help="package")
    parser.add_argument("--share", action="store_true", help="show its share directory instead")


def _prefix(args: Namespace) -> Result:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        prefix = get_package_prefix(args.package_name)
    except (PackageNotFoundError, ValueError):
        return "Package not found"
    print(os.path.join(prefix, "share", args.package_name) if args.share else prefix)
    return 0


VERBS = {"prefix": Verb("Show where a package is installed", _prefix, _prefix_arguments)}
