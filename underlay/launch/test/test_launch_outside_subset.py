"""Where this package differs from upstream on purpose; not for upstream."""

import signal
import sys
from importlib.util import find_spec

import pytest
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import (
    ExecuteProcess,
    GroupAction,
    LogInfo,
    RegisterEventHandler,
    SetLaunchConfiguration,
)
from launch.event_handlers import OnProcessStart
from launch.launch_description_sources import get_launch_description_from_any_launch_file
from test_launch_signals import start  # noqa: F401 (a fixture)

OURS = find_spec("launch.outside_subset") is not None
pytestmark = pytest.mark.skipif(not OURS, reason="this is upstream's launch")
if OURS:
    from launch.outside_subset import OutsideSubsetError


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch", "LaunchIntrospector"),
        ("launch", "frontend"),
        ("launch.actions", "OpaqueCoroutine"),
        ("launch.substitutions", "FileContent"),
        ("launch.launch_description_sources", "FrontendLaunchDescriptionSource"),
    ],
)
def test_names_outside_are_refused_in_words(module, name):
    with pytest.raises(ImportError, match="outside the subset"):
        exec(f"from {module} import {name}")


def test_unknown_names_are_missing_as_usual():
    import launch

    assert not hasattr(launch, "NoSuchThing")
    with pytest.raises(ImportError, match="cannot import name"):
        exec("from launch.actions import NoSuchThing")


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogInfo(msg="x", nonsense=1),
        lambda: ExecuteProcess(cmd=["ls"], nonsense=1),
        lambda: GroupAction([], nonsense=1),
        lambda: SetLaunchConfiguration("a", "b", nonsense=1),
    ],
)
def test_unknown_arguments_are_refused_in_words(make):
    with pytest.raises(OutsideSubsetError, match=r"nonsense.*outside the subset"):
        make()


def test_markup_is_refused_in_words(tmp_path):
    path = tmp_path / "a.launch.xml"
    path.write_text("<launch/>")
    with pytest.raises(OutsideSubsetError, match="XML"):
        get_launch_description_from_any_launch_file(str(path))


def test_sigterm_stops_the_processes_too(start):  # noqa: F811
    launch = start()
    launch.process.send_signal(signal.SIGTERM)
    assert launch.finish() == 1
    assert launch.signals_heard() == ["SIGINT", "SIGINT"]
    assert launch.living_children() == []


def test_second_sigterm_kills(start):  # noqa: F811
    launch = start("--ignored", "SIGINT,SIGTERM")
    launch.process.send_signal(signal.SIGTERM)
    launch.read_until(r"got SIGINT", 2)
    launch.process.send_signal(signal.SIGTERM)
    assert launch.finish() == 1
    assert launch.living_children() == []


def test_sigint_that_no_terminal_passed_on_reaches_the_processes(start):  # noqa: F811
    launch = start()
    launch.process.send_signal(signal.SIGINT)
    assert launch.finish() == 0
    assert launch.signals_heard() == ["SIGINT", "SIGINT"]


def test_context_without_a_service_says_so():
    with pytest.raises(RuntimeError, match="without a running launch service"):
        ExecuteProcess(cmd=["ls"]).visit(LaunchContext())


def test_included_arguments_of_siblings_do_not_mix(tmp_path):
    from launch.actions import IncludeLaunchDescription

    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(
            "from launch import LaunchDescription\n"
            "from launch.actions import DeclareLaunchArgument\n"
            "def generate_launch_description():\n"
            f"    return LaunchDescription([DeclareLaunchArgument('{name}')])\n"
        )
    includes = [IncludeLaunchDescription(str(tmp_path / f"{name}.py")) for name in ("one", "two")]
    found = LaunchDescription(
        includes
    ).get_launch_arguments_with_include_launch_description_actions()
    assert [(argument.name, way) for argument, way in found] == [
        ("one", [includes[0]]),
        ("two", [includes[1]]),
    ]


def test_cancelled_run_leaves_no_process():
    process = ExecuteProcess(cmd=[sys.executable, "-c", "import time; time.sleep(1000)"])
    service = LaunchService()

    def cancel(event, context):
        service.task.cancel()

    handler = RegisterEventHandler(OnProcessStart(on_start=cancel))
    service.include_launch_description(LaunchDescription([handler, process]))
    assert service.run() == 1
    assert process.return_code == -signal.SIGKILL
