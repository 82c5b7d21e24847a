"""`ros2 pkg|run|launch|interface` on packages that lie on disk; no node is started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from conftest import Running

Ros2 = Callable[..., CompletedProcess[str]]
Start = Callable[..., Running]

TOOL = f"""#!{sys.executable}
import os, signal, sys, time
if sys.argv[1:2] == ["wait"]:
    signal.signal(signal.SIGINT, lambda *_: (os.write(1, b"interrupted\\n"), sys.exit(0)))
    print("waiting", flush=True)
    time.sleep(60)
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
    (share / "package.xml").write_text(
        "<package format='3'><name>cli_demo</name><version>1.2.3</version>"
        "<depend>one</depend><depend>two</depend></package>"
    )
    for path in (lib / "tool", lib / "twice", lib / "more" / "twice"):
        path.write_text(TOOL)
        path.chmod(0o755)
    (lib / "no_program.txt").touch()
    (share / "launch" / "demo.launch.py").write_text(LAUNCH)
    os.environ["AMENT_PREFIX_PATH"] = f"{prefix}:{os.environ['AMENT_PREFIX_PATH']}"
    return prefix


def test_pkg(ros2: Ros2, prefix: Path) -> None:
    lines = ros2("pkg", "list").stdout.splitlines()
    assert {"cli_demo", "std_msgs"} <= set(lines)
    assert lines == sorted(lines)
    assert ros2("pkg", "prefix", "cli_demo").stdout == f"{prefix}\n"
    assert ros2("pkg", "prefix", "--share", "cli_demo").stdout == f"{prefix}/share/cli_demo\n"
    assert ros2("pkg", "xml", "cli_demo", "-t", "version").stdout == "1.2.3\n"
    assert ros2("pkg", "xml", "cli_demo", "--tag", "depend").stdout == "one\ntwo\n"
    assert "<name>cli_demo</name>" in ros2("pkg", "xml", "cli_demo").stdout


def test_pkg_executables(ros2: Ros2, prefix: Path) -> None:
    lines = ros2("pkg", "executables", "cli_demo").stdout.splitlines()
    assert sorted(lines) == ["cli_demo tool", "cli_demo twice", "cli_demo twice"]
    paths = ros2("pkg", "executables", "--full-path", "cli_demo").stdout.splitlines()
    assert f"{prefix}/lib/cli_demo/tool" in paths
    assert "cli_demo tool" in ros2("pkg", "executables").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prefix", "no_such"], "Package not found\n"),
        (["prefix", "--share", "no_such"], "Package not found\n"),
        (["xml", "no_such"], "Package not found\n"),
        (["xml", "cli_demo", "-t", "url"], "XML tag not found\n"),
        (["executables", "no_such"], "Package 'no_such' not found\n"),
    ],
)
def test_pkg_errors(ros2: Ros2, words: list[str], said: str) -> None:
    done = ros2("pkg", *words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_run(ros2: Ros2) -> None:
    done = ros2("run", "cli_demo", "tool")
    assert (done.returncode, done.stdout.strip()) == (0, "")
    failed = ros2("run", "cli_demo", "tool", "--flag", "b:=c", "--ros-args")
    assert failed.returncode == 3
    assert failed.stdout.splitlines()[0].rstrip() == "--flag b:=c --ros-args"
    assert "[ros2run]: Process exited with failure 3" in failed.stdout
    prefixed = ros2("run", "--prefix", "env MARK=here", "cli_demo", "tool", "x")
    assert prefixed.stdout.splitlines()[0] == "x here"


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


def test_launch_shows_its_arguments(ros2: Ros2) -> None:
    expected = (
        "Arguments (pass arguments as '<name>:=<value>'):\n\n"
        "    'who':\n        who is greeted\n        (default: 'world')\n\n"
        "    'needed':\n        has no default\n"
    )
    for option in ("-s", "--show-args", "--show-arguments"):
        assert ros2("launch", "cli_demo", "demo.launch.py", option).stdout == expected


def test_launch(ros2: Ros2, prefix: Path) -> None:
    file = str(prefix / "share" / "cli_demo" / "launch" / "demo.launch.py")
    for words in (["cli_demo", "demo.launch.py"], [file], ["--noninteractive", file], ["-d", file]):
        done = ros2("launch", *words, "needed:=first", "who:=you", "needed:=last")
        output = done.stdout + done.stderr
        assert done.returncode == 0
        assert "hello you" in output
        assert "[echo-1] last" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no_such", "demo.launch.py"], "Package 'no_such' not found"),
        (["cli_demo", "no_such.launch.py"], "file 'no_such.launch.py' was not found"),
        (["cli_demo", "demo.launch.py", "needed=1"], "malformed launch argument 'needed=1'"),
        (["cli_demo", "demo.launch.py"], "needed"),
    ],
)
def test_launch_errors(ros2: Ros2, words: list[str], said: str) -> None:
    done = ros2("launch", *words)
    assert done.returncode == 1
    assert said in done.stderr + done.stdout


def test_interface_lists(ros2: Ros2) -> None:
    lines = ros2("interface", "list").stdout.splitlines()
    assert [line for line in lines if line[0] != " "] == ["Messages:", "Services:", "Actions:"]
    assert "    std_msgs/msg/String" in lines
    services = ros2("interface", "list", "-s").stdout.splitlines()
    assert services[0] == "Services:"
    assert "    std_srvs/srv/SetBool" in services
    assert "    std_msgs/msg/String" not in services
    assert "std_msgs" in ros2("interface", "packages").stdout.splitlines()
    assert "std_msgs" not in ros2("interface", "packages", "-a").stdout.splitlines()
    assert "std_srvs/srv/SetBool" in ros2("interface", "package", "std_srvs").stdout.splitlines()
    unknown = ros2("interface", "package", "no_such")
    assert (unknown.returncode, unknown.stderr) == (1, "Unknown package 'no_such'\n")


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
    piped = ros2("interface", "show", "--no-comments", "-", stdin="std_msgs/msg/Empty\n")
    assert (piped.returncode, piped.stdout) == (0, "")


@pytest.mark.parametrize("name", ["String", "std_msgs/String", "std_msgs/msg/No", "no/msg/String"])
def test_interface_show_of_nothing(ros2: Ros2, name: str) -> None:
    done = ros2("interface", "show", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_interface_proto(ros2: Ros2) -> None:
    done = ros2("interface", "proto", "geometry_msgs/msg/Point")
    assert done.stdout == '"x: 0.0\ny: 0.0\nz: 0.0\n"\n'
    assert ros2("interface", "proto", "--no-quotes", "std_srvs/srv/SetBool").stdout == (
        "data: false\n\n"
    )


def test_help_and_unknown_words(ros2: Ros2) -> None:
    for words in ([], ["-h"], ["topic"], ["topic", "-h"], ["topic", "echo", "-h"]):
        done = ros2(*words)
        assert (done.returncode, done.stdout.startswith("usage: ros2")) == (0, True)
    for words in (["no_such"], ["topic", "no_such"], ["topic", "list", "--no-such"]):
        assert ros2(*words).returncode == 2
