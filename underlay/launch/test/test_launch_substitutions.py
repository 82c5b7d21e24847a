import os
import sys

import pytest
from launch import LaunchContext
from launch.conditions import (
    IfCondition,
    InvalidConditionExpressionError,
    LaunchConfigurationEquals,
    LaunchConfigurationNotEquals,
    UnlessCondition,
)
from launch.substitutions import (
    AllSubstitution,
    AndSubstitution,
    AnonName,
    AnySubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    LocalSubstitution,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setenv("LAUNCH_TEST_SET", "from environment")
    monkeypatch.delenv("LAUNCH_TEST_UNSET", raising=False)
    context = LaunchContext()
    context.launch_configurations.update(
        {"name": "value", "number": "2", "yes": "true", "no": "False", "LAUNCH": "name"}
    )
    return context


CONFIGURATION = LaunchConfiguration


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
        (PythonExpression([CONFIGURATION("number"), " * 3"]), "6"),
        (PythonExpression("floor(2.7)"), "2"),
        (PythonExpression(["'", CONFIGURATION("name"), "' == 'value'"]), "True"),
        (PythonExpression("os.path.sep", ["os"]), os.path.sep),
        (NotSubstitution(CONFIGURATION("no")), "true"),
        (NotSubstitution("1"), "false"),
        (AndSubstitution(CONFIGURATION("yes"), "true"), "true"),
        (AndSubstitution(CONFIGURATION("yes"), CONFIGURATION("no")), "false"),
        (OrSubstitution(CONFIGURATION("yes"), CONFIGURATION("no")), "true"),
        (OrSubstitution("0", "false"), "false"),
        (AllSubstitution("1", "true", CONFIGURATION("yes")), "true"),
        (AllSubstitution("1", "true", CONFIGURATION("no")), "false"),
        (AnySubstitution("0", CONFIGURATION("yes")), "true"),
        (AnySubstitution("0", "false"), "false"),
        (EqualsSubstitution(CONFIGURATION("name"), "value"), "true"),
        (EqualsSubstitution(CONFIGURATION("name"), "Value"), "false"),
        (EqualsSubstitution(CONFIGURATION("yes"), True), "true"),
        (EqualsSubstitution("1", "true"), "true"),
        (EqualsSubstitution(2.0, CONFIGURATION("number")), "true"),
        (EqualsSubstitution(None, ""), "true"),
        (NotEqualsSubstitution(CONFIGURATION("name"), "value"), "false"),
        (NotEqualsSubstitution(CONFIGURATION("name"), "other"), "true"),
        (IfElseSubstitution(CONFIGURATION("yes"), "a", "b"), "a"),
        (IfElseSubstitution(CONFIGURATION("no"), "a", "b"), "b"),
        (IfElseSubstitution(CONFIGURATION("no"), if_value="a"), ""),
        (Command([sys.executable, " -c 'print(5)'"]), "5\n"),
    ],
)
def test_text(context, substitution, text):
    assert substitution.perform(context) == text


@pytest.mark.parametrize(
    "substitution",
    [
        CONFIGURATION("missing"),
        EnvironmentVariable("LAUNCH_TEST_UNSET"),
        FindExecutable(name="no_such_executable_anywhere"),
        NotSubstitution("perhaps"),
        AndSubstitution("true", "perhaps"),
        IfElseSubstitution("perhaps", "a", "b"),
        ThisLaunchFile(),
        ThisLaunchFileDir(),
        Command([sys.executable, " -c 'exit(3)'"]),
        Command([sys.executable, " -c 'import sys; sys.stderr.write(\"oh\")'"]),
        Command("no_such_executable_anywhere"),
    ],
)
def test_failure(context, substitution):
    with pytest.raises(SubstitutionFailure):
        substitution.perform(context)


def test_command_may_ignore_or_capture_stderr(context):
    command = [sys.executable, " -c 'import sys; sys.stderr.write(\"oh\")'"]
    assert Command(command, on_stderr="ignore").perform(context) == ""
    assert Command(command, on_stderr="capture").perform(context) == "oh"


def test_find_executable(context):
    path = FindExecutable(name="sh").perform(context)
    assert os.path.isabs(path)
    assert os.access(path, os.X_OK)


def test_anonymous_name_is_kept(context):
    name = AnonName("talker").perform(context)
    assert name.startswith("talker_")
    assert AnonName("talker").perform(context) == name
    assert AnonName("listener").perform(context) != name


def test_local_substitution(context):
    context.extend_locals({"thing": {"key": 7}})
    assert str(LocalSubstitution("thing['key']").perform(context)) == "7"
    with pytest.raises(AttributeError):
        LocalSubstitution("nothing").perform(context)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError):
        TextSubstitution(text=5)
    with pytest.raises(TypeError):
        PathJoinSubstitution(["a", 5])
    with pytest.raises(RuntimeError):
        IfElseSubstitution("true")


@pytest.mark.parametrize(
    ("text", "holds"),
    [("true", True), (" True ", True), ("1", True), ("false", False), ("0", False)],
)
def test_if_and_unless(context, text, holds):
    context.launch_configurations["condition"] = text
    assert IfCondition(CONFIGURATION("condition")).evaluate(context) is holds
    assert UnlessCondition(CONFIGURATION("condition")).evaluate(context) is not holds


@pytest.mark.parametrize("text", ["", "yes", "2"])
def test_unclear_condition_is_refused(context, text):
    with pytest.raises(InvalidConditionExpressionError):
        IfCondition(text).evaluate(context)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("name", "expected", "holds"),
    [
        ("name", "value", True),
        ("name", "x", False),
        ("missing", "x", False),
        ("missing", None, True),
    ],
)
def test_configuration_equals(context, name, expected, holds):
    assert LaunchConfigurationEquals(name, expected).evaluate(context) is holds
    assert LaunchConfigurationNotEquals(name, expected).evaluate(context) is not holds
