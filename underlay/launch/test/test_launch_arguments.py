# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Arguments, substitutions and included files. Holds for upstream's launch as well."""

import textwrap

import pytest
from launch import LaunchContext
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
)
from launch.launch_description_sources import (
    AnyLaunchDescriptionSource,
    InvalidPythonLaunchFileError,
    PythonLaunchDescriptionSource,
    get_launch_description_from_any_launch_file,
    get_launch_description_from_python_launch_file,
)
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
    SubstitutionFailure,
    TextSubstitution,
)

CONFIGURATION = LaunchConfiguration


@pytest.fixture
def launch_file(tmp_path):
    """Returns a function that writes a launch file with the given entities."""

    def write(entities, name="included.launch.py"):
        path = tmp_path / name
        path.write_text(
            textwrap.dedent("""
                from launch import LaunchDescription
                from launch.actions import *
                from launch.substitutions import *

                def generate_launch_description():
                    return LaunchDescription([{}])
            """).format(entities)
        )
        return str(path)

    return write


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setenv("LAUNCH_TEST_SET", "from environment")
    monkeypatch.delenv("LAUNCH_TEST_UNSET", raising=False)
    context = LaunchContext()
    context.launch_configurations.update({"name": "value", "LAUNCH": "name"})
    return context


@pytest.mark.parametrize(
    ("substitution", "text"),
    [
        (TextSubstitution(text="a b"), "a b"),
        (CONFIGURATION("name"), "value"),
        (CONFIGURATION(CONFIGURATION("LAUNCH")), "value"),
        (CONFIGURATION("missing", default="x"), "x"),
        (CONFIGURATION("missing", default=5), "5"),
        (CONFIGURATION("missing", default=["a", CONFIGURATION("name")]), "avalue"),
        (EnvironmentVariable("LAUNCH_TEST_SET"), "from environment"),
        (EnvironmentVariable("LAUNCH_TEST_UNSET", default_value="d"), "d"),
        (PathJoinSubstitution(["/a", CONFIGURATION("name"), "c"]), "/a/value/c"),
    ],
)
def test_text(context, substitution, text):
    assert substitution.perform(context) == text


@pytest.mark.parametrize(
    "substitution", [CONFIGURATION("missing"), EnvironmentVariable("LAUNCH_TEST_UNSET")]
)
def test_substitutions_without_a_value_fail(context, substitution):
    with pytest.raises(SubstitutionFailure):
        substitution.perform(context)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError):
        TextSubstitution(text=5)
    with pytest.raises(TypeError):
        PathJoinSubstitution(["a", 5])
    with pytest.raises(TypeError):
        OpaqueFunction(function="choose")


def test_default_and_given_value(launched, note):
    entities = [
        DeclareLaunchArgument("rate", default_value="10", description="how often"),
        DeclareLaunchArgument("path", default_value=["/tmp/", LaunchConfiguration("rate")]),
        note("rate", LaunchConfiguration("rate")),
        note("path", LaunchConfiguration("path")),
    ]
    assert launched(entities).return_code == 0
    assert note == {"rate": "10", "path": "/tmp/10"}
    assert launched(entities, arguments={"rate": "5"}).return_code == 0
    assert note == {"rate": "5", "path": "/tmp/5"}


@pytest.mark.parametrize(
    ("arguments", "return_code"), [({}, 0), ({"robot": "real"}, 0), ({"robot": "toy"}, 1)]
)
def test_choices(launched, arguments, return_code):
    declared = DeclareLaunchArgument("robot", default_value="sim", choices=["sim", "real"])
    assert launched([declared], arguments=arguments).return_code == return_code
    assert "['sim', 'real']" in declared.description


def test_choices_must_make_sense():
    with pytest.raises(RuntimeError):
        DeclareLaunchArgument("robot", choices=[])
    with pytest.raises(RuntimeError):
        DeclareLaunchArgument("robot", default_value="toy", choices=["sim", "real"])


def test_argument_without_value_fails(launched, note):
    record = launched([DeclareLaunchArgument("needed"), note("after", LaunchConfiguration("x"))])
    assert record.return_code == 1
    assert note == {}


def test_what_is_set_is_seen_afterwards(launched, note, monkeypatch):
    monkeypatch.delenv("LAUNCH_TEST_B", raising=False)
    record = launched(
        [
            SetLaunchConfiguration(["na", "me"], ["a", "b"]),
            note("name", LaunchConfiguration("name")),
            SetEnvironmentVariable("LAUNCH_TEST_B", LaunchConfiguration("name")),
            note("variable", EnvironmentVariable("LAUNCH_TEST_B")),
        ]
    )
    assert record.return_code == 0
    assert note == {"name": "ab", "variable": "ab"}


def test_include_passes_arguments(launched, note, launch_file):
    inner = launch_file('DeclareLaunchArgument("deep", default_value="d")', "inner.launch.py")
    outer = launch_file(
        f'DeclareLaunchArgument("word"), IncludeLaunchDescription({inner!r},'
        'launch_arguments=[("deep", LaunchConfiguration("word"))])'
    )
    arguments = get_launch_description_from_any_launch_file(outer).get_launch_arguments()
    assert [argument.name for argument in arguments] == ["word", "deep"]
    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(outer), launch_arguments={"word": ["he", "llo"]}.items()
    )
    assert launched([include, note("deep", LaunchConfiguration("deep"))]).return_code == 0
    assert note == {"deep": "hello"}


def test_include_without_needed_argument_fails(launched, launch_file):
    include = IncludeLaunchDescription(
        AnyLaunchDescriptionSource(launch_file('DeclareLaunchArgument("needed")'))
    )
    assert launched([include]).return_code == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("def", SyntaxError),
        ("x = 1", InvalidPythonLaunchFileError),
        ("raise ZeroDivisionError('no')", ZeroDivisionError),
    ],
)
def test_broken_launch_file_fails(launched, tmp_path, content, error):
    path = tmp_path / "broken.launch.py"
    path.write_text(content)
    assert launched([IncludeLaunchDescription(str(path))]).return_code == 1
    with pytest.raises(error):
        get_launch_description_from_python_launch_file(str(path))


def test_list_of_arguments(launch_file):
    path = launch_file(
        'DeclareLaunchArgument("a", default_value=[LaunchConfiguration("z"), "/b"]),'
        'DeclareLaunchArgument("a", default_value="second"), DeclareLaunchArgument("b")'
    )
    first, second = get_launch_description_from_any_launch_file(path).get_launch_arguments()
    assert (first.name, second.name, second.default_value) == ("a", "b", None)
    shown = " + ".join(part.describe() for part in first.default_value)
    assert shown == "LaunchConfig('z') + '/b'"


def test_opaque_function_returns_entities(launched, note):
    def choose(context):
        return [SetLaunchConfiguration("x", context.launch_configurations["x"] + "2")]

    record = launched(
        [
            SetLaunchConfiguration("x", "1"),
            OpaqueFunction(function=choose),
            note("x", LaunchConfiguration("x")),
            LogInfo(msg=["x is ", LaunchConfiguration("x")]),
        ]
    )
    assert record.return_code == 0
    assert note == {"x": "12"}


def test_exception_in_action_stops_the_launch(launched, note):
    def fail(context):
        raise ValueError("on purpose")

    after = note("after", LaunchConfiguration("x", default=""))
    assert launched([OpaqueFunction(function=fail), after]).return_code == 1
    assert note == {}
