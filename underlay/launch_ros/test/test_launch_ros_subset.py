# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What only the underlay promises; not for upstream."""

import subprocess
import sys

import pytest

outside_subset = pytest.importorskip("launch.outside_subset", reason="this is upstream's launch")

from launch.substitutions import LaunchConfiguration  # noqa: E402
from launch_ros.actions import Node  # noqa: E402


@pytest.mark.parametrize("name", ["LifecycleNode", "PushRosNamespace", "SetParameter"])
def test_names_outside_are_refused_in_words(name):
    with pytest.raises(ImportError, match="outside the subset"):
        exec(f"from launch_ros.actions import {name}")


def test_what_is_outside_is_refused_in_words():
    with pytest.raises(outside_subset.OutsideSubsetError, match=r"nonsense.*outside the subset"):
        Node(executable="x", nonsense=1)
    with pytest.raises(TypeError, match="in this underlay"):
        Node(executable="x", parameters=[{"a": LaunchConfiguration("b")}])


def test_plain_nodes_do_not_import_rclpy():
    code = "import sys, launch_ros.actions; sys.exit('rclpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
