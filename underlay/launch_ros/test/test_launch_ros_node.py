# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What a launched node gets on its command line. Holds for upstream's launch_ros as well."""

import pytest
from ament_index_python.packages import PackageNotFoundError
from conftest import PACKAGE
from launch import LaunchContext
from launch.substitutions import LaunchConfiguration, SubstitutionFailure
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

OTHERS = {"package": PACKAGE, "executable": "show_arguments"}


def words_after(argv, flag):
    return [argv[i + 1] for i, word in enumerate(argv) if word == flag]


def parameters_in(got):
    """The parameters of all files of a process, later ones winning."""
    result = {}
    for content in got["files"]:
        for section in content.values():
            result.update(section["ros__parameters"])
    return {k: list(v) if isinstance(v, tuple) else v for k, v in result.items()}


def test_order_of_arguments(given_to):
    got = given_to(
        arguments=["one", LaunchConfiguration("x", default="two")],
        ros_arguments=["--log-level", "debug"],
        name="talker",
        namespace="ns",
        remappings=[("a", "b"), (["c", "d"], LaunchConfiguration("x", default="e"))],
    )
    assert got["argv"] == [
        *("one", "two", "--ros-args", "--log-level", "debug", "--ros-args"),
        *("-r", "__node:=talker", "-r", "__ns:=/ns"),
        *("-r", "a:=b", "-r", "cd:=e"),
    ]


def test_a_bare_node_and_namespaces(launched):
    nodes = [Node(**OTHERS)] + [Node(**OTHERS, namespace=n) for n in ("ns", "/ns/", "a/b")]
    code, got = launched(*nodes)
    assert code == 0
    assert [one["argv"] for one in got] == [
        ["--ros-args"],
        *(["--ros-args", "-r", f"__ns:={n}"] for n in ("/ns", "/ns", "/a/b")),
    ]


@pytest.mark.parametrize(
    "options", [{"name": "has space"}, {"name": "1st"}, {"namespace": "a//b"}, {"namespace": "a-b"}]
)
def test_invalid_names_fail(launched, options):
    assert launched(Node(**OTHERS, **options)) == (1, [None])


def test_parameter_values(given_to):
    values = {
        "flag": True,
        "count": 3,
        "rate": 2.5,
        "text": "text",
        "digits": "3",
        "word": "true",
        "nothing": "",
        "counts": [1, 2],
        "rates": [1, 2.5],
        "flags": (True, False),
        "texts": ["a", "3"],
    }
    expected = {**values, "rates": [1.0, 2.5], "flags": [True, False]}
    found = parameters_in(given_to(parameters=[values]))
    assert found == expected
    assert {k: type(v) for k, v in found.items()} == {k: type(v) for k, v in expected.items()}


def test_whom_parameters_are_for(launched):
    one = Node(**OTHERS, parameters=[{"a": {"b": {"c": 1}}, "e": 3}], name="talker", namespace="ns")
    two = Node(**OTHERS, parameters=[{"e": 3}], name="talker")
    _, (named, open_) = launched(one, two)
    assert named["files"] == [{"/ns/talker": {"ros__parameters": {"a.b.c": 1, "e": 3}}}]
    assert list(open_["files"][0]) == ["/**"]


@pytest.mark.parametrize(
    "parameters", [{"a": 1}, "file.yaml", [5], [{"a": object()}], [{"a": [1, [2]]}], [{5: "a"}]]
)
def test_wrong_parameters_are_refused(parameters):
    with pytest.raises(TypeError):
        Node(**OTHERS, parameters=parameters)


@pytest.mark.parametrize("remappings", [{"a": "b"}, [("a",)], [["a", "b"]]])
def test_wrong_remappings_are_refused(remappings):
    with pytest.raises(TypeError):
        Node(**OTHERS, remappings=remappings)


def test_parameter_files(launched, tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("/**:\n  ros__parameters:\n    p: $(var x)\n")
    with_file = Node(**OTHERS, parameters=[str(path), {"q": 1}, [str(path)], path])
    missing = Node(**OTHERS, parameters=["/no/such/file.yaml"])
    _, (got, nothing) = launched(with_file, missing)
    files = words_after(got["argv"], "--params-file")
    assert [files[0], *files[2:]] == [str(path)] * 3
    assert parameters_in(got) == {"p": "$(var x)", "q": 1}
    assert nothing["argv"] == ["--ros-args"]


def test_executable_without_package(launched, package):
    _, (got,) = launched(Node(executable=str(package / "lib" / PACKAGE / "show_arguments")))
    assert got["argv"] == ["--ros-args"]


@pytest.mark.parametrize(
    "options",
    [
        {"package": "no_such_package", "executable": "x"},
        {"package": PACKAGE, "executable": "no_such_executable"},
    ],
)
def test_missing_package_or_executable_fails(launched, options):
    assert launched(Node(**options)) == (1, [None])


def test_package_substitutions(package):
    context = LaunchContext()
    share = FindPackageShare([PACKAGE[:4], PACKAGE[4:]])
    assert share.perform(context) == f"{package}/share/{PACKAGE}"
    executable = ExecutableInPackage(executable="show_arguments", package=PACKAGE)
    assert executable.perform(context) == f"{package}/lib/{PACKAGE}/show_arguments"
    with pytest.raises(PackageNotFoundError):
        FindPackageShare("no_such_package").perform(context)
    with pytest.raises(SubstitutionFailure):
        ExecutableInPackage(executable="no", package=PACKAGE).perform(context)
