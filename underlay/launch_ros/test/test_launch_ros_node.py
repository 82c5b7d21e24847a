import pytest
from ament_index_python.packages import PackageNotFoundError
from fake_package import PACKAGE
from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, ExecuteProcess, GroupAction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, SubstitutionFailure
from launch_ros.actions import (
    Node,
    PushROSNamespace,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    SetROSLogDir,
)
from launch_ros.events import matches_node_name
from launch_ros.parameter_descriptions import Parameter, ParameterFile, ParameterValue
from launch_ros.substitutions import (
    ExecutableInPackage,
    FindPackagePrefix,
    FindPackageShare,
)
from launch_ros.substitutions import Parameter as ParameterSubstitution

EVERYWHERE = "/**"


def words_after(argv, flag):
    return [argv[i + 1] for i, word in enumerate(argv) if word == flag]


def parameters_in(got):
    """Return the parameters of all files of a process, later ones winning."""
    result = {}
    for content in got["files"]:
        for section in content.values():
            result.update(section["ros__parameters"])
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in result.items()
    }


def test_bare_node(given_to):
    assert given_to()["argv"] == ["--ros-args"]


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


@pytest.mark.parametrize(
    ("pushed", "own", "expected"),
    [
        ([], "ns", "/ns"),
        ([], "/ns/", "/ns"),
        (["a"], None, "/a"),
        (["a"], "b", "/a/b"),
        (["a", "b"], "c", "/a/b/c"),
        (["a", "/b"], "c", "/b/c"),
        (["a"], "/c", "/c"),
        (["/"], "c", "/c"),
        ([], "/", "/"),
        ([LaunchConfiguration("n", default="robot_1")], "c", "/robot_1/c"),
    ],
)
def test_namespaces(given_to, pushed, own, expected):
    got = given_to(*(PushRosNamespace(ns) for ns in pushed), namespace=own, name="n")
    assert words_after(got["argv"], "-r") == ["__node:=n", f"__ns:={expected}"]


def test_namespace_ends_with_the_group(launched):
    inside = Node(package=PACKAGE, executable="show_arguments")
    outside = Node(package=PACKAGE, executable="show_arguments")
    code, got = launched([GroupAction([PushROSNamespace("a"), inside]), outside])
    assert code == 0
    assert got[inside]["argv"] == ["--ros-args", "-r", "__ns:=/a"]
    assert got[outside]["argv"] == ["--ros-args"]


@pytest.mark.parametrize(
    "options", [{"name": "has space"}, {"name": "1st"}, {"namespace": "a//b"}, {"namespace": "a-b"}]
)
def test_invalid_names_fail(launched, options):
    node = Node(package=PACKAGE, executable="show_arguments", **options)
    assert launched([node]) == (1, {})


def test_invalid_pushed_namespace_fails(launched):
    assert launched([PushRosNamespace("not valid")])[0] == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (3, 3),
        (2.5, 2.5),
        ("text", "text"),
        ("3", "3"),
        ("true", "true"),
        ("", ""),
        ([1, 2], [1, 2]),
        ([1, 2.5], [1.0, 2.5]),
        ((True, False), [True, False]),
        (["a", "3"], ["a", "3"]),
        (LaunchConfiguration("n"), 7),
        (LaunchConfiguration("t"), "word"),
        (LaunchConfiguration("empty"), ""),
        (LaunchConfiguration("list"), [1.5, 2.5]),
        ([LaunchConfiguration("t"), "/", LaunchConfiguration("n")], "word/7"),
        ([[LaunchConfiguration("t"), "s"], "b"], ["words", "b"]),
        (PathJoinSubstitution(["/a", LaunchConfiguration("t")]), "/a/word"),
        (ParameterValue(LaunchConfiguration("n"), value_type=str), "7"),
        (ParameterValue(LaunchConfiguration("n"), value_type=float), 7.0),
        (ParameterValue([1, 2]), [1, 2]),
    ],
)
def test_parameter_values(given_to, value, expected):
    texts = {"n": "7", "t": "word", "empty": "", "list": "[1.5, 2.5]"}
    got = given_to(
        *(DeclareLaunchArgument(name, default_value=text) for name, text in texts.items()),
        parameters=[{"p": value}],
    )
    assert parameters_in(got) == {"p": expected}
    assert type(parameters_in(got)["p"]) is type(expected)


