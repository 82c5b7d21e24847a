# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""`ros2 pkg|run|launch|interface` on packages that lie on disk. Holds for upstream's commands as well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ros2, Running

Start = Callable[..., Running]

TOOL = f"""#!{sys.executable} -S
import os, signal, sys
if sys.argv[1:2] == ["wait"]:
    signal.signal(signal.SIGINT, lambda *_: (os.write(1, b"interrupted\\n"), sys.exit(0)))
    print("waiting", os.getpid(), flush=True)
    signal.pause()
print(*sys.argv[1:], os.environ.get("MARK", ""))
sys.exit(len(sys.argv) - 1)
"""
LAUNCH = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, LogInfo
from launch.substitutions import LaunchConfiguration

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument("who", default_value="world", description="who is greeted"),
        DeclareLaunchArgument("needed", description="has no default"),
        LogInfo(msg=["hello ", LaunchConfiguration("who")]),
        ExecuteProcess(cmd=["echo", LaunchConfiguration("needed")], output="screen"),
    ])
"""


@pytest.fixture(scope="module", autouse=True)
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed package `cli_demo`."""
    prefix = tmp_path_factory.mktemp("prefix")
    share, lib = prefix / "share" / "cli_demo", prefix / "lib" / "cli_demo"
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    for folder in (share / "launch", lib / "more", index):
        folder.mkdir(parents=True)
    (index / "cli_demo").touch()
    for path in (lib / "tool", lib / "twice", lib / "more" / "twice"):
        path.write_text(TOOL)
        path.chmod(0o755)
    (share / "launch" / "demo.launch.py").write_text(LAUNCH)
    os.environ["AMENT_PREFIX_PATH"] = f"{prefix}:{os.environ['AMENT_PREFIX_PATH']}"
    return prefix


def test_pkg_prefix(ros2: Ros2, prefix: Path) -> None:
    assert ros2("pkg", "prefix", "cli_demo").stdout == f"{prefix}\n"
    assert ros2("pkg", "prefix", "--share", "cli_demo").stdout == f"{prefix}/share/cli_demo\n"
    unknown = ros2("pkg", "prefix", "no_such")
    assert (unknown.returncode, unknown.stdout, unknown.stderr) == (1, "", "Package not found\n")


def test_run(ros2: Ros2) -> None:
    failed = ros2("run", "cli_demo", "tool", "--flag", "b:=c", "--ros-args")
    assert failed.returncode == 3


def test_run_as_a_process(start: Start) -> None:
    run = start("run", "--prefix", "env MARK=here", "cli_demo", "tool", "x")
    run.wait_for("x here")
    run.wait_for("[ros2run]: Process exited with failure 1")
    assert run.process.wait() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no_such", "tool"], "Package 'no_such' not found"),
        (["cli_demo", "no_such"], "No executable found"),
        (["cli_demo", "twice"], "Multiple executables found:\n- "),
    ],
)
def test_run_errors(ros2: Ros2, words: list[str], said: str) -> None:
    done = ros2("run", *words)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_run_ends_with_its_executable_on_ctrl_c(start: Start) -> None:
    run = start("run", "cli_demo", "tool", "wait")
    run.wait_for("waiting")
    os.killpg(run.process.pid, signal.SIGINT)  # as a terminal does
    run.wait_for("interrupted")
    assert run.process.wait() == 0


def test_run_leaves_its_executable_on_sigterm(start: Start) -> None:
    run = start("run", "cli_demo", "tool", "wait")
    pid = int(run.wait_for("waiting").split()[1])
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait() == -signal.SIGTERM
    assert Path(f"/proc/{pid}").exists()


def test_launch_shows_its_arguments(ros2: Ros2) -> None:
    expected = (
        "Arguments (pass arguments as '<name>:=<value>'):\n\n"
        "    'who':\n        who is greeted\n        (default: 'world')\n\n"
        "    'needed':\n        has no default\n"
    )
    assert ros2("launch", "cli_demo", "demo.launch.py", "--show-args").stdout == expected


def test_launch(start: Start, prefix: Path) -> None:
    file = str(prefix / "share" / "cli_demo" / "launch" / "demo.launch.py")
    for words in (["cli_demo", "demo.launch.py"], ["--noninteractive", "-d", file]):
        launch = start("launch", *words, "needed:=first", "who:=you", "needed:=last")
        launch.wait_for("hello you")
        launch.wait_for("[echo-1] last")
        launch.wait_for("finished cleanly")
        assert launch.process.wait() == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no_such", "demo.launch.py"], "Package 'no_such' not found"),
        (["cli_demo", "no_such.launch.py"], "file 'no_such.launch.py' was not found"),
        (["cli_demo", "demo.launch.py", "needed=1"], "malformed launch argument 'needed=1'"),
    ],
)
def test_launch_errors(ros2: Ros2, words: list[str], said: str) -> None:
    done = ros2("launch", *words)
    assert done.returncode == 1
    assert said in done.stderr + done.stdout


def test_interface_show(ros2: Ros2) -> None:
    done = ros2("interface", "show", "geometry_msgs/msg/TransformStamped")
    assert done.stdout.startswith("# ")
    assert (
        "\nstd_msgs/Header header\n"
        "\tbuiltin_interfaces/Time stamp\n"
        "\t\tint32 sec\n"
        "\t\tuint32 nanosec\n"
        "\tstring frame_id\n"
    ) in done.stdout
    bare = ros2("interface", "show", "--no-comments", "diagnostic_msgs/srv/AddDiagnostics").stdout
    assert bare == "string load_namespace\n---\nbool success\nstring message\n"
    commented = ros2("interface", "show", "--all-comments", "geometry_msgs/msg/PoseArray").stdout
    assert "\t# " in commented


@pytest.mark.parametrize("name", ["String", "std_msgs/String", "std_msgs/msg/No", "no/msg/String"])
def test_interface_show_of_nothing(ros2: Ros2, name: str) -> None:
    done = ros2("interface", "show", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_help(start: Start) -> None:
    shown = subprocess.run(["ros2", "topic", "echo", "-h"], capture_output=True, text=True)
    assert (shown.returncode, shown.stdout.startswith("usage: ros2")) == (0, True)
