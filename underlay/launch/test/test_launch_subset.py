# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What only the underlay promises; not for upstream."""

import pytest

outside_subset = pytest.importorskip("launch.outside_subset", reason="this is upstream's launch")

from launch import LaunchContext  # noqa: E402
from launch.actions import ExecuteProcess, LogInfo, SetLaunchConfiguration  # noqa: E402
from launch.launch_description_sources import (  # noqa: E402
    get_launch_description_from_any_launch_file,
)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch", "LaunchIntrospector"),
        ("launch.actions", "GroupAction"),
        ("launch.substitutions", "PythonExpression"),
        ("launch.launch_description_sources", "FrontendLaunchDescriptionSource"),
    ],
)
def test_classes_outside_are_refused_in_words(module, name):
    with pytest.raises(ImportError, match="outside the subset"):
        exec(f"from {module} import {name}")


def test_other_names_are_missing_as_usual():
    import launch

    assert not hasattr(launch, "no_such_thing")
    with pytest.raises(ImportError, match="cannot import name"):
        exec("from launch.actions import no_such_thing")


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogInfo(msg="x", nonsense=1),
        lambda: ExecuteProcess(cmd=["ls"], condition=1),
        lambda: SetLaunchConfiguration("a", "b", nonsense=1),
    ],
)
def test_unknown_arguments_are_refused_in_words(make):
    with pytest.raises(outside_subset.OutsideSubsetError, match=r"outside the subset"):
        make()


def test_a_substitution_for_respawn_is_refused():
    with pytest.raises(TypeError, match="in this underlay"):
        ExecuteProcess(cmd=["ls"], respawn="true")


def test_xml_is_refused_in_words(tmp_path):
    path = tmp_path / "a.launch.xml"
    path.write_text("<launch/>")
    with pytest.raises(outside_subset.OutsideSubsetError, match="XML"):
        get_launch_description_from_any_launch_file(str(path))


def test_context_without_a_service_says_so():
    with pytest.raises(RuntimeError, match="without a running launch service"):
        ExecuteProcess(cmd=["ls"]).visit(LaunchContext())