def test_nested_parameters_and_sections(given_to):
    nested = {"a": {"b": {"c": 1}, LaunchConfiguration("k", default="d"): 2}, "e": 3}
    got = given_to(parameters=[nested], name="talker", namespace="ns")
    assert got["files"] == [{"/ns/talker": {"ros__parameters": {"a.b.c": 1, "a.d": 2, "e": 3}}}]
    assert list(given_to(parameters=[{"e": 3}], name="talker")["files"][0]) == [EVERYWHERE]


@pytest.mark.parametrize(
    "parameters",
    [
        {"a": 1},
        "file.yaml",
        [5],
        [{"a": object()}],
        [{"a": [1, [2]]}],
        [{5: "a"}],
    ],
)
def test_wrong_parameters_are_refused(parameters):
    with pytest.raises(TypeError):
        Node(package=PACKAGE, executable="show_arguments", parameters=parameters)


@pytest.mark.parametrize(
    "value",
    [
        LaunchConfiguration("mapping"),
        LaunchConfiguration("mixed"),
        ParameterValue(LaunchConfiguration("mixed"), value_type=int),
    ],
)
def test_parameter_texts_of_no_allowed_type_fail(launched, value):
    entities = [
        DeclareLaunchArgument("mapping", default_value="{a: 1}"),
        DeclareLaunchArgument("mixed", default_value="[1, a]"),
        Node(package=PACKAGE, executable="show_arguments", parameters=[{"p": value}]),
    ]
    assert launched(entities)[0] == 1


@pytest.mark.parametrize(
    "as_type", [str, lambda path: path, ParameterFile, lambda path: [str(path)]]
)
def test_parameter_files(given_to, tmp_path, as_type):
    path = tmp_path / "parameters.yaml"
    path.write_text("/**:\n  ros__parameters:\n    p: $(var x)\n")
    got = given_to(parameters=[as_type(path), {"q": 1}])
    files = words_after(got["argv"], "--params-file")
    assert files[0] == str(path)
    assert parameters_in(got) == {"p": "$(var x)", "q": 1}


def test_missing_parameter_file_is_left_out(given_to):
    assert given_to(parameters=["/no/such/file.yaml"])["argv"] == ["--ros-args"]


def test_substitutions_in_a_parameter_file(given_to, tmp_path, monkeypatch):
    monkeypatch.setenv("LAUNCH_TEST_SET", "from environment")
    path = tmp_path / "parameters.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n"
        "    number: $(var n)\n"
        "    joined: $(var n)/$(env LAUNCH_TEST_SET)\n"
        "    default: $(env LAUNCH_TEST_UNSET 'with space')\n"
        f"    share: $(find-pkg-share {PACKAGE})/x\n"
        "    plain: $HOME (x)\n"
        "    nested: $(env $(var name))\n"
        "    twice: $(eval '$(var n) * 2')\n"
    )
    got = given_to(
        DeclareLaunchArgument("n", default_value="5"),
        DeclareLaunchArgument("name", default_value="LAUNCH_TEST_SET"),
        parameters=[ParameterFile(str(path), allow_substs=True)],
    )
    values = parameters_in(got)
    assert values.pop("share").endswith(f"share/{PACKAGE}/x")
    assert values == {
        "number": 5,
        "joined": "5/from environment",
        "default": "with space",
        "plain": "$HOME (x)",
        "nested": "from environment",
        "twice": 10,
    }


