import os
import textwrap

import pytest
from launch import LaunchDescription
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    PopLaunchConfigurations,
    PushLaunchConfigurations,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    UnsetEnvironmentVariable,
    UnsetLaunchConfiguration,
)
from launch.conditions import IfCondition, UnlessCondition
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
)

MISSING = "(missing)"


def configuration(name):
    return LaunchConfiguration(name, default=MISSING)


@pytest.fixture
def launch_file(tmp_path):
    """Return a function that writes a launch file with the given entities."""

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


def test_set_and_unset_configuration(launched, note):
    record = launched(
        [
            SetLaunchConfiguration(["na", "me"], ["a", "b"]),
            note("set", configuration("name")),
            PushLaunchConfigurations(),
            SetLaunchConfiguration("name", "inner"),
            note("pushed", configuration("name")),
            PopLaunchConfigurations(),
            note("popped", configuration("name")),
            UnsetLaunchConfiguration("name"),
            UnsetLaunchConfiguration("name"),
            note("unset", configuration("name")),
        ]
    )
    assert record.return_code == 0
    assert note == {"set": "ab", "pushed": "inner", "popped": "ab", "unset": MISSING}


@pytest.mark.parametrize(
    ("options", "inside", "after"),
    [
        ({}, ("outer", "new", MISSING), ("outer", MISSING)),
        ({"scoped": False}, ("outer", "new", MISSING), ("outer", "new")),
        ({"forwarding": False}, (MISSING, "new", MISSING), ("outer", MISSING)),
        (
            {"forwarding": False, "launch_configurations": {"kept": LaunchConfiguration("a")}},
            (MISSING, "new", "outer"),
            ("outer", MISSING),
        ),
    ],
)
def test_group_scopes_configurations(launched, note, options, inside, after):
    record = launched(
        [
            SetLaunchConfiguration("a", "outer"),
            GroupAction(
                [
                    SetLaunchConfiguration("b", "new"),
                    note("a in", configuration("a")),
                    note("b in", configuration("b")),
                    note("kept in", configuration("kept")),
                ],
                **options,
            ),
            note("a", configuration("a")),
            note("b", configuration("b")),
        ]
    )
    assert record.return_code == 0
    assert (note["a in"], note["b in"], note["kept in"]) == inside
    assert (note["a"], note["b"]) == after


def test_environment_actions(launched, note, monkeypatch):
    monkeypatch.setenv("LAUNCH_TEST_A", "first")
    monkeypatch.delenv("LAUNCH_TEST_B", raising=False)

    def variable(name):
        return EnvironmentVariable(name, default_value=MISSING)

    record = launched(
        [
            GroupAction(
                [
                    SetEnvironmentVariable("LAUNCH_TEST_B", "b"),
                    UnsetEnvironmentVariable("LAUNCH_TEST_A"),
                    UnsetEnvironmentVariable("LAUNCH_TEST_A"),
                    note("a in", variable("LAUNCH_TEST_A")),
                    note("b in", variable("LAUNCH_TEST_B")),
                ]
            ),
            AppendEnvironmentVariable("LAUNCH_TEST_A", "second"),
            AppendEnvironmentVariable("LAUNCH_TEST_A", "zeroth", prepend=True, separator="+"),
            note("a", variable("LAUNCH_TEST_A")),
            note("b", variable("LAUNCH_TEST_B")),
        ]
    )
    assert record.return_code == 0
    assert note == {
        "a in": MISSING,
        "b in": "b",
        "a": f"zeroth+first{os.pathsep}second",
        "b": MISSING,
    }


def test_conditions_on_actions(launched, note):
    record = launched(
        [
            SetLaunchConfiguration("x", "1", condition=IfCondition("true")),
            SetLaunchConfiguration("x", "2", condition=IfCondition("false")),
            SetLaunchConfiguration("y", "3", condition=UnlessCondition("false")),
            note("x", configuration("x")),
            note("y", configuration("y")),
        ]
    )
    assert record.return_code == 0
    assert note == {"x": "1", "y": "3"}


def test_include_passes_arguments_and_knows_its_file(launched, note, launch_file):
    path = launch_file(
        'DeclareLaunchArgument("word"), SetLaunchConfiguration("file", ThisLaunchFile()),'
        'SetLaunchConfiguration("dir", ThisLaunchFileDir())'
    )
    record = launched(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(path),
                launch_arguments={"word": ["he", "llo"]}.items(),
            ),
            *(note(name, configuration(name)) for name in ("word", "file", "dir")),
        ]
    )
    assert record.return_code == 0
    assert note == {"word": "hello", "file": path, "dir": os.path.dirname(path)}


def test_include_of_include(launched, note, launch_file):
    inner = launch_file('DeclareLaunchArgument("deep", default_value="d")', "inner.launch.py")
    outer = launch_file(f"IncludeLaunchDescription(AnyLaunchDescriptionSource({inner!r}))")
    with open(outer, "a") as file:
        file.write("\nfrom launch.launch_description_sources import AnyLaunchDescriptionSource\n")
    description = get_launch_description_from_any_launch_file(outer)
    assert [argument.name for argument in description.get_launch_arguments()] == ["deep"]
    include = IncludeLaunchDescription(outer, launch_arguments=[("deep", "e")])
    assert launched([include, note("deep", configuration("deep"))]).return_code == 0
    assert note == {"deep": "e"}


def test_include_without_needed_argument_fails(launched, launch_file):
    path = launch_file('DeclareLaunchArgument("needed")')
    include = IncludeLaunchDescription(AnyLaunchDescriptionSource(path))
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


def test_list_of_arguments():
    first = DeclareLaunchArgument("a", default_value=[LaunchConfiguration("z"), "/b"])
    description = LaunchDescription(
        [
            first,
            DeclareLaunchArgument("a", default_value="second"),
            GroupAction([DeclareLaunchArgument("b")], condition=IfCondition("true")),
        ]
    )
    description.add_action(DeclareLaunchArgument("c", condition=IfCondition("true")))
    arguments = description.get_launch_arguments()
    assert [argument.name for argument in arguments] == ["a", "b", "c"]
    assert arguments[0] is first
    shown = " + ".join(part.describe() for part in first.default_value)
    assert shown == "LaunchConfig('z') + '/b'"
    assert arguments[2]._conditionally_included
    pairs = description.get_launch_arguments_with_include_launch_description_actions()
    assert [includes for _, includes in pairs] == [None, None, None]


def test_opaque_function_returns_entities(launched, note):
    def choose(context, prefix, *, suffix):
        value = prefix + context.launch_configurations["x"] + suffix
        return [SetLaunchConfiguration("x", value)]

    record = launched(
        [
            SetLaunchConfiguration("x", "1"),
            OpaqueFunction(function=choose, args=["a"], kwargs={"suffix": "c"}),
            note("x", configuration("x")),
        ]
    )
    assert record.return_code == 0
    assert note == {"x": "a1c"}
    with pytest.raises(TypeError):
        OpaqueFunction(function="choose")


def test_exception_in_action_stops_the_launch(launched, note):
    def fail(context):
        raise ValueError("on purpose")

    after = note("after", LaunchConfiguration("x", default=""))
    assert launched([OpaqueFunction(function=fail), after]).return_code == 1
    assert note == {}
