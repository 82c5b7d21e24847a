"""Where this package differs from upstream on purpose; not for upstream."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from fake_package import PACKAGE
from launch.actions import GroupAction
from launch_ros.actions import Node, SetParameter, SetRemap

OURS = find_spec("launch.outside_subset") is not None
pytestmark = pytest.mark.skipif(not OURS, reason="this is upstream's launch")
if OURS:
    from launch.outside_subset import OutsideSubsetError


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch_ros.actions", "ComposableNodeContainer"),
        ("launch_ros.actions", "LoadComposableNodes"),
        ("launch_ros.actions", "ROSTimer"),
        ("launch_ros.actions", "LifecycleTransition"),
        ("launch_ros.descriptions", "ComposableNode"),
    ],
)
def test_names_outside_are_refused_in_words(module, name):
    with pytest.raises(ImportError, match="outside the subset"):
        exec(f"from {module} import {name}")


def test_unknown_arguments_are_refused_in_words():
    with pytest.raises(OutsideSubsetError, match=r"nonsense.*outside the subset"):
        Node(executable="x", nonsense=1)


def test_settings_end_with_the_group(launched):
    inside = Node(package=PACKAGE, executable="show_arguments")
    outside = Node(package=PACKAGE, executable="show_arguments")
    group = GroupAction([SetParameter("b", 2), SetRemap("c", "d"), inside])
    code, got = launched([SetParameter("a", 1), SetRemap("x", "y"), group, outside])
    assert code == 0
    assert got[inside]["argv"] == [
        *("--ros-args", "-p", "a:=1", "-p", "b:=2", "-r", "x:=y", "-r", "c:=d")
    ]
    assert got[outside]["argv"] == ["--ros-args", "-p", "a:=1", "-r", "x:=y"]


def test_texts_that_look_like_other_types_stay_texts(launched):
    node = Node(package=PACKAGE, executable="show_arguments")
    code, got = launched([SetParameter("a", "5"), SetParameter("b", [1, 2]), node])
    assert code == 0
    assert got[node]["argv"] == ["--ros-args", "-p", "a:='5'", "-p", "b:=[1, 2]"]


def test_plain_nodes_do_not_import_rclpy():
    code = "import sys, launch_ros.actions; sys.exit('rclpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