@pytest.mark.parametrize("text", ["$(var missing)", "$(no-such thing)", "$(var n"])
def test_substitution_in_a_file_that_has_no_value_fails(launched, tmp_path, text):
    path = tmp_path / "parameters.yaml"
    path.write_text(f"/**:\n  ros__parameters:\n    p: {text}\n")
    file = ParameterFile(str(path), allow_substs=True)
    node = Node(package=PACKAGE, executable="show_arguments", parameters=[file])
    assert launched([node])[0] == 1


def test_parameter_description(given_to):
    got = given_to(parameters=[Parameter(["a", ".b"], LaunchConfiguration("x", default="5"))])
    (rule,) = words_after(got["argv"], "-p")
    assert rule.split()[0] == "a.b:=5"


def test_settings_for_all_nodes(given_to, tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("/**:\n  ros__parameters:\n    p: 1\n")
    got = given_to(
        SetParameter("s", LaunchConfiguration("x", default="word")),
        SetParametersFromFile(str(path)),
        SetRemap("global", "remapped"),
        parameters=[{"q": 2}],
        remappings=[("own", "too")],
    )
    assert words_after(got["argv"], "-p") == ["s:=word"]
    assert words_after(got["argv"], "--params-file")[0] == str(path)
    assert parameters_in(got) == {"p": 1, "q": 2}
    assert words_after(got["argv"], "-r") == ["global:=remapped", "own:=too"]


def test_log_directory(given_to, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", "/base")
    assert given_to(SetROSLogDir("more"))["log"] == "/base/more"


def test_value_of_a_set_parameter():
    context = LaunchContext()
    SetParameter("a", 5).visit(context)
    assert ParameterSubstitution("a").perform(context) == "5"
    assert ParameterSubstitution("b", default="d").perform(context) == "d"
    with pytest.raises(SubstitutionFailure):
        ParameterSubstitution("b").perform(context)


def test_names_of_a_node(launched):
    node = Node(package=PACKAGE, executable="show_arguments", name="a", namespace="b")
    with pytest.raises(RuntimeError):
        node.node_name  # noqa: B018
    launched([node])
    assert node.node_name == "/b/a"
    assert node.is_node_name_fully_specified()
    assert node.expanded_node_namespace == "/b"
    assert matches_node_name("/b/a")(node)
    assert matches_node_name("b/a")(node)
    assert not matches_node_name("a")(node)


def test_name_of_the_process(launched):
    node = Node(package=PACKAGE, executable="show_arguments", exec_name="short", name="long")
    launched([node])
    assert node.process_details["name"].rpartition("-")[0] == "short"


def test_executable_without_package(launched, package):
    node = Node(executable=str(package / "lib" / PACKAGE / "show_arguments"))
    assert launched([node])[1][node]["argv"] == ["--ros-args"]


@pytest.mark.parametrize(
    "options",
    [
        {"package": "no_such_package", "executable": "x"},
        {"package": PACKAGE, "executable": "no_such_executable"},
    ],
)
def test_missing_package_or_executable_fails(launched, options):
    assert launched([Node(**options)]) == (1, {})


def test_package_substitutions(package):
    context = LaunchContext()
    prefix = str(package)
    assert FindPackagePrefix(PACKAGE).perform(context) == prefix
    assert (
        FindPackageShare([PACKAGE[:4], PACKAGE[4:]]).perform(context) == f"{prefix}/share/{PACKAGE}"
    )
    executable = ExecutableInPackage(executable="show_arguments", package=PACKAGE)
    assert executable.perform(context) == f"{prefix}/lib/{PACKAGE}/show_arguments"
    with pytest.raises(PackageNotFoundError):
        FindPackageShare("no_such_package").perform(context)
    with pytest.raises(SubstitutionFailure):
        ExecutableInPackage(executable="no", package=PACKAGE).perform(context)


@pytest.mark.parametrize("remappings", [{"a": "b"}, [("a",)], [["a", "b"]]])
def test_wrong_remappings_are_refused(remappings):
    with pytest.raises(TypeError):
        Node(package=PACKAGE, executable="show_arguments", remappings=remappings)


def test_node_is_a_process():
    assert issubclass(Node, ExecuteProcess)
